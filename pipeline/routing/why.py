"""Why somebody was told of an episode, or was not: every step in words, from what is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, Silence
from pipeline.episodes.lifecycle import OPEN
from pipeline.episodes.situations import GAPS
from pipeline.facts import new_facts
from pipeline.policy import RulePolicy
from pipeline.routing import routes, silences
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
    "late": "the article was published long ago, and the rule only records such ones: nobody is told",
}
_PLAIN_FACTS = ("number", "date", "weekday", "time", "part", "name", "country")
_MOST_FACTS = 10
_MOST_MESSAGES = 10
_MOST_HOPS = 10

Shown = Callable[[datetime], str]


def verdict_chain(episode: Episode, receiver: str, policy: RulePolicy, routing: Routing, alerts: Alerts, now: datetime) -> tuple[str, ...]:
    """Every step of what became of the episode's messages to `receiver`, in order; what would happen now where there was none."""
    mine = [each for each in alerts.sent.of_episode(episode.id) if each.receiver == receiver]
    known = silences.known(alerts.silences, routing)
    steps = [line for each in in_order(mine) for line in _steps(each, alerts, known, routing, now)]
    if steps or not is_spoken_for(episode):
        return tuple(steps) or (_why_never(episode, receiver, policy, routing, now),)
    leader = leading(episode, alerts.episodes)
    voice = [each for each in alerts.sent.of_episode(leader.id) if each.receiver == receiver] if leader else []
    shown = partial(clock, zone=routing.zone, now=now)
    said = spoken_for(episode, leader, voice, shown)
    if leader is None or voice:
        return (said, *(f"the situation: {line}" for each in in_order(voice) for line in _steps(each, alerts, known, routing, now)))
    return (said, f"the situation: {_why_never(leader, receiver, policy, routing, now)}")


def chains(episode: Episode, policy: RulePolicy, routing: Routing, alerts: Alerts, now: datetime) -> dict[str, tuple[str, ...]]:
    """The steps by receiver, for those that had a message of the episode and those that would have one now."""
    leader = leading(episode, alerts.episodes) if is_spoken_for(episode) else None
    voices = (episode, leader) if leader else (episode,)
    had = [each.receiver for voice in voices for each in alerts.sent.of_episode(voice.id)]
    would = routes.receivers(policy, labels(episode, policy, episode.message), routing, now)
    return {each: verdict_chain(episode, each, policy, routing, alerts, now) for each in dict.fromkeys((*had, *would))}


def in_order(notifications: Iterable[Notification]) -> list[Notification]:
    return sorted(notifications, key=lambda each: (each.created_at, each.step, each.receiver, each.id))


def is_spoken_for(episode: Episode) -> bool:
    """Whether it joined the situation of another episode and never rang itself: that one's messages are about it too."""
    return episode.situation_id not in ("", episode.id) and not episode.step


def leading(episode: Episode, episodes: Mapping[str, Episode]) -> Episode | None:
    """The episode that leads its situation, also when that was merged into another one; None when the records no longer hold it."""
    leader = episodes.get(episode.situation_id)
    for _ in range(_MOST_HOPS):
        if leader is None or not leader.merged_into:
            break
        leader = episodes.get(leader.merged_into)
    return leader


def carries(notification: Notification, episode: Episode) -> bool:
    """Whether a message of the situation tells what the episode brought: it is about one of its articles, or has one of its facts as news."""
    message = notification.message
    about = message.article_id in {each.article_id for each in episode.members}
    return notification.created_at >= episode.opened_at and (about or any(each.fact in episode.told for each in message.new_facts))


def spoken_for(
    episode: Episode, leader: Episode | None, voice: Iterable[Notification], shown: Shown, words: Mapping[str, str] | None = None
) -> str:
    """How the situation that the episode joined speaks for it, as far as the records know: who was told, what is new in it and what becomes of that.

    `voice` are the leader's messages, `words` how the articles say their facts.
    """
    if leader is None:
        return f"joined the situation of the episode {episode.situation_id}, which the records no longer hold"
    sent = [each for each in in_order(voice) if each.state == "sent" and each.sent_at is not None]
    told = ", ".join(f"{shown(each.sent_at)} to {each.receiver} ({each.kind})" for each in sent[-_MOST_MESSAGES:] if each.sent_at)
    begun = f"joined the situation of {leader.id} (“{leader.message.headline}”, opened at {shown(leader.opened_at)}), which speaks for it"
    shadow = ", in shadow" if leader.shadow else ""
    return (
        f"{begun}{shadow}: {f'told {told}' if told else 'no message of it was taken yet'}; {_brought(episode, leader, shown, words or {})}"
    )


