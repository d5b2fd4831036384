"""One match to be decided on, with all that deciding on it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.alerts import Alerts
from pipeline.episode import Episode
from pipeline.episodes.lifecycle import State, state_at
from pipeline.matched import Matched, is_late
from pipeline.policy import RulePolicy


@dataclass(frozen=True)
class Case:
    """`now` is the match's record time, `group` what it belongs to under the rule."""

    alerts: Alerts
    matched: Matched
    policy: RulePolicy
    group: str
    now: datetime

    @property
    def rule_id(self) -> str:
        return self.matched.match.rule_id

    @property
    def shadow(self) -> bool:
        return self.matched.match.shadow or self.policy.shadow

    @property
    def withheld(self) -> str:
        """What is written on messages that are made and not sent, or ''."""
        return "shadow" if self.shadow else ""

    @property
    def recorded_only(self) -> str:
        """Why the match is recorded without any further ado (replay, backfill, late), or ''."""
        if self.matched.withheld and self.matched.withheld != "shadow":
            return self.matched.withheld
        late = self.policy.notify.late
        return "late" if late is not None and late.action == "record" and self._is_late else ""

    @property
    def digest(self) -> bool:
        """Whether the article is so late that it goes into a digest."""
        late = self.policy.notify.late
        return late is not None and late.action == "digest" and self._is_late

    @property
    def _is_late(self) -> bool:
        late = self.policy.notify.late
        return late is not None and is_late(self.matched.dates, self.matched.first_seen_at, late.after_seconds / 3_600)

    def state_of(self, episode: Episode | None) -> State:
        return state_at(episode, self.policy, self.now)
