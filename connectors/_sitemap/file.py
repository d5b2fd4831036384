"""A sitemap document (sitemaps.org 0.9, news extension 0.9) to its entries: an index of further sitemaps, or addresses of pages."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from connectors import _decompress, _xml_safety
from connectors._canonical import shown
from connectors._item import clean
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode

# The protocol allows as many in one file.
MAX_ENTRIES = 50_000
MAX_TEXT_CHARACTERS = 2_000


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A page (or, in an index, a sitemap). Dates as they stand there; `title` and what follows only from the news extension."""

    url: str
    modified: str = ""
    title: str = ""
    published: str = ""
    publication: str = ""
    language: str = ""
    keywords: tuple[str, ...] = ()
    original: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Sitemap:
    """`broken` says where the document is damaged; `left_out` counts entries beyond what the protocol allows, `unusable` those without an address."""

    is_index: bool = False
    entries: tuple[Entry, ...] = ()
    encoding: str = ""
    broken: str = ""
    left_out: int = 0
    unusable: int = 0


def parse(data: bytes, url: str, max_bytes: int) -> Sitemap:
    """The sitemap in `data` (plain or gzip), fetched from `url`. Raises Permanent for what is none, too large, or must not be parsed."""
    decoded = decode(_unpacked(data, max_bytes), None, "xml")
    text = _xml_safety.prepared(decoded.text)
    if not text.strip():
        raise Permanent(Rejection.EMPTY, f"{url} answers with nothing")
    broken = _xml_safety.check(text)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, recover=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(text.encode("utf-8"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Permanent(Rejection.UNREADABLE, f"{url} answers with something that is no sitemap: {error}"[:400]) from error
    kind = "" if root is None else _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise Permanent(Rejection.UNREADABLE, f"{url} answers with something that is no sitemap" + (f" (<{kind}>)" if kind else ""))
    return _sitemap(root, kind == "sitemapindex", url, decoded.encoding, broken)


def _unpacked(data: bytes, max_bytes: int) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        return _decompress.read_body([data], "gzip", max_bytes)
    except zlib.error as error:
        raise Permanent(Rejection.UNREADABLE, f"the sitemap is no gzip file: {error}") from error


def _sitemap(root: etree._Element, is_index: bool, url: str, encoding: str, broken: str) -> Sitemap:
    entries, unusable, count = [], 0, 0
    for element in root:
        if not isinstance(element.tag, str) or _name(element) != ("sitemap" if is_index else "url"):
            continue
        count += 1
        if count > MAX_ENTRIES:
            continue
        entry = _entry(element, url)
        if entry.url:
            entries.append(entry)
        else:
            unusable += 1
    if broken and entries and _is_cut(entries[-1]):
        entries.pop()
    left_out = max(count - MAX_ENTRIES, 0)
    return Sitemap(is_index=is_index, entries=tuple(entries), encoding=encoding, broken=broken, left_out=left_out, unusable=unusable)


def _is_cut(entry: Entry) -> bool:
    """Whether the last entry of a broken document may have lost its end: its address may be half of one."""
    return not entry.modified and not entry.title


def _entry(element: etree._Element, base: str) -> Entry:
    said: dict[str, str] = {}
    for child in _below(element, levels=3):
        # In the news extension `name` and `language` stand one level deeper; images and videos have titles of their own.
        if isinstance(child.tag, str) and not child.tag.startswith("{http://www.google.com/schemas/sitemap-"):
            said.setdefault(_name(child), _text(child))
        elif isinstance(child.tag, str) and "/sitemap-news/" in child.tag:
            said.setdefault(f"news:{_name(child)}", _text(child))
    return Entry(
        url=shown(said.get("loc", ""), base),
        modified=said.get("lastmod", "")[:100],
        title=said.get("news:title", ""),
        published=said.get("news:publication_date", "")[:100],
        publication=said.get("news:name", "")[:200],
        language=said.get("news:language", "")[:35],
        keywords=tuple(each.strip() for each in said.get("news:keywords", "").split(",") if each.strip()),
        original=etree.tostring(element, encoding="utf-8", with_tail=False),
    )


def _below(element: etree._Element, levels: int) -> Iterator[etree._Element]:
    for child in element:
        yield child
        if levels > 1:
            yield from _below(child, levels - 1)


def _text(element: etree._Element) -> str:
    return " ".join(clean("".join(str(each) for each in element.itertext())).split())[:MAX_TEXT_CHARACTERS]


def _name(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()
