"""Who is told as well when nobody has acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, identity
from pipeline.intent import Intent
from pipeline.policy import RulePolicy
from pipeline.routing.model import Routing
from pipeline.routing.plan import planned
from pipeline.routing.sent import LastRing
from pipeline.routing.wording import clock, say
from pipeline.rules.model import Escalate

# A rule that begins to escalate, or an alerter that comes back after a day, does not wake people for what is long over.
_LATEST = timedelta(hours=6)
# What waits longer than a day for an answer is no escalation, and looking at all that ever rang costs time every second.
LONGEST = timedelta(days=1)


def escalations(alerts: Alerts, policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime) -> Iterator[Notification]:
    """The escalations that are due: once for each step that rang and that nobody has answered, by acknowledging, assigning or a verdict."""
    horizon = now - LONGEST - _LATEST
    policies: dict[str, RulePolicy] = {}
    for name, ring in [each for each in alerts.sent.last_ring.items() if each[1].at > horizon]:
        episode = alerts.episodes.get(name)
        if episode is None:
            continue
        if episode.rule_id not in policies:
            policies[episode.rule_id] = policy_of(episode.rule_id)
        policy = policies[episode.rule_id]
        escalate = policy.notify.escalate
        if escalate is None or policy.shadow or is_answered(episode) or not timedelta(0) <= now - due_at(ring, escalate) <= _LATEST:
            continue
        for each in planned(_intent(episode, ring, escalate), episode, policy, routing, alerts, due_at(ring, escalate)):
            yield _with_words(each, ring, routing)


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
