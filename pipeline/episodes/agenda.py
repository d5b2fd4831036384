"""When the clock has to look at an episode again: a heap of instants, so that tens of thousands of quiet episodes cost nothing."""

from __future__ import annotations

import heapq
from datetime import datetime

from pipeline.policy import RulePolicy


class Agenda:
    """Episodes by the next instant at which time changes them. Those that changed since they were scheduled are `restless`.

    `policies` are the rules' policies by which they were scheduled.
    """

    def __init__(self) -> None:
        self.restless: dict[str, None] = {}
        self.policies: dict[str, RulePolicy] = {}
        self._heap: list[tuple[datetime, str]] = []
        self._next_at: dict[str, datetime] = {}
        self._of_rule: dict[str, dict[str, None]] = {}
        self._rule_of: dict[str, str] = {}

    def put(self, episode_id: str, rule_id: str) -> None:
        """The episode is new or has changed: it is to be scheduled anew."""
        self.restless[episode_id] = None
        self._of_rule.setdefault(rule_id, {})[episode_id] = None
        self._rule_of[episode_id] = rule_id

    def drop(self, episode_id: str) -> None:
        self.restless.pop(episode_id, None)
        self._next_at.pop(episode_id, None)
        self._leave_rule(episode_id)

    def schedule(self, episode_id: str, at: datetime | None) -> None:
        """Look at it again at `at`; None: not before it changes."""
        self.restless.pop(episode_id, None)
        if at is None:
            self._next_at.pop(episode_id, None)
            self._leave_rule(episode_id)
            return
        if self._next_at.get(episode_id) != at:
            self._next_at[episode_id] = at
            heapq.heappush(self._heap, (at, episode_id))

    def due(self, now: datetime) -> list[str]:
        """The episodes whose instant has come, earliest first; each is restless until it is scheduled again."""
        found: dict[str, None] = {}
        while self._heap and self._heap[0][0] <= now:
            at, episode_id = heapq.heappop(self._heap)
            if self._next_at.get(episode_id) == at:
                del self._next_at[episode_id]
                self.restless[episode_id] = None
                found[episode_id] = None
        return list(found)

    def rules(self) -> list[str]:
        """The rules whose episodes are scheduled."""
        return list(self._of_rule)

    def unsettle(self, rule_id: str) -> None:
        """The rule has changed: all of its episodes are to be scheduled anew."""
        self.restless.update(self._of_rule.get(rule_id, {}))

    def _leave_rule(self, episode_id: str) -> None:
        rule_id = self._rule_of.pop(episode_id, "")
        ids = self._of_rule.get(rule_id, {})
        ids.pop(episode_id, None)
        if not ids:
            self._of_rule.pop(rule_id, None)
            self.policies.pop(rule_id, None)
