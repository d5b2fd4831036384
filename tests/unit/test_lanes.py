from __future__ import annotations

import asyncio

import pytest

from pipeline.lanes import Lanes


def test_partitions_are_taken_in_turns_and_in_order_within_each() -> None:
    async def scenario() -> list[str]:
        lanes: Lanes[str] = Lanes(limit=100)
        for item in ("a1", "a2", "a3", "a4", "b1", "b2", "c1"):
            await lanes.put(item[0], item)
        return [*await lanes.take(4), *await lanes.take(4)]

    assert asyncio.run(scenario()) == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]


def test_a_busy_partition_does_not_hold_up_another() -> None:
    async def scenario() -> list[str]:
        lanes: Lanes[str] = Lanes(limit=1000)
        for number in range(500):
            await lanes.put("busy", f"busy{number}")
        await lanes.put("quiet", "quiet")
        return await lanes.take(2)

    assert asyncio.run(scenario()) == ["busy0", "quiet"]


def test_putting_waits_while_the_room_is_full_and_goes_on_after_taking() -> None:
    async def scenario() -> None:
        lanes: Lanes[int] = Lanes(limit=2)
        await lanes.put(0, 1)
        await lanes.put(0, 2)
        third = asyncio.ensure_future(lanes.put(0, 3))
        await asyncio.sleep(0)
        assert not third.done()
        assert await lanes.take(1) == [1]
        await asyncio.wait_for(third, 5)
        assert len(lanes) == 2

    asyncio.run(scenario())


def test_taking_waits_for_work_and_clearing_forgets_it() -> None:
    async def scenario() -> None:
        lanes: Lanes[int] = Lanes(limit=2)
        await lanes.put(0, 1)
        lanes.clear()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(lanes.take(1), 0.02)

    asyncio.run(scenario())
