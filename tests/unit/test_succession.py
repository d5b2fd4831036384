"""Records of a partition are taken one after the other: what was left out is asked for again before anything behind it is taken."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline import topology
from pipeline.agents.in_order import InOrder
from pipeline.settings import Settings
from pipeline.succession import Succession


class Worker:
    """A worker without Faust: it remembers what it asks for again. `beginning` is the first offset that the partition still holds."""

    def __init__(self, committed: int, beginning: int = 0) -> None:
        self.asked: list[tuple[str, int, int]] = []
        app: Any = SimpleNamespace(consumer=SimpleNamespace(read_again=lambda *place: self.asked.append(place)))
        self.in_order = InOrder(Settings(), app)
        self.in_order._beginning = lambda topic, partition: beginning  # type: ignore[method-assign]
        self.succession = Succession({0: committed})

    def takes(self, *offsets: int, partition: int = 0) -> list[int]:
        async def taken() -> list[int]:
            return [each for each in offsets if await self.in_order.takes(self.succession, topology.COLLECTED, partition, each)]

        return asyncio.run(taken())


def test_records_in_their_order_are_taken() -> None:
    worker = Worker(committed=20)
    assert worker.takes(20, 21, 22) == [20, 21, 22]
    assert worker.asked == []


def test_nothing_behind_a_hole_is_taken_before_the_hole_was_read() -> None:
    worker = Worker(committed=20)
    assert worker.takes(25, 26, 27) == []
    assert worker.asked == [(Settings().topic(topology.COLLECTED), 0, 20)], "asked for once"
    assert worker.takes(20, 21, 22) == [20, 21, 22]


def test_what_was_taken_already_is_not_taken_twice() -> None:
    assert Worker(committed=20).takes(20, 19, 20, 21) == [20, 21]


def test_what_retention_has_removed_is_not_waited_for() -> None:
    worker = Worker(committed=20, beginning=100)
    assert worker.takes(100, 101) == [100, 101]
    assert worker.asked == []


def test_a_hole_behind_what_retention_has_removed_is_asked_for_from_the_beginning() -> None:
    worker = Worker(committed=20, beginning=100)
    assert worker.takes(110, 111) == []
    assert [offset for _, _, offset in worker.asked] == [100]
    assert worker.takes(100, 101) == [100, 101]


def test_a_record_of_a_partition_that_is_not_ours_is_not_taken() -> None:
    assert Worker(committed=20).takes(20, 21, partition=1) == []


def test_only_a_partition_that_has_not_moved_since_the_last_look_stands_still() -> None:
    succession = Succession({0: 5, 1: 7})
    assert succession.still() == {}, "the first look of an assignment has nothing to go by"
    succession.take(0, 5)
    assert succession.still() == {1: 7}
    assert Succession({0: 6, 1: 7}).still() == {}, "an assignment begins anew"


@given(delivered=st.lists(st.integers(0, 30), max_size=200))
def test_whatever_is_delivered_the_taken_offsets_follow_each_other(delivered: list[int]) -> None:
    succession = Succession({0: 0})
    taken = []
    for offset in delivered:
        if succession.place(0, offset) == "next":
            succession.take(0, offset)
            taken.append(offset)
    assert taken == list(range(len(taken)))
