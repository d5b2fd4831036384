"""Who is told as well when nobody has acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, identity
from pipeline.intent import Intent
from pipeline.policy import RulePolicy
from pipeline.routing.last_rings import LastRing
from pipeline.routing.model import Routing
from pipeline.routing.plan import planned
from pipeline.routing.wording import clock, say
from pipeline.rules.model import Escalate

# A rule that begins to escalate, or an alerter that comes back after a day, does not wake people for what is long over.
_LATEST = timedelta(hours=6)
# What waits longer than a day for an answer is no escalation.
LONGEST = timedelta(days=1)


def escalations(
    alerts: Alerts, policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime
) -> Iterator[Notification | Episode]:
    """The escalations that are due, in the order in which they fell due, each followed by its episode with `escalated_at`.

    One for each step that rang and that nobody has answered, by acknowledging, assigning or a verdict.
    """
    for name, ring, policy, escalate in _overdue(alerts, policy_of, now):
        episode, at = alerts.episodes.get(name), due_at(ring, escalate)
        if episode is None or is_answered(episode) or (episode.escalated_at is not None and episode.escalated_at >= at):
            continue
        made = planned(_intent(episode, ring, escalate), episode, policy, routing, alerts, at)
        for each in made:
            yield _with_words(each, ring, routing)
        if made:
            yield msgspec.structs.replace(episode, escalated_at=at)


def _overdue(alerts: Alerts, policy_of: Callable[[str], RulePolicy], now: datetime) -> list[tuple[str, LastRing, RulePolicy, Escalate]]:
    """The episodes that rang so long ago that their rule escalates them now."""
    found = []
    for rule_id in alerts.sent.last_rings.rules():
        policy = policy_of(rule_id)
        escalate = policy.notify.escalate
        if escalate is None or policy.shadow:
            continue
        until = now - timedelta(seconds=escalate.after_seconds)
        rings = alerts.sent.last_rings.between(rule_id, until - _LATEST, until)
        found += [(name, ring, policy, escalate) for name, ring in rings]
    return sorted(found, key=lambda each: (due_at(each[1], each[3]), each[0]))


def is_answered(episode: Episode) -> bool:
    """Whether somebody has taken the episode on, or it goes on in another one."""
    return bool(episode.acknowledged_by or episode.assigned_to or episode.verdict or episode.merged_into)


def due_at(ring: LastRing, escalate: Escalate) -> datetime:
    return ring.at + timedelta(seconds=escalate.after_seconds)


def _intent(episode: Episode, ring: LastRing, escalate: Escalate) -> Intent:
    at = due_at(ring, escalate)
    message = msgspec.structs.replace(episode.message, kind="escalation", why="not_acknowledged", step=ring.step, alerted_at=at)
    return Intent(
        id=identity(episode.id, "escalation", ring.step),
        episode_id=episode.id,
        rule_id=episode.rule_id,
        message=message,
        at=at,
        to=escalate.to,
    )


def _with_words(notification: Notification, ring: LastRing, routing: Routing) -> Notification:
    message = notification.message
    text = say("not_acknowledged", message.reader_language, since=clock(ring.at, routing.zone, notification.created_at))
    return msgspec.structs.replace(notification, message=msgspec.structs.replace(message, text=text))
