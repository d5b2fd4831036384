"""A worker takes the records of a partition one after the other: what Faust left out in a rebalance is read again before anything behind it."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from pipeline import topology
from pipeline.agents.process import Row, WorkerProcess
from pipeline.article import Position
from pipeline.settings import Settings


class Worker:
    """A worker process without Faust: it remembers what it seeks. `beginning` is the first offset that the partition still holds."""

    def __init__(self, expected: int, beginning: int = 0) -> None:
        self.sought: list[tuple[str, int, int]] = []
        self.process = WorkerProcess.__new__(WorkerProcess)
        self.process.settings = Settings()
        self.process.app = SimpleNamespace(consumer=SimpleNamespace(seek=self._seek))
        self.process._beginning = lambda topic, partition: beginning  # type: ignore[method-assign]
        self.row = Row(stage=SimpleNamespace(name="identify"))  # type: ignore[arg-type]
        self.row.expected[0] = expected

    async def _seek(self, partition: Any, offset: int) -> None:
        self.sought.append((partition.topic, partition.partition, offset))

    def takes(self, *offsets: int) -> list[int]:
        async def taken() -> list[int]:
            return [each for each in offsets if await self.process._follows(self.row, Position(topology.COLLECTED, 0, each))]

        return asyncio.run(taken())


def test_records_in_their_order_are_taken() -> None:
    worker = Worker(expected=20)
    assert worker.takes(20, 21, 22) == [20, 21, 22]
    assert worker.sought == []


def test_nothing_behind_a_gap_is_taken_before_the_gap_was_read() -> None:
    worker = Worker(expected=20)
    assert worker.takes(25, 26, 27) == []
    assert worker.sought == [(topology.COLLECTED, 0, 20)], "asked for once"
    assert worker.takes(20, 21, 22) == [20, 21, 22]


def test_what_was_taken_already_is_not_taken_twice() -> None:
    assert Worker(expected=20).takes(20, 19, 20, 21) == [20, 21]


def test_what_retention_has_removed_is_not_waited_for() -> None:
    worker = Worker(expected=20, beginning=100)
    assert worker.takes(100, 101) == [100, 101]
    assert worker.sought == []
