"""What time alone makes of notifications: digests, escalations, fallback receivers, the ends of silences. Pure; to be asked every second or so.

The instants in what is made are those at which it was due, not those at which it was looked at, and ids are made of the cause: asking twice, late, or
after a restart changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, Silence
from pipeline.policy import RulePolicy
from pipeline.routing import cron, routes
from pipeline.routing.escalation import escalations
from pipeline.routing.fallback import stand_ins
from pipeline.routing.labels import labels_of_rule
from pipeline.routing.model import Routing
from pipeline.routing.plan import digest_id
from pipeline.routing.silence_ends import told_of_silences
from pipeline.routing.together import about_held, together
from pipeline.routing.wording import say

# A digest that has nothing to tell is not made up for when the alerter was away.
_EMPTY_WITHIN = timedelta(hours=1)


def due(
    alerts: Alerts, policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime, rule_ids: Iterable[str] = ()
) -> Iterator[Notification | Silence | Episode]:
    """The records to write. Each is to be put into `alerts` before the next is asked for: limits count what was made before.

    `rule_ids` are the rules whose digests may be empty; others among them do no harm.
    """
    for held in alerts.sent.due(now):
        yield about_held(held, alerts, policy_of, routing)
    for each in _empty_digests(rule_ids, policy_of, routing, now):
        if each.id not in alerts.sent.notifications:
            yield each
    yield from escalations(alerts, policy_of, routing, now)
    yield from stand_ins(alerts, routing, now)
    yield from told_of_silences(alerts, policy_of, routing, now)


def _empty_digests(
    rule_ids: Iterable[str], policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime
) -> Iterator[Notification]:
    """For each receiver of a rule that wants to hear of nothing too, the digest of the last time. One that told of something has the same id."""
    for rule_id in rule_ids:
        policy = policy_of(rule_id)
        digest = policy.notify.digest
        if digest is None or not digest.empty or not policy.live or policy.shadow:
            continue
        at = cron.latest(digest.cron, digest.tz, now, _EMPTY_WITHIN)
        if at is None:
            continue
        receivers = routes.receivers(policy, labels_of_rule(policy), routing, at)
        for receiver in receivers:
            language = routing.receiver(receiver).language or routing.language
            yield together(
                digest_id(rule_id, receiver, at),
                receiver,
                at,
                kind="digest",
                why="digest",
                headline=say("nothing", language),
                text="",
                items=(),
                held_back=0,
                rule_id=rule_id,
                rule_title=policy.title,
                language=language,
                route=receivers,
            )
