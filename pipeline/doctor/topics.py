"""Topics against the topology."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts, KafkaFacts, TopicFacts, WantedTopic
from pipeline.doctor.finding import Finding, ok, problem

_APPLY = "run `lagebild topics apply`"


def topics(facts: Facts) -> Iterator[Finding]:
    kafka = facts.kafka
    if kafka is None:
        return
    found = [
        *_missing(kafka),
        *(
            each
            for name, wanted in kafka.wanted.items()
            if name in kafka.topics
            for each in _topic(name, wanted, kafka.topics[name], facts.replication)
        ),
        *_single(kafka, facts.replication),
    ]
    yield from found
    if kafka.wanted and not found:
        yield ok("topics", f"{len(kafka.wanted)} topics are as they should be")


def _missing(kafka: KafkaFacts) -> Iterator[Finding]:
    if missing := sorted(kafka.wanted.keys() - kafka.topics.keys()):
        named = ", ".join(missing) if len(missing) < len(kafka.wanted) or len(missing) == 1 else f"all {len(missing)} topics"
        yield problem("topics", f"missing: {named}", _APPLY)


def _topic(name: str, wanted: WantedTopic, found: TopicFacts, replication: int) -> Iterator[Finding]:
    if found.partitions != wanted.partitions:
        yield problem(
            "topics",
            f"{name} has {found.partitions} partitions, {wanted.partitions} are expected",
            "keys would move, so nothing changes this by itself: make a new installation with another kafka.topic_prefix, or delete the topic while "
            "everything is stopped if its records may be lost, and run `lagebild topics apply`",
        )
    if found.copies < replication:
        yield problem(
            "topics",
            f"{name} has {found.copies} copies, kafka.replication asks for {replication}",
            "raise it with kafka-reassign-partitions.sh: applying does not change the copies of a topic that is there",
        )
    if found.in_sync < found.copies:
        yield problem(
            "topics",
            f"{name} has partitions with only {found.in_sync} of {found.copies} copies up to date",
            "look for a broker that is down or behind: the next failure may lose records or stop writing",
        )
    differing = {key: value for key, value in wanted.configuration.items() if found.configuration.get(key, value) != value}
    if differing:
        said = ", ".join(f"{key} is {found.configuration[key]}, not {value}" for key, value in sorted(differing.items()))
        yield problem("topics", f"{name}: {said}", _APPLY)


def _single(kafka: KafkaFacts, replication: int) -> Iterator[Finding]:
    if kafka.brokers >= 3 and replication < 3:
        yield problem(
            "topics",
            f"Kafka has {kafka.brokers} brokers and kafka.replication is {replication}: one broker that is lost takes records with it",
            "set kafka.replication: 3 before `lagebild topics apply` makes the topics; raise those that are there with kafka-reassign-partitions.sh",
        )
