"""What the doctor saw. None stands for what could not be asked; a check then says nothing, because `reachable.py` has said why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class TopicFacts:
    """A topic as the broker has it. `copies` is the smallest number of replicas of a partition, `in_sync` of those that are up to date."""

    partitions: int
    copies: int
    in_sync: int
    configuration: Mapping[str, str]


@dataclass(frozen=True)
class WantedTopic:
    """A topic as `lagebild topics apply` would make it."""

    partitions: int
    configuration: Mapping[str, str]


@dataclass(frozen=True)
class GroupLag:
    """A consumer group: records that it has not read, over all partitions; None where it has never committed anything."""

    group: str
    behind: int | None


@dataclass(frozen=True)
class KafkaFacts:
    version: tuple[int, ...]
    brokers: int
    topics: Mapping[str, TopicFacts]
    wanted: Mapping[str, WantedTopic]
    lags: tuple[GroupLag, ...] = ()
    missing_rights: str = ""
    certificate_ends_at: datetime | None = None
    own_certificate_ends_at: datetime | None = None


@dataclass(frozen=True)
class NodeFacts:
    """An Elasticsearch node. `skew_seconds` is how far its clock is ahead of ours; `for_trying`: no other machine can reach it."""

    name: str
    version: str
    disk_bytes: int
    free_bytes: int
    skew_seconds: float
    open_file_limit: int
    for_trying: bool = False


@dataclass(frozen=True)
class ElasticsearchFacts:
    """`drift` maps templates, policies and indices that differ to what would be done; `watermarks` are as the cluster writes them."""

    status: str
    nodes: tuple[NodeFacts, ...]
    analysers_missing: tuple[str, ...] = ()
    has_ilm: bool = True
    drift: Mapping[str, str] = field(default_factory=dict)
    watermarks: Mapping[str, str] = field(default_factory=dict)
    thresholds_enabled: bool = True
    read_only: tuple[str, ...] = ()
    missing_rights: str = ""
    certificate_ends_at: datetime | None = None


@dataclass(frozen=True)
class KibanaFacts:
    version: str
    has_encryption_key: bool | None


@dataclass(frozen=True)
class MachineFacts:
    """This machine and what is installed on it."""

    now: datetime
    open_file_limit: int
    clients: Mapping[str, str]


@dataclass(frozen=True)
class Unanswered:
    """Why a server could not be asked. `fix` is what to do where that is known; "" where it is simply not there."""

    why: str
    fix: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything. `unreachable` says of a server, by its name, why it could not be asked."""

    machine: MachineFacts
    kafka: KafkaFacts | None = None
    elasticsearch: ElasticsearchFacts | None = None
    kibana: KibanaFacts | None = None
    unreachable: Mapping[str, Unanswered] = field(default_factory=dict)
    role: str = "operator"
    replication: int = 1
