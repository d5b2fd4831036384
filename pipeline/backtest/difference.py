"""What would be different: articles, episodes and messages of two rule sets over the same stream."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pipeline.backtest.figures import Shown, reaches, shown
from pipeline.backtest.played import Replayed, Step
from pipeline.episode import Episode, Notification
from pipeline.matched import decode

TOLD = 50

Key = tuple[str, str, int]


class EpisodeShown(msgspec.Struct, frozen=True, kw_only=True):
    episode_id: str
    rule_id: str
    opened_at: datetime
    articles: int
    headline: str


class MessageShown(msgspec.Struct, frozen=True, kw_only=True):
    """One message; `verdict` is why the other rule set does not send it although it makes it, "" when it does not make it at all."""

    notification_id: str
    rule_id: str
    receiver: str
    kind: str
    at: datetime
    headline: str
    verdict: str = ""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What comes with the rules that were tested and what goes with those they are compared to: the counts, and the first of each to look at."""

    matches_come: int = 0
    matches_go: int = 0
    matches_stay: int = 0
    episodes_come: int = 0
    episodes_go: int = 0
    episodes_stay: int = 0
    messages_come: int = 0
    messages_go: int = 0
    messages_stay: int = 0
    coming: tuple[Shown, ...] = ()
    going: tuple[Shown, ...] = ()
    episodes_coming: tuple[EpisodeShown, ...] = ()
    episodes_going: tuple[EpisodeShown, ...] = ()
    messages_coming: tuple[MessageShown, ...] = ()
    messages_going: tuple[MessageShown, ...] = ()


@dataclass
class Side:
    """The matches of one rule set, by rule, article and revision, from `since` on."""

    since: datetime
    keys: dict[Key, datetime] = field(default_factory=dict)

    def see(self, step: Step) -> None:
        matched = step.matched
        if matched.matched_at >= self.since and not matched.match.known:
            self.keys.setdefault((matched.match.rule_id, matched.article_id, matched.revision), matched.matched_at)


def wanted(mine: Side, theirs: Side) -> frozenset[Key]:
    """The first matches of `mine` that `theirs` has not: those to be shown."""
    only = mine.keys.keys() - theirs.keys.keys()
    return frozenset(sorted(only, key=lambda key: (mine.keys[key], key))[:TOLD])


def picked(matches: Iterable[bytes], keys: frozenset[Key]) -> tuple[Shown, ...]:
    """The matches with these keys, in order. Reads the others as well: call it for few."""
    found: dict[Key, Shown] = {}
    for value in matches:
        if len(found) == len(keys):
            break
        matched = decode(value)
        key = (matched.match.rule_id, matched.article_id, matched.revision)
        if key in keys and key not in found:
            found[key] = shown(matched)
    return tuple(found.values())


def difference(
    sides: tuple[Side, Side], replays: tuple[Replayed, Replayed], coming: tuple[Shown, ...], going: tuple[Shown, ...]
) -> Difference:
    """What changes from the second of each to the first."""
    mine, theirs = sides
    since = mine.since
    episodes = [_since(each.episodes, since) for each in replays]
    messages = [{key: each for key, each in _told(replay, since).items() if reaches(each)} for replay in replays]
    come, go = messages[0].keys() - messages[1].keys(), messages[1].keys() - messages[0].keys()
    return Difference(
        matches_come=len(mine.keys.keys() - theirs.keys.keys()),
        matches_go=len(theirs.keys.keys() - mine.keys.keys()),
        matches_stay=len(mine.keys.keys() & theirs.keys.keys()),
        episodes_come=len(episodes[0].keys() - episodes[1].keys()),
        episodes_go=len(episodes[1].keys() - episodes[0].keys()),
        episodes_stay=len(episodes[0].keys() & episodes[1].keys()),
        messages_come=len(come),
        messages_go=len(go),
        messages_stay=len(messages[0].keys() & messages[1].keys()),
        coming=coming,
        going=going,
        episodes_coming=_episodes(episodes[0], episodes[1]),
        episodes_going=_episodes(episodes[1], episodes[0]),
        messages_coming=_messages({key: messages[0][key] for key in come}, replays[1]),
        messages_going=_messages({key: messages[1][key] for key in go}, replays[0]),
    )


def _since(episodes: Mapping[str, Episode], since: datetime) -> dict[str, Episode]:
    return {key: each for key, each in episodes.items() if each.opened_at >= since and each.state != "pending"}


def _told(replay: Replayed, since: datetime) -> dict[str, Notification]:
    return {key: each for key, each in replay.notifications.items() if each.created_at >= since}


def _episodes(mine: Mapping[str, Episode], theirs: Mapping[str, Episode]) -> tuple[EpisodeShown, ...]:
    only = sorted((mine[key] for key in mine.keys() - theirs.keys()), key=lambda each: (each.opened_at, each.id))
    return tuple(
        EpisodeShown(
            episode_id=each.id,
            rule_id=each.rule_id,
            opened_at=each.opened_at,
            articles=each.article_count,
            headline=each.message.headline,
        )
        for each in only[:TOLD]
    )


def _messages(only: Mapping[str, Notification], other: Replayed) -> tuple[MessageShown, ...]:
    ordered = sorted(only.values(), key=lambda each: (each.created_at, each.id))
    return tuple(
        MessageShown(
            notification_id=each.id,
            rule_id=each.rule_id,
            receiver=each.receiver,
            kind=each.kind,
            at=each.created_at,
            headline=each.message.headline,
            verdict=other.notifications[each.id].verdict if each.id in other.notifications else "",
        )
        for each in ordered[:TOLD]
    )
