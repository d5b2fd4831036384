"""Topics made as the topology declares them, and how far groups are behind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, OffsetSpec
from kafka.errors import CoordinatorLoadInProgressError, CoordinatorNotAvailableError, NotCoordinatorError, TopicAlreadyExistsError

from pipeline import topology
from pipeline.broker.connecting import connect
from pipeline.broker.records import offset_of
from pipeline.broker.security import client_options
from pipeline.sections import Kafka
from pipeline.settings import Settings


@dataclass(frozen=True)
class TopicChange:
    """What `apply_topics` did or would do to one topic."""

    topic: str
    change: str  # "created", "configured", "unchanged", "partitions differ"
    detail: str = ""


def wanted_configuration(topic: topology.Topic, kafka: Kafka) -> dict[str, str]:
    """The settings that `topics apply` gives the topic."""
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
    admin = KafkaAdminClient(**client_options(settings.kafka))
    try:
        present = {each["name"]: len(each["partitions"]) for each in admin.describe_topics() if not each["error_code"]}
        return [_apply_topic(admin, settings, topic, present, dry_run) for topic in topics]
    finally:
        admin.close()


def _apply_topic(admin: Any, settings: Settings, topic: topology.Topic, present: Mapping[str, int], dry_run: bool) -> TopicChange:
    name = settings.topic(topic.name)
    configs = wanted_configuration(topic, settings.kafka)
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


@dataclass(frozen=True)
class Progress:
    """How far a group is over all its partitions. `behind` is what it has still to read; None where it has never committed anything."""

    committed: int
    behind: int | None


def progress(lags: Sequence[Lag]) -> Progress:
    """The lags of one group taken together. `behind` may stay above zero at rest: transaction markers stand at the end of what the alerter
    writes, and nobody reads or commits past them before the next record."""
    has_begun = any(each.committed is not None for each in lags)
    return Progress(sum(each.committed or 0 for each in lags), sum(each.records for each in lags) if has_begun else None)


def lag(settings: Settings, group: str, topics: Sequence[str]) -> list[Lag]:
    """The lag of `group` (without prefix) on each partition of `topics` (without prefix)."""
    admin = KafkaAdminClient(**client_options(settings.kafka), bootstrap_timeout_ms=3_000)
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
    committed = _committed_by(admin, settings.topic(group))
    return [
        Lag(group, each.topic, each.partition, offset_of(committed.get(each)), offset_of(end) or 0)
        for each, end in sorted(ends.items(), key=lambda item: (item[0].topic, item[0].partition))
    ]


def _committed_by(admin: Any, group: str, patience_seconds: float = 10) -> Mapping[TopicPartition, Any]:
    """What a group has committed. A fresh broker knows no coordinator for the first moments: that means "not yet", not "nothing"."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            found: Mapping[TopicPartition, Any] = admin.list_group_offsets(group).get(group, {})
            return found
        except (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
