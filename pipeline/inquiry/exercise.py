"""An exercise as it goes its way: each stage when its record is seen, until somebody acknowledges. Pure: it is fed with the topics' records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pipeline import topology
from pipeline.article import Article
from pipeline.broker import Record
from pipeline.episode import Episode, Notification
from pipeline.routing.drill import Drill, measured

# What an exercise is seen in, in the order of its way.
WATCHED = (
    topology.COLLECTED,
    topology.IDENTIFIED,
    topology.DEDUPLICATED,
    topology.ENRICHED,
    topology.MATCHES,
    topology.EPISODES,
    topology.NOTIFICATIONS,
    topology.REJECTED,
)
_PASSED = {
    topology.COLLECTED: "collected",
    topology.IDENTIFIED: "identified",
    topology.DEDUPLICATED: "deduplicated",
    topology.ENRICHED: "enriched",
    topology.MATCHES: "matched",
}


@dataclass(frozen=True)
class Passed:
    """One stage of the way. `seconds` is from the beginning of the exercise to the time of the record."""

    stage: str
    seconds: float
    detail: str = ""


class Exercise:
    """Began with the article `begun` at `started_at`. `topics` maps the real names of what is watched to those of `pipeline.topology`.

    With `rule_id` only what that rule makes of it counts: another one may ring for the same words.
    """

    def __init__(self, begun: Article, by: str, started_at: datetime, topics: Mapping[str, str], rule_id: str = "") -> None:
        self._begun = begun
        self._by = by
        self._topics = topics
        self._rule_id = rule_id
        self._started_at = started_at
        self._seen: set[str] = set()
        self._episodes: dict[str, Episode] = {}
        self._notifications: dict[str, Notification] = {}
        self.lost = ""

    def take(self, record: Record) -> list[Passed]:
        """What the record says that is new; nothing when it is about something else. `lost` says why nothing more can come."""
        value = record.value or b""
        topic = self._topics.get(record.topic, "")
        mine = self._begun.id.encode() in value or record.key == self._begun.id.encode()
        if not mine:
            return []
        try:
            found = self._read(topic, record, value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return []
        new = [(stage, detail) for stage, detail in found if stage not in self._seen]
        self._seen |= {stage for stage, _ in new}
        return [Passed(stage, round((record.at - self._started_at).total_seconds(), 3), detail) for stage, detail in new]

    def drill(self, now: datetime) -> Drill:
        """How it is going."""
        return measured(self._begun, self._by, self._episodes.values(), self._notifications.values(), now)

    def _read(self, topic: str, record: Record, value: bytes) -> list[tuple[str, str]]:
        if topic == topology.EPISODES:
            return self._episode(msgspec.json.decode(value, type=Episode))
        if topic == topology.NOTIFICATIONS:
            return self._notification(msgspec.json.decode(value, type=Notification))
        if topic == topology.REJECTED:
            self.lost = "it was rejected; `lagebild rejected list` says why"
            return [("rejected", self.lost)]
        loose: dict[str, Any] = msgspec.json.decode(value)
        if topic == topology.MATCHES:
            found = str(loose["match"]["rule_id"]) if loose.get("article_id") == self._begun.id else ""
            return [("matched", found)] if found and self._is_meant(found) else []
        if loose.get("id") != self._begun.id:
            return []
        if topic == topology.ENRICHED:
            self.lost = self._unmatched([str(each["rule_id"]) for each in loose.get("matches") or ()])
        return [(_PASSED[topic], "")]

    def _is_meant(self, rule_id: str) -> bool:
        return self._rule_id in ("", rule_id)

    def _unmatched(self, matched: list[str]) -> str:
        """Why nothing more can come after these rules matched; "" when it can."""
        if any(map(self._is_meant, matched)):
            return ""
        if not self._rule_id:
            return "no rule matched its text"
        others = f"; it rings {', '.join(matched)}" if matched else ""
        return f"the rule {self._rule_id} did not match its text{others}. `lagebild rules explain {self._rule_id} TEXT` says why"

    def _episode(self, episode: Episode) -> list[tuple[str, str]]:
        if not self._is_meant(episode.rule_id) or not any(each.article_id == self._begun.id for each in episode.members):
            return []
        self._episodes[episode.id] = episode
        found = [("episode", f"{episode.id[:10]} of the rule {episode.rule_id}")]
        return [*found, ("acknowledged", episode.acknowledged_by)] if episode.acknowledged_by else found

    def _notification(self, notification: Notification) -> list[tuple[str, str]]:
        if not self._is_meant(notification.rule_id):
            return []
        self._notifications[notification.id] = notification
        about = f"{notification.receiver}: {notification.state}"
        if notification.state in ("pending", "sending"):
            return []
        why = notification.verdict or notification.last_error
        return [(about, why if notification.state != "sent" else "")]
