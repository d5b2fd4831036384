"""A page whose own text is the article: every change of it is a revision."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from connectors._canonical import canonical
from connectors._http import Answer, Client
from connectors._item import article_of, content_hash
from connectors._page import html
from connectors._page.article_page import charset_of, page_of
from connectors._page.robots import Robots
from connectors._page.watching import Watched, look
from pipeline.article import Article
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.outgoing.address import without_query
from pipeline.plugins import Batch


class WatchedPage:
    """One page. The cursor: validators, hash of the page, hash of what was read in it."""

    def __init__(self, watched: Watched, client: Client, robots: Robots | None, now: Callable[[], datetime]) -> None:
        self._watched = watched
        self._client = client
        self._robots = robots
        self._now = now

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The page when what is read in it changed. Raises Permanent when nothing can be read in it: its layout may have changed."""
        now = self._now()
        seen = look(self._watched, self._client, self._robots, cursor, now)
        kept = {name: cursor[name] for name in ("text",) if name in cursor}
        if seen.answer is None:
            return Batch(cursor={**kept, **seen.marks})
        article = self._article(seen.answer, now)
        mark = content_hash(article)
        # What is there when watching begins is no news; changed later it is.
        first = cursor.get("url") != self._watched.url
        found = () if mark == cursor.get("text") else (replace(article, backfill=first),)
        return Batch(found, {**seen.marks, "text": mark})

    def _article(self, answer: Answer, now: datetime) -> Article:
        item, encoding = html.read(page_of(answer), url=answer.url, charset=charset_of(answer), select=self._watched.select)
        if not item.body.strip():
            what = f"the selector {self._watched.select!r} finds nothing" if self._watched.select else "no text is found"
            raise Permanent(
                Rejection.EMPTY, f"{what} in {without_query(self._watched.url)}: the page may have changed its layout; set select anew"
            )
        # The watched address is the article's, whatever the page calls itself: it must not change its id.
        return article_of(item, self._watched.source, guid="", url=canonical(self._watched.url), encoding=encoding, fetched_at=now)
