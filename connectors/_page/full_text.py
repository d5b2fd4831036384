"""Full text for the articles of a feed: each is read on its own page before it is delivered.

It wraps a connector. The articles of one of its batches go out one by one, with the pause that their sites ask for, and the connector's own cursor
after the last of them. What a restart finds is the old cursor and which articles are out already, so that nothing is lost and hardly anything is
fetched twice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from connectors._address import Address
from connectors._http import Client
from connectors._item import Item, content_hash
from connectors._page.article_page import ArticlePages
from connectors._page.kind import CONSENT_PAGE, MAX_TEASER_WORDS, TEASER
from connectors._page.robots import Robots
from pipeline.article import Article
from pipeline.errors import Permanent, Transient
from pipeline.plugins import Batch, Connector, Context
from pipeline.text.markup import to_text

FULL_TEXT, NO_FULL_TEXT = "full_text", "no_full_text"
# What a connector's own cursor does not know: the marks of the articles that are out.
_OUT = "full_text_out"
MAX_PAGE_BYTES = 5_000_000
PAGES_AT_ONCE = 20
FETCH_SECONDS = 60.0


def with_full_text(connector: Connector, options: Address, context: Context) -> Connector:
    """`connector`, its articles with the text of their pages, which are asked for under the same options; secret headers stay with the feed."""
    return FullText(connector, options.client(MAX_PAGE_BYTES), context.now)


@dataclass
class _Rest:
    """A batch of the wrapped connector whose articles are not all out yet; it belongs to the cursor that went out with the last of them."""

    cursor: Mapping[str, Any]
    batch: Batch
    articles: list[Article]


class FullText:
    """`connector`, its articles with the text of their pages."""

    def __init__(
        self, connector: Connector, client: Client, now: Callable[[], datetime], *, delay_seconds: float = 1.0, robots: bool = True
    ) -> None:
        self._connector = connector
        self._robots = Robots(client, now) if robots else None
        self._pages = ArticlePages(client, self._robots, now)
        self._now = now
        self._delay_seconds = delay_seconds
        self._rest: _Rest | None = None

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next articles; one at a time where their site asks for a pause. Raises what the wrapped connector raises."""
        rest = self._rest if self._rest is not None and self._rest.cursor == cursor else self._fetched(cursor)
        out, articles, begun_at = list(cursor.get(_OUT, ())), list[Article](), self._now()
        wait_seconds = 0.0
        while rest.articles and len(articles) < PAGES_AT_ONCE and (self._now() - begun_at).total_seconds() < FETCH_SECONDS:
            article = rest.articles.pop(0)
            articles.append(self._read(article))
            out.append(content_hash(article))
            wait_seconds = self._pause(rest.articles[0]) if rest.articles else 0.0
            if wait_seconds:
                break
        if not rest.articles:
            self._rest = None
            return dataclasses.replace(rest.batch, articles=tuple(articles))
        before = {name: value for name, value in cursor.items() if name != _OUT}
        self._rest = _Rest({**before, _OUT: out}, rest.batch, rest.articles)
        whole = rest.batch
        return Batch(tuple(articles), self._rest.cursor, wait_seconds or None, more=not wait_seconds, note=whole.note, push=whole.push)

    @property
    def has_pushes(self) -> bool:
        """Whether something was pushed to the wrapped connector; the articles that it brought before come first."""
        return self._rest is None and bool(getattr(self._connector, "has_pushes", False))

    def close(self) -> None:
        if close := getattr(self._connector, "close", None):
            close()

    def _fetched(self, cursor: Mapping[str, Any]) -> _Rest:
        batch = self._connector.fetch({name: value for name, value in cursor.items() if name != _OUT})
        out = frozenset(cursor.get(_OUT, ()))
        return _Rest(cursor, batch, [each for each in batch.articles if content_hash(each) not in out])

    def _pause(self, article: Article) -> float:
        try:
            return self._robots.delay_seconds(article.url, self._delay_seconds) if self._robots and article.url else self._delay_seconds
        except Transient:
            return self._delay_seconds

    def _read(self, article: Article) -> Article:
        """The article with its page's text; as the feed has it, and flagged, when the page cannot be had: an alert must not wait for it."""
        if not article.url:
            return article
        try:
            page = self._pages.read(article.url)
        except (Transient, Permanent):
            return _without(article, NO_FULL_TEXT)
        return _with(article, page.item) if CONSENT_PAGE not in page.item.flags else _without(article, NO_FULL_TEXT, CONSENT_PAGE)


def _with(article: Article, item: Item) -> Article:
    """The feed's title, teaser and dates, the page's text, and what only the page says. The longer text is the body."""
    if len(item.body) <= len(_shown(article, article.body)):
        return replace(article, flags=(*article.flags, *(each for each in item.flags if each != TEASER)))
    title, summary = (_shown(article, each) for each in (article.title, article.summary or article.body))
    return replace(
        article,
        title=title or item.title,
        summary=summary,
        body=item.body,
        markup="text",
        authors=article.authors or item.authors,
        section=article.section or item.section,
        dates=replace(article.dates, published_raw=article.dates.published_raw or item.published[:200]),
        flags=(*article.flags, *item.flags, FULL_TEXT),
    )


def _without(article: Article, *flags: str) -> Article:
    """The article as the feed has it: a teaser, unless that is a long text by itself."""
    is_teaser = len(_shown(article, article.body or article.summary).split()) <= MAX_TEASER_WORDS
    return replace(article, flags=(*article.flags, *flags, *((TEASER,) if is_teaser else ())))


def _shown(article: Article, text: str) -> str:
    try:
        return to_text(text) if article.markup == "html" else text
    except Permanent:
        return text
