"""Which record of a partition comes next: nothing behind a hole is taken before the hole was read.

Faust 0.15.3 throws away what it has polled when a rebalance begins, leaves out events while its flow is suspended, and may then go on behind
them: 153 records of a partition were committed that no stage had seen, with two workers that started at once (seen 2026-11-21). The topics that
stages read are neither compacted nor transactional, so offsets follow each other; only retention may have removed the beginning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Place = Literal["next", "known", "behind a hole", "not ours"]


class Succession:
    """The offset that comes next in each partition of one assignment; `offsets` are the first that are not acknowledged, by partition."""

    def __init__(self, offsets: Mapping[int, int] | None = None) -> None:
        self._next: dict[int, int] = dict(offsets or {})
        self._asked: dict[int, int] = {}  # the offsets that were asked for again
        self._seen: dict[int, int] = {}  # the offsets that came next at the last `still`

    def place(self, partition: int, offset: int) -> Place:
        """Where the record stands to what came before it."""
        if partition not in self._next:
            return "not ours"
        wanted = self._next[partition]
        return "next" if offset == wanted else "known" if offset < wanted else "behind a hole"

    def begins_at(self, partition: int, first: int) -> None:
        """The partition holds nothing before `first`: what retention has removed is not waited for."""
        self._next[partition] = max(self._next[partition], first)

    def take(self, partition: int, offset: int) -> None:
        """The record is taken: the one after it comes next."""
        self._next[partition] = offset + 1

    def wanted(self, partition: int) -> int:
        """The offset that comes next. Raises KeyError for a partition that is not ours."""
        return self._next[partition]

    def ask_for(self, partition: int) -> None:
        """What comes next in the partition was asked for again."""
        self._asked[partition] = self._next[partition]

    def is_asked_for(self, partition: int) -> bool:
        """Whether what comes next in the partition was asked for again, and it did not stand still since."""
        return self._asked.get(partition) == self._next[partition]

    def still(self) -> dict[int, int]:
        """By partition, the offsets that came next at the last call and do so still, no longer asked for; nothing at the first call."""
        still = {partition: offset for partition, offset in self._next.items() if self._seen.get(partition) == offset}
        for partition in still:
            self._asked.pop(partition, None)
        self._seen = dict(self._next)
        return still
