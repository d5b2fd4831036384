"""The web page in a WARC response record: what a server answered, byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from connectors import _decompress
from connectors._warc.records import Record
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

_STATUS = re.compile(rb"HTTP/\d(?:\.\d)?[ \t]+(\d{3})\b")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[^\r\n]{0,1000}\r\n")


@dataclass(frozen=True)
class Page:
    url: str
    body: bytes


def page_of(record: Record, max_bytes: int) -> Page | None:
    """The HTML page that was fetched with success; None for every other record. Raises Permanent when its body cannot be decoded."""
    url = record.headers.get("warc-target-uri", "").strip("<>")
    if record.headers.get("warc-type") != "response" or not url.startswith(("http://", "https://")):
        return None
    head, separator, body = record.content.partition(b"\r\n\r\n")
    status = _STATUS.match(head)
    if not separator or not status or status[1] != b"200":
        return None
    headers = _headers(head)
    if "html" not in headers.get("content-type", "text/html").lower():
        return None
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = b"".join(_unchunked(body))
    try:
        return Page(url, _decompress.read_body([body], headers.get("content-encoding", ""), max_bytes))
    except Transient as error:
        raise Permanent(Rejection.UNREADABLE, str(error)) from error


def _headers(head: bytes) -> Mapping[str, str]:
    pairs = (line.partition(b":") for line in head.split(b"\r\n")[1:201])
    return {name.strip().lower().decode("latin-1"): value.strip().decode("latin-1") for name, colon, value in pairs if colon}


def _unchunked(body: bytes) -> Iterator[bytes]:
    """The pieces of a chunked body; a body that says it is and is not comes as it is, since crawlers store both."""
    at = 0
    while found := _CHUNK.match(body, at):
        size = int(found[1], 16)
        if not size:
            return
        yield body[found.end() : found.end() + size]
        at = found.end() + size + 2
    if not at:
        yield body
