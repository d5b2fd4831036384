"""The rule set that is active now, read from the topic `rules` and followed in a thread.

A worker must not look at an article before it has read the topic to its end once: otherwise the first articles after a start would meet no
rules. Afterwards a change is active as soon as its manifest has arrived.
"""

from __future__ import annotations

import threading
import time

import structlog

from pipeline import broker, topology
from pipeline.errors import Unreachable
from pipeline.rules.compiled import RuleSet
from pipeline.rules.publish import RuleTable
from pipeline.settings import Settings

log = structlog.get_logger()


class RuleFollower:
    """Follows the topic; `current()` is swapped as a whole."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._table = RuleTable()
        self._caught_up = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="rules", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def current(self) -> RuleSet:
        return self._table.current

    def caught_up(self) -> bool:
        """Whether the topic has been read to where it ended at the start."""
        return self._caught_up.is_set()

    def wait(self, seconds: float) -> bool:
        """Whether the rules are there within `seconds`."""
        return self._caught_up.wait(seconds)

    def _follow(self) -> None:
        while True:
            try:
                self._read_on()
            except Exception as error:  # the client raises many kinds while a broker is away; the active rules stay
                log.warning("the rules cannot be read; those that are active stay", why=repr(error)[:200])
                time.sleep(2)

    def _read_on(self) -> None:
        name = self._settings.topic(topology.RULES)
        if not broker.partitions_of(self._settings.kafka, name):
            raise Unreachable(f"the topic {name} has no partition")
        partition = broker.Partition(name, 0)
        consumer = broker.assigned_consumer(self._settings.kafka, [partition])
        try:
            end = consumer.end_offsets([partition])[partition]
            while True:
                for record in broker.polled(consumer, 500):
                    self._take(record)
                if not self._caught_up.is_set() and consumer.position(partition) >= end:
                    self._caught_up.set()
                    log.info("rules are active", rules=len(self.current().rules))
        finally:
            consumer.close()

    def _take(self, record: broker.Record) -> None:
        before = self._table.current
        self._table.apply((record.key or b"").decode("utf-8", "replace"), record.value)
        if self._table.current is not before and self._caught_up.is_set():
            log.info("rules changed", rules=len(self._table.current.rules))
