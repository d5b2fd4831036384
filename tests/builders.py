"""Records for tests: valid by default, changed by keyword."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from pipeline.article import Article, Clock, Dates, Hit, Match, Position, Source, Story, encode
from pipeline.matched import Matched
from pipeline.runner import Work

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def article(**changes: Any) -> Article:
    """A German article as the collector delivers it."""
    plain = Article(
        id="a1",
        source=Source(id="tagesblatt", name="Tagesblatt", connector="rss", site="tagesblatt.example"),
        guid="g1",
        url="https://tagesblatt.example/a1",
        canonical_url="https://tagesblatt.example/a1",
        title="Nordkorea meldet einen Raketentest",
        body="Nordkorea hat am Montag einen Raketentest gemeldet. Die Rakete flog 800 Kilometer weit und fiel ins Ostmeer.",
        dates=Dates(published_raw="2026-11-20T11:58:00+01:00"),
        clock=Clock(fetched_at=NOON),
    )
    return msgspec.structs.replace(plain, **changes)


def work(record: Article | bytes, offset: int = 0, *, topic: str = "articles.collected", partition: int = 0, at: datetime = NOON) -> Work:
    """The Kafka record that carries `record`."""
    value = record if isinstance(record, bytes) else encode(record)
    key = b"" if isinstance(record, bytes) else record.id.encode()
    return Work(key=key, value=value, position=Position(topic, partition, offset), at=at)


def matched(name: str, *, story: str = "", facts: tuple[str, ...] = (), rule: str = "r", **changes: Any) -> Matched:
    """A match of `rule` in the title of an article called `name`; it arrives now unless `matched_at` says otherwise."""
    place = {"field": "title", "start": 0, "end": len(name), "sentence_start": 0, "sentence_end": len(name), "sentence_id": "s"}
    hit = Hit(term=name, surface=name, mode="exact", **place)
    plain = Matched(
        match=Match(id=f"{rule}/{name}", rule_id=rule, rule_version="1", title="Rule", severity="high", hits=(hit,)),
        article_id=name,
        revision=1,
        source=Source(id="s", name="Blatt"),
        matched_at=datetime.now(UTC),
        title=name,
        story=Story(id=story or name),
        facts={each: each for each in facts},
        context=facts,
    )
    return msgspec.structs.replace(plain, **changes)
