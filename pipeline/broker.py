"""Kafka through kafka-python: the only file that imports it (the Faust worker has its own client in `agents.py`).

A `send` that failed says so only through its future, and kafka-python has no limit on what waits to be sent
(3.0.12 has no `buffer_memory`). `Publisher` therefore bounds what is outstanding and `confirm()` looks at every future.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kafka import ConsumerRebalanceListener, KafkaAdminClient, KafkaConsumer, KafkaProducer, OffsetAndMetadata, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.errors import InvalidProducerEpochError, KafkaError, MessageSizeTooLargeError, ProducerFencedError, TopicAlreadyExistsError

from pipeline import topology
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.settings import Kafka, Settings

Headers = Sequence[tuple[str, bytes]]
Partition = TopicPartition

# Bounds on what one publisher holds in memory while the broker does not confirm.
MAX_OUTSTANDING_RECORDS = 2_000
MAX_OUTSTANDING_BYTES = 32_000_000
BATCH_BYTES = 262_144


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


def connect(kafka: Kafka, what: str, wait_seconds: float = 30) -> None:
    """Return once a broker answers. Raises Unreachable, naming the addresses, when none does within `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            _listening(kafka)
            KafkaAdminClient(bootstrap_servers=kafka.servers, bootstrap_timeout_ms=2_000, request_timeout_ms=5_000).close()
            return
        except (KafkaError, OSError) as error:
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"Kafka does not answer at {', '.join(kafka.servers)} ({what} needs it): {error or type(error).__name__}"
                ) from error
            time.sleep(0.2)


def _listening(kafka: Kafka) -> None:
    """Return when somebody listens at one of the addresses. Raises OSError otherwise.

    Asked first, because a client that finds no broker leaves a thread behind (3.0.12), and a broker may be away for hours.
    """
    failed = OSError("no address is configured")
    for server in kafka.servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
            return
        except (OSError, ValueError) as error:
            failed = OSError(str(error))
    raise failed


def batch_bytes(kafka: Kafka) -> int:
    """How many bytes of records a producer may send together: a topic's limit is for a batch, and would refuse small records with it."""
    return min(BATCH_BYTES, kafka.max_record_bytes // 2)


def producer(kafka: Kafka, *, transactional_id: str | None = None, linger_ms: int = 0) -> Any:
    """A KafkaProducer that neither loses nor doubles a record within its lifetime; `transactional_id` makes it transactional."""
    return KafkaProducer(
        bootstrap_servers=kafka.servers,
        # Passed explicitly: with a conflicting acks or retries value kafka-python would otherwise switch idempotence off in silence.
        enable_idempotence=True,
        acks="all",
        transactional_id=transactional_id,
        linger_ms=linger_ms,
        batch_size=batch_bytes(kafka),
        compression_type="zstd",
        max_request_size=kafka.max_record_bytes + 200_000,
        delivery_timeout_ms=120_000,
        request_timeout_ms=15_000,
        allow_auto_create_topics=False,
        # KIP-98: how long the broker waits for a dead owner's transaction before it aborts it.
        transaction_timeout_ms=30_000,
    )


class Publisher:
    """Sends records, remembers which are not confirmed yet, and never holds more than its bounds."""

    def __init__(self, kafka: Kafka, *, linger_ms: int = 5) -> None:
        self._producer = producer(kafka, linger_ms=linger_ms)
        self._outstanding: list[tuple[Any, int]] = []
        self._bytes = 0

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Headers = (), partition: int | None = None) -> None:
        """Hand one record over. Blocks in `confirm()` when the bounds are reached.

        Raises Permanent (`too_large`) for a record that the broker would never take, Transient when earlier ones fail.
        """
        size = len(value or b"")
        if len(self._outstanding) >= MAX_OUTSTANDING_RECORDS or self._bytes + size > MAX_OUTSTANDING_BYTES:
            self.confirm()
        try:
            future = self._producer.send(topic, value, key.encode(), headers=list(headers), partition=partition)
        except MessageSizeTooLargeError as error:
            raise Permanent("too_large", f"a record of {size:,} bytes for {topic} is larger than kafka.max_record_bytes") from error
        except KafkaError as error:
            raise Transient(f"Kafka did not take a record for {topic}: {error or type(error).__name__}") from error
        self._outstanding.append((future, size))
        self._bytes += size

    def confirm(self, timeout_seconds: float = 130) -> None:
        """Return once the broker has confirmed everything sent so far.

        Raises Transient when a record failed: the caller sends its whole batch again. The default outlasts the delivery timeout.
        """
        outstanding, self._outstanding, self._bytes = self._outstanding, [], 0
        deadline = time.monotonic() + timeout_seconds
        for future, _ in outstanding:
            try:
                future.get(timeout=max(deadline - time.monotonic(), 0.001))
            except MessageSizeTooLargeError as error:
                raise Permanent("too_large", "the broker refused a record as too large: raise its message.max.bytes") from error
            except KafkaError as error:
                raise Transient(f"Kafka did not confirm a record: {error or type(error).__name__}") from error

    def close(self) -> None:
        """Give the producer back; what is not confirmed within 5 seconds is given up. Raises nothing of Kafka's."""
        try:
            self._producer.close(timeout=5)
        except KafkaError:
            # It flushes first, and when the broker is away that raises and leaves its thread and its records behind (3.0.12).
            self._producer._sender.force_close()
            with contextlib.suppress(KafkaError):
                self._producer.close(timeout=5)


def group_consumer(
    settings: Settings,
    group: str,
    topics: Sequence[str],
    *,
    max_records: int = 500,
    on_rebalance: Callable[[set[tuple[str, int]], set[tuple[str, int]]], None] | None = None,
    keep_owner: bool = False,
) -> Any:
    """A consumer in a group, committing by hand, from the earliest record where the group has no offset.

    `keep_owner` leaves partitions where they are when another member joins, so that a hot standby disturbs nobody.
    `on_rebalance(revoked, assigned)` is told which (topic, partition) are taken away and, in a later call, which are given. It runs on the
    consumer's own loop: it may note them and no more.
    """
    session_ms = int(settings.kafka.session_seconds * 1000)
    consumer = KafkaConsumer(
        bootstrap_servers=settings.kafka.servers,
        group_id=settings.topic(group),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        session_timeout_ms=session_ms,
        heartbeat_interval_ms=max(session_ms // 4, 250),
        max_poll_records=max_records,
        max_partition_fetch_bytes=settings.kafka.max_record_bytes,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
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


def assigned_consumer(kafka: Kafka, partitions: Sequence[TopicPartition]) -> Any:
    """A consumer without a group that reads `partitions` from their beginning."""
    consumer = KafkaConsumer(
        bootstrap_servers=kafka.servers,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
        max_poll_records=2_000,
        max_partition_fetch_bytes=kafka.max_record_bytes,
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
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
    """The partition numbers of a topic. Raises Unreachable when the topic does not exist."""
    admin = KafkaAdminClient(bootstrap_servers=kafka.servers)
    try:
        for each in admin.describe_topics([topic]):
            if not each["error_code"]:
                return sorted(partition["partition_index"] for partition in each["partitions"])
    finally:
        admin.close()
    raise Unreachable(f"the topic {topic} does not exist: run `lagebild topics apply`")


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
    _join_to_the_end(consumer)
    return [record_of(message) for messages in batches.values() for message in messages]


def _join_to_the_end(consumer: Any, timeout_ms: int = 1_000) -> None:
    """Give a join that the poll ran out of time for a second more.

    kafka-python 3.0.12 forgets such a join when new topic metadata had caused it: heartbeats stay off, the member is expelled and never
    reads again. With polls of 1 ms four of six new consumers stood still like that (measured 2026-11-20). Where it does not forget, it throws
    an answer that came between two polls away and joins anew.
    """
    coordinator = consumer._coordinator
    if coordinator.rejoining:
        coordinator.request_rejoin()
        coordinator.ensure_active_group(timeout_ms=timeout_ms)


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


@dataclass(frozen=True)
class TopicChange:
    """What `apply_topics` did or would do to one topic."""

    topic: str
    change: str  # "created", "configured", "unchanged", "partitions differ"
    detail: str = ""


def _wanted_configs(topic: topology.Topic, kafka: Kafka) -> dict[str, str]:
    # A rejected record carries headers on top of its bytes and must never be refused itself.
    largest = kafka.max_record_bytes + (200_000 if topic.name == topology.REJECTED else 0)
    configs = {"max.message.bytes": str(largest), "cleanup.policy": "compact" if topic.compacted else "delete"}
    if topic.compacted:
        # Small segments let the cleaner work soon, which keeps restores short.
        configs |= {"segment.ms": "3600000", "min.cleanable.dirty.ratio": "0.2"}
    elif topic.retention_seconds is None:
        configs["retention.ms"] = "-1"
    else:
        configs["retention.ms"] = str(topic.retention_seconds * 1000)
    return configs


def apply_topics(settings: Settings, *, dry_run: bool = False, topics: Iterable[topology.Topic] = topology.TOPICS) -> list[TopicChange]:
    """Create the topics that are missing and set the configuration that differs; idempotent. Partition counts are never changed."""
    connect(settings.kafka, "topics apply")
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.servers)
    try:
        present = {each["name"]: len(each["partitions"]) for each in admin.describe_topics() if not each["error_code"]}
        return [_apply_topic(admin, settings, topic, present, dry_run) for topic in topics]
    finally:
        admin.close()


def _apply_topic(admin: Any, settings: Settings, topic: topology.Topic, present: Mapping[str, int], dry_run: bool) -> TopicChange:
    name = settings.topic(topic.name)
    configs = _wanted_configs(topic, settings.kafka)
    if name not in present:
        if not dry_run:
            try:
                options = {"num_partitions": topic.partitions, "replication_factor": settings.kafka.replication, "configs": configs}
                admin.create_topics({name: options}, wait_for_metadata=True)
            except TopicAlreadyExistsError:
                return TopicChange(name, "unchanged", "somebody else created it just now")
        return TopicChange(name, "created", f"{topic.partitions} partitions, key: {topic.key}")
    if present[name] != topic.partitions:
        return TopicChange(
            name,
            "partitions differ",
            f"has {present[name]}, we expect {topic.partitions}: keys would move, so this is not changed by itself",
        )
    resource = ConfigResource(ConfigResourceType.TOPIC, name, {key: None for key in configs})
    found = admin.describe_configs([resource], config_filter="all")
    current = _config_values(found, name)
    differing = {key: value for key, value in configs.items() if current.get(key) != value}
    if not differing:
        return TopicChange(name, "unchanged")
    if not dry_run:
        admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, differing)])
    return TopicChange(name, "configured", ", ".join(f"{key}: {current.get(key)} → {value}" for key, value in differing.items()))


def _config_values(found: Any, name: str) -> dict[str, str]:
    """describe_configs answers differ between kafka-python versions: a mapping by resource or a list of them."""
    for by_name in found.values() if isinstance(found, dict) else found:
        values = by_name.get(name, by_name) if isinstance(by_name, dict) else {}
        return {key: value["value"] if isinstance(value, dict) else value for key, value in values.items()}
    return {}


@dataclass(frozen=True)
class Lag:
    """How far a consumer group is behind on one topic. `committed` is None where the group has not committed."""

    group: str
    topic: str
    partition: int
    committed: int | None
    end: int

    @property
    def records(self) -> int:
        return max(self.end - (self.committed or 0), 0)


def lag(settings: Settings, group: str, topics: Sequence[str]) -> list[Lag]:
    """The lag of `group` (without prefix) on each partition of `topics` (without prefix)."""
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka.servers, bootstrap_timeout_ms=3_000)
    try:
        return lag_by(admin, settings, group, topics)
    finally:
        admin.close()


def lag_by(admin: Any, settings: Settings, group: str, topics: Sequence[str]) -> list[Lag]:
    """Like `lag`, over an admin client that the caller keeps open."""
    names = [settings.topic(name) for name in topics]
    partitions = [
        TopicPartition(each["name"], part["partition_index"]) for each in admin.describe_topics(names) for part in each["partitions"]
    ]
    ends = admin.list_partition_offsets({each: OffsetSpec.LATEST for each in partitions})
    committed = admin.list_group_offsets(settings.topic(group)).get(settings.topic(group), {})
    return [
        Lag(group, each.topic, each.partition, _offset(committed.get(each)), _offset(end) or 0)
        for each, end in sorted(ends.items(), key=lambda item: (item[0].topic, item[0].partition))
    ]


def _offset(found: Any) -> int | None:
    value = getattr(found, "offset", found)
    return None if value is None or value < 0 else int(value)


def admin_client(kafka: Kafka) -> Any:
    """An admin client for callers that ask often (the live page, the watchdog). The caller closes it."""
    return KafkaAdminClient(bootstrap_servers=kafka.servers, bootstrap_timeout_ms=5_000, request_timeout_ms=10_000)


def beginnings(kafka: Kafka, topic: str, partitions: Sequence[int]) -> dict[int, int]:
    """The first offset that each partition still holds (0 for one that never lost a record by age)."""
    wanted = [TopicPartition(topic, number) for number in partitions]
    consumer = assigned_consumer(kafka, wanted)
    try:
        return {each.partition: offset for each, offset in consumer.beginning_offsets(wanted).items()}
    finally:
        consumer.close()


# What other files must name although only this one imports kafka-python.
FAULTS: tuple[type[Exception], ...] = (KafkaError, OSError)
FENCED: tuple[type[Exception], ...] = (ProducerFencedError, InvalidProducerEpochError)


def group_offsets(next_offsets: Mapping[tuple[str, int], int]) -> Any:
    """The next offsets to read as kafka-python wants them."""
    return {TopicPartition(*partition): OffsetAndMetadata(offset, "", -1) for partition, offset in next_offsets.items()}


def owns(consumer: Any, topic: str, partition: int) -> bool:
    return TopicPartition(topic, partition) in consumer.assignment()


def reader(kafka: Kafka, topic: str, start: int | None = None) -> Any:
    """A consumer without a group that follows partition 0 of `topic` from `start` (None: from its beginning)."""
    partition = TopicPartition(topic, 0)
    consumer = assigned_consumer(kafka, [partition])
    if start is not None:
        consumer.seek(partition, start)
    return consumer


def committed(consumer: Any, topic: str, partition: int) -> int | None:
    """The offset that the consumer's group reads next; None where it has not committed. Owning the partition is not needed."""
    return _offset(consumer.committed(TopicPartition(topic, partition)))


def rewind(consumer: Any, topic: str, partition: int) -> None:
    """Read on from where the group has committed, because what was read since has come to nothing."""
    start = committed(consumer, topic, partition)
    if start is None:
        consumer.seek_to_beginning(TopicPartition(topic, partition))
    else:
        consumer.seek(TopicPartition(topic, partition), start)


def publish_atomically(kafka: Kafka, transactional_id: str, records: Sequence[tuple[str, str, bytes | None]]) -> None:
    """Publish all `records` (topic, key, value) to partition 0 of their topics, or none of them. Raises Transient when Kafka does not take them."""
    sender = producer(kafka, transactional_id=transactional_id, linger_ms=5)
    try:
        sender.init_transactions()
        sender.begin_transaction()
        futures = [sender.send(topic, value, key.encode(), partition=0) for topic, key, value in records]
        for future in futures:
            future.get(timeout=60)
        sender.commit_transaction()
    except KafkaError as error:
        raise Transient(f"Kafka did not take the records: {error or type(error).__name__}") from error
    finally:
        sender.close(timeout=5)
