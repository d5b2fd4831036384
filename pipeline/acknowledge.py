"""Which offsets of a partition may be acknowledged: only the contiguous prefix of what is done.

Faust 0.15.3 commits past unfinished work when offsets are acknowledged out of order (faust-streaming/faust#606), so nothing is handed to
it before everything below it is done.
"""

from __future__ import annotations

from dataclasses import dataclass, field


class Gap(Exception):
    """A partition delivered an offset that does not follow the last one: something between was skipped."""


@dataclass
class Contiguous:
    """The bookkeeping of one partition since its assignment: offsets are started in order and may be done in any order."""

    _open: list[int] = field(default_factory=list)  # started and not yet acknowledged, ascending
    _done: set[int] = field(default_factory=set)

    def start(self, offset: int) -> None:
        """`offset` is being worked on. Raises Gap when it does not come after all others."""
        if self._open and offset <= self._open[-1]:
            raise Gap(f"offset {offset} was started after {self._open[-1]}")
        self._open.append(offset)

    def finish(self, offset: int) -> list[int]:
        """The offsets that may be acknowledged now that `offset` is done, ascending; empty while an earlier one is open.

        Raises KeyError for an offset that was not started or is already acknowledged.
        """
        if offset not in self._open:
            raise KeyError(offset)
        self._done.add(offset)
        ready = 0
        while ready < len(self._open) and self._open[ready] in self._done:
            ready += 1
        acknowledged, self._open = self._open[:ready], self._open[ready:]
        self._done.difference_update(acknowledged)
        return acknowledged

    @property
    def unfinished(self) -> int:
        """How many started offsets are not acknowledged."""
        return len(self._open)
