"""What happens to silences as time passes: those of files become records, people are told before one ends and what it held back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Notification, Silence, identity
from pipeline.message import Item
from pipeline.policy import RulePolicy
from pipeline.routing import routes, silences
from pipeline.routing.labels import labels_of_rule
from pipeline.routing.model import Routing
from pipeline.routing.plan import opening
from pipeline.routing.together import list_of, together
from pipeline.routing.wording import clock, say, top_rules

_MOST_EPISODES = 500
_DECLARED = ("matchers", "author", "reason", "starts_at", "ends_at")


def told_of_silences(
    alerts: Alerts, policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime
) -> Iterator[Notification | Silence]:
    """The messages that are due about silences, and each silence that has changed, once."""
    for name, silence in silences.known(alerts.silences, routing).items():
        recorded = alerts.silences.get(name)
        current = _current(silence, recorded, routing, now)
        suppressed = alerts.sent.silenced_by(name)
        over = silences.has_ended(current, now)
        if over and not suppressed and recorded is None:
            continue  # a file that still holds what was over before anybody looked
        if not current.summarised:
            current = _counted(current, suppressed)
        if over and not current.summarised:
            yield from _summaries(current, suppressed, alerts, policy_of, routing)
            current = msgspec.structs.replace(current, summarised=True)
        elif not over and _notice_is_due(current, routing, now):
            yield from _notices(current, suppressed, alerts, policy_of, routing, now)
            current = msgspec.structs.replace(current, notice_sent=True)
        if current != recorded:
            yield current


def _current(silence: Silence, recorded: Silence | None, routing: Routing, now: datetime) -> Silence:
    """The silence as it is now: what the files say with what has happened; over when the files say it no more."""
    if not silence.id.startswith(silences.FROM_FILES) or recorded is None:
        return silence
    if silence is recorded:
        is_gone = all(each.id != silence.id for each in routing.silences) and not silences.has_ended(silence, now)
        return msgspec.structs.replace(silence, ended_at=now) if is_gone else silence
    if all(getattr(silence, each) == getattr(recorded, each) for each in _DECLARED):
        return recorded
    said = {each: getattr(silence, each) for each in _DECLARED}
    return msgspec.structs.replace(recorded, **said, notice_sent=False, summarised=recorded.summarised and silence.ends_at <= now)


def _counted(silence: Silence, suppressed: list[Notification]) -> Silence:
    episodes = tuple(dict.fromkeys(each.episode_id for each in suppressed))[:_MOST_EPISODES]
    return msgspec.structs.replace(silence, suppressed=len(suppressed), episodes=episodes)


def _notice_is_due(silence: Silence, routing: Routing, now: datetime) -> bool:
    """Once, shortly before the end; not for a silence that is little longer than that."""
    notice = timedelta(seconds=routing.silence_notice_seconds)
    is_long = silence.ends_at - silence.starts_at >= 2 * notice
    return not silence.notice_sent and is_long and silences.is_active(silence, now) and now >= silence.ends_at - notice


def _summaries(
    silence: Silence, suppressed: list[Notification], alerts: Alerts, policy_of: Callable[[str], RulePolicy], routing: Routing
) -> Iterator[Notification]:
    """What was suppressed, to those who would have been told; where nothing was, to the author's route."""
    ended_at = silence.ended_at or silence.ends_at
    by_receiver: dict[str, list[Notification]] = (
        {each: [] for each in _authors_route(silence, policy_of, routing, ended_at)} if not suppressed else {}
    )
    for each in suppressed:
        by_receiver.setdefault(each.receiver, []).append(each)
    for receiver, missed in by_receiver.items():
        language = routing.receiver(receiver).language or routing.language
        headline = say("silence_ended", language, count=len(missed), since=clock(silence.starts_at, routing.zone, ended_at))
        by = silence.ended_by or say("the_files" if silence.ended_at else "its_end", language)
        words = say("silence_was", language, reason=silence.reason, author=silence.author, by=by)
        text = " ".join(each for each in (words, top_rules([each.message.rule_title for each in missed], language)) if each)
        items = list_of(missed, alerts, language)
        yield _message(silence, receiver, ended_at, "summary", headline, text, items, len(missed), routing)


def _notices(
    silence: Silence,
    suppressed: list[Notification],
    alerts: Alerts,
    policy_of: Callable[[str], RulePolicy],
    routing: Routing,
    now: datetime,
) -> Iterator[Notification]:
    at = silence.ends_at - timedelta(seconds=routing.silence_notice_seconds)
    for receiver in _authors_route(silence, policy_of, routing, now):
        language = routing.receiver(receiver).language or routing.language
        headline = say("silence_ends", language, until=clock(silence.ends_at, routing.zone, at))
        text = say("silence_is", language, reason=silence.reason, author=silence.author, count=len(suppressed))
        yield _message(silence, receiver, at, "notice", headline, text, list_of(suppressed, alerts, language), 0, routing)


def _message(
    silence: Silence, receiver: str, at: datetime, word: str, headline: str, text: str, items: list[Item], count: int, routing: Routing
) -> Notification:
    return together(
        identity("silence", silence.id, word, receiver, at.isoformat()),
        receiver,
        at,
        kind="summary",
        why="silence_ended",
        headline=headline,
        text=text,
        items=items,
        held_back=count,
        rule_id="",
        rule_title="",
        language=routing.receiver(receiver).language or routing.language,
        route=(receiver,),
        next_at=opening((), routing.receiver(receiver).hours, routing, at),
    )


def _authors_route(silence: Silence, policy_of: Callable[[str], RulePolicy], routing: Routing, now: datetime) -> tuple[str, ...]:
    """The author, when that is the name of a receiver or roster; else the route of the rules that the silence names; else the default."""
    if silence.author in routing.receivers or silence.author in routing.rosters:
        return routes.resolved((silence.author,), routing, now)
    named = [value for each in silence.matchers if each.field == "rule" and not each.negative for value in each.values]
    found = [
        receiver
        for rule_id in named
        if not rule_id.endswith("*")
        for receiver in routes.receivers(policy_of(rule_id), labels_of_rule(policy_of(rule_id)), routing, now)
    ]
    return tuple(dict.fromkeys(found)) or routes.resolved(routing.default, routing, now)
