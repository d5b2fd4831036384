"""Canaries: for each connector an article of our own at a steady pace, and what has become of the last one.

A canary enters where a connector hands over what it fetched. It proves everything behind that: that this process publishes, that each stage works, that
rules are applied, and that the alerter takes in matches. It does not prove that a publisher can be reached and that a connector can read what comes
(the states of the sources tell that), nor that a receiver takes messages (`alerts.heartbeat` tells that).

Which canary flies is a matter of the time alone, so a restart sends none twice that counts twice, and leaves none out: until a canary's flight stands
in `sources.health` it is sent again, and the same one is dropped as a repeat.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from msgspec.structs import replace

from connectors._collect.fetching import Running
from connectors._collect.outbox import kafka_errors_are_transient
from pipeline import broker, canary, topology
from pipeline.article import Article
from pipeline.canary import Heard
from pipeline.errors import Transient, Unreachable
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

# A process that is started to be tried out, or ends at once, need not send any; and a worker that starts beside us takes as long.
FIRST_AFTER = timedelta(seconds=20)
DEAF_SECONDS = 10.0

log = structlog.get_logger()

Listen = Callable[[], Mapping[str, Heard]]


class Canaries:
    """Those of one collector. `listen` gives what the alerter has met since it was asked last, by the canaries' names."""

    def __init__(self, settings: Settings, running: Sequence[Running], started_at: datetime, listen: Listen) -> None:
        self._language, self._every_seconds = settings.language, settings.collector.canary_seconds
        self._carriers = dict(_carriers(running)) if settings.collector.canaries else {}
        self._begins_at = started_at + min(FIRST_AFTER, timedelta(seconds=self._every_seconds))
        self._listen = listen
        carrying = {each.settings.id for each in self._carriers.values()}
        for each in running:
            if each.settings.id not in carrying:
                each.health = without(each.health)

    def due(self, now: datetime) -> list[tuple[Running, Article]]:
        """The canaries that fly now, each with the source that carries it."""
        if now < self._begins_at:
            return []
        return [
            (source, canary.article(name, source.settings.connector, self._every_seconds, self._language, now))
            for name, source in self._carriers.items()
            if self._is_due(source.health.canary_sent_at, now)
        ]

    def _is_due(self, sent_at: datetime | None, now: datetime) -> bool:
        return sent_at is None or canary.number(sent_at, self._every_seconds) < canary.number(now, self._every_seconds)

    def hear(self) -> list[Running]:
        """The sources whose canaries have come, with that in their health."""
        found = []
        for name, heard in self._listen().items() if self._carriers else ():
            if (source := self._carriers.get(name)) is not None:
                source.health = came(source.health, heard, self._every_seconds)
                found.append(source)
        return found


def _carriers(running: Iterable[Running]) -> Iterator[tuple[str, Running]]:
    """Who carries which canary: the first source of each connector its connector's, and every source that asks for them its own."""
    connectors = set()
    for each in running:
        if each.settings.paused:
            continue
        if each.settings.canary:
            yield f"{each.settings.connector}/{each.settings.id}", each
        elif each.settings.connector not in connectors:
            connectors.add(each.settings.connector)
            yield each.settings.connector, each


def flown(health: SourceHealth, now: datetime) -> SourceHealth:
    """The health after a canary was sent."""
    return replace(health, canary_sent_at=now, canary_waiting_since=health.canary_waiting_since or now)


def without(health: SourceHealth) -> SourceHealth:
    """The health of a source that carries none: of those that it carried before another configuration nothing is awaited any more."""
    return replace(health, canary_sent_at=None, canary_waiting_since=None, canary_heard_at=None, canary_seconds=None, canary_told_at=None)


def came(health: SourceHealth, heard: Heard, every_seconds: float) -> SourceHealth:
    """The health once a canary was heard of; none is missed when it was the last one, sent once or twice.

    Of a flight that a crash kept out of the health this is the first word: then it is not sent again.
    """
    if health.canary_heard_at is not None and heard.heard_at <= health.canary_heard_at:
        return health
    sent_at = max(health.canary_sent_at or heard.sent_at, heard.sent_at)
    is_last = canary.number(heard.sent_at, every_seconds) >= canary.number(sent_at, every_seconds)
    waiting_since = None if is_last or health.canary_waiting_since is None else max(health.canary_waiting_since, heard.sent_at)
    return replace(
        health, canary_sent_at=sent_at, canary_heard_at=heard.heard_at, canary_seconds=heard.seconds, canary_waiting_since=waiting_since
    )


class Hearing:
    """What stands in `sources.canaries`, read on from where it was read last. Not for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._kafka, self._topic = settings.kafka, settings.topic(topology.CANARIES)
        self._consumer: Any = None
        self._deaf_until = 0.0

    def __call__(self) -> dict[str, Heard]:
        """The newest of each name; nothing while Kafka, or the topic, is away: then it is read from the beginning a little later."""
        found: dict[str, Heard] = {}
        if time.monotonic() < self._deaf_until:
            return found
        try:
            with kafka_errors_are_transient():
                if self._consumer is None:
                    broker.partitions_of(self._kafka, self._topic)
                    self._consumer = broker.reader(self._kafka, self._topic)
                for record in broker.polled(self._consumer, 0):
                    with suppress(msgspec.DecodeError, msgspec.ValidationError):
                        found[(record.key or b"").decode("utf-8", "replace")] = canary.decode(record.value or b"")
        except (Transient, Unreachable) as error:
            self._deaf_until = time.monotonic() + DEAF_SECONDS
            log.warning("no word of canaries for now", why=str(error)[:300], again_in_seconds=DEAF_SECONDS)
            self.close()
        return found

    def close(self) -> None:
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
