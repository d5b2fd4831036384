"""What time alone has done to one episode: pending ones expire, first messages leave, milestones and drafts come due, episodes fall quiet and close.

Every step happens at its own instant, in order, so it makes no difference how often somebody looks; only repeats are made up for once, however
many were missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline.episode import Episode
from pipeline.episodes import milestones
from pipeline.episodes.lifecycle import OPEN, Event, after, over_at
from pipeline.episodes.ringing import intent, intent_about, recounted, rung
from pipeline.intent import Intent
from pipeline.message import Kind, Why
from pipeline.policy import RulePolicy


class Elapsed(NamedTuple):
    """The episode as it is by then, what people are to be told of it, and words for what happened."""

    episode: Episode
    intents: tuple[Intent, ...] = ()
    whys: tuple[str, ...] = ()


class _Due(NamedTuple):
    at: datetime
    carry_out: Callable[[Episode, RulePolicy, datetime, datetime], Elapsed]


def elapsed(episode: Episode, policy: RulePolicy, now: datetime, *, repeats: bool = False) -> Elapsed:
    """The episode at `now`. Without `repeats` nobody is reminded: a match is no moment to be."""
    intents: list[Intent] = []
    whys: list[str] = []
    while (due := _next(episode, policy, repeats)) is not None and due.at <= now:
        episode, more, words = due.carry_out(episode, policy, due.at, now)
        intents += more
        whys += words
    return Elapsed(episode, tuple(intents), tuple(whys))


def next_at(episode: Episode, policy: RulePolicy) -> datetime | None:
    """The next instant at which time changes the episode; None when it never will."""
    due = _next(episode, policy, repeats=True)
    return due.at if due else None


def _next(episode: Episode, policy: RulePolicy, repeats: bool) -> _Due | None:
    return min(_all_due(episode, policy, repeats), key=lambda each: each.at, default=None)


def _all_due(episode: Episode, policy: RulePolicy, repeats: bool) -> Iterator[_Due]:
    if episode.state == "closed":
        return
    if episode.state == "pending":
        yield _Due(over_at(episode, policy), _expired)
        return
    quiet_at = episode.last_match_at + timedelta(seconds=policy.quiet_after_seconds)
    if episode.state == "quiet":
        # Strictly later than the last instant at which a match still reopens it.
        yield _Due(quiet_at + timedelta(seconds=policy.reopen_within_seconds, microseconds=1), _closed)
        return
    yield _Due(quiet_at + timedelta(microseconds=1), _quiet)
    if episode.waiting_until is not None:
        yield _Due(episode.waiting_until, _waited)
    if episode.situation is not None and episode.situation.due_at is not None:
        yield _Due(episode.situation.due_at, _draft_due)
    if (at := milestones.due_at(episode, policy)) is not None:
        yield _Due(at, _milestone_due)
    if repeats and (at := repeat_at(episode, policy)) is not None:
        yield _Due(at, _repeated)


def repeat_at(episode: Episode, policy: RulePolicy) -> datetime | None:
    """When people are reminded of what nobody has acknowledged; None when they are not."""
    asked = policy.notify.repeat_seconds > 0 and episode.state in OPEN and episode.step > 0 and not episode.shadow
    if not asked or episode.acknowledged_by or episode.verdict or episode.last_rang_at is None or policy.notify.digest is not None:
        return None
    return episode.last_rang_at + timedelta(seconds=policy.notify.repeat_seconds * (episode.repeated + 1))


def _moved(episode: Episode, event: Event, at: datetime, **changes: object) -> Episode:
    step = after(episode.state, event)
    state = "closed" if step.state == "none" else step.state
    return msgspec.structs.replace(episode, state=state, updated_at=max(episode.updated_at, at), **changes)


def _expired(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    return Elapsed(_moved(episode, "over", at, abandoned="expired_pending"), (), ("expired_pending",))


def _closed(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    return Elapsed(_moved(episode, "settled", at), (), ("closed",))


def _quiet(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    """Resolved is told only where the rule asks for it, and only to those who were told of something."""
    quiet = _moved(episode, "still", at, waiting_until=None)
    if not (policy.notify.resolved and episode.step and episode.situation_id in ("", episode.id)):
        return Elapsed(quiet, (), ("quiet",))
    about = msgspec.structs.replace(recounted(episode.message, episode), kind="resolved", why="resolved", alerted_at=at, new_facts=())
    return Elapsed(quiet, (intent_about(episode, about, policy, at),), ("resolved",))


def _waited(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    about = msgspec.structs.replace(recounted(episode.message, episode), alerted_at=at)
    first = milestones.passed(rung(episode, about, at), policy)
    return Elapsed(first, (intent(first, policy, at),), ("first",))


def _draft_due(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    """What the situation brought while its last message was too fresh for another one."""
    situation = episode.situation
    if situation is None or situation.draft is None:
        return Elapsed(msgspec.structs.replace(episode, situation=situation and msgspec.structs.replace(situation, due_at=None)))
    settled = msgspec.structs.replace(situation, draft=None, due_at=None, messages=situation.messages + 1)
    episode = msgspec.structs.replace(episode, situation=settled)
    about = msgspec.structs.replace(recounted(situation.draft, episode), step=episode.step + 1, alerted_at=at)
    told = tuple(dict.fromkeys((*episode.told, *(each.fact for each in about.new_facts))))
    updated = milestones.passed(rung(msgspec.structs.replace(episode, told=told), about, at), policy)
    return Elapsed(updated, (intent(updated, policy, at),), ("new_facts",))


def _milestone_due(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    return _again(episode, policy, at, "update", "milestone")


def _again(episode: Episode, policy: RulePolicy, at: datetime, kind: Kind, why: Why) -> Elapsed:
    """The last message once more, with the counts of now."""
    about = msgspec.structs.replace(
        recounted(episode.message, episode), kind=kind, why=why, step=episode.step + 1, alerted_at=at, new_facts=(), replaced=()
    )
    updated = milestones.passed(rung(episode, about, at), policy)
    return Elapsed(updated, (intent(updated, policy, at),), (why,))


def _repeated(episode: Episode, policy: RulePolicy, at: datetime, now: datetime) -> Elapsed:
    rang_at = episode.last_rang_at or at
    number = max(int((now - rang_at).total_seconds() // policy.notify.repeat_seconds), episode.repeated + 1)
    at = rang_at + timedelta(seconds=policy.notify.repeat_seconds * number)
    about = msgspec.structs.replace(recounted(episode.message, episode), kind="repeat", why="not_acknowledged", alerted_at=at)
    again = msgspec.structs.replace(episode, repeated=number)
    return Elapsed(again, (intent_about(again, about, policy, at, number=number),), ("repeat",))
