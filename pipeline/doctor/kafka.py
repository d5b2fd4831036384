"""Asks Kafka."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from pipeline import broker, tls, topology
from pipeline.doctor.facts import GroupLag, KafkaFacts, TopicFacts, WantedTopic
from pipeline.privileges import Privilege, Role, listed, role
from pipeline.settings import Settings


def ask_kafka(settings: Settings, role_name: str) -> KafkaFacts:
    """What Kafka shows of itself to the user of this configuration. Raises Unreachable, or whatever the client raises.

    Only what `role_name` has to do with is looked at: the rest may be hidden from it.
    """
    broker.connect(settings.kafka, "the doctor", wait_seconds=2)
    greeted = broker.greeted(settings.kafka)
    wanted = role(role_name)
    missing = broker.missing_rights(settings, wanted.privileges) if broker.signs_in(settings.kafka) else []
    topics = [each for each in topology.TOPICS if each.name in {*wanted.reads, *wanted.writes}]
    admin = broker.admin_client(settings.kafka)
    try:
        found = broker.survey(admin, [settings.topic(each.name) for each in topics])
        return KafkaFacts(
            version=found.version,
            brokers=found.brokers,
            topics={
                name: TopicFacts(each.partitions, each.copies, each.in_sync, each.configuration) for name, each in found.topics.items()
            },
            wanted={
                name: WantedTopic(each.partitions, broker.wanted_configuration(each, settings.kafka))
                for each in topics
                if (name := settings.topic(each.name)) not in found.hidden
            },
            lags=tuple(_lags(admin, settings, _groups(wanted, missing), found.topics)),
            missing_rights=listed(missing),
            certificate_ends_at=greeted.certificate_ends_at,
            own_certificate_ends_at=_end_of(settings.kafka.certificate_file),
        )
    finally:
        admin.close()


def _end_of(certificate_file: str) -> datetime | None:
    """When our own certificate ends; None without one."""
    found = tls.certificates_in(Path(certificate_file)) if certificate_file else []
    return found[0].ends_at if found else None


def _groups(wanted: Role, missing: Iterable[Privilege]) -> list[str]:
    """The groups that must keep up, of those that the role may ask about."""
    denied = any(each.kind == "group" for each in missing)
    return [] if denied else [each.name for each in wanted.privileges if each.kind == "group" and each.name in topology.KEEPING_UP]


def _lags(admin: Any, settings: Settings, groups: Iterable[str], topics: Container[str]) -> Iterator[GroupLag]:
    for group in groups:
        names = [name for name in topology.group_topics()[group] if settings.topic(name) in topics]
        yield GroupLag(group, broker.progress(broker.lag_by(admin, settings, group, names) if names else []).behind)
