"""An index over all notifications: what is to be sent, who was told of what, what is held back, how often it rang. `put` and `drop` are the only changes.

It is built from the notifications alone, in whatever order they come, so after a restart it is what it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.episode import Notification
from pipeline.message import Kind
from pipeline.routing.last_rings import LastRing, LastRings
from pipeline.routing.recent import Recent

RINGS: frozenset[Kind] = frozenset(("first", "update", "reopened"))
# What counts towards a receiver's limit: messages about one alert. Digests, summaries and reports about channels are few by themselves.
COUNTED: frozenset[Kind] = RINGS | {"repeat", "escalation", "corrected", "withdrawn", "resolved"}
# What is written before the colon of the verdict on a notification that waits in a digest; the digest's id stands behind it.
HELD = ("digest", "outside_hours", "throttled", "receiver_limit")
_MOST_FAILED = 10_000


@dataclass
class Held:
    """What waits for one message about several: `cause` is one of `HELD`. `due_at` is when that message is made."""

    id: str
    cause: str
    rule_id: str
    receiver: str
    due_at: datetime
    began_at: datetime
    ids: dict[str, None] = field(default_factory=dict)


class Sent:
    """See the module's docstring. `unsent` is pending or sending, oldest first; `failed` is what failed, oldest first.

    `open` is what collects for a message about several, by that message's id. `last_sent_at` is by receiver.
    """

    def __init__(self, notifications: Iterable[Notification] = ()) -> None:
        self.notifications: dict[str, Notification] = {}
        self.unsent: dict[str, None] = {}
        self.failed: dict[str, None] = {}
        self.open: dict[str, Held] = {}
        self.last_rings = LastRings()
        self.last_sent_at: dict[str, datetime] = {}
        self._of_episode: dict[str, dict[str, None]] = {}
        self._reports: dict[str, dict[str, None]] = {}
        self._silenced: dict[str, dict[str, None]] = {}
        self._collecting: dict[tuple[str, str, str], str] = {}
        self._rings: dict[str, Recent] = {}
        self._messages: dict[str, Recent] = {}
        self._digests: dict[tuple[str, str], str] = {}
        for each in notifications:
            self.put(each)

    def put(self, record: Notification) -> None:
        before = self.notifications.get(record.id)
        self.notifications[record.id] = record
        self._settle(record)
        if record.sent_at is not None:
            self.last_sent_at[record.receiver] = max(record.sent_at, self.last_sent_at.get(record.receiver, record.sent_at))
        if before is not None and before.verdict != record.verdict:
            self._release(before)
        if before is None:
            self._of_episode.setdefault(record.episode_id, {})[record.id] = None
            if record.kind == "channel":
                self._reports.setdefault(record.receiver, {})[record.id] = None
        if record.state == "suppressed":
            self._withhold(record)
            return
        self._complete(record)
        if before is None or before.state == "suppressed":
            self._count(record)

    def drop(self, record: Notification) -> None:
        known = self.notifications.pop(record.id, None)
        if known is None:
            return
        self.unsent.pop(record.id, None)
        self.failed.pop(record.id, None)
        self._release(known)
        self._reports.get(known.receiver, {}).pop(record.id, None)
        ids = self._of_episode.get(known.episode_id, {})
        ids.pop(record.id, None)
        if not ids:
            self._of_episode.pop(known.episode_id, None)
            self.last_rings.drop(known.episode_id)

    def _settle(self, record: Notification) -> None:
        if record.state in ("pending", "sending"):
            self.unsent.setdefault(record.id)
            return
        self.unsent.pop(record.id, None)
        if record.state == "failed":
            self.failed[record.id] = None
            if len(self.failed) > _MOST_FAILED:
                self.failed.pop(next(iter(self.failed)))
        else:
            self.failed.pop(record.id, None)

    def _count(self, record: Notification) -> None:
        if record.kind in RINGS:
            key = f"{record.episode_id}:{record.step}"
            self._rings.setdefault(record.rule_id, Recent()).add(key, record.created_at)
            self.last_rings.add(record.rule_id, record.episode_id, LastRing(record.step, record.created_at))
        if record.kind in COUNTED:
            self._messages.setdefault(record.receiver, Recent()).add(record.id, record.created_at)

    def _withhold(self, record: Notification) -> None:
        """Remember what a suppressed notification waits for, or which silence it was."""
        cause, _, name = record.verdict.partition(":")
        if cause == "silence":
            self._silenced.setdefault(name, {})[record.id] = None
        if cause not in HELD or name in self.notifications:
            return
        held = self.open.get(name)
        if held is None:
            rule_id = record.rule_id if cause in ("digest", "throttled") else ""
            held = self.open[name] = Held(name, cause, rule_id, record.receiver, record.next_at, record.created_at)
        held.ids[record.id] = None
        held.began_at = min(held.began_at, record.created_at)
        place = (cause, held.rule_id, held.receiver)
        newest = self.open.get(self._collecting.get(place, ""))
        if newest is None or newest.due_at <= held.due_at:
            self._collecting[place] = name

    def _complete(self, record: Notification) -> None:
        """A message about several: what waited for it waits no more."""
        if record.kind == "digest" and record.rule_id:
            place = (record.rule_id, record.receiver)
            newest = self.notifications.get(self._digests.get(place, ""))
            if newest is None or newest.created_at <= record.created_at:
                self._digests[place] = record.id
        held = self.open.pop(record.id, None)
        if held is not None and self._collecting.get((held.cause, held.rule_id, held.receiver)) == held.id:
            del self._collecting[(held.cause, held.rule_id, held.receiver)]

    def _release(self, record: Notification) -> None:
        cause, _, name = record.verdict.partition(":")
        if cause == "silence":
            silenced = self._silenced.get(name, {})
            silenced.pop(record.id, None)
            if not silenced:
                self._silenced.pop(name, None)
        held = self.open.get(name) if cause in HELD else None
        if held is not None:
            held.ids.pop(record.id, None)
            if not held.ids:
                del self.open[name]

    def of_episode(self, episode_id: str) -> list[Notification]:
        """All notifications about the episode, suppressed ones among them, in the order in which they became known."""
        return [self.notifications[each] for each in self._of_episode.get(episode_id, ())]

    def reports(self, receiver: str) -> list[Notification]:
        """What `receiver` was told, or will be, about channels that fail, in the order in which it became known."""
        return [self.notifications[each] for each in self._reports.get(receiver, ())]

    def told(self, episode_id: str) -> tuple[str, ...]:
        """The receivers that were told of the episode, or will be by a message that is on its way: alone, or among others in a digest."""
        found: dict[str, None] = {}
        for each in self.of_episode(episode_id):
            if each.kind != "channel" and (each.state in ("pending", "sending", "sent") or self._was_told_with_others(each)):
                found[each.receiver] = None
        return tuple(found)

    def _was_told_with_others(self, notification: Notification) -> bool:
        together = self.notifications.get(self._waits_for(notification))
        return together is not None and together.state in ("pending", "sending", "sent")

    def _waits_for(self, notification: Notification) -> str:
        cause, _, name = notification.verdict.partition(":")
        return name if notification.state == "suppressed" and cause in HELD else ""

    def waiting_in(self, episode_id: str) -> dict[str, Held]:
        """By receiver, what still collects and will tell of the episode."""
        waits = ((each.receiver, self.open.get(self._waits_for(each))) for each in self.of_episode(episode_id))
        return {receiver: held for receiver, held in waits if held is not None}

    def is_waiting(self, notification: Notification) -> bool:
        """Whether it is still to be told in a message about several: then it must not be forgotten, however old it is."""
        return self._waits_for(notification) in self.open

    def collecting(self, cause: str, rule_id: str, receiver: str, now: datetime) -> Held | None:
        """What still collects at `now` for this cause; what is due is not added to any more. `rule_id` is "" for what concerns a receiver."""
        held = self.open.get(self._collecting.get((cause, rule_id, receiver), ""))
        return held if held is not None and now < held.due_at else None

    def held(self, held: Held) -> list[Notification]:
        """What waits there, in the order in which it became known."""
        return [self.notifications[each] for each in held.ids]

    def silenced_by(self, silence_id: str) -> list[Notification]:
        return [self.notifications[each] for each in self._silenced.get(silence_id, ())]

    def last_digest(self, rule_id: str, receiver: str) -> Notification | None:
        """The newest digest of the rule that `receiver` got or will get."""
        return self.notifications.get(self._digests.get((rule_id, receiver), ""))

    def rings_within(self, rule_id: str, since: datetime, until: datetime) -> int:
        """How often the rule rang after `since`, up to `until`, however many were told; at most three hours back are remembered."""
        return self._rings[rule_id].within(since, until) if rule_id in self._rings else 0

    def messages_within(self, receiver: str, since: datetime, until: datetime) -> int:
        """How many messages about single alerts `receiver` got after `since`, up to `until`; at most three hours back are remembered."""
        return self._messages[receiver].within(since, until) if receiver in self._messages else 0

    def due(self, now: datetime) -> Iterator[Held]:
        """What has collected for long enough, in order of when it was due."""
        return iter(sorted((each for each in self.open.values() if each.due_at <= now), key=lambda each: (each.due_at, each.id)))
