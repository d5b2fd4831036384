"""What came back: status, headers, and a body that is never read without a limit."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pipeline.outgoing.errors import TooLarge

_READ_FOR_MESSAGES = 2_000
_WEB_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TITLE = re.compile(r"<title[^>]*>([^<]+)", re.IGNORECASE)


class Answer:
    """An answer whose body is still to be read, once. `headers` have lower-case names; several of one name are joined by commas."""

    def __init__(self, status: int, headers: Mapping[str, str], body: Iterable[bytes]) -> None:
        self.status = status
        self.headers = headers
        self._body = body

    def chunks(self, max_bytes: int) -> Iterator[bytes]:
        """The body as it was sent, still in its content-encoding. Raises TooLarge as soon as more than `max_bytes` have come."""
        received = 0
        for chunk in self._body:
            received += len(chunk)
            if received > max_bytes:
                raise TooLarge(max_bytes)
            yield chunk

    def beginning(self, max_bytes: int) -> bytes:
        """The first `max_bytes` of the body; what follows is not read."""
        read = b""
        for chunk in self._body:
            read += chunk
            if len(read) >= max_bytes:
                break
        return read[:max_bytes]


def one_line(body: bytes) -> str:
    """The first words of a body for messages, at most 200 characters on one line: nothing of it is trusted. Of a web page its title, or its words."""
    text = body[:_READ_FOR_MESSAGES].decode("utf-8", "replace")
    if _WEB_PAGE.match(text):
        # Its markup says nothing to people; its title mostly says all.
        title = _TITLE.search(text)
        text = f"a web page: {html.unescape(title[1] if title else _TAG.sub(' ', text))}"
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:200]


def retry_after_seconds(value: str, now: datetime) -> float | None:
    """What a Retry-After header asks for, in seconds or as an HTTP date; None when it is missing, unreadable, zero or past."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            at = parsedate_to_datetime(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        seconds = ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()
    return seconds if seconds > 0 else None
