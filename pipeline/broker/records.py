"""One record as it stands in Kafka."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka import TopicPartition

Headers = Sequence[tuple[str, bytes]]


Partition = TopicPartition


@dataclass(frozen=True)
class Record:
    """One record as it stands in Kafka; `at` is its timestamp."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    at: datetime


def record_of(message: Any) -> Record:
    """A kafka-python message as a `Record`."""
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        headers=tuple(message.headers or ()),
        at=datetime.fromtimestamp((message.timestamp or 0) / 1000, UTC),
    )


# How long the broker may keep a fetch that finds nothing. It answers at once when a record comes, but to all partitions of the fetch: who reads several
# may not hear of one while the others are silent. The alerter asks more often: with a second, some alerts came up to a second later (measured 2026-11-21).
FETCH_WAIT_MS = 250
PROMPT_FETCH_WAIT_MS = 100


def offset_of(found: Any) -> int | None:
    value = getattr(found, "offset", found)
    return None if value is None or value < 0 else int(value)
