"""Plain RSS read directly: most feeds have nothing that needs feedparser's patience, and it takes seven to eleven times as long
(CPU time; what limits it stands in pipeline/bench/feed_reading.py).

What is read here is read as feedparser reads it, value by value (a test compares them). Whatever is not known to come out the same, such as another
element, an attribute, or markup inside a text, is left to feedparser, and so is every document that is not well-formed.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from feedparser.mixin import _cp1252, _FeedParserMixin
from lxml import etree

from connectors._canonical import shown
from connectors._item import Item, as_html, clean

_CONTENT, _DUBLIN, _ATOM, _SYNDICATION = (
    "{http://purl.org/rss/1.0/modules/content/}",
    "{http://purl.org/dc/elements/1.1/}",
    "{http://www.w3.org/2005/Atom}",
    "{http://purl.org/rss/1.0/modules/syndication/}",
)
_FIELDS = {
    "title": "title",
    "link": "link",
    "guid": "guid",
    "description": "description",
    f"{_CONTENT}encoded": "content",
    "pubDate": "published",
    f"{_DUBLIN}date": "updated",
}
_AUTHORS = frozenset(("author", f"{_DUBLIN}creator"))
_IGNORED = frozenset(
    (
        "comments",
        "enclosure",
        "{http://purl.org/rss/1.0/modules/slash/}comments",
        "{http://wellformedweb.org/CommentAPI/}commentRss",
        "{http://search.yahoo.com/mrss/}thumbnail",
        "{http://search.yahoo.com/mrss/}content",
        "{com-wordpress:feed-additions:1}post-id",
    )
)
_CHANNEL = {
    "title": "title",
    "link": "link",
    "language": "language",
    "ttl": "ttl",
    f"{_SYNDICATION}updatePeriod": "period",
    f"{_SYNDICATION}updateFrequency": "frequency",
}
_CHANNEL_IGNORED = frozenset(("description", "copyright", "lastBuildDate", "pubDate", "generator", "docs", "image", "webMaster"))
_RELATIONS = frozenset(("self", "hub"))
_WINDOWS = re.compile("[\x80-\x9f]")
_ENTITY_IN_LINK = re.compile("&([A-Za-z0-9_]+);")


@dataclass
class Quick:
    """What the channel says, and its items."""

    said: dict[str, str] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


class _Other(Exception):
    """Something that is left to feedparser."""


def read(text: str, data: bytes, url: str) -> Quick | None:
    """The feed in `text`, decoded from `data` and fetched from `url`; None when it is to be read by feedparser."""
    if not text.startswith("<rss") or "<!DOCTYPE" in text or "xml:" in text:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
        return _channel(root, data, url)
    except (etree.XMLSyntaxError, ValueError, _Other):
        return None


def _channel(root: etree._Element, data: bytes, url: str) -> Quick:
    if len(root) != 1 or root[0].tag != "channel" or root[0].attrib or root.tag != "rss" or [*root.attrib] != ["version"]:
        raise _Other
    found, elements = Quick(), []
    for child in root[0]:
        tag = str(child.tag)
        if tag == "item":
            elements.append(child)
        elif elements:
            raise _Other
        elif name := _CHANNEL.get(tag):
            _note(found.said, name, child)
        elif tag == f"{_ATOM}link" and child.get("rel") in _RELATIONS and child.get("href"):
            found.links.append((str(child.get("rel")), str(child.get("href"))))
        elif tag not in _CHANNEL_IGNORED or (tag == "image" and "title" not in found.said):
            raise _Other
    language = found.said.get("language", "")
    originals = _originals(data, len(elements))
    found.items = [_item(element, url, language, original) for element, original in zip(elements, originals, strict=True)]
    return found


def _originals(data: bytes, count: int) -> list[bytes]:
    """The bytes of each item. Where they cannot be told apart, as in UTF-16 or where a text talks of items, the feed is left to feedparser."""
    found, at = [], data.find(b"<item>")
    while at >= 0:
        end = data.find(b"</item>", at)
        found.append(data[at : end + 7])
        at = data.find(b"<item>", end) if end >= 0 else -1
    if not len(found) == count == data.count(b"</item>") == data.count(b"<item>"):
        raise _Other
    return found


def _note(said: dict[str, str], name: str, element: etree._Element) -> None:
    if name in said or len(element) or element.attrib:
        raise _Other
    value = _mended(element.text)
    said[name] = _ENTITY_IN_LINK.sub(r"&\g<1>", value) if name == "link" else value


def _item(element: etree._Element, url: str, language: str, original: bytes) -> Item:
    if element.keys():
        raise _Other
    said: dict[str, str] = {}
    authors: list[str] = []
    tags: list[tuple[str, str | None]] = []
    is_link = True
    for child in element:
        tag = str(child.tag)
        if len(child):
            raise _Other
        if tag == "guid":
            is_link = _is_permanent(child)
        if name := _FIELDS.get(tag):
            _field(said, name, child)
        elif tag == "category":
            _tag(tags, child)
        elif tag in _AUTHORS:
            authors.append(_author(child))
        elif tag not in _IGNORED:
            raise _Other
    made = _made(said, url, is_link)
    made |= {"authors": tuple(each for each in authors if each) or ("",), "keywords": tuple(term for term, _ in tags)}
    return Item(**made, markup="html", language=language, original=original)


def _field(said: dict[str, str], name: str, element: etree._Element) -> None:
    if name in said or (name != "guid" and element.keys()):
        raise _Other
    said[name] = _mended(element.text)


def _made(said: dict[str, str], url: str, is_link: bool) -> dict[str, Any]:
    title, content, description = (said.get(name, "") for name in ("title", "content", "description"))
    body, summary = (content, description) if len(content) >= len(description) else (description, content)
    published, updated = said.get("published", ""), said.get("updated", "")
    return {
        "guid": said.get("guid", ""),
        "url": shown(_link(said["link"]) if "link" in said else said.get("guid", "") if is_link else "", url),
        "title": title if _is_html(title) else as_html(title),
        "summary": summary if summary != body else "",
        "body": body,
        "published": published or updated,
        "updated": updated if published else "",
    }


def _link(link: str) -> str:
    return _ENTITY_IN_LINK.sub(r"&\g<1>", link.replace("&amp;", "&")) if "&" in link else link


def _is_html(title: str) -> bool:
    return ("<" in title or "&" in title) and bool(_FeedParserMixin.looks_like_html(title))


def _is_permanent(element: etree._Element) -> bool:
    said = [*element.attrib]
    if said not in ([], ["isPermaLink"]):
        raise _Other
    return not said or element.get("isPermaLink") == "true"


def _author(element: etree._Element) -> str:
    value = _mended(element.text)
    if element.keys() or "@" in value:
        raise _Other
    return value


def _tag(tags: list[tuple[str, str | None]], element: etree._Element) -> None:
    value, domain = _mended(element.text), element.get("domain")
    if [*element.attrib] not in ([], ["domain"]) or not value:
        raise _Other
    if domain is not None or (value, None) not in tags:
        tags.append((value, domain))


def _mended(text: str | None) -> str:
    """As feedparser hands texts over: stripped, UTF-8 that was taken for Latin-1 read again, the controls of Windows-1252 as its letters."""
    if not text:
        return ""
    value = text.strip()
    if value.isascii():
        return value
    with contextlib.suppress(UnicodeError):
        value = value.encode("iso-8859-1").decode("utf-8")
    return (value.translate(_cp1252) if _WINDOWS.search(value) else value).strip()


def linked(found: Quick, relation: str, url: str) -> Iterator[str]:
    """The addresses of the channel's links of one relation."""
    yield from (address for each, href in found.links if each == relation and (address := shown(clean(href), url)))
