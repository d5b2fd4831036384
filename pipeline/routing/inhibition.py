"""Inhibition: a large alert that makes smaller ones superfluous while it is open."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pipeline.episode import Episode
from pipeline.message import Message
from pipeline.policy import RulePolicy
from pipeline.routing.labels import labels
from pipeline.routing.model import Equal, Inhibition

_OPEN = ("firing", "reopened")
_PLACE = "place:"


def inhibiting(
    inhibitions: Iterable[Inhibition], episode: Episode, policy: RulePolicy, message: Message, episodes: Iterable[Episode], now: datetime
) -> Episode | None:
    """The episode that makes this message superfluous: the one that was opened first, None when there is none.

    An episode never inhibits itself, and two that are both source and target of one inhibition leave each other alone, as in Alertmanager.
    """
    about = labels(episode, policy, message)
    whole = labels(episode, policy)
    concerned = [each for each in inhibitions if about.fit(each.target) and not whole.fit(each.source)]
    if not concerned:
        return None
    rules, severities, tags = (_named(concerned, each) for each in ("rule", "severity", "tag"))
    found = [
        other
        for other in episodes
        if (rules is None or other.rule_id in rules)
        and (severities is None or other.severity in severities)
        and (tags is None or not tags.isdisjoint(other.tags))
        and other.id != episode.id
        and _is_loud(other)
        and any(_inhibits(each, other, episode, now) for each in concerned)
    ]
    return min(found, key=lambda each: (each.opened_at, each.id)) if found else None


def _named(inhibitions: Iterable[Inhibition], field: str) -> frozenset[str] | None:
    """The values of `field` that a source must have one of, so that most episodes are passed over quickly; None when any will do."""
    found: set[str] = set()
    for each in inhibitions:
        values = [value for one in each.source if one.field == field and not one.negative for value in one.values]
        if not values or any(value.endswith("*") for value in values):
            return None
        found.update(values)
    return frozenset(found)


def _is_loud(episode: Episode) -> bool:
    has_rung = episode.state in _OPEN and episode.step > 0
    return has_rung and not (episode.shadow or episode.exercise or episode.merged_into or episode.verdict == "false_alarm")


def _inhibits(inhibition: Inhibition, source: Episode, target: Episode, now: datetime) -> bool:
    rang_at = source.last_rang_at or source.opened_at
    if inhibition.for_seconds and now - rang_at > timedelta(seconds=inhibition.for_seconds):
        return False
    return labels(source).fit(inhibition.source) and all(_SHARED[each](source, target) for each in inhibition.equal)


def _same(value: Callable[[Episode], str]) -> Callable[[Episode, Episode], bool]:
    return lambda one, other: value(one) != "" and value(one) == value(other)


def _in_common(values: Callable[[Episode], Iterable[str]]) -> Callable[[Episode, Episode], bool]:
    return lambda one, other: not set(values(one)).isdisjoint(each for each in values(other) if each)


_SHARED: dict[Equal, Callable[[Episode, Episode], bool]] = {
    "story": _same(lambda each: each.story_id),
    "situation": _same(lambda each: each.situation_id),
    "rule": _same(lambda each: each.rule_id),
    "source": _in_common(lambda each: [member.source_id for member in each.members]),
    "country": _in_common(lambda each: [member.country for member in each.members]),
    "place": _in_common(lambda each: [fact for fact in each.told if fact.startswith(_PLACE)]),
    "tag": _in_common(lambda each: each.tags),
}
