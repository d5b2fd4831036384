"""A feed document to its items: RSS 0.9x/1.0/2.0, Atom 0.3/1.0, RDF through feedparser, JSON Feed 1.x by `json_feed`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import feedparser

from connectors import _xml_safety
from connectors._canonical import shown
from connectors._feed import json_feed, quick_parsing
from connectors._feed.in_page import NamedFeed, feeds_in
from connectors._item import Item, as_html, clean
from connectors._pace import wish_of_feed
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode, has_controls

_HTML = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL)
_ITEM_TAG = re.compile(rb"<(/?)(?:[\w.-]{1,40}:)?(item|entry)(?=[\s>/])", re.IGNORECASE)
_CDATA = re.compile(r"(<!\[CDATA\[.*?\]\]>)", re.DOTALL)
_BARE = re.compile(r"&(?!(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)")
_TEXTUAL = re.compile(r"text/|application/(?:xhtml|xml)|^$")


@dataclass(frozen=True, kw_only=True)
class Feed:
    """`items` in the document's order. `broken` says in words where the document is damaged; its complete items are there all the same.

    `wished_seconds` is for how long the feed says it need not be asked again; `hubs` push it under the topic `own_address` (WebSub).
    """

    title: str = ""
    link: str = ""
    language: str = ""
    encoding: str = ""
    broken: str = ""
    wished_seconds: float = 0.0
    hubs: tuple[str, ...] = ()
    own_address: str = ""
    items: tuple[Item, ...] = ()


class WebPage(Permanent):
    """A web page came instead of a feed; `feeds` are those that it names."""

    def __init__(self, url: str, feeds: tuple[NamedFeed, ...]) -> None:
        advice = (
            f"the page names {', '.join(each.url for each in feeds[:3])}: take one as url" if feeds else "open it and look for its feed"
        )
        super().__init__(Rejection.UNREADABLE, f"{url} answers with a web page instead of a feed: {advice}", "web_page")
        self.feeds = feeds


def parse(data: bytes, url: str, content_type: str = "") -> Feed:
    """The feed in `data`, fetched from `url`. Raises Permanent for what is no feed or must not be parsed."""
    decoded = decode(data, _charset(content_type), "xml")
    text = _xml_safety.prepared(decoded.text)
    if not text.strip():
        raise Permanent(Rejection.EMPTY, f"{url} answers with nothing")
    if text.startswith(("{", "[")):
        is_plain = decoded.encoding == "utf-8" and not data.startswith(b"\xef\xbb\xbf") and not has_controls(data)
        feed = json_feed.parse(data if is_plain else text.encode(), url)
        return Feed(title=feed.title, link=feed.link, language=feed.language, encoding=decoded.encoding, items=feed.items)
    if _HTML.match(text):
        raise WebPage(url, feeds_in(text, url))
    if quick := quick_parsing.read(text, data, url):
        return _of_quick(quick, url, decoded.encoding)
    return _of_feedparser(text, data, url, decoded.encoding)


def _of_quick(found: quick_parsing.Quick, url: str, encoding: str) -> Feed:
    hubs, own = (tuple(dict.fromkeys(quick_parsing.linked(found, relation, url)))[:5] for relation in ("hub", "self"))
    return Feed(
        title=clean(found.said.get("title", "")),
        link=shown(clean(found.said.get("link", "")), url),
        language=clean(found.said.get("language", "")),
        encoding=encoding,
        wished_seconds=wish_of_feed(*(clean(found.said.get(name, "")) for name in ("ttl", "period", "frequency"))),
        hubs=hubs,
        own_address=next(iter(own), ""),
        items=tuple(found.items),
    )


def _of_feedparser(text: str, data: bytes, url: str, encoding: str) -> Feed:
    broken = _xml_safety.check(text)
    found = _parsed(_with_ampersands(text) if broken else text, url)
    if not found.version and not found.entries:
        raise Permanent(Rejection.UNREADABLE, f"{url} answers with something that is no feed" + (f" ({broken})" if broken else ""))
    return Feed(
        title=clean(_get(found.feed, "title", "")),
        link=shown(clean(_get(found.feed, "link", "")), url),
        language=clean(_get(found.feed, "language", "")),
        encoding=encoding,
        broken=broken,
        wished_seconds=wish_of_feed(*(clean(_get(found.feed, name, "")) for name in ("ttl", "sy_updateperiod", "sy_updatefrequency"))),
        hubs=_linked(found.feed, "hub", url),
        own_address=next(iter(_linked(found.feed, "self", url)), ""),
        items=tuple(_items(found, data, url)),
    )


def _with_ampersands(text: str) -> str:
    """The text with every "&" that begins no reference written as one: feedparser's reader of broken XML takes "&T" for the name of one."""
    return "".join(each if each.startswith("<![CDATA[") else _BARE.sub("&amp;", each) for each in _CDATA.split(text))


