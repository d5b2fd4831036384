"""Reading as a member of a consumer group, with offsets committed by hand."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import KafkaError

from pipeline.broker.records import FETCH_WAIT_MS, offset_of
from pipeline.broker.security import client_options
from pipeline.settings import Settings


def group_consumer(
    settings: Settings,
    group: str,
    topics: Sequence[str],
    *,
    max_records: int = 500,
    on_rebalance: Callable[[set[tuple[str, int]], set[tuple[str, int]]], None] | None = None,
    keep_owner: bool = False,
    fetch_wait_ms: int = FETCH_WAIT_MS,
) -> Any:
    """A consumer in a group, committing by hand, from the earliest record where the group has no offset.

    `keep_owner` leaves partitions where they are when another member joins, so that a hot standby disturbs nobody; all members of a group
    must say the same. Without it all are taken and then given anew, and those that come back are read on from where they stood.
    `on_rebalance(revoked, assigned)` is told which (topic, partition) are taken away and, in a later call, which are given. It runs on the
    consumer's own loop: it may note them and no more.
    """
    session_ms = int(settings.kafka.session_seconds * 1000)
    consumer = KafkaConsumer(
        **client_options(settings.kafka),
        group_id=settings.topic(group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=max(session_ms // 4, 250),
        max_poll_records=max_records,
        max_partition_fetch_bytes=settings.kafka.max_record_bytes,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=fetch_wait_ms,
        **({"partition_assignment_strategy": (CooperativeStickyAssignor,)} if keep_owner else {}),
    )
    consumer.subscribe([settings.topic(name) for name in topics], listener=None if on_rebalance is None else _Rebalances(on_rebalance))
    return consumer


class _Rebalances(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, on_rebalance: Callable[[set[tuple[str, int]], set[tuple[str, int]]], None]) -> None:
        self._on_rebalance = on_rebalance

    def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        self._on_rebalance({(each.topic, each.partition) for each in revoked}, set())

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._on_rebalance(set(), {(each.topic, each.partition) for each in assigned})


def commit(consumer: Any, offsets: Mapping[tuple[str, int], int], timeout_seconds: float = 10) -> bool:
    """Commit the next offsets to read of those partitions that the consumer owns. False when the group did not take them: then
    their records come again, to us or to another member."""
    owned = {TopicPartition(*partition) for partition in offsets} & consumer.assignment()
    if not owned:
        return not offsets
    wanted = {each: OffsetAndMetadata(offsets[each.topic, each.partition], "", -1) for each in owned}
    try:
        consumer.commit(wanted, timeout_ms=int(timeout_seconds * 1000))
    except KafkaError:
        return False
    return len(owned) == len(offsets)


def positions(consumer: Any) -> dict[tuple[str, int], int]:
    """Where the consumer reads next in each partition it owns. Past transaction markers, so a group can have no lag behind one."""
    found = {}
    for each in consumer.assignment():
        with contextlib.suppress(KafkaError):
            if (position := consumer.position(each, timeout_ms=100)) is not None:
                found[each.topic, each.partition] = int(position)
    return found


def join_to_the_end(consumer: Any, timeout_ms: int = 1_000) -> None:
    """Give a join that the poll ran out of time for a second more.

    kafka-python 3.0.12 forgets such a join when new topic metadata had caused it: heartbeats stay off, the member is expelled and never
    reads again. With polls of 1 ms four of six new consumers stood still like that (measured 2026-11-20). Where it does not forget, it throws
    an answer that came between two polls away and joins anew.
    """
    coordinator = consumer._coordinator
    if coordinator.rejoining:
        coordinator.request_rejoin()
        coordinator.ensure_active_group(timeout_ms=timeout_ms)


def group_offsets(next_offsets: Mapping[tuple[str, int], int]) -> Any:
    """The next offsets to read as kafka-python wants them."""
    return {TopicPartition(*partition): OffsetAndMetadata(offset, "", -1) for partition, offset in next_offsets.items()}


def owns(consumer: Any, topic: str, partition: int) -> bool:
    return TopicPartition(topic, partition) in consumer.assignment()


def committed(consumer: Any, topic: str, partition: int) -> int | None:
    """The offset that the consumer's group reads next; None where it has not committed. Owning the partition is not needed."""
    return offset_of(consumer.committed(TopicPartition(topic, partition)))


def rewind(consumer: Any, topic: str, partition: int) -> None:
    """Read on from where the group has committed, because what was read since has come to nothing."""
    start = committed(consumer, topic, partition)
    if start is None:
        consumer.seek_to_beginning(TopicPartition(topic, partition))
    else:
        consumer.seek(TopicPartition(topic, partition), start)
