"""From the wish to tell something to one notification for each receiver: on its way, or suppressed with the reason.

The order is that of the specification (2.6): inhibition, silence, the rule's digest, hours, the rule's limit, the receiver's limit, sending. The first
that stops a message is the one that is named. Nothing is lost: what is not sent is recorded, and what is only held back is told in a message about
several, which `timers` makes when it is due. That message's id stands in the verdict, when it is due in `next_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, identity
from pipeline.intent import Intent
from pipeline.message import Message
from pipeline.policy import RulePolicy
from pipeline.routing import cron, hours, routes, silences
from pipeline.routing.drill import is_exercise
from pipeline.routing.inhibition import inhibiting
from pipeline.routing.labels import labels
from pipeline.routing.model import Routing
from pipeline.routing.sent import COUNTED, RINGS, Held, Sent
from pipeline.rules.model import SEVERITIES, Digest

HOUR = timedelta(hours=1)
# Why a message waits in a digest although its rule tells at once.
LATE = "late"


@dataclass(frozen=True)
class Stop:
    """Why a message is not sent by itself; `due_at` is when the message about several is made that tells of it, `because` what the verdict leaves open."""

    verdict: str
    due_at: datetime | None = None
    because: str = ""


@dataclass(frozen=True)
class Case:
    """One intent with all that deciding about it needs."""

    intent: Intent
    episode: Episode
    policy: RulePolicy
    routing: Routing
    alerts: Alerts
    now: datetime

    @property
    def sent(self) -> Sent:
        return self.alerts.sent


def planned(
    intent: Intent, episode: Episode, policy: RulePolicy, routing: Routing, alerts: Alerts, now: datetime
) -> tuple[Notification, ...]:
    """One notification for each receiver that has none yet for this cause, pending or suppressed. Empty when there is no receiver."""
    case = Case(intent, episode, policy, routing, alerts, now)
    if intent.corrects:
        made = _correction(case)
    else:
        common = Stop(intent.withheld) if intent.withheld else _stopped_for_all(case)
        receivers = audience(case)
        made = [_notification(case, receiver, receivers, common or _stopped_for(case, receiver)) for receiver in receivers]
    return tuple(each for each in made if each.id not in case.sent.notifications)


def audience(case: Case) -> tuple[str, ...]:
    """The receivers of the intent: those it names, else those of the rule, the tree, or the default."""
    if case.intent.to:
        return routes.resolved(case.intent.to, case.routing, case.now)
    alert = labels(case.episode, case.policy, case.intent.message)
    return routes.receivers(case.policy, alert, case.routing, case.now)


def notification_id(intent: Intent, receiver: str) -> str:
    """The same for the same cause: a step rings once, whatever else may happen several times within it."""
    cause = () if intent.kind in RINGS else (intent.id,)
    return identity(intent.episode_id, receiver, intent.kind, intent.message.step, *cause)


def _notification(case: Case, receiver: str, route: tuple[str, ...], stop: Stop | None) -> Notification:
    intent, now = case.intent, case.now
    made_id = notification_id(intent, receiver)
    return Notification(
        id=made_id,
        episode_id=intent.episode_id,
        rule_id=intent.rule_id,
        receiver=receiver,
        kind=intent.kind,
        step=intent.message.step,
        created_at=now,
        next_at=(stop.due_at if stop else intent.not_before) or now,
        message=addressed(intent.message, made_id, receiver, case.policy, case.routing),
        state="suppressed" if stop else "pending",
        verdict=stop.verdict if stop else "",
        because=stop.because if stop else "",
        route=route,
    )


def addressed(message: Message, made_id: str, receiver: str, policy: RulePolicy, routing: Routing) -> Message:
    """The message as this receiver gets it: in its language, with what the rule wants in it, and as an exercise when it is one."""
    return msgspec.structs.replace(
        message,
        notification_id=made_id,
        why="drill" if message.source and is_exercise(message.source.id) else message.why,
        reader_language=routing.receiver(receiver).language or routing.language,
        template=message.template or policy.notify.template,
        include=message.include or policy.notify.include,
    )


def _stopped_for_all(case: Case) -> Stop | None:
    episode, policy, message = case.episode, case.policy, case.intent.message
    if policy.shadow or episode.shadow:
        return Stop("shadow")
    louder = inhibiting(case.routing.inhibitions, episode, policy, message, case.alerts.episodes.values(), case.now)
    if louder is not None:
        return Stop(f"inhibited_by:{louder.id}", because=f"{louder.rule_id}, {louder.message.headline}")
    wanted = silences.known(case.alerts.silences, case.routing).values()
    silence = silences.silencing(wanted, labels(episode, policy, message), case.now)
    return Stop(f"silence:{silence.id}") if silence is not None else None


def _stopped_for(case: Case, receiver: str) -> Stop | None:
    for stage in (_digest, _outside_hours, _throttled, _receiver_limit):
        stop = stage(case, receiver)
        if stop is not None:
            return stop
    return None


def _digest(case: Case, receiver: str) -> Stop | None:
    digest = case.policy.notify.digest
    if case.intent.to or not (case.intent.digest or (digest and case.intent.kind in RINGS | {"repeat", "resolved"})):
        return None
    due_at = _next_digest(digest or case.routing.digest, case, receiver)
    because = "" if digest else LATE
    return Stop(f"digest:{digest_id(case.policy.rule_id or case.intent.rule_id, receiver, due_at)}", due_at, because) if due_at else None


def _next_digest(digest: Digest, case: Case, receiver: str) -> datetime | None:
    """The next time of the digest that is not made yet: what lay in the topic for long is told in the one after."""
    due_at = cron.following(digest.cron, digest.tz, case.now)
    while due_at and digest_id(case.policy.rule_id or case.intent.rule_id, receiver, due_at) in case.sent.notifications:
        due_at = cron.following(digest.cron, digest.tz, due_at)
    return due_at


def digest_id(rule_id: str, receiver: str, due_at: datetime) -> str:
    return identity("digest", rule_id, receiver, due_at.isoformat())


def _outside_hours(case: Case, receiver: str) -> Stop | None:
    wanted = case.routing.receiver(receiver)
    if reaches(case.episode.severity, wanted.despite_hours or case.routing.despite_hours):
        return None
    rule_hours = () if case.intent.to else case.policy.notify.hours
    begins_at = opening(rule_hours, wanted.hours, case.routing, case.now)
    made_id = identity("away", receiver, begins_at.isoformat())
    if begins_at <= case.now or made_id in case.sent.notifications:
        return None
    kept_out = (*hours.missed(rule_hours, case.routing, case.now), *hours.missed(wanted.hours, case.routing, case.now))
    return Stop(f"outside_hours:{made_id}", begins_at, ", ".join(dict.fromkeys(kept_out)))


def opening(rule_hours: tuple[str, ...], receiver_hours: tuple[str, ...], routing: Routing, now: datetime) -> datetime:
    """When messages may be sent again: `now` while they may, and also when hours never come: a slip in a file must not silence anybody."""
    return hours.begins((hours.named(rule_hours, routing), hours.named(receiver_hours, routing)), now) or now


def _throttled(case: Case, receiver: str) -> Stop | None:
    rule_id, most = case.intent.rule_id, case.policy.notify.max_per_hour
    if case.intent.to or case.intent.kind not in RINGS or case.sent.rings_within(rule_id, case.now - HOUR, case.now) < most:
        return None
    return _storm("throttled", case, rule_id, receiver)


def _receiver_limit(case: Case, receiver: str) -> Stop | None:
    wanted = case.routing.receiver(receiver)
    if not wanted.max_per_hour or case.intent.kind not in COUNTED or reaches(case.episode.severity, wanted.despite_limit):
        return None
    if case.sent.messages_within(receiver, case.now - HOUR, case.now) < wanted.max_per_hour:
        return None
    return _storm("receiver_limit", case, "", receiver)


def _storm(cause: str, case: Case, rule_id: str, receiver: str) -> Stop:
    """The storm digest that collects, or a new one."""
    collecting = case.sent.collecting(cause, rule_id, receiver, case.now)
    if collecting is not None:
        return Stop(f"{cause}:{collecting.id}", collecting.due_at)
    storm_id = identity("storm", cause, notification_id(case.intent, receiver))
    return Stop(f"{cause}:{storm_id}", case.now + timedelta(seconds=case.routing.storm_collects_seconds))


def reaches(severity: str, least: str) -> bool:
    """Whether `severity` is `least` or higher; "" is reached by none."""
    known = [str(each) for each in SEVERITIES]
    return least in known and severity in known and known.index(severity) >= known.index(least)


def _correction(case: Case) -> list[Notification]:
    """To those who were told of the episode, whatever else holds; where it still waits among others, it goes with it."""
    withheld = Stop(case.intent.withheld) if case.intent.withheld else None
    told = case.sent.told(case.intent.episode_id)
    waiting: dict[str, Held] = case.sent.waiting_in(case.intent.episode_id)
    direct = [_notification(case, receiver, told, withheld) for receiver in told]
    along = [
        _notification(case, receiver, told, withheld or Stop(f"{held.cause}:{held.id}", held.due_at))
        for receiver, held in waiting.items()
        if receiver not in told
    ]
    return direct + along
