"""How many articles went through in the last half hour, counted in steps of ten seconds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

STEP_SECONDS = 10
STEPS_PER_MINUTE = 6
MINUTES = 30
KEPT_STEPS = MINUTES * STEPS_PER_MINUTE + STEPS_PER_MINUTE
KINDS = ("enriched", "indexed", "repeats", "dropped", "rejected")


class Rates(msgspec.Struct, frozen=True):
    """Counts by step (seconds since 1970, divided by ten) and kind."""

    steps: dict[int, dict[str, int]] = {}

    def counted(self, events: Iterable[tuple[datetime, str]]) -> Rates:
        """The rates with `events` (record time and kind) added; steps older than half an hour before the newest one are forgotten."""
        added = Counter((_step(at), kind) for at, kind in events)
        if not added:
            return self
        steps = {step: dict(kinds) for step, kinds in self.steps.items()}
        for (step, kind), count in added.items():
            kinds = steps.setdefault(step, {})
            kinds[kind] = kinds.get(kind, 0) + count
        oldest = max(steps) - KEPT_STEPS
        return Rates({step: kinds for step, kinds in steps.items() if step > oldest})

    def last_minute(self, now: datetime) -> dict[str, int]:
        """How many of each kind in the last six full steps before `now`."""
        return {kind: self._sum(_step(now), kind) for kind in KINDS}

    def minutes(self, now: datetime) -> tuple[int, ...]:
        """Enriched articles in each of the last 30 minutes, the newest last."""
        return tuple(self._sum(_step(now) - back * STEPS_PER_MINUTE, "enriched") for back in reversed(range(MINUTES)))

    def _sum(self, end: int, kind: str) -> int:
        return sum(self.steps.get(step, _NOTHING).get(kind, 0) for step in range(end - STEPS_PER_MINUTE, end))


_NOTHING: Mapping[str, int] = {}
NO_RATES = Rates()


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_SECONDS