def _linked(record: Any, relation: str, url: str) -> tuple[str, ...]:
    """The addresses of the feed's own links of one relation."""
    found = (shown(clean(_get(each, "href", "")), url) for each in _get(record, "links", []) if _get(each, "rel") == relation)
    return tuple(dict.fromkeys(each for each in found if each))[:5]


def _get(record: Any, name: str, default: Any = None) -> Any:
    """feedparser's own `get` answers some names with other fields, and warns about it."""
    return dict.get(record, name, default)


def _charset(content_type: str) -> str | None:
    found = re.search(r"charset\s*=\s*[\"']?([\w.:-]{2,40})", content_type, re.IGNORECASE)
    return found[1] if found else None


def _parsed(text: str, url: str) -> Any:
    # Cleaning and resolving inside HTML is left to the identify stage: feedparser would take most of its time for it.
    # It is not told the address either: it would resolve GUIDs against it, and they would differ between two feeds of a publisher.
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        return feedparser.parse(text.encode("utf-8"), response_headers=headers, sanitize_html=False, resolve_relative_uris=False)
    except (RecursionError, ValueError, AssertionError, LookupError, AttributeError, TypeError) as error:
        raise Permanent(Rejection.UNREADABLE, f"the feed at {url} broke its parser: {type(error).__name__}: {error}"[:400]) from error


def _items(found: Any, data: bytes, url: str) -> Iterator[Item]:
    slices, is_cut = _slices(data)
    entries = found.entries
    if found.bozo and is_cut and len(entries) == len(slices) + 1:
        entries = entries[:-1]
    originals = slices if len(slices) == len(entries) else [b""] * len(entries)
    is_atom = str(found.version).startswith("atom")
    for entry, original in zip(entries, originals, strict=True):
        yield _item(entry, url, original, is_atom, clean(_get(found.feed, "language", "")))


def _slices(data: bytes) -> tuple[list[bytes], bool]:
    """The bytes of each complete item, and whether the last one is cut off. For UTF-16 there are none."""
    found, begin = [], -1
    for tag in _ITEM_TAG.finditer(data):
        end = data.find(b">", tag.end())
        if not tag[1]:
            begin = tag.start()
        if end >= 0 and begin >= 0 and (tag[1] or data[end - 1 : end] == b"/"):
            found.append(data[begin : end + 1])
            begin = -1
    return found, begin >= 0


def _item(entry: Any, url: str, original: bytes, is_atom: bool, language: str) -> Item:
    title, declared = _text(_get(entry, "title_detail"))
    body, summary, spoken = _texts(entry)
    published, updated = clean(_get(entry, "published", "")), clean(_get(entry, "updated", ""))
    if not is_atom and not published:
        # RSS 1.0 has only dc:date, which feedparser calls `updated`.
        published, updated = updated, ""
    link = clean(_get(entry, "feedburner_origlink") or _get(entry, "link", ""))
    return Item(
        guid=clean(_get(entry, "id", "")),
        url=shown(link, url),
        title=title,
        summary=summary,
        body=body,
        markup="html",
        authors=tuple(_authors(entry)),
        keywords=tuple(clean(_get(tag, "label") or _get(tag, "term")) for tag in _get(entry, "tags", [])),
        published=published,
        updated=updated,
        language=spoken or declared or language,
        original=original,
    )


def _texts(entry: Any) -> tuple[str, str, str]:
    """Body, summary and language. The longest text is the body, so that a feed with a teaser only has it there."""
    details = [*_get(entry, "content", []), _get(entry, "summary_detail")]
    texts = [_text(detail) for detail in details if detail and _TEXTUAL.match(clean(_get(detail, "type", "")))]
    if not texts:
        return "", "", ""
    body, language = max(texts, key=lambda each: len(each[0]))
    others = [text for text, _ in texts if text and text != body]
    return body, others[-1] if others else "", language


def _text(detail: Any) -> tuple[str, str]:
    """The text as HTML, and its language where the element itself names one."""
    if not detail:
        return "", ""
    value = clean(_get(detail, "value", ""))
    return as_html(value) if _get(detail, "type") == "text/plain" else value, clean(_get(detail, "language") or "")


def _authors(entry: Any) -> Iterator[str]:
    found = [clean(_get(each, "name", "")) for each in _get(entry, "authors", []) if isinstance(each, dict)]
    yield from [each for each in found if each] or [clean(_get(entry, "author", ""))]
