"""When each episode rang last, found by its rule: what is to be escalated is looked for every second, among all that ever rang."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class LastRing:
    step: int
    at: datetime


class LastRings:
    """`add` and `drop` are the only changes; the order of adding does not matter."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, LastRing]] = {}
        self._by_rule: dict[str, list[tuple[datetime, str]]] = {}

    def __len__(self) -> int:
        return len(self._of)

    def add(self, rule_id: str, episode_id: str, ring: LastRing) -> None:
        """The episode rang. An earlier step than the one that is known changes nothing."""
        known = self._of.get(episode_id)
        if known is not None and ring.step <= known[1].step:
            return
        self.drop(episode_id)
        self._of[episode_id] = (rule_id, ring)
        insort(self._by_rule.setdefault(rule_id, []), (ring.at, episode_id))

    def drop(self, episode_id: str) -> None:
        """Forget the episode; an unknown one is nothing to forget."""
        rule_id, ring = self._of.pop(episode_id, ("", None))
        if ring is None:
            return
        listed = self._by_rule[rule_id]
        del listed[bisect_left(listed, (ring.at, episode_id))]
        if not listed:
            del self._by_rule[rule_id]

    def rules(self) -> Collection[str]:
        """The rules that rang."""
        return self._by_rule.keys()

    def between(self, rule_id: str, since: datetime, until: datetime) -> list[tuple[str, LastRing]]:
        """The episodes of the rule that rang last between these instants, both included, the earliest first."""
        listed = self._by_rule.get(rule_id, [])
        first, end = bisect_left(listed, since, key=_at), bisect_right(listed, until, key=_at)
        return [(episode_id, self._of[episode_id][1]) for _, episode_id in listed[first:end]]


def _at(entry: tuple[datetime, str]) -> datetime:
    return entry[0]
