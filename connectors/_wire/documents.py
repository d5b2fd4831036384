"""Which format a document is in, and the articles it holds: plain text, HTML, IPTC 7901, XML formats, JSON formats, NDJSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import lxml.etree
import msgspec

from connectors import _json_article
from connectors._files import text_layout
from connectors._item import Item
from connectors._page import html
from connectors._wire import cap, iptc7901, newsml_g2, ninjs, nitf, rss_item, schema_org
from connectors._wire.xml_tree import root_of
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Unreadable
from pipeline.text.decoding import decode, has_controls, without_controls

Kind = Literal["", "text", "html", "xml", "json", "lines"]

_XML_BEGINS = re.compile(
    r"\s*<(?:\?xml\b|!DOCTYPE\s+nitf\b|rss\b|feed\b|rdf:RDF\b|item\b|entry\b|nitf\b|newsItem\b|newsMessage\b|(?:cap:)?alert\b)",
    re.IGNORECASE,
)
_HTML_BEGINS = re.compile(r"\s*<(?:!doctype\s+html|html|head|body|article|p|div)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Entry:
    """An article of a document, or why a part of it is none.

    `is_alone` when the document holds one article by its nature, without an id of its own; `place` names its line or number where it has one.
    """

    found: Item | Unreadable
    encoding: str = ""
    is_alone: bool = False
    place: str = ""


def entries(name: str, data: bytes, kind: Kind = "") -> list[Entry]:
    """What the document `name` holds, in its order; a part that cannot be read stands there as `Unreadable`. Never raises for bad content.

    Without a `kind` the document's beginning decides.
    """
    try:
        found = list(_READERS[kind or _kind(data)](name, data))
    except Permanent as error:
        return [Entry(Unreadable(name, error.reason, str(error), data))]
    return [not_empty(name, each) for each in found] or [Entry(Unreadable(name, Rejection.EMPTY, "the document holds no article", data))]


def _kind(data: bytes) -> Kind:
    begin = data[:2_000].lstrip(b"\xef\xbb\xbf \t\r\n")
    if begin[:1] in (b"{", b"["):
        return "json"
    return "html" if _HTML_BEGINS.match(begin.decode("latin-1")) else "text"


def not_empty(name: str, entry: Entry) -> Entry:
    """The entry, or why it is none: an article without title and text."""
    if isinstance(entry.found, Item) and entry.found.is_empty:
        subject = entry.found.guid or entry.found.url or entry.place or name
        detail = f"{entry.place or name}: the article has neither a title nor a text"
        return Entry(Unreadable(subject, Rejection.EMPTY, detail, entry.found.original))
    return entry


def _text(name: str, data: bytes) -> Iterator[Entry]:
    if iptc7901.BEGINS.match(data):
        yield from _messages(name, data)
        return
    decoded = decode(data)
    if _XML_BEGINS.match(decoded.text):
        yield from _xml(name, data)
        return
    yield Entry(replace(text_layout.read(decoded.text), original=data), decoded.encoding, is_alone=True)


def _messages(name: str, data: bytes) -> Iterator[Entry]:
    found = iptc7901.messages(data)
    for number, message in enumerate(found, 1):
        subject = f"{name}#{number}" if len(found) > 1 else name
        try:
            item, encoding = iptc7901.read(message)
            yield Entry(item, encoding)
        except Permanent as error:
            yield Entry(Unreadable(subject, error.reason, f"{subject}: {error}", message))


def _html(_name: str, data: bytes) -> Iterator[Entry]:
    item, encoding = html.read(data)
    yield Entry(item, encoding, is_alone=True)


def _xml(name: str, data: bytes) -> Iterator[Entry]:
    decoded = decode(data, None, "xml")
    if rss_item.BEGINS.match(decoded.text):
        yield from _items(rss_item.read(decoded.text), decoded.encoding, data)
        return
    root, namespace, encoding = root_of(data)
    if root.tag == "nitf":
        yield from _items((nitf.read(root, data),), encoding, data)
    elif namespace == newsml_g2.NAMESPACE:
        yield from _news_items(name, root, encoding)
    elif root.tag == "alert" and namespace in cap.NAMESPACES:
        yield from _items((cap.read(root, data),), encoding, data)
    else:
        known = "NITF, NewsML-G2, CAP, RSS or Atom"
        raise Permanent(Rejection.UNREADABLE, f"it is XML with the root element {str(root.tag)[:60]!r}, which is none of {known}")


def _items(found: tuple[Item, ...], encoding: str, data: bytes) -> Iterator[Entry]:
    for each in found:
        item = each if each.original or len(found) > 1 else replace(each, original=data)
        yield Entry(item, encoding, is_alone=len(found) == 1 and not each.guid)


def _news_items(name: str, root: object, encoding: str) -> Iterator[Entry]:
    for number, each in enumerate(newsml_g2.news_items(root), 1):
        try:
            yield Entry(newsml_g2.read(each), encoding)
        except Permanent as error:
            yield Entry(Unreadable(f"{name}#{number}", error.reason, f"{name}#{number}: {error}", lxml.etree.tostring(each)))


def _json(name: str, data: bytes) -> Iterator[Entry]:
    decoded = decode(data)
    text, flags = without_controls(decoded.text)
    found = _json_article.split(text.encode("utf-8"))
    for number, each in enumerate(found, 1):
        yield from _json_entries(f"{name}#{number}" if len(found) > 1 else name, each, decoded.encoding, flags)


def _lines(name: str, data: bytes) -> Iterator[Entry]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if line.strip():
            yield from _json_entries(f"{name}:{number}", line.strip(), "utf-8")


def _json_entries(subject: str, data: bytes, encoding: str, flags: tuple[str, ...] = ()) -> Iterator[Entry]:
    try:
        text = data
        if encoding == "utf-8" and (has_controls(data) or not _is_utf8(data)):
            decoded = decode(data)
            bare, flags = without_controls(decoded.text)
            text, encoding = bare.encode("utf-8"), decoded.encoding
        for item in json_items(text):
            yield Entry(replace(item, flags=(*item.flags, *flags)), encoding, place=subject)
    except Permanent as error:
        yield Entry(Unreadable(subject, error.reason, f"{subject}: {error}", data))


def json_items(data: bytes) -> list[Item]:
    """The articles in one JSON object: ninjs 2 or 3, schema.org, or whatever names its house gives to title and text. Raises Permanent."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = None  # its reader says what is wrong
    if isinstance(found, dict):
        if ninjs.is_ninjs(found):
            return [ninjs.read(found, data)]
        if articles := schema_org.articles_in(found):
            return [schema_org.read(each, data) for each in articles]
    return [_json_article.read(data)]


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_READERS: dict[str, Callable[[str, bytes], Iterator[Entry]]] = {"text": _text, "html": _html, "xml": _xml, "json": _json, "lines": _lines}
