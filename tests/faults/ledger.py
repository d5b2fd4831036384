"""The ledger: what came in, what became of it, and whether an offset was ever committed before its effect stood in Kafka.

Everything is read from the topics themselves. The model of what must come of a collected record is three lines long and shares no code with
the stages: the first record with a text is passed on, every further record with that text is a repeat, and what is unreadable is rejected.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import msgspec

from pipeline import broker, topology
from pipeline.article import Position
from pipeline.outcome import Exit, Outcome, rejected_from
from pipeline.settings import Settings

GROUPS = {
    "worker": (topology.COLLECTED, topology.IDENTIFIED, topology.DEDUPLICATED),
    "indexer": (topology.ENRICHED,),
    "alerter": (topology.MATCHES,),
}
_READ = (
    topology.COLLECTED,
    topology.IDENTIFIED,
    topology.DEDUPLICATED,
    topology.ENRICHED,
    topology.OUTCOMES,
    topology.REJECTED,
    topology.MATCHES,
    topology.EPISODES,
    topology.NOTIFICATIONS,
)

TRANSACTION_SECONDS = 5.0
# kafka-python compares a position that it could not ask for.
_AWAY: tuple[type[Exception], ...] = (*broker.FAULTS, TypeError)


class Carried(msgspec.Struct, frozen=True):
    """What the ledger looks at in an article."""

    id: str
    body: str = ""
    revision: int = 0
    position: Position = Position()


class Ledger:
    """Follows the topics of one installation. `look()` takes in what is new and checks that no commit ran ahead of its effects."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.collected: dict[Position, Carried | None] = {}
        self.records: dict[Position, Position] = {}  # a record of a later topic → its collected record
        self.reached: dict[str, set[Position]] = defaultdict(set)  # topic → the collected records that arrived there
        self.outcomes: dict[Position, Outcome] = {}
        self.outcome_count = 0
        self.rejected: dict[Position, bytes] = {}
        self.rejected_at_source: set[bytes] = set()
        self.matches: list[tuple[str, int, str]] = []  # article id, revision, group
        self.episodes: dict[str, dict[str, Any]] = {}
        self.notifications: dict[str, dict[str, Any]] = {}
        self.committed: dict[tuple[str, str, int], int] = {}
        self._checked: dict[tuple[str, str, int], int] = defaultdict(int)
        self._partitions = [
            broker.Partition(settings.topic(name), number)
            for name in _READ
            for number in broker.partitions_of(settings.kafka, settings.topic(name))
        ]
        self._consumer = broker.assigned_consumer(settings.kafka, self._partitions)
        self._admin = broker.admin_client(settings.kafka)
        self._lags: list[broker.Lag] = []
        self._later: list[tuple[float, broker.Lag]] = []

    def close(self) -> None:
        self._consumer.close(timeout_ms=2_000)
        self._admin.close()

    def look(self) -> bool:
        """Take in what is new; False when Kafka does not answer now. Fails when a committed offset passed a record without effect."""
        try:
            # First what is committed, then what is there: an effect that comes between the two can only help.
            lags = [each for group, topics in GROUPS.items() for each in broker.lag_by(self._admin, self.settings, group, topics)]
            ends = self._consumer.end_offsets(self._partitions, timeout_ms=5_000)
            while any(self._consumer.position(each, timeout_ms=2_000) < end for each, end in ends.items()):
                for record in broker.polled(self._consumer, 200):
                    self._take(record)
        except _AWAY:
            return False
        self._lags = lags
        for lag in self._visible(lags):
            self._check(lag)
        return True

    def _visible(self, lags: list[broker.Lag]) -> list[broker.Lag]:
        """The committed offsets whose effects readers can see. The end of a transaction reaches its partitions one after the other, the
        group's offsets perhaps first, so the alerter's are looked at a little later than they were seen."""
        now = time.monotonic()
        self._later += [(now, lag) for lag in lags if lag.group == "alerter"]
        ripe = [lag for at, lag in self._later if now - at > TRANSACTION_SECONDS]
        self._later = [(at, lag) for at, lag in self._later if now - at <= TRANSACTION_SECONDS]
        return [lag for lag in lags if lag.group != "alerter"] + ripe

    def __str__(self) -> str:
        arrived = {name: len(self.reached[name]) for name in (topology.IDENTIFIED, topology.DEDUPLICATED, topology.ENRICHED)}
        return (
            f"collected {len(self.collected)}, {arrived}, outcomes {len(self.outcomes)}, episodes {len(self.episodes)}, lags {self._lags}"
        )

    @property
    def idle(self) -> bool:
        """Whether, at the last look, every group had done everything that was there."""
        return bool(self._lags) and not any(each.records for each in self._lags)

    def _take(self, record: broker.Record) -> None:
        name = record.topic.removeprefix(self.settings.kafka.topic_prefix)
        place = Position(name, record.partition, record.offset)
        value = record.value or b""
        match name:
            case topology.COLLECTED:
                self.collected[place] = _carried(value)
            case topology.IDENTIFIED | topology.DEDUPLICATED | topology.ENRICHED:
                self.records[place] = collected = msgspec.json.decode(value, type=Carried).position
                self.reached[name].add(collected)
            case topology.OUTCOMES:
                outcome = msgspec.json.decode(value, type=Outcome)
                self.outcomes[outcome.position] = outcome
                self.outcome_count += 1
            case topology.REJECTED:
                about = rejected_from(record.headers)
                if about.offset < 0:
                    self.rejected_at_source.add(value)
                else:
                    self.rejected[Position(about.topic, about.partition, about.offset)] = value
            case topology.MATCHES:
                match_of = msgspec.json.decode(value)
                group = (match_of.get("story") or {}).get("id") or match_of["article_id"]
                # A later revision without new words is told as known: it opens nothing.
                if not match_of["match"].get("known"):
                    self.matches.append((match_of["article_id"], match_of["revision"], group))
                self.records[place] = Position(group)
            case topology.EPISODES:
                self.episodes[(record.key or b"").decode()] = each = msgspec.json.decode(value)
                self.reached[name].add(Position(each["group"]))
            case topology.NOTIFICATIONS:
                self.notifications[(record.key or b"").decode()] = msgspec.json.decode(value)

    def _check(self, lag: broker.Lag) -> None:
        """Everything below the committed offset has its effect."""
        name = lag.topic.removeprefix(self.settings.kafka.topic_prefix)
        key = (lag.group, name, lag.partition)
        committed = lag.committed or 0
        for offset in range(self._checked[key], committed):
            place = Position(name, lag.partition, offset)
            assert self._has_effect(place), (
                f"the group {lag.group} committed {committed} of {name}/{lag.partition}, but {offset} has no effect"
            )
        self._checked[key] = max(self._checked[key], committed)
        self.committed[key] = committed

    def _has_effect(self, place: Position) -> bool:
        if place in self.rejected:
            return True
        match place.topic:
            case topology.COLLECTED:
                return place in self.reached[topology.IDENTIFIED] or self._ended(place, "identify")
            case topology.IDENTIFIED:
                return self.records[place] in self.reached[topology.DEDUPLICATED]
            case topology.DEDUPLICATED:
                return self.records[place] in self.reached[topology.ENRICHED]
            case topology.ENRICHED:
                return self._ended(self.records[place], "index")
            case _:
                return self.records[place] in self.reached[topology.EPISODES]

    def _ended(self, collected: Position, stage: str) -> bool:
        return collected in self.outcomes and self.outcomes[collected].stage == stage

    def expected(self) -> dict[Position, tuple[Exit, str, int]]:
        """What must have become of every collected record: exit, reason, revision."""
        seen: dict[str, list[str]] = defaultdict(list)
        found: dict[Position, tuple[Exit, str, int]] = {}
        for place in sorted(self.collected):
            each = self.collected[place]
            if each is None:
                found[place] = (Exit.REJECTED, "invalid", 0)
                continue
            texts = seen[each.id]
            repeat = each.body in texts
            if not repeat:
                texts.append(each.body)
            found[place] = (Exit.DROPPED, "repeat", texts.index(each.body) + 1) if repeat else (Exit.PASSED, "", len(texts))
        return found

    def became(self) -> dict[Position, tuple[Exit, str, int]]:
        """What became of the collected records: the last outcome of each."""
        return {
            place: (each.exit, each.reason, each.revision) for place, each in self.outcomes.items() if place.topic == topology.COLLECTED
        }

    def newest_texts(self) -> dict[str, tuple[int, str]]:
        """For each article the number of its newest revision and that revision's text."""
        texts: dict[str, tuple[int, str]] = {}
        for place, (exit, _, revision) in self.expected().items():
            each = self.collected[place]
            if each is not None and exit is Exit.PASSED:
                texts[each.id] = (revision, each.body)
        return texts


def _carried(value: bytes) -> Carried | None:
    try:
        return msgspec.json.decode(value, type=Carried)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


def differences(expected: dict[Any, Any], found: dict[Any, Any], most: int = 10) -> list[str]:
    """How two mappings differ, shortened for people."""
    keys: Iterable[Any] = (key for key in {**expected, **found} if expected.get(key) != found.get(key))
    shown = [f"{key}: expected {expected.get(key)}, found {found.get(key)}" for key in keys]
    return [f"{len(shown)} differ", *shown[:most]] if shown else []
