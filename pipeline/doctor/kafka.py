"""Asks Kafka."""

from __future__ import annotations

from pipeline import broker, topology
from pipeline.doctor.facts import GroupLag, KafkaFacts, TopicFacts, WantedTopic
from pipeline.privileges import role
from pipeline.settings import Settings


def ask_kafka(settings: Settings, role_name: str) -> KafkaFacts:
    """What Kafka shows of itself to the user of this configuration. Raises Unreachable, or whatever the client raises."""
    broker.connect(settings.kafka, "lagebild doctor", wait_seconds=2)
    greeted = broker.greeted(settings.kafka)
    missing = broker.missing_rights(settings, role(role_name).privileges) if broker.signs_in(settings.kafka) else []
    admin = broker.admin_client(settings.kafka)
    try:
        found = broker.survey(admin, [settings.topic(each.name) for each in topology.TOPICS])
        topics = {name: TopicFacts(each.partitions, each.copies, each.in_sync, each.configuration) for name, each in found.topics.items()}
        return KafkaFacts(
            version=found.version,
            brokers=found.brokers,
            topics=topics,
            wanted=_wanted(settings),
            lags=tuple(
                _lag(admin, settings, group, [name for name in names if settings.topic(name) in topics])
                for group, names in topology.group_topics().items()
            ),
            missing_rights=tuple(map(str, missing)),
            certificate_ends_at=greeted.certificate_ends_at,
        )
    finally:
        admin.close()


def _wanted(settings: Settings) -> dict[str, WantedTopic]:
    return {
        settings.topic(each.name): WantedTopic(each.partitions, broker.wanted_configuration(each, settings.kafka))
        for each in topology.TOPICS
    }


def _lag(admin: object, settings: Settings, group: str, names: list[str]) -> GroupLag:
    lags = broker.lag_by(admin, settings, group, names) if names else []
    began = any(each.committed is not None for each in lags)
    return GroupLag(group, sum(each.records for each in lags) if began else None)
