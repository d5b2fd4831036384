"""Who is told instead when a channel takes nothing. The original stays: when it gets through after all, it says that it is late."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Notification, identity
from pipeline.routing.model import Routing
from pipeline.routing.routes import resolved
from pipeline.routing.sent import Sent
from pipeline.routing.wording import clock, say

# What failed longer ago has had its stand-in, or its receiver had no fallback then.
_FAILED_WITHIN = timedelta(hours=6)


def stand_ins(alerts: Alerts, routing: Routing, now: datetime) -> Iterator[Notification]:
    """The copies that fallback receivers get now, each once. Whoever got the same message anyway gets no copy."""
    sent = alerts.sent
    failing = _failing_since(sent)
    made: set[str] = set()
    for each in _waiting(sent, now):
        wanted = routing.receiver(each.receiver)
        since = _since(each, failing, sent)
        if not wanted.fallback or each.kind == "channel" or since is None:
            continue
        if each.state != "failed" and now - since < timedelta(seconds=wanted.fallback_after_seconds):
            continue
        for receiver in resolved(wanted.fallback, routing, now):
            copy = _copy(each, receiver, since, routing, now)
            if copy.id not in made and not _has(sent.of_episode(each.episode_id), copy):
                made.add(copy.id)
                yield copy


def _waiting(sent: Sent, now: datetime) -> list[Notification]:
    """What should have gone out: tried or due, and what failed lately."""
    unsent = [sent.notifications[each] for each in sent.unsent]
    failed = [sent.notifications[each] for each in sent.failed]
    return [each for each in unsent if each.attempts or each.next_at <= now] + [
        each for each in failed if now - (each.first_tried_at or each.created_at) < _FAILED_WITHIN
    ]


def _failing_since(sent: Sent) -> dict[str, datetime]:
    """By receiver, since when it has taken nothing of what it was tried with; a success in between ends it."""
    found: dict[str, datetime] = {}
    for each in (sent.notifications[name] for name in sent.unsent):
        tried_at, worked_at = each.first_tried_at, sent.last_sent_at.get(each.receiver)
        if tried_at is not None and (worked_at is None or worked_at < tried_at):
            found[each.receiver] = min(tried_at, found.get(each.receiver, tried_at))
    return found


def _since(notification: Notification, failing: dict[str, datetime], sent: Sent) -> datetime | None:
    """Since when this message could not go out: by its own attempts, or because the whole channel is down. None when nothing is wrong."""
    instants = [each for each in (notification.first_tried_at, failing.get(notification.receiver)) if each is not None]
    return min(instants) if instants else None


def _copy(notification: Notification, receiver: str, since: datetime, routing: Routing, now: datetime) -> Notification:
    """The same message to `receiver`, in its language, saying for whom it stands in. A copy of a copy names the first receiver."""
    failed = notification.stands_in_for or notification.receiver
    message = notification.message
    language = routing.receiver(receiver).language or routing.language
    copy_id = identity("fallback", notification.episode_id, receiver, notification.kind, notification.step, message.alerted_at.isoformat())
    words = say("stands_in", language, receiver=failed, since=clock(since, routing.zone, now))
    text = message.text if notification.stands_in_for else f"{message.text} {words}".strip()
    return Notification(
        id=copy_id,
        episode_id=notification.episode_id,
        rule_id=notification.rule_id,
        receiver=receiver,
        kind=notification.kind,
        step=notification.step,
        created_at=now,
        next_at=now,
        message=msgspec.structs.replace(message, notification_id=copy_id, reader_language=language, text=text),
        stands_in_for=failed,
        route=notification.route,
    )


def _has(notifications: Iterable[Notification], copy: Notification) -> bool:
    """Whether this receiver has this very message: its own, or a copy."""
    return any(
        each.receiver == copy.receiver
        and (each.kind, each.step, each.message.alerted_at) == (copy.kind, copy.step, copy.message.alerted_at)
        and each.state != "suppressed"
        for each in notifications
    )
