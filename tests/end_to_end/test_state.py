"""Keyed state on a real broker: read whole, in time, and never taken for empty when it was lost."""

from __future__ import annotations

import uuid
from collections.abc import Generator

import pytest

from pipeline import broker, topology
from pipeline.errors import Transient
from pipeline.sections import Kafka
from pipeline.settings import Settings
from pipeline.state import BIRTH_KEY, LostState, restore

PARTITIONS = topology.topic(topology.KNOWN).partitions


class Remembered:
    """A memory that keeps what it is given."""

    def __init__(self) -> None:
        self.found: dict[str, bytes] = {}

    def apply(self, key: str, value: bytes) -> None:
        self.found[key] = value


@pytest.fixture
def settings(kafka_servers: str) -> Generator[Settings]:
    made = Settings(kafka=Kafka(servers=[kafka_servers], topic_prefix=f"s{uuid.uuid4().hex[:10]}-"))
    topics = [topology.topic(topology.KNOWN)]
    broker.apply_topics(made, topics=topics)
    yield made
    admin = broker.admin_client(made.kafka)
    admin.delete_topics([made.topic(each.name) for each in topics])
    admin.close()


def write(settings: Settings, records: dict[str, int]) -> None:
    """One record for each key, in the partition that stands beside it."""
    publisher = broker.Publisher(settings.kafka)
    for key, partition in records.items():
        publisher.send(settings.topic(topology.KNOWN), key, key.encode(), partition=partition)
    publisher.confirm()
    publisher.close()


def nothing_committed() -> dict[int, int]:
    return dict.fromkeys(range(PARTITIONS), 0)


def test_every_restore_returns_everything_from_all_partitions(settings: Settings) -> None:
    """Many times, because a reader that does not name its start returns nothing in some of its tries."""
    write(settings, {f"k{number}": number % PARTITIONS for number in range(2_000)})
    for _ in range(8):
        restored = restore(settings, topology.KNOWN, nothing_committed(), Remembered, 30)
        assert restored.records == 2_000
        assert sum(len(each.found) for each in restored.memories.values()) == 2_000
        assert all(int(key[1:]) % PARTITIONS == partition for partition, each in restored.memories.items() for key in each.found)


def test_a_restore_reads_to_where_the_topic_ended_when_it_began(settings: Settings) -> None:
    """A topic that grows while it is read must not keep a worker from starting."""
    write(settings, {f"k{number}": 0 for number in range(10)})

    class Growing(Remembered):
        def apply(self, key: str, value: bytes) -> None:
            super().apply(key, value)
            write(settings, {f"late-{key}": 0})

    restored = restore(settings, topology.KNOWN, {0: 0}, Growing, 60)
    assert restored.memories[0].found.keys() == {f"k{number}" for number in range(10)}


def test_a_restore_beyond_its_deadline_is_given_up(settings: Settings) -> None:
    write(settings, {f"k{number}": number % PARTITIONS for number in range(20_000)})
    with pytest.raises(Transient, match="longer than"):
        restore(settings, topology.KNOWN, nothing_committed(), Remembered, 0.0)


def test_partitions_that_were_never_worked_on_are_born(settings: Settings) -> None:
    write(settings, {"k": 1})
    restored = restore(settings, topology.KNOWN, nothing_committed(), Remembered, 30)
    assert sorted(restored.born) == [0, 2, 3]
    assert restored.memories[1].found == {"k": b"k"}


def test_an_empty_state_beside_committed_work_is_an_error_and_never_a_fresh_start(settings: Settings) -> None:
    with pytest.raises(LostState, match=r"partition 2 although offset 7 .* is committed"):
        restore(settings, topology.KNOWN, {0: 0, 1: 0, 2: 7}, Remembered, 30)


def test_a_state_that_was_born_and_is_empty_is_no_error(settings: Settings) -> None:
    """Work that leaves no trace, such as records that were all rejected, commits offsets too."""
    write(settings, {BIRTH_KEY: 2})
    restored = restore(settings, topology.KNOWN, {2: 7}, Remembered, 30)
    assert restored.memories[2].found == {}
    assert restored.born == ()


def test_a_restore_of_no_partition_returns_at_once(settings: Settings) -> None:
    assert restore(settings, topology.KNOWN, {}, Remembered, 30).memories == {}
