"""Which rules match which stored articles, and the records that the worker would have written for them.

Matching knows nothing of other articles, so several processes do it. What is decided about the matches comes afterwards, in their order.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

import msgspec

from pipeline.article import Article, decode
from pipeline.backtest.stored import Stored
from pipeline.errors import LagebildError, why_unreadable
from pipeline.matched import encode as encode_matched
from pipeline.matched import records
from pipeline.rules.compiled import RuleSet
from pipeline.rules.match import analyse_fields, match

CHUNK_ARTICLES = 250
CHUNK_BYTES = 4_000_000
# Fewer are looked at sooner than another process starts.
ALONE_UNTIL = 2_000
_TOLD_UNREADABLE = 5


@dataclass(frozen=True)
class Found:
    """One match: `matched` is the record for the topic `matches`. `number` counts the matches of one article and rule set.

    `side` is the index of its rule set. `live` says that the worker found this match, too, with the same version of the rule.
    """

    side: int
    at: datetime
    partition: int
    offset: int
    number: int
    rule_id: str
    article_id: str
    revision: int
    live: bool
    matched: bytes


@dataclass(frozen=True)
class Looked:
    """What came of some articles: how many were read, how many lay in the time asked for and from when to when, which could not be read, the matches."""

    read: int = 0
    within: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    unreadable: int = 0
    complaints: tuple[str, ...] = ()
    found: tuple[Found, ...] = ()


@dataclass(frozen=True)
class Asked:
    """What is asked of every article. Matches before `warm_since` and after `until` are left out; `since` is where counting starts."""

    sides: tuple[RuleSet, ...]
    late_hours: float
    warm_since: datetime
    since: datetime
    until: datetime


def instant_of(article: Article) -> datetime | None:
    """When the article met the rules; for one that never did, when it was seen, fetched or published; None when nothing is known."""
    clock = article.clock
    return clock.enriched_at or article.first_seen_at or clock.fetched_at or article.dates.published_at


def look(stored: Sequence[Stored], asked: Asked) -> Looked:
    """Match these articles against every rule set."""
    complaints: list[str] = []
    found: list[Found] = []
    instants: list[datetime] = []
    unreadable = 0
    for each in stored:
        try:
            article = decode(each.value)
            at = instant_of(article)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            article, at = None, None
            why = why_unreadable(error)
        else:
            why = "it has no time: no enriched_at, first_seen_at, fetched_at or published_at"
        if article is None or at is None:
            unreadable += 1
            complaints.append(f"{each.place}: {why}")
            continue
        if asked.warm_since <= at <= asked.until:
            if at >= asked.since:
                instants.append(at)
            found += _matches(article, at, each, asked)
    return Looked(
        read=len(stored),
        within=len(instants),
        first_at=min(instants, default=None),
        last_at=max(instants, default=None),
        unreadable=unreadable,
        complaints=tuple(complaints[:_TOLD_UNREADABLE]),
        found=tuple(found),
    )


def _matches(article: Article, at: datetime, stored: Stored, asked: Asked) -> Iterator[Found]:
    """The records that `pipeline.stages.enrich` writes for the article, in its order."""
    texts = analyse_fields(article)
    recorded = {(each.id, each.rule_version) for each in article.matches}
    for side, rules in enumerate(asked.sides):
        for number, each in enumerate(records(article, match(rules, article, texts, at), at, late_hours=asked.late_hours)):
            found = each.match
            live = (found.id, found.rule_version) in recorded
            yield Found(
                side, at, stored.partition, stored.offset, number, found.rule_id, article.id, article.revision, live, encode_matched(each)
            )


def looked(stored: Iterable[Stored], asked: Asked, processes: int) -> Iterator[Looked]:
    """What comes of all articles, piece by piece in their order. More than one process is started only when there are many articles.

    Raises LagebildError when one of the processes dies.
    """
    chunks = _chunks(iter(stored))
    ahead = list(islice(chunks, ALONE_UNTIL // CHUNK_ARTICLES))
    for chunk in ahead:
        yield look(chunk, asked)
    if processes <= 1:
        for chunk in chunks:
            yield look(chunk, asked)
        return
    first = next(chunks, None)
    if first is not None:
        yield from _in_processes(first, chunks, asked, processes)


def _chunks(stored: Iterator[Stored]) -> Iterator[list[Stored]]:
    chunk: list[Stored] = []
    size = 0
    for each in stored:
        chunk.append(each)
        size += len(each.value)
        if len(chunk) >= CHUNK_ARTICLES or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk


_asked: Asked | None = None


def _begin(asked: Asked) -> None:
    global _asked
    _asked = asked


def _look(chunk: Sequence[Stored]) -> Looked:
    assert _asked is not None
    return look(chunk, _asked)


def _in_processes(first: list[Stored], chunks: Iterator[list[Stored]], asked: Asked, processes: int) -> Iterator[Looked]:
    # Fresh processes: this one may hold threads and sockets of the Kafka client, which do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(asked,)) as pool:
        under_way: deque[Future[Looked]] = deque([pool.submit(_look, first)])
        try:
            for chunk in chunks:
                under_way.append(pool.submit(_look, chunk))
                if len(under_way) > 2 * processes + 1:
                    yield under_way.popleft().result()
            while under_way:
                yield under_way.popleft().result()
        except BrokenProcessPool as error:
            raise LagebildError("a process that matched articles ended by itself, perhaps for want of memory: try --processes 1") from error
        finally:
            for each in under_way:
                each.cancel()
