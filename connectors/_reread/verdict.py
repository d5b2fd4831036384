"""What a page that is read again says of its article: still the same, changed, corrected, withdrawn. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec

from connectors._item import Item, article_of
from connectors._page.full_text import FULL_TEXT
from connectors._page.kind import CONSENT_PAGE, TEASER
from pipeline.article import Article, Clock
from pipeline.text import notices


def gone(article: Article, now: datetime, *, note: str = "") -> Article:
    """The article as withdrawn: its page is gone, or says so in `note`. Its text stays, so that people see what was taken back."""
    return msgspec.structs.replace(
        article, pubstatus="canceled", summary=note or article.summary, flags=_with(article.flags, "page_gone"), clock=Clock(fetched_at=now)
    )


def said_now(article: Article, item: Item, encoding: str, now: datetime) -> Article | None:
    """What the page says now, if that is to be told on: a withdrawal, a revision or a correction. None for nothing new.

    The text of an article that came from its page is replaced by the page's. One that came from a feed keeps its own, or the feed and the page would
    replace each other for ever; it gets the publisher's note as a further paragraph.
    """
    if note := notices.withdrawal(f"{item.title}\n{item.body}"):
        return gone(article, now, note=note)
    if CONSENT_PAGE in item.flags or not item.body.strip():
        return None
    if article.source.connector == "web" or FULL_TEXT in article.flags:
        is_less = TEASER in item.flags and TEASER not in article.flags
        return None if is_less or item.body.split() == article.body.split() else _revision(article, item, encoding, now)
    note = notices.correction(f"{item.title}\n{item.body}")
    if not note or note in f"{article.title}\n{article.summary}\n{article.body}":
        return None
    body = f"{article.body}\n\n{note}" if article.body else note
    return msgspec.structs.replace(article, body=body, clock=Clock(fetched_at=now))


def _revision(article: Article, item: Item, encoding: str, now: datetime) -> Article:
    """The page's text under the identity of the article. Whether it differs is for identify to say, which cleans it first."""
    title = article.title if FULL_TEXT in article.flags else item.title or article.title
    summary = article.summary if FULL_TEXT in article.flags else item.summary
    item = replace(item, title=title, summary=summary, published=item.published or article.dates.published_raw)
    read = article_of(item, article.source, guid=article.guid or article.id, encoding=encoding, fetched_at=now)
    marks = tuple(each for each in article.flags if each == FULL_TEXT)
    return msgspec.structs.replace(
        read, id=article.id, guid=article.guid, url=article.url, canonical_url=article.canonical_url, flags=(*read.flags, *marks)
    )


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else (*flags, flag)
