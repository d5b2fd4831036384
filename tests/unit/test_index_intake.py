"""The indexer's consumer when partitions change hands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from pipeline import broker
from pipeline.broker import Record
from pipeline.index.intake import Intake
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings
from tests.builders import NOON

A, B = ("articles.enriched", 0), ("articles.enriched", 1)


def record(partition: tuple[str, int], offset: int, size: int = 1) -> Record:
    return Record(*partition, offset, b"k", b"x" * size, (), NOON)


class FakeConsumer:
    """Each poll does the next of `steps`: it may rebalance, and returns records."""

    def __init__(self) -> None:
        self.steps: list[Callable[[], list[Record]]] = []
        self.assigned = {A, B}
        self.held: set[tuple[str, int]] = set()
        self.held_at_poll: list[set[tuple[str, int]]] = []
        self.positions = {A: 0, B: 0}
        self.committed: list[dict[tuple[str, int], int]] = []
        self.takes_commits = True
        self.rebalance: Callable[[set[tuple[str, int]], set[tuple[str, int]]], None] = lambda revoked, assigned: None

    def assignment(self) -> set[tuple[str, int]]:
        return self.assigned

    def paused(self) -> set[tuple[str, int]]:
        return set(self.held)

    def pause(self, *partitions: tuple[str, int]) -> None:
        self.held |= set(partitions)

    def resume(self, *partitions: tuple[str, int]) -> None:
        self.held -= set(partitions)

    def poll(self, timeout_ms: int) -> list[Record]:
        self.held_at_poll.append(set(self.held))
        return self.steps.pop(0)() if self.steps else []

    def commit(self, offsets: dict[tuple[str, int], int]) -> bool:
        self.committed.append(dict(offsets))
        return self.takes_commits


@pytest.fixture
def consumer(monkeypatch: pytest.MonkeyPatch) -> FakeConsumer:
    fake = FakeConsumer()

    def group_consumer(
        settings: Settings, group: str, topics: Any, *, max_records: int, on_rebalance: Any, keep_owner: bool
    ) -> FakeConsumer:
        assert keep_owner, "a partition that is taken and given back would be read on behind what was dropped of it"
        fake.rebalance = on_rebalance
        return fake

    monkeypatch.setattr(broker, "group_consumer", group_consumer)
    monkeypatch.setattr(broker, "polled", lambda made, timeout_ms: made.poll(timeout_ms))
    monkeypatch.setattr(broker, "commit", lambda made, offsets: made.commit(offsets))
    monkeypatch.setattr(broker, "positions", lambda made: dict(made.positions))
    monkeypatch.setattr("pipeline.index.intake.GATHER_SECONDS", 0.01)
    monkeypatch.setattr("pipeline.index.intake.IDLE_SECONDS", 0.01)
    return fake


@pytest.fixture
def intake(consumer: FakeConsumer) -> Intake:
    settings = Settings(elasticsearch=Elasticsearch(bulk_documents=10, bulk_bytes=100_000))
    return Intake(settings, "indexer", ("articles.enriched",), threading.Event())


def moved(consumer: FakeConsumer, revoked: set[Any], assigned: set[Any], *records: Record) -> Callable[[], list[Record]]:
    def step() -> list[Record]:
        if revoked:
            consumer.rebalance(revoked, set())
        if assigned:
            consumer.rebalance(set(), assigned)
        return list(records)

    return step


def test_a_batch_ends_at_its_limits(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.steps = [lambda: [record(A, offset) for offset in range(6)]] * 3
    assert len(intake.gather()) == 12
    consumer.steps = [lambda: [record(A, 0, 60_000)]] * 3
    assert len(intake.gather()) == 2


def test_what_was_gathered_of_a_revoked_partition_is_dropped(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.steps = [lambda: [record(A, 5), record(B, 5)], moved(consumer, {A, B}, {B}, record(B, 5), record(B, 6))]
    assert intake.gather() == [record(B, 5), record(B, 6)]


def test_positions_are_not_committed_between_a_revocation_and_the_next_assignment(consumer: FakeConsumer, intake: Intake) -> None:
    """The consumer still owns the old partitions by name then; its position is past records that were dropped."""
    consumer.steps = [lambda: [record(A, 5)], moved(consumer, {A, B}, set())]
    assert intake.gather() == []
    consumer.positions = {A: 6, B: 0}
    intake.commit_position()
    assert consumer.committed == []
    consumer.steps = [moved(consumer, set(), {A}, record(A, 5))]
    assert intake.gather() == [record(A, 5)]
    intake.commit_position()
    assert consumer.committed == [{A: 6}]


def test_records_of_partitions_that_are_gone_are_not_taken(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.steps = [moved(consumer, {A, B}, set(), record(A, 5))]
    assert intake.gather() == []


def test_waiting_pauses_everything_and_keeps_what_a_rebalance_brings(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.steps = [moved(consumer, {A, B}, {B}, record(B, 7)), moved(consumer, set(), set())]
    intake.wait(0.05)
    assert consumer.held_at_poll[0] == {A, B}
    assert intake.revoked() == {A, B}
    intake.commit_position()
    assert consumer.committed == [], "what waits is not finished"
    assert intake.gather() == [record(B, 7)]
    assert consumer.held == set()


def test_what_waits_is_dropped_when_its_partition_goes(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.steps = [moved(consumer, {A, B}, {B}, record(B, 7)), moved(consumer, {B}, {A}, record(A, 3))]
    intake.wait(0.05)
    assert intake.gather() == [record(A, 3)]


def test_only_new_offsets_are_committed_and_a_refused_commit_is_tried_again(consumer: FakeConsumer, intake: Intake) -> None:
    consumer.takes_commits = False
    intake.commit({A: 5})
    consumer.takes_commits = True
    intake.commit({A: 5})
    intake.commit({A: 5, B: 2})
    intake.commit({A: 5, B: 2})
    assert consumer.committed == [{A: 5}, {A: 5}, {B: 2}]


def test_after_a_revocation_an_offset_is_committed_anew(consumer: FakeConsumer, intake: Intake) -> None:
    intake.commit({A: 5})
    consumer.steps = [moved(consumer, {A, B}, {A, B})]
    intake.gather()
    intake.commit({A: 5})
    assert consumer.committed == [{A: 5}, {A: 5}]
