"""Reading what an inquiry needs from the topics, to where they ended when the question was asked.

Every reading is bounded in time and in what it keeps, and says how far it is. A record that cannot be read is counted, never an end.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

import msgspec

from pipeline import broker, topology
from pipeline.article import Article
from pipeline.article import decode as decode_article
from pipeline.broker import Record
from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.errors import LagebildError
from pipeline.inquiry.ledger import Ledger
from pipeline.matched import Matched
from pipeline.routing.model import Routing
from pipeline.routing.silences import known
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.reserved import RESERVED, ROUTING
from pipeline.rules.versions import RuleVersion
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

READ_SECONDS = 120.0
# A year of articles is read for one of them.
ARTICLES_SECONDS = 3_600.0
MOST_DECISIONS = 200_000
MOST_REVISIONS = 2_000
MOST_RULES = 5_000
MOST_ARTICLE_BYTES = 500_000_000
_TELL_EVERY = 1_000


Progress = Callable[[str, int], None]
T = TypeVar("T")

_UNREADABLE = (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError, RecursionError)


class TooMuch(LagebildError):
    """More was asked for than one answer can hold."""


def quietly(topic: str, records: int) -> None:
    """A progress that nobody sees."""


@dataclass
class Reading:
    """One inquiry's way through the topics. `progress` hears the topic and how many of its records were read; `unreadable` counts."""

    settings: Settings
    progress: Progress = quietly
    unreadable: int = 0
    _counted: dict[str, int] = field(default_factory=dict)

    def records(self, topic: str, deadline_seconds: float = READ_SECONDS) -> Iterator[Record]:
        """The records of the topic. Raises Unreachable when it does not exist, Transient after the deadline."""
        count = 0
        for record in broker.read_to_end(self.settings.kafka, self.settings.topic(topic), deadline_seconds=deadline_seconds):
            count += 1
            if not count % _TELL_EVERY:
                self.progress(topic, count)
            yield record
        self.progress(topic, count)

    def latest(self, topic: str, kind: type[T]) -> dict[str, T]:
        """The newest record of each key of a compacted topic."""
        decoder = msgspec.json.Decoder(kind)
        found: dict[str, T] = {}
        for record in self.records(topic):
            key = (record.key or b"").decode("utf-8", "replace")
            if record.value is None:
                found.pop(key, None)
            elif (decoded := self.read(decoder.decode, record.value)) is not None:
                found[key] = decoded
        return found

    def each(self, topic: str, kind: type[T], containing: tuple[bytes, ...] = ()) -> Iterator[tuple[Record, T]]:
        """Every record of the topic that holds one of these bytes (or any, when there are none), decoded."""
        decoder = msgspec.json.Decoder(kind)
        for record in self.records(topic):
            value = record.value or b""
            if containing and not any(each in value for each in containing):
                continue
            if (decoded := self.read(decoder.decode, value)) is not None:
                yield record, decoded

    def read(self, decode: Callable[[bytes], T], value: bytes) -> T | None:
        """What `decode` makes of the value; None, and counted, when it is no such record."""
        try:
            return decode(value)
        except _UNREADABLE:
            self.unreadable += 1
            return None

    def revisions(self, topic: str, article_ids: frozenset[str]) -> list[tuple[Record, Article]]:
        """The articles of these ids in the topic, in its order. Raises TooMuch when they are more than an answer can hold."""
        keys = {each.encode() for each in article_ids}
        found: list[tuple[Record, Article]] = []
        size = 0
        for record in self.records(topic, ARTICLES_SECONDS):
            if record.key not in keys or record.value is None:
                continue
            article = self.read(decode_article, record.value)
            if article is None:
                continue
            size += len(record.value)
            found.append((record, article))
            if len(found) > MOST_REVISIONS or size > MOST_ARTICLE_BYTES:
                raise TooMuch(f"more than {MOST_REVISIONS:,} revisions or {MOST_ARTICLE_BYTES:,} bytes: ask for fewer articles")
        return found


def ledger(settings: Settings, progress: Progress = quietly, *, with_files: bool = False) -> Ledger:
    """All episodes, notifications and silences as they stand, and the newest decisions. Raises Unreachable or Transient.

    `with_files`: also the silences that stand in the rule folder, for which the topic of rules is read.
    """
    reading = Reading(settings, progress)
    episodes = reading.latest(topology.EPISODES, Episode)
    notifications = reading.latest(topology.NOTIFICATIONS, Notification)
    silences = all_silences(settings, progress) if with_files else reading.latest(topology.SILENCES, Silence)
    audit: deque[Audit] = deque((each for _, each in reading.each(topology.AUDIT, Audit)), maxlen=MOST_DECISIONS)
    return Ledger(episodes, notifications, silences, tuple(audit), reading.unreadable)


def source_health(settings: Settings, progress: Progress = quietly) -> dict[str, SourceHealth]:
    """How each source that the collector knows is doing, by id."""
    return Reading(settings, progress).latest(topology.HEALTH, SourceHealth)


def rules(settings: Settings, rule_id: str = "", progress: Progress = quietly) -> dict[str, CompiledRule]:
    """The rules as they stand in the topic `rules`, or that one alone; `MOST_RULES` at most."""
    reading = Reading(settings, progress)
    values: dict[str, bytes] = {}
    for record in reading.records(topology.RULES):
        key = (record.key or b"").decode("utf-8", "replace")
        if key in RESERVED or (rule_id and key != rule_id):
            continue
        values.pop(key, None)
        if record.value is not None and len(values) < MOST_RULES:
            values[key] = record.value
    decoder = msgspec.json.Decoder(CompiledRule)
    found = {key: reading.read(decoder.decode, value) for key, value in sorted(values.items())}
    return {key: each for key, each in found.items() if each is not None}


def routing(settings: Settings, progress: Progress = quietly) -> Routing:
    """What the rule folder says about telling people; nothing when it was never applied."""
    reading = Reading(settings, progress)
    values = [record.value for record in reading.records(topology.RULES) if record.key == ROUTING.encode() and record.value]
    found = reading.read(msgspec.json.Decoder(Routing).decode, values[-1]) if values else None
    return found or Routing()


def all_silences(settings: Settings, progress: Progress = quietly) -> dict[str, Silence]:
    """Every silence by id: those that people made, and those of the rule folder."""
    return known(Reading(settings, progress).latest(topology.SILENCES, Silence), routing(settings, progress))


def rule_versions(settings: Settings, progress: Progress = quietly) -> tuple[RuleVersion, ...]:
    """Every version of every rule that was active, in the order of time."""
    found = [each for _, each in Reading(settings, progress).each(topology.RULE_VERSIONS, RuleVersion)]
    return tuple(sorted(found, key=lambda each: (each.at, each.rule_id, each.version)))


def matches_of(settings: Settings, article_ids: frozenset[str], progress: Progress = quietly) -> tuple[tuple[datetime, Matched], ...]:
    """The matches of these articles that the topic still holds, each with its record time."""
    wanted = tuple(each.encode() for each in article_ids)
    reading = Reading(settings, progress)
    return tuple((record.at, each) for record, each in reading.each(topology.MATCHES, Matched, wanted) if each.article_id in article_ids)
