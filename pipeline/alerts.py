"""All episodes and notifications in memory, with the indexes that deciding needs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from pipeline.episode import Episode, Notification
from pipeline.matched import Matched

RINGS_KEPT = timedelta(hours=3)
_PRUNE_AT = 256


class Alerts:
    """All episodes and notifications, with the indexes that deciding needs. `put` and `drop` are the only changes."""

    def __init__(self, episodes: Iterable[Episode] = (), notifications: Iterable[Notification] = ()) -> None:
        self.episodes: dict[str, Episode] = {}
        self.notifications: dict[str, Notification] = {}
        self.unsent: dict[str, None] = {}  # pending or sending, oldest first
        self._by_group: dict[tuple[str, str], list[str]] = {}
        self._by_article: dict[tuple[str, str], list[str]] = {}
        self._rings: dict[str, dict[tuple[str, int], datetime]] = {}
        self._storms: dict[tuple[str, str], str] = {}
        for episode in episodes:
            self.put(episode)
        for notification in notifications:
            self.put(notification)

    def put(self, record: Episode | Notification) -> None:
        if isinstance(record, Notification):
            self._put_notification(record)
            return
        before = self.episodes.get(record.id)
        self.episodes[record.id] = record
        if before is None:
            self._by_group.setdefault((record.rule_id, record.group), []).append(record.id)
        listed = {each.article_id for each in before.members} if before else set()
        for each in record.members:
            if each.article_id not in listed:
                self._by_article.setdefault((record.rule_id, each.article_id), []).append(record.id)

    def _put_notification(self, record: Notification) -> None:
        self.notifications[record.id] = record
        if record.state in ("pending", "sending"):
            self.unsent.setdefault(record.id)
        else:
            self.unsent.pop(record.id, None)
        if record.kind in ("first", "update", "reopened"):
            self._count_ring(record)
        elif record.kind == "storm":
            self._storms[(record.rule_id, record.receiver)] = record.id

    def _count_ring(self, record: Notification) -> None:
        rings = self._rings.setdefault(record.rule_id, {})
        rings[(record.episode_id, record.step)] = record.created_at
        if len(rings) > _PRUNE_AT:
            newest = max(rings.values())
            self._rings[record.rule_id] = {key: at for key, at in rings.items() if at > newest - RINGS_KEPT}

    def drop(self, record: Episode | Notification) -> None:
        if isinstance(record, Notification):
            self.notifications.pop(record.id, None)
            self.unsent.pop(record.id, None)
            return
        self.episodes.pop(record.id, None)
        keys = [(self._by_group, record.group), *((self._by_article, each.article_id) for each in record.members)]
        for index, name in keys:
            ids = index.get((record.rule_id, name), [])
            if record.id in ids:
                ids.remove(record.id)
            if not ids:
                index.pop((record.rule_id, name), None)

    def of(self, matched: Matched, group: str) -> list[Episode]:
        """The episodes of the rule that this article or its group belongs to, oldest first, the article's own last."""
        rule_id = matched.match.rule_id
        ids = dict.fromkeys((*self._by_group.get((rule_id, group), ()), *self._by_article.get((rule_id, matched.article_id), ())))
        own = set(self._by_article.get((rule_id, matched.article_id), ()))
        found = [self.episodes[each] for each in ids]
        return sorted(found, key=lambda each: (each.id in own, each.opened_at, each.opened_seq, each.id))

    def rings_within(self, rule_id: str, since: datetime, until: datetime) -> int:
        """How often the rule rang after `since`, up to `until`; at most three hours back are remembered."""
        return sum(since < at <= until for at in self._rings.get(rule_id, {}).values())

    def open_storm(self, rule_id: str, receiver: str) -> Notification | None:
        """The digest that still collects, if there is one."""
        found = self.notifications.get(self._storms.get((rule_id, receiver), ""))
        return found if found and found.state == "pending" and not found.attempts else None
