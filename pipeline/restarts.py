"""When what ended is started again: at once after a steady run, later each time while it ends again and again. Pure; times are monotonic seconds."""

from __future__ import annotations

from typing import NamedTuple

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
# What ran for so long starts with a clean slate.
STEADY_SECONDS = 60.0
# Doubled so often the longest pause is long reached: what ends for days must not end in a number too large.
_MOST_DOUBLINGS = 20


class History(NamedTuple):
    """How a process fared: ends in a row, each before it had run steadily, and when it was started last."""

    quick_ends: int = 0
    started_at_seconds: float = 0.0

    def ended(self, now_seconds: float) -> History:
        """The history after an end: the row goes on only when the process had not run steadily."""
        steady = now_seconds - self.started_at_seconds >= STEADY_SECONDS
        return self._replace(quick_ends=1 if steady else self.quick_ends + 1)

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next start: 0.5 s after the first end, then twice as long each time."""
        return min(FIRST_PAUSE_SECONDS * 2.0 ** min(max(self.quick_ends - 1, 0), _MOST_DOUBLINGS), LONGEST_PAUSE_SECONDS)
