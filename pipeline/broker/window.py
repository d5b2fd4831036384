"""Reading a stretch of a topic by the time of its records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kafka import TopicPartition

from pipeline.broker.reading import assigned_consumer, partitions_of, polled
from pipeline.broker.records import Record
from pipeline.errors import Transient
from pipeline.sections import Kafka

# A broker that brings nothing for so long although records are there is taken for gone.
_STALLED_SECONDS = 60.0
_ASKED_MS = 20_000


@dataclass(frozen=True)
class Window:
    """The records of a topic from one time to another: `spans` maps each partition to its first offset and the one after its last."""

    consumer: Any
    spans: Mapping[TopicPartition, tuple[int, int]]

    @property
    def count(self) -> int:
        """How many offsets lie in it; the markers of transactions are counted, too."""
        return sum(max(end - start, 0) for start, end in self.spans.values())

    def records(self) -> Iterator[Record]:
        """Every record, in order within each partition. May be called once. Raises Transient when the broker brings nothing for a minute."""
        wanted = {each: span for each, span in self.spans.items() if span[0] < span[1]}
        self.consumer.assign(list(wanted))
        for each, (start, _) in wanted.items():
            self.consumer.seek(each, start)
        moved_at = time.monotonic()
        while any(self.consumer.position(each) < end for each, (_, end) in wanted.items()):
            found = polled(self.consumer, 500)
            if found:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > _STALLED_SECONDS:
                raise Transient(f"Kafka brought nothing for {_STALLED_SECONDS:.0f} s although records are there: try again")
            yield from (each for each in found if each.offset < wanted[TopicPartition(each.topic, each.partition)][1])


@contextmanager
def window(kafka: Kafka, topic: str, since: datetime, until: datetime | None = None) -> Iterator[Window]:
    """The records of `topic` (its real name) from the first one written at `since` or later, up to `until` or where the topic ends now.

    Raises Unreachable when the topic does not exist.
    """
    partitions = [TopicPartition(topic, number) for number in partitions_of(kafka, topic)]
    consumer = assigned_consumer(kafka, partitions)
    try:
        ends = consumer.end_offsets(partitions, timeout_ms=_ASKED_MS)
        starts = _offsets_at(consumer, ends, since)
        stops = _offsets_at(consumer, ends, until) if until else ends
        yield Window(consumer, {each: (starts[each], stops[each]) for each in partitions})
    finally:
        consumer.close()


def _offsets_at(consumer: Any, ends: Mapping[TopicPartition, int], at: datetime) -> dict[TopicPartition, int]:
    """The offset of the first record of each partition written at `at` or later; its end where there is none."""
    asked = dict.fromkeys(ends, max(int(at.timestamp() * 1000), 0))
    found = consumer.offsets_for_times(asked, timeout_ms=_ASKED_MS)
    return {each: ends[each] if found.get(each) is None else min(int(found[each].offset), ends[each]) for each in ends}
