"""Reading without a group: whole topics, their tails, and state."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition
from kafka.errors import KafkaError

from pipeline.broker.groups import join_to_the_end
from pipeline.broker.handshake import Denied
from pipeline.broker.records import FETCH_WAIT_MS, PROMPT_FETCH_WAIT_MS, Record, record_of
from pipeline.broker.rights import TOPIC_DENIED, us
from pipeline.broker.security import client_options
from pipeline.errors import Transient, Unreachable
from pipeline.sections import Kafka


def assigned_consumer(kafka: Kafka, partitions: Sequence[TopicPartition], fetch_wait_ms: int = FETCH_WAIT_MS) -> Any:
    """A consumer without a group that reads `partitions` from their beginning."""
    consumer = KafkaConsumer(
        **client_options(kafka),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=2_000,
        max_partition_fetch_bytes=kafka.max_record_bytes,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=fetch_wait_ms,
    )
    consumer.assign(list(partitions))
    # The default start of an assigned consumer returned nothing in 3 of 6 restores (measured on Kafka 4.3.0): name it.
    consumer.seek_to_beginning(*partitions)
    return consumer


def tail_consumer(kafka: Kafka, topics: Mapping[str, int | None]) -> Any:
    """A consumer without a group that starts at the last so many records of each partition (None: at its beginning) and goes on from there.

    `topics` are real names. Raises Unreachable when one does not exist.
    """
    records = {TopicPartition(topic, number): count for topic, count in topics.items() for number in partitions_of(kafka, topic)}
    consumer = assigned_consumer(kafka, list(records))
    ends = consumer.end_offsets(list(records), timeout_ms=10_000)
    begins = consumer.beginning_offsets(list(records), timeout_ms=10_000)
    for each, count in records.items():
        if count is not None:
            consumer.seek(each, max(begins[each], ends[each] - count))
    return consumer


def ends(consumer: Any, timeout_seconds: float) -> dict[tuple[str, int], int] | None:
    """Where each partition the consumer owns ends now, asked of the broker; None when it does not answer in time."""
    try:
        found = consumer.end_offsets(list(consumer.assignment()), timeout_ms=int(timeout_seconds * 1000))
    except KafkaError:
        return None
    return {(each.topic, each.partition): int(offset) for each, offset in found.items()}


def partitions_of(kafka: Kafka, topic: str) -> list[int]:
    """The partition numbers of a topic. Raises Unreachable when the topic does not exist, Denied when we may not see it."""
    admin = KafkaAdminClient(**client_options(kafka))
    try:
        for each in admin.describe_topics([topic]):
            if each["error_code"] == TOPIC_DENIED:
                raise Denied(
                    f"Kafka does not allow {us(kafka)} to see the topic {topic}", "deploy/kafka-acls.sh gives each process its rights"
                )
            if not each["error_code"]:
                return sorted(partition["partition_index"] for partition in each["partitions"])
    finally:
        admin.close()
    raise Unreachable(f"the topic {topic} does not exist", "run `lagebild topics apply`")


def read_to_end(kafka: Kafka, topic: str, partitions: Sequence[int] | None = None, *, deadline_seconds: float = 120) -> Iterator[Record]:
    """Every record of the topic from its beginning to where it ended when the call began, in order within each partition.

    Raises Transient when the end is not reached within the deadline.
    """
    numbers = partitions_of(kafka, topic) if partitions is None else partitions
    wanted = [TopicPartition(topic, number) for number in numbers]
    consumer = assigned_consumer(kafka, wanted)
    try:
        yield from _until(consumer, consumer.end_offsets(wanted), deadline_seconds)
    finally:
        consumer.close()


def _until(consumer: Any, ends: Mapping[TopicPartition, int], deadline_seconds: float) -> Iterator[Record]:
    deadline = time.monotonic() + deadline_seconds
    while any(consumer.position(each) < end for each, end in ends.items()):
        if time.monotonic() > deadline:
            behind = {f"{each.topic}/{each.partition}": f"{consumer.position(each)} of {end}" for each, end in ends.items()}
            raise Transient(f"reading to the end took longer than {deadline_seconds:.0f} s: {behind}")
        for record in polled(consumer, 200):
            if record.offset < ends[TopicPartition(record.topic, record.partition)]:
                yield record


def polled(consumer: Any, timeout_ms: int, max_records: int | None = None) -> list[Record]:
    """What one poll brought, in order within each partition."""
    batches = consumer.poll(timeout_ms=timeout_ms, max_records=max_records)
    join_to_the_end(consumer)
    return [record_of(message) for messages in batches.values() for message in messages]


def beginnings(kafka: Kafka, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """The first offset that each partition still holds (0 for one that never lost a record by age)."""
    wanted = [TopicPartition(topic, number) for number in partitions]
    consumer = assigned_consumer(kafka, wanted)
    try:
        return {each.partition: offset for each, offset in consumer.beginning_offsets(wanted).items()}
    finally:
        consumer.close()


def reader(kafka: Kafka, topic: str, start: int | None = None) -> Any:
    """A consumer without a group that follows partition 0 of `topic` from `start` (None: from its beginning), promptly."""
    partition = TopicPartition(topic, 0)
    consumer = assigned_consumer(kafka, [partition], PROMPT_FETCH_WAIT_MS)
    if start is not None:
        consumer.seek(partition, start)
    return consumer
