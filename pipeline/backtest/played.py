"""What a replay leaves: each match with what was decided about it, and every episode and notification there ever was."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.episode import Episode, Notification
from pipeline.matched import Matched


@dataclass
class Replayed:
    """What came of the matches of one rule set: every episode and notification there ever was, by id, as it was last.

    `decided` counts by rule and word what was decided about each match (`Decision.why`).
    """

    episodes: dict[str, Episode] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)
    decided: Counter[tuple[str, str]] = field(default_factory=Counter)


@dataclass(frozen=True)
class Step:
    """One match and what was decided about it."""

    matched: Matched
    at: datetime
    why: str