def _brought(episode: Episode, leader: Episode, shown: Shown, words: Mapping[str, str]) -> str:
    """What is new in the episode for those who read the situation's messages, and what becomes of it."""
    situation, is_open = leader.situation, leader.state in OPEN
    fresh = new_facts(episode.told, frozenset(leader.told), frozenset(leader.readable))
    if not fresh:
        return "all that it brought has been told, or was known"
    draft = {each.fact: each.words for each in situation.draft.new_facts} if situation and situation.draft and is_open else {}
    heard = situation.heard if situation and is_open else {}
    named = partial(_facts, words={**draft, **words})
    waits = [each for each in fresh if each in draft]
    noted = [each for each in fresh if each not in draft and each in heard and heard[each] in episode.sources]
    agreed = [each for each in fresh if each not in draft and each in heard and heard[each] not in episode.sources]
    rest = [each for each in fresh if each not in draft and each not in heard]
    parts = []
    if waits and situation and situation.due_at:
        parts.append(
            f"what is new in it ({named(waits)}) waits for the next message of the situation, not before {shown(situation.due_at)}"
        )
    if noted and situation:
        gap = GAPS[min(max(situation.messages, 1), len(GAPS)) - 1]
        free_at = (leader.last_rang_at or leader.opened_at) + gap
        parts.append(
            f"what is new in it ({named(noted)}) waits for the next message of the situation: it is told when another publisher says it too "
            f"and it matters, while reports keep coming not before {shown(free_at)}"
        )
    if agreed:
        parts.append(f"what another publisher says too ({named(agreed)}) lies too near to what was told for a message of its own")
    if rest:
        now_is = "" if is_open else f", and the situation is {leader.state}"
        parts.append(f"nobody was told of what is new in it ({named(rest)}){now_is}")
    return "; ".join(parts)


def _facts(found: Iterable[str], words: Mapping[str, str]) -> str:
    """The facts for people: "number 40, place Islamabad". A place or name of which only the id is known is called just that."""
    said = []
    for each in found:
        kind, _, value = each.partition(":")
        plain = value.rpartition(":")[2] if kind in _PLAIN_FACTS else ""
        said.append(f"{kind} {words.get(each) or plain or 'without a known name'}")
    shown = list(dict.fromkeys(said))
    more = f" and {len(shown) - _MOST_FACTS} more" if len(shown) > _MOST_FACTS else ""
    return ", ".join(shown[:_MOST_FACTS]) + more


def unrung(episode: Episode, shown: Shown) -> str:
    """Why an episode that never rang has not; for one that joined a situation `spoken_for` knows more."""
    withheld = ", ".join(f"{count}× {cause}" for cause, count in sorted(episode.withheld.items()))
    abandoned = {"withdrawn": "its articles were withdrawn before", "expired_pending": "the rule's trigger was not satisfied in time"}
    if episode.merged_into:
        return f"its story goes on in the episode {episode.merged_into}"
    if episode.abandoned in abandoned:
        return abandoned[episode.abandoned]
    if is_spoken_for(episode):
        return f"the situation of {episode.situation_id} speaks for it"
    if episode.waiting_until is not None:
        return f"its first message collects reports and leaves at {shown(episode.waiting_until)}"
    if withheld and sum(episode.withheld.values()) >= episode.match_count:
        return f"all of its articles were withheld ({withheld})"
    if episode.state == "pending":
        return "the rule's trigger is not satisfied yet"
    return f"nothing in it asked for a message{f'; withheld: {withheld}' if withheld else ''}"


def _why_never(episode: Episode, receiver: str, policy: RulePolicy, routing: Routing, now: datetime) -> str:
    if not episode.step:
        return f"the episode has not rung: {unrung(episode, partial(clock, zone=routing.zone, now=now))}"
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
    return [f"{begun}: {_held(cause, notification.because)}; {then}"]


def _held(cause: str, because: str) -> str:
    if cause == "digest" and because:
        return "its article was published long before we saw it, and waits for a digest"
    return _HELD_WORDS[cause] + (f" ({because})" if because else "")


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
        answer = f"; the answer was: {notification.answer}" if notification.answer else ""
        return f"sent at {clock(notification.sent_at, routing.zone, now)}, after {after:.1f} s and {tried}{answer}"
    if notification.state == "failed":
        return f"failed after {tried}: {notification.last_error}"
    if notification.state == "sending":
        return f"is being sent, {tried}"
    error = f"; the last answer was: {notification.last_error}" if notification.last_error else ""
    return f"waits until {clock(notification.next_at, routing.zone, now)} after {tried}{error}"
