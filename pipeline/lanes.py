"""Work waiting in one lane per partition, taken in turns.

Faust delivers one partition for seconds before it turns to the next; taking in turns keeps one busy partition from holding up the others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """Bounded waiting room. `put` waits while `limit` items wait; `take` waits until there is one."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lanes: dict[Hashable, deque[T]] = {}
        self._waiting = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def __len__(self) -> int:
        return self._waiting

    async def put(self, lane: Hashable, item: T) -> None:
        while self._waiting >= self._limit:
            self._room.clear()
            await self._room.wait()
        self._lanes.setdefault(lane, deque()).append(item)
        self._waiting += 1
        self._filled.set()

    async def take(self, most: int, within_seconds: float = 0.0) -> list[T]:
        """At least one and at most `most` items: one of each lane in turn, in order within a lane.

        Fewer than `most` are joined by what comes within `within_seconds`.
        """
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        if within_seconds and self._waiting < most:
            await asyncio.sleep(within_seconds)
            if not self._waiting:  # cleared meanwhile
                return await self.take(most, within_seconds)
        taken: list[T] = []
        while self._waiting and len(taken) < most:
            self._turn(taken, most)
        self._room.set()
        return taken

    def _turn(self, taken: list[T], most: int) -> None:
        for name in list(self._lanes):
            if len(taken) >= most:
                return
            lane = self._lanes.pop(name)  # put back behind the others: the next turn begins with them
            taken.append(lane.popleft())
            self._waiting -= 1
            if lane:
                self._lanes[name] = lane

    def clear(self) -> None:
        """Forget everything that waits: its partitions were revoked and will be delivered again."""
        self._lanes.clear()
        self._waiting = 0
        self._room.set()
