"""The end of the topics: what is there when the page starts, and what comes after."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Protocol

from pipeline import broker, topology
from pipeline.clock import utc_now
from pipeline.console.board import GroupLag
from pipeline.console.desk import MOST_DECISIONS, MOST_MATCHES, MOST_VERSIONS
from pipeline.settings import Settings

# Enough outcomes to draw the first minutes of throughput.
OUTCOMES_PER_PARTITION = 5_000
CHECK_SECONDS = 1.0
ANSWER_SECONDS = 3.0


class Tail(Protocol):
    """Where the feed gets its records from. `complete_at` is the newest instant up to which everything written has been handed out."""

    complete_at: datetime | None

    def poll(self) -> list[broker.Record]:
        """What came within a short wait, in order within each partition."""

    def close(self) -> None: ...


class KafkaTail:
    """Follows Kafka without a group: nothing is committed, and two pages do not disturb each other.

    A consumer does not say when its broker is gone, it just brings nothing. So the broker is asked once a second where the partitions end:
    only when it answers, and everything up to there has been read, has the page a right to call itself up to date.
    """

    def __init__(self, settings: Settings, now: Callable[[], datetime] = utc_now) -> None:
        """Raises Unreachable when Kafka does not answer or a topic does not exist."""
        broker.connect(settings.kafka, "the live page", wait_seconds=0)
        broker.need_rights(settings, "console")
        counts: dict[str, int | None] = {
            topology.ENRICHED: settings.console.articles,
            topology.OUTCOMES: OUTCOMES_PER_PARTITION,
            topology.EPISODES: None,
            topology.HEALTH: None,
            topology.NOTIFICATIONS: None,
            topology.SILENCES: None,
            topology.RULES: None,
            topology.RULE_VERSIONS: MOST_VERSIONS,
            topology.AUDIT: MOST_DECISIONS,
            topology.MATCHES: MOST_MATCHES,
        }
        self._now = now
        self._consumer: Any = broker.tail_consumer(settings.kafka, {settings.topic(name): count for name, count in counts.items()})
        self._asked: tuple[datetime, dict[tuple[str, int], int]] | None = None
        self._next_check_seconds = 0.0
        self.complete_at: datetime | None = None

    def poll(self) -> list[broker.Record]:
        # What the caller got last time is on the board by now.
        self._check()
        return broker.polled(self._consumer, 150)

    def _check(self) -> None:
        if self._asked is not None:
            asked_at, ends = self._asked
            read = broker.positions(self._consumer)
            if all(read.get(partition, -1) >= end for partition, end in ends.items()):
                self.complete_at, self._asked = asked_at, None
        if self._asked is None and time.monotonic() >= self._next_check_seconds:
            asked_at = self._now()
            found = broker.ends(self._consumer, ANSWER_SECONDS)
            self._next_check_seconds = time.monotonic() + CHECK_SECONDS
            self._asked = None if found is None else (asked_at, found)

    def close(self) -> None:
        self._consumer.close(timeout_ms=1_000)


class KafkaLag:
    """How far the processes are behind; keeps one admin connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._admin: Any = None

    def read(self) -> tuple[GroupLag, ...]:
        """The lag of each process now. Raises whatever the client raises when the broker does not answer."""
        if self._admin is None:
            self._admin = broker.admin_client(self._settings.kafka)
        found = []
        for process, topics in topology.group_topics().items():
            so_far = broker.progress(broker.lag_by(self._admin, self._settings, process, topics))
            found.append(GroupLag(process, so_far.behind, so_far.committed))
        return tuple(found)

    def close(self) -> None:
        if self._admin is not None:
            self._admin.close()
            self._admin = None
