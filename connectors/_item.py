"""One item of a source, as it was delivered, and the article that is made of it."""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from connectors._canonical import canonical, host_of
from pipeline import article
from pipeline.article import Article, Clock, Dates, Language, Source

MAX_ORIGINAL_BYTES = 200_000
MAX_NAMES = 50
MAX_NAME_CHARACTERS = 300

_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_TAGS = re.compile(r"</?(?:p|br|div|a|b|i|em|strong|span|ul|ol|li|h[1-6]|img|figure|blockquote|table)\b[^<>]{0,500}>", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Item:
    """Texts are raw: HTML when `markup` says so, dates as the source wrote them. `original` is the item's own bytes where they can be told apart."""

    guid: str = ""
    url: str = ""
    title: str = ""
    summary: str = ""
    body: str = ""
    markup: Literal["text", "html"] = "text"
    authors: tuple[str, ...] = ()
    section: str = ""
    keywords: tuple[str, ...] = ()
    published: str = ""
    updated: str = ""
    language: str = ""
    pubstatus: Literal["usable", "withheld", "canceled"] = "usable"
    embargoed_at: datetime | None = None
    original: bytes = b""
    flags: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.title.strip() or self.summary.strip() or self.body.strip())


def article_of(
    item: Item,
    source: Source,
    *,
    guid: str,
    url: str = "",
    encoding: str,
    fetched_at: datetime,
    flags: tuple[str, ...] = (),
    backfill: bool = False,
) -> Article:
    """The collected article. Its id is made of `guid` within the source's site, or else of `url`. Raises ValueError when both are empty."""
    return Article(
        id=article.identity(source.site, guid, url),
        source=source,
        guid=clean(item.guid) or guid,
        url=clean(item.url),
        canonical_url=canonical(item.url),
        title=clean(item.title),
        summary=clean(item.summary),
        body=clean(item.body),
        markup=item.markup,
        authors=names(item.authors),
        section=clean(item.section),
        keywords=names(item.keywords),
        dates=Dates(published_raw=clean(item.published)[:200], updated_raw=clean(item.updated)[:200]),
        language=Language(declared=clean(item.language)[:35]),
        pubstatus=item.pubstatus,
        embargoed_at=item.embargoed_at,
        encoding=encoding,
        original=item.original if len(item.original) <= MAX_ORIGINAL_BYTES else b"",
        original_sha256=hashlib.sha256(item.original).hexdigest() if item.original else "",
        clock=Clock(fetched_at=fetched_at),
        flags=(*item.flags, *flags),
        backfill=backfill,
    )


def content_hash(each: Article) -> str:
    """Sixteen hex digits that change when anything a reader sees of this article changes."""
    seen = (each.id, each.url, each.title, each.summary, each.body, *each.authors, each.pubstatus, each.dates.published_raw)
    return hashlib.sha256("\x00".join((*seen, each.dates.updated_raw)).encode("utf-8", "replace")).hexdigest()[:16]


def site_of(url: str, *others: str) -> str:
    """The first of the addresses that names a host: whose site it is."""
    return next((host for each in (url, *others) if (host := host_of(each))), "")


def clean(value: Any) -> str:
    """A string that every encoder takes: half characters (lone surrogates) become U+FFFD, surrounding blanks go; "" for what is no text."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return _LONE_SURROGATES.sub("\ufffd", str(value)).strip()


def names(values: Iterable[Any]) -> tuple[str, ...]:
    """Names of people or topics: cleaned, without repeats, bounded in length and number."""
    found = dict.fromkeys(clean(each)[:MAX_NAME_CHARACTERS] for each in values)
    return tuple(each for each in found if each)[:MAX_NAMES]


def looks_like_html(text: str) -> bool:
    return bool(_TAGS.search(text))


def as_html(text: str) -> str:
    """Plain text written as HTML, for an article whose other texts are HTML."""
    return html.escape(text, quote=False)
