"""Keyed state on a topic: restored on first use after an assignment, dropped on revocation, rebuilt anywhere.

A stage's memory of one input partition lives in the state partition of the same number. Records are immutable and a pure function of
earlier input, so a worker that was paused past its expulsion can only write the same record again. What one record means is the memory's
own affair (`apply`); restoring is nothing but applying all records in the order of the topic.

The first record of every state partition says that it exists. An empty restore beside committed offsets above zero is therefore always a
fault (a lost topic, a wrong prefix, a consumer that read nothing) and never a reason to start with an empty memory and alert again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import structlog

from pipeline import broker
from pipeline.errors import LagebildError
from pipeline.settings import Settings

log = structlog.get_logger()

BIRTH_KEY = "state.begins"


class LostState(LagebildError):
    """The memory of a partition is gone although work was done on it."""


class Memory(Protocol):
    """What a stage remembers of one partition."""

    def apply(self, key: str, value: bytes) -> None:
        """Take one state record in. Applying a record twice changes nothing."""
        ...


M = TypeVar("M", bound=Memory)


@dataclass(frozen=True)
class Restored(Generic[M]):
    """The memories of the partitions asked for. `born` lists partitions that need their first record written."""

    memories: dict[int, M]
    born: tuple[int, ...]
    records: int
    seconds: float


def restore(settings: Settings, topic: str, committed: Mapping[int, int], create: Callable[[], M], deadline_seconds: float) -> Restored[M]:
    """The memories of all partitions in `committed` (partition → committed input offset, 0 for none), read together to the high watermark.

    `topic` is the name in `pipeline.topology`. Blocks: call it in a thread. Raises Transient when the deadline passes and LostState
    when a partition that has been worked on has no state.
    """
    started = time.monotonic()
    name = settings.topic(topic)
    memories = {partition: create() for partition in committed}
    seen = dict.fromkeys(committed, 0)
    if committed:
        for record in broker.read_to_end(settings.kafka, name, sorted(committed), deadline_seconds=deadline_seconds):
            seen[record.partition] += 1
            key = (record.key or b"").decode()
            if key != BIRTH_KEY and record.value is not None:
                memories[record.partition].apply(key, record.value)
    empty = [partition for partition, count in seen.items() if not count]
    begins = broker.beginnings(settings.kafka, name, empty) if empty else {}
    # A topic with a retention may have lost its first records by age; then its beginning has moved and an empty memory is right.
    born = tuple(partition for partition in empty if not begins[partition])
    lost = [partition for partition in born if committed[partition] > 0]
    if lost:
        raise LostState(
            f"the topic {name} has no state in partition {lost[0]} although offset {committed[lost[0]]} of its input is committed; "
            f"the topic was deleted, or kafka.topic_prefix changed. Restore the topic, or reset the consumer group to read everything again"
        )
    result = Restored(memories, born, sum(seen.values()), time.monotonic() - started)
    log.info("restored", topic=name, partitions=sorted(committed), records=result.records, seconds=round(result.seconds, 2))
    return result
