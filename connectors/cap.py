"""Warnings in CAP 1.1 and 1.2 over HTTP: one alert, or a feed (RSS, Atom) whose entries lead to alerts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from connectors._address import Address, MaxBytes
from connectors._feed import parsing
from connectors._http import Answer
from connectors._item import Item, article_of, site_of
from connectors._polled import conditions, validators
from connectors._wire import cap, rss_item
from connectors._wire.xml_tree import root_of
from pipeline.article import Article, Source
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context, Unreadable

# A feed of warnings links to one document each: so many are fetched before the others have their turn, with a pause between.
ALERTS_AT_ONCE = 20
PAUSE_SECONDS = 2.0
REMEMBERED_LINKS = 2_000
REMEMBERED_CHAINS = 500


class Options(Address):
    """Warnings of a civil-protection or weather service. Updates become revisions; a cancellation withdraws the warning."""

    url: str = Field(description="address of an alert, or of a feed of alerts, http or https")
    language: str = Field(
        "", max_length=10, description="which language to read where a warning is given in several, such as de; default: the first"
    )
    site: str = Field("", description="the publisher's host; default: that of the address")
    max_bytes: MaxBytes = Field(5_000_000, description="largest document, decompressed")


def create(options: Options, context: Context) -> Cap:
    return Cap(options, context)


@dataclass
class _Read:
    """What one fetch has read so far. `chains` tells for known alerts (hashed) with which alert their chain began."""

    seen: list[str]
    chains: dict[str, str]
    articles: list[Article] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    failed: Transient | None = None

    def cursor(self, url: str, marks: Mapping[str, str]) -> dict[str, Any]:
        chains = dict(list(self.chains.items())[-REMEMBERED_CHAINS:])
        return {"url": url, "seen": self.seen[-REMEMBERED_LINKS:], "chains": chains, **marks}


class Cap:
    """One service. The cursor: validators, alerts seen (hashed), and with which alert the chains of updates began."""

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._client = options.client()

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The warnings that are new since `cursor`, oldest first, `ALERTS_AT_ONCE` at most.

        One that cannot be fetched now is tried again next time and does not stop the others. Raises Transient when none could be.
        """
        if cursor.get("url") != self._options.url:
            cursor = {}
        now = self._context.now()
        answer = self._get(self._options.url, now, cursor)
        if answer.status == 304:
            return Batch(cursor=cursor)
        read = _Read([str(each) for each in cursor.get("seen", ())], dict(cursor.get("chains", {})))
        waiting = self._waiting(answer, read.seen)
        for link, mark in waiting[:ALERTS_AT_ONCE]:
            self._take(link, mark, answer, read, now)
        if read.failed and not (read.articles or read.unreadable):
            raise read.failed
        is_done = len(waiting) <= ALERTS_AT_ONCE and not read.failed
        # With validators the rest would not be seen before the feed changes.
        after = read.cursor(self._options.url, validators(answer) if is_done else {})
        return Batch(tuple(read.articles), after, None if len(waiting) <= ALERTS_AT_ONCE else PAUSE_SECONDS, tuple(read.unreadable))

    def _get(self, url: str, now: datetime, cursor: Mapping[str, Any]) -> Answer:
        headers = {"Accept": "application/cap+xml, application/atom+xml, application/rss+xml, application/xml;q=0.9, */*;q=0.5"}
        headers |= self._options.secrets() if _same_host(url, self._options.url) else {}
        return self._client.get(url, headers | conditions(cursor), now)

    def _waiting(self, answer: Answer, seen: list[str]) -> list[tuple[str, str]]:
        """The alerts that were not read yet, oldest first, with their marks. The link "" means the answer itself."""
        if not rss_item.BEGINS.match(answer.body[:5_000].decode("utf-8", "replace").lstrip("\ufeff")):
            mark = _short(answer.body)
            return [] if mark in seen else [("", mark)]
        feed = parsing.parse(answer.body, answer.url, answer.headers.get("content-type", ""))
        marked = [(each.url, _short(f"{each.url}\0{each.updated or each.published}".encode())) for each in _linked(feed.items)]
        known = set(seen)
        return [(link, mark) for link, mark in dict(reversed(marked)).items() if mark not in known]

    def _take(self, link: str, mark: str, index: Answer, read: _Read, now: datetime) -> None:
        data = b""
        try:
            data = self._get(link, now, {}).body if link else index.body
            read.articles.append(self._article(data, read.chains, now))
        except Permanent as error:
            subject = link or self._options.url
            read.unreadable.append(Unreadable(subject, error.reason, str(error), data))
        except Transient as error:
            read.failed = error
            return
        read.seen.append(mark)

    def _article(self, data: bytes, chains: dict[str, str], now: datetime) -> Article:
        root, namespace, encoding = root_of(data)
        if root.tag != "alert" or namespace not in cap.NAMESPACES:
            raise Permanent(Rejection.UNREADABLE, f"its root element is {str(root.tag)[:60]!r}, and that of a CAP alert is 'alert'")
        own = cap.own_id(root)
        item = cap.read(root, data, _Chains(chains), self._options.language)
        if item.guid != own:
            chains[_short(own.encode())] = item.guid
        source = Source(id=self._context.name, connector="cap", site=self._options.site or site_of(self._options.url))
        return article_of(item, source, guid=item.guid, encoding=encoding, fetched_at=now)


class _Chains(Mapping[str, str]):
    """The remembered chains, asked by the id of an alert."""

    def __init__(self, hashed: Mapping[str, str]) -> None:
        self._hashed = hashed

    def __getitem__(self, alert_id: str) -> str:
        return self._hashed[_short(alert_id.encode("utf-8", "replace"))]

    def __iter__(self) -> Iterator[str]:
        return iter(self._hashed)

    def __len__(self) -> int:
        return len(self._hashed)


def _linked(items: tuple[Item, ...]) -> list[Item]:
    return [each for each in items if each.url]


def _short(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _same_host(one: str, other: str) -> bool:
    return urlsplit(one)[:2] == urlsplit(other)[:2]
