"""Why somebody was told of an episode, or was not: every step in words, from what is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, Silence
from pipeline.policy import RulePolicy
from pipeline.routing import hours, routes, silences
from pipeline.routing.labels import labels
from pipeline.routing.model import Routing
from pipeline.routing.roster import who
from pipeline.routing.sent import HELD
from pipeline.routing.wording import clock

_HELD_WORDS = {
    "digest": "waits for the rule's digest",
    "outside_hours": "came outside of the hours",
    "throttled": "is above the rule's limit of an hour and waits for a storm digest",
    "receiver_limit": "is above the receiver's limit of an hour and waits for a storm digest",
}
_WITHHELD_WORDS = {
    "shadow": "the rule is in shadow: it is recorded and nobody is told",
    "replay": "the article was played again: it is recorded and nobody is told",
    "backfill": "the article came with a backfill: it is recorded and nobody is told",
}


def verdict_chain(episode: Episode, receiver: str, policy: RulePolicy, routing: Routing, alerts: Alerts, now: datetime) -> tuple[str, ...]:
    """Every step of what became of the episode's messages to `receiver`, in order; what would happen now where there was none."""
    mine = [each for each in alerts.sent.of_episode(episode.id) if each.receiver == receiver]
    known = silences.known(alerts.silences, routing)
    steps = [
        line for each in sorted(mine, key=lambda each: (each.created_at, each.step)) for line in _steps(each, alerts, known, routing, now)
    ]
    return tuple(steps) or (_why_never(episode, receiver, policy, routing, now),)


def chains(episode: Episode, policy: RulePolicy, routing: Routing, alerts: Alerts, now: datetime) -> dict[str, tuple[str, ...]]:
    """The steps by receiver, for those that had a message of the episode and those that would have one now."""
    had = [each.receiver for each in alerts.sent.of_episode(episode.id)]
    would = routes.receivers(policy, labels(episode, policy, episode.message), routing, now)
    return {each: verdict_chain(episode, each, policy, routing, alerts, now) for each in dict.fromkeys((*had, *would))}


def _why_never(episode: Episode, receiver: str, policy: RulePolicy, routing: Routing, now: datetime) -> str:
    if not episode.step:
        return "the episode has not rung: it waits for its trigger, or all of its articles were withheld"
    would = routes.receivers(policy, labels(episode, policy, episode.message), routing, now)
    if receiver in would:
        return f"{receiver} would be told now, and was not among the receivers when the episode rang"
    on_duty = [f"{name}: {', '.join(who(roster, now)) or 'nobody'}" for name, roster in routing.rosters.items()]
    duty = f" On duty now: {'; '.join(on_duty)}." if on_duty else ""
    return f"no route leads to {receiver}: {_way(policy, routing)} to {', '.join(would) or 'nobody'}.{duty}"


def _way(policy: RulePolicy, routing: Routing) -> str:
    if policy.notify.route:
        return f"the rule itself names its route ({', '.join(policy.notify.route)}), which leads"
    return "the tree of routes leads" if routing.routes else "the default route leads"


def _steps(notification: Notification, alerts: Alerts, known: Mapping[str, Silence], routing: Routing, now: datetime) -> list[str]:
    begun = f"{clock(notification.created_at, routing.zone, now)} {notification.kind}, step {notification.step}"
    instead = f" in the place of {notification.stands_in_for}" if notification.stands_in_for else ""
    if notification.state != "suppressed":
        return [f"{begun}{instead}: {_sending(notification, routing, now)}"]
    cause, _, name = notification.verdict.partition(":")
    if cause not in HELD:
        return [f"{begun}: {_suppressed(cause, name, alerts, known, routing, now)}"]
    together = alerts.sent.notifications.get(name)
    until = clock(notification.next_at, routing.zone, now)
    then = f"message {name}: {_sending(together, routing, now)}" if together else f"it is told in one message with others at {until}"
    return [f"{begun}: {_HELD_WORDS[cause]}; {then}"]


def _suppressed(cause: str, name: str, alerts: Alerts, known: Mapping[str, Silence], routing: Routing, now: datetime) -> str:
    if cause == "silence":
        silence = known.get(name)
        if silence is None:
            return f"silenced by {name}, which is forgotten by now"
        return f"silenced by {silence.author} until {clock(silence.ends_at, routing.zone, now)}: {silence.reason} (silence {name})"
    if cause == "inhibited_by":
        louder = alerts.episodes.get(name)
        about = f"“{louder.message.headline}” of the rule {louder.rule_id}" if louder else "an episode that is forgotten by now"
        return f"inhibited by {about} (episode {name})"
    return _WITHHELD_WORDS.get(cause, f"not sent: {cause}")


def _sending(notification: Notification, routing: Routing, now: datetime) -> str:
    tried = f"{notification.attempts} attempt{'s' if notification.attempts != 1 else ''}"
    if notification.state == "sent" and notification.sent_at:
        after = (notification.sent_at - notification.created_at).total_seconds()
        return f"sent at {clock(notification.sent_at, routing.zone, now)}, after {after:.1f} s and {tried}"
    if notification.state == "failed":
        return f"failed after {tried}: {notification.last_error}"
    if notification.state == "sending":
        return f"is being sent, {tried}"
    error = f"; the last answer was: {notification.last_error}" if notification.last_error else ""
    return f"waits until {clock(notification.next_at, routing.zone, now)} after {tried}{error}"


def hours_in_words(policy: RulePolicy, receiver: str, routing: Routing, now: datetime) -> str:
    """Whether the rule and the receiver may ring now, and from when on else."""
    groups = (hours.named(policy.notify.hours, routing), hours.named(routing.receiver(receiver).hours, routing))
    begins_at = hours.begins(groups, now)
    if begins_at == now:
        return "within its hours"
    return (
        f"outside of its hours until {clock(begins_at, routing.zone, now)}" if begins_at else "its hours never come: it rings at any time"
    )
