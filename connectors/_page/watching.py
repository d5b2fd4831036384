"""What the two ways of watching a page share: what is watched, and asking for it with the validators of the last time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors._http import Answer, Client
from connectors._item import site_of
from connectors._page.article_page import ACCEPT, check_robots
from connectors._page.robots import Robots
from connectors._polled import conditions, digest, validators
from pipeline.article import Source


@dataclass(frozen=True, kw_only=True)
class Watched:
    """A page and how it is watched. `headers` may be secret."""

    url: str
    select: str = ""
    site: str = ""
    delay_seconds: float = 1.0
    max_links: int = 100
    headers: Mapping[str, str]
    source_id: str

    @property
    def source(self) -> Source:
        return Source(id=self.source_id, connector="web", site=self.site or site_of(self.url) or self.source_id)


@dataclass(frozen=True)
class Look:
    """One look at the page: its answer, or None when it is the one that `cursor` knows. `marks` are for the next look's cursor."""

    answer: Answer | None
    marks: Mapping[str, Any]


def look(watched: Watched, client: Client, robots: Robots | None, cursor: Mapping[str, Any], now: datetime) -> Look:
    """The page, if it changed. Raises what the client raises, and Permanent when robots.txt forbids it."""
    check_robots(robots, watched.url)
    known = {name: cursor[name] for name in ("url", "etag", "last_modified", "document") if isinstance(cursor.get(name), str)}
    if known.get("url") != watched.url:
        known = {}
    answer = client.get(watched.url, {"Accept": ACCEPT} | dict(watched.headers) | conditions(known), now)
    if answer.status == 304:
        return Look(None, known)
    marks = {"url": watched.url, "document": digest(answer.body), **validators(answer)}
    return Look(None if marks["document"] == known.get("document") else answer, marks)
