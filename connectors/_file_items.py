"""The articles in one file, by its suffix: text, HTML, JSON, NDJSON."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from connectors import _html_page, _json_article, _text_layout
from connectors._item import Item
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Unreadable
from pipeline.text.decoding import decode, has_controls, without_controls

PATTERNS = ("*.txt", "*.html", "*.htm", "*.json", "*.ndjson", "*.jsonl")


@dataclass(frozen=True)
class Entry:
    """An article of a file, or why a part of it is none. `is_alone` when the file holds one article by its nature."""

    found: Item | Unreadable
    encoding: str = ""
    is_alone: bool = False


def entries(name: str, data: bytes) -> list[Entry]:
    """What the file `name` holds, in its order; a part that cannot be read stands there as `Unreadable`. Never raises for bad content."""
    try:
        found = list(_READERS.get(os.path.splitext(name)[1].lower(), _text)(name, data))
    except Permanent as error:
        return [Entry(Unreadable(name, error.reason, str(error), data))]
    return [_not_empty(name, each) for each in found] or [Entry(Unreadable(name, Rejection.EMPTY, "the file holds no article", data))]


def _not_empty(name: str, entry: Entry) -> Entry:
    if isinstance(entry.found, Item) and entry.found.is_empty:
        subject = entry.found.guid or entry.found.url or name
        return Entry(Unreadable(subject, Rejection.EMPTY, "the article has neither a title nor a text", entry.found.original))
    return entry


def _text(_name: str, data: bytes) -> Iterator[Entry]:
    decoded = decode(data)
    if _XML_BEGINS.match(decoded.text):
        raise _no_xml()
    yield Entry(replace(_text_layout.read(decoded.text), original=data), decoded.encoding, is_alone=True)


def _xml(_name: str, _data: bytes) -> Iterator[Entry]:
    raise _no_xml()


def _no_xml() -> Permanent:
    return Permanent(
        Rejection.UNREADABLE,
        "it is XML, and a watched folder reads text, HTML, JSON and NDJSON; feeds (RSS, Atom) belong to a source with the connector 'rss'",
    )


def _html(_name: str, data: bytes) -> Iterator[Entry]:
    item, encoding = _html_page.read(data)
    yield Entry(item, encoding, is_alone=True)


def _json(name: str, data: bytes) -> Iterator[Entry]:
    decoded = decode(data)
    text, flags = without_controls(decoded.text)
    found = _json_article.split(text.encode("utf-8"))
    for number, each in enumerate(found, 1):
        yield _json_entry(f"{name}#{number}" if len(found) > 1 else name, each, decoded.encoding, flags)


def _lines(name: str, data: bytes) -> Iterator[Entry]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield _json_entry(f"{name}:{number}", line.strip(), "utf-8")


def _json_entry(subject: str, data: bytes, encoding: str, flags: tuple[str, ...] = ()) -> Entry:
    try:
        text = data
        if encoding == "utf-8" and (has_controls(data) or not _is_utf8(data)):
            decoded = decode(data)
            bare, flags = without_controls(decoded.text)
            text, encoding = bare.encode("utf-8"), decoded.encoding
        return Entry(replace(_json_article.read(text), flags=flags), encoding)
    except Permanent as error:
        return Entry(Unreadable(subject, error.reason, f"{subject}: {error}", data))


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_XML_BEGINS = re.compile(r"\s*<(?:\?xml\b|rss\b|feed\b|rdf:RDF\b)", re.IGNORECASE)
_READERS: dict[str, Callable[[str, bytes], Iterator[Entry]]] = {
    ".html": _html,
    ".htm": _html,
    ".xhtml": _html,
    **dict.fromkeys((".xml", ".rss", ".atom", ".rdf"), _xml),
    ".json": _json,
    ".ndjson": _lines,
    ".jsonl": _lines,
}
