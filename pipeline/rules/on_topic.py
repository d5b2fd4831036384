"""What the topic `rules` holds, read on from where it was read last: a change costs its own size, however many rules there are."""

from __future__ import annotations

import time
from typing import Any

from pipeline import broker, topology
from pipeline.errors import Transient
from pipeline.rules.publish import Ledger
from pipeline.settings import Settings

_READ_WITHIN_SECONDS = 120


class RulesOnTopic:
    """The ids and versions on the topic. Not for several threads."""

    def __init__(self, settings: Settings) -> None:
        self._kafka, self._name = settings.kafka, settings.topic(topology.RULES)
        self._consumer: Any = None
        self._ledger = Ledger()

    def now(self) -> Ledger:
        """What the topic holds at this moment; it is the same object each time. Raises Unreachable without a topic, Transient when it is not read in time."""
        partition = broker.Partition(self._name, 0)
        if self._consumer is None:
            broker.partitions_of(self._kafka, self._name)
            self._ledger = Ledger()
            self._consumer = broker.assigned_consumer(self._kafka, [partition])
        end = broker.ends(self._consumer, 15)
        if end is None:
            raise Transient(f"the end of the topic {self._name} cannot be asked: is Kafka there?")
        target = end[self._name, 0]
        if self._consumer.position(partition) > target:  # another topic of this name: all is new
            self.close()
            return self.now()
        deadline = time.monotonic() + _READ_WITHIN_SECONDS
        while self._consumer.position(partition) < target:
            if time.monotonic() > deadline:
                raise Transient(f"reading the topic {self._name} to its end took longer than {_READ_WITHIN_SECONDS} s")
            for record in broker.polled(self._consumer, 200):
                self._ledger.apply((record.key or b"").decode("utf-8", "replace"), record.value)
        return self._ledger

    def close(self) -> None:
        """Give the connection back; the next look reads from the beginning."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()
