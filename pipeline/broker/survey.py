"""What a cluster looks like from outside: its version, its brokers, and topics as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError

from pipeline.broker.rights import TOPIC_DENIED


@dataclass(frozen=True)
class SurveyedTopic:
    """`copies` is the smallest number of replicas of a partition, `in_sync` of those up to date; `configuration` is empty when we may not ask."""

    partitions: int
    copies: int
    in_sync: int
    configuration: Mapping[str, str]


@dataclass(frozen=True)
class Survey:
    """`version` is what the broker speaks as, such as (4, 3): brokers do not name their release. `hidden` are topics that we may not see."""

    version: tuple[int, ...]
    brokers: int
    topics: Mapping[str, SurveyedTopic]
    hidden: frozenset[str]


def survey(admin: Any, names: Sequence[str]) -> Survey:
    """The cluster, and those of the topics `names` that exist and that we may see. Raises KafkaError."""
    described = admin.describe_topics(list(names))
    found = {each["name"]: each["partitions"] for each in described if not each["error_code"]}
    hidden = frozenset(each["name"] for each in described if each["error_code"] == TOPIC_DENIED)
    configurations = _configurations(admin, list(found))
    topics = {name: _surveyed(partitions, configurations.get(name, {})) for name, partitions in found.items()}
    brokers = admin.describe_cluster()["brokers"]
    version = admin.get_broker_version_data(int(brokers[0]["broker_id"])).broker_version
    return Survey(tuple(version), len(brokers), topics, hidden)


def _surveyed(partitions: Sequence[Mapping[str, Any]], configuration: Mapping[str, str]) -> SurveyedTopic:
    copies = [len(each["replica_nodes"]) for each in partitions]
    in_sync = [len(each["isr_nodes"]) for each in partitions]
    return SurveyedTopic(len(partitions), min(copies, default=0), min(in_sync, default=0), configuration)


def _configurations(admin: Any, names: list[str]) -> dict[str, dict[str, str]]:
    """The settings of each topic; nothing when we may not ask for them."""
    try:
        answer = (
            admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in names], config_filter="all") if names else {}
        )
    except KafkaError:
        return {}
    parts = answer.values() if isinstance(answer, dict) else answer
    return {
        str(name): {key: str(value["value"] if isinstance(value, dict) else value) for key, value in settings.items()}
        for by_name in parts
        for name, settings in by_name.items()
    }
