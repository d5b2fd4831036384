"""How often something happened lately."""

from __future__ import annotations

from bisect import bisect_right, insort
from datetime import datetime, timedelta

KEPT = timedelta(hours=3)
_PRUNE_AT = 512


class Recent:
    """Instants of the last three hours before the newest, each counted once by its key. Adding and counting cost a binary search."""

    def __init__(self) -> None:
        self._keys: dict[str, datetime] = {}
        self._instants: list[datetime] = []
        self._prune_at = _PRUNE_AT

    def add(self, key: str, at: datetime) -> None:
        """Count `key` at `at`; a key that is known is not counted again."""
        if key in self._keys:
            return
        self._keys[key] = at
        insort(self._instants, at)
        if len(self._instants) >= self._prune_at:
            self._prune()

    def within(self, since: datetime, until: datetime) -> int:
        """How many after `since`, up to `until`."""
        return max(bisect_right(self._instants, until) - bisect_right(self._instants, since), 0)

    def _prune(self) -> None:
        oldest = self._instants[-1] - KEPT
        self._instants = self._instants[bisect_right(self._instants, oldest) :]
        self._keys = {key: at for key, at in self._keys.items() if at > oldest}
        self._prune_at = max(_PRUNE_AT, 2 * len(self._instants))
