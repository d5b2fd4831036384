"""A silence as it is asked for, judged and completed: what it is about, who asks, why, and until when. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import get_args

from pipeline.episode import Command, Episode, Matcher, Silence
from pipeline.errors import LagebildError
from pipeline.message import Kind
from pipeline.naming import cleaned
from pipeline.routing.silences import in_words
from pipeline.rules.model import SEVERITIES

LONGEST_SILENCE_SECONDS = 7 * 24 * 3_600.0
MOST_MATCHERS = 10
MOST_VALUES = 20
LONGEST_VALUE = 200
LONGEST_REASON = 500
_FURTHEST_START = timedelta(days=30)
_KINDS: tuple[str, ...] = get_args(Kind)


class Refused(LagebildError):
    """A command that is not carried out; the message says why, for the person who gave it."""


_SCOPES: dict[str, Callable[[Episode], tuple[str, ...]]] = {
    "episode": lambda episode: (episode.id,),
    "rule": lambda episode: (episode.rule_id,),
    "story": lambda episode: (episode.story_id,),
    "source": lambda episode: (episode.message.source.id if episode.message.source else "",),
    "country": lambda episode: (episode.message.source.country if episode.message.source else "",),
    "tag": lambda episode: episode.tags,
}
SCOPES = tuple(_SCOPES)


def this(scope: str, episode: Episode) -> Matcher:
    """What "this rule", "this story", … of the episode means. Raises Refused where the episode has no such thing."""
    if scope not in _SCOPES:
        raise Refused(f"there is no scope {scope[:LONGEST_VALUE]!r}; known are {', '.join(SCOPES)}")
    values = tuple(each for each in _SCOPES[scope](episode) if each)
    if not values:
        raise Refused(f"the episode has no {scope}: silence its rule or the episode itself")
    return Matcher(field=scope, values=values)  # type: ignore[arg-type]  # the scopes are fields


def drafted(command: Command, episode: Episode | None, silence_id: str, text: str, now: datetime, longest: timedelta) -> Silence:
    """The silence that the command asks for. Its author is who gave the command.

    Where it has no matchers, `command.to` says which scope of the episode is meant (`SCOPES`). The reason is the silence's own, else the
    command's `text`. Raises Refused.
    """
    asked = command.silence
    if asked is None:
        raise Refused("a silence needs an end and a reason")
    matchers = asked.matchers or (_of_episode(command, episode),)
    reason = cleaned(asked.reason) or text
    if not reason:
        raise Refused("a silence has a reason: others ask why nobody was told")
    if len(reason) > LONGEST_REASON:
        raise Refused(f"a reason has at most {LONGEST_REASON} characters, this one has {len(reason):,}")
    starts_at, ends_at = _times(asked, now, longest)
    return Silence(
        id=silence_id,
        matchers=_sound(matchers),
        author=command.by,
        reason=reason,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
    )


def _of_episode(command: Command, episode: Episode | None) -> Matcher:
    if not command.to:
        raise Refused("a silence says what it is about: an episode, a rule, a story, a tag, a source, …")
    if episode is None:
        raise Refused(f"there is no episode {command.episode_id[:LONGEST_VALUE]!r} whose {command.to[:LONGEST_VALUE]} could be silenced")
    return this(command.to, episode)


def _times(asked: Silence, now: datetime, longest: timedelta) -> tuple[datetime, datetime]:
    """When it begins and ends; one that would begin in the past begins now."""
    if asked.starts_at.tzinfo is None or asked.ends_at.tzinfo is None:
        raise Refused("its times have no offset from UTC")
    starts_at = max(asked.starts_at, now)
    if starts_at - now > _FURTHEST_START:
        raise Refused(f"it begins more than {_FURTHEST_START.days} days ahead")
    if asked.ends_at <= starts_at:
        raise Refused(f"its end, {asked.ends_at:%Y-%m-%d %H:%M} UTC, is not after its beginning")
    if asked.ends_at - starts_at > longest:
        raise Refused(f"it is longer than the {in_words(longest)} that are allowed: end it sooner, or change the rule")
    return starts_at, asked.ends_at


def _sound(matchers: tuple[Matcher, ...]) -> tuple[Matcher, ...]:
    """The matchers, each once. Raises Refused for one that says nothing, and for a set that would silence nearly everything."""
    if len(matchers) > MOST_MATCHERS:
        raise Refused(f"a silence has at most {MOST_MATCHERS} matchers, this one has {len(matchers)}")
    for each in matchers:
        if not each.values or len(each.values) > MOST_VALUES:
            raise Refused(f"the matcher {each.field} has 1 to {MOST_VALUES} values, not {len(each.values)}")
        if any(not value.strip() or len(value) > LONGEST_VALUE for value in each.values):
            raise Refused(f"each value of the matcher {each.field} has 1 to {LONGEST_VALUE} characters")
        known = {"severity": SEVERITIES, "kind": _KINDS}.get(each.field, each.values)
        if unknown := [value for value in each.values if value not in known]:
            raise Refused(f"there is no {each.field} {unknown[0]!r}; known are {', '.join(known)}")
    if all(each.negative for each in matchers):
        raise Refused("it would silence everything but what it names: say what it is about")
    return tuple(dict.fromkeys(matchers))
