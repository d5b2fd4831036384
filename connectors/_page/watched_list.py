"""A page that links to articles: new links are fetched one by one, with the pause that the site asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import msgspec

from connectors._canonical import canonical
from connectors._http import Client
from connectors._item import Item, article_of
from connectors._page import html
from connectors._page.article_page import ArticlePages, charset_of, page_of
from connectors._page.kind import CONSENT_PAGE
from connectors._page.robots import Robots
from connectors._page.waiting_links import Link, Waiting
from connectors._page.watching import Watched, look
from pipeline.article import Article
from pipeline.errors import LagebildError, Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.outgoing.address import without_query
from pipeline.plugins import Batch, Unreadable

# With a long queue the list is read again in between, or its own news would wait for all of it.
LIST_AGAIN_SECONDS = 300.0
# Pages read in one fetch where no pause is asked for, and the time after which no further one is begun.
PAGES_AT_ONCE = 20
FETCH_SECONDS = 60.0


@dataclass
class _Gathered:
    """What one fetch brings. `marks` are those of the list."""

    waiting: Waiting
    marks: dict[str, Any]
    articles: list[Article] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)

    def batch(self, wait_seconds: float | None) -> Batch:
        cursor = {**self.marks, **self.waiting.as_cursor()}
        more = wait_seconds == 0
        return Batch(tuple(self.articles), cursor, None if more else wait_seconds, tuple(self.unreadable), more)


class WatchedList:
    """One list. The cursor: validators and hash of the list, when it was read, links that wait, marks of those that were fetched."""

    def __init__(self, watched: Watched, client: Client, robots: Robots | None, now: Callable[[], datetime], pages: ArticlePages) -> None:
        self._watched = watched
        self._client = client
        self._robots = robots
        self._now = now
        self._pages = pages

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next articles of the list: one, or several where the site asks for no pause. `wait_seconds` is the pause until the next."""
        begun_at = self._now()
        gathered, was_listed = self._listed(cursor, begun_at)
        delay_seconds = (
            self._robots.delay_seconds(self._watched.url, self._watched.delay_seconds) if self._robots else self._watched.delay_seconds
        )
        if was_listed and delay_seconds > self._watched.delay_seconds:
            # The list was a request too, and the site asks for a pause.
            return gathered.batch(self._wait(gathered.waiting, delay_seconds))
        for _ in range(PAGES_AT_ONCE if delay_seconds == 0 else 1):
            now = self._now()
            link = gathered.waiting.next(now.timestamp())
            if link is None or (now - begun_at).total_seconds() > FETCH_SECONDS:
                break
            self._take(link, gathered, now)
        return gathered.batch(self._wait(gathered.waiting, delay_seconds))

    def _wait(self, waiting: Waiting, delay_seconds: float) -> float | None:
        """The pause before the next link; None, so that the list is next, when none waits or all that wait failed before."""
        return delay_seconds if waiting.seconds_to_next(self._now().timestamp()) == 0 else None

    def _listed(self, cursor: Mapping[str, Any], now: datetime) -> tuple[_Gathered, bool]:
        """The links to fetch, and whether the list was read for them."""
        known = cursor if cursor.get("url") == self._watched.url else {}
        waiting, listed_at = Waiting.of(known), float(known.get("listed_at", 0.0))
        kept = {name: known[name] for name in ("url", "etag", "last_modified", "document", "listed_at", "over") if name in known}
        has_work = waiting.next(now.timestamp()) is not None
        if has_work and now.timestamp() - listed_at < LIST_AGAIN_SECONDS:
            return _Gathered(waiting, kept), False
        try:
            return self._read_list(known, waiting, now), True
        except LagebildError:
            # Shown when nothing waits any more: articles that were found must not wait for the list.
            if not has_work:
                raise
            return _Gathered(waiting, kept), True

    def _read_list(self, known: Mapping[str, Any], waiting: Waiting, now: datetime) -> _Gathered:
        seen = look(self._watched, self._client, self._robots, known, now)
        marks: dict[str, Any] = {**seen.marks, "listed_at": now.timestamp()}
        if seen.answer is None:
            return _Gathered(waiting, {**marks, **({"over": True} if known.get("over") else {})})
        found = html.links(page_of(seen.answer), seen.answer.url, charset=charset_of(seen.answer), select=self._watched.select)
        if not found:
            what = f"the selector {self._watched.select!r} finds no links" if self._watched.select else "no links to articles are found"
            raise Permanent(
                Rejection.EMPTY, f"{what} in {without_query(self._watched.url)}: the page may have changed its layout; set select anew"
            )
        links = [Link(each["url"], each["title"], old=not known) for each in found[: self._watched.max_links]]
        gathered = _Gathered(waiting.listed(links), marks)
        if len(found) > self._watched.max_links:
            marks["over"] = True
            if not known.get("over"):
                detail = f"the list holds {len(found):,} links or more; the first {self._watched.max_links:,} are read: raise max_links, or narrow select"
                gathered.unreadable.append(Unreadable(self._watched.url, Rejection.TOO_LARGE, detail))
        return gathered

    def _take(self, link: Link, gathered: _Gathered, now: datetime) -> None:
        try:
            page = self._pages.read(link.url, self._watched.headers)
            found: Article | Unreadable = self._article(link, page.item, page.encoding, now)
        except Transient as error:
            later = gathered.waiting.failed(link, now.timestamp(), error.after_seconds or 0.0)
            if later is not None:
                gathered.waiting = later
                return
            found = Unreadable(link.url, Rejection.UNREADABLE, f"given up after {link.attempts + 1} tries: {error}", link.url.encode())
        except Permanent as error:
            found = Unreadable(link.url, error.reason, str(error), link.url.encode())
        gathered.waiting = gathered.waiting.done(link)
        if isinstance(found, Article):
            gathered.articles.append(found)
        else:
            gathered.unreadable.append(found)

    def _article(self, link: Link, item: Item, encoding: str, now: datetime) -> Article | Unreadable:
        if CONSENT_PAGE in item.flags:
            if not link.title:
                detail = "a question about cookies stands there instead of the article: find an address without it, such as a feed"
                return Unreadable(link.url, Rejection.UNREADABLE, detail, item.original)
            # What the list says of the article is all there is.
            item = Item(url=link.url, title=link.title, language=item.language, original=item.original, flags=item.flags)
        item = item if item.title else replace(item, title=link.title)
        if item.is_empty:
            return Unreadable(link.url, Rejection.EMPTY, "the page has neither a title nor a text", item.original or link.url.encode())
        source = self._watched.source
        article = article_of(item, source, guid="", url=canonical(item.url) or canonical(link.url), encoding=encoding, fetched_at=now)
        return msgspec.structs.replace(article, backfill=True) if link.old else article
