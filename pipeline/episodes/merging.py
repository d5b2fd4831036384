"""Two stories that turn out to be one: the older episode that rang goes on, the other one is linked to it and closed, and nobody is told a first time again."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from pipeline.episode import Episode
from pipeline.episodes.case import Case
from pipeline.episodes.grouping import by_story
from pipeline.episodes.joining import MAX_FACTS, MAX_GROUPS, MAX_KNOWN, MAX_MEMBERS, bounded

_MAX_MERGED_STORIES = 20
_MAX_HOPS = 10


class Survivor(NamedTuple):
    """The episode that the match belongs to, None when there is none yet, and the episodes that were merged into it just now."""

    episode: Episode | None
    merged: tuple[Episode, ...] = ()


def survivor(case: Case, earlier: list[Episode]) -> Survivor:
    """Which of `earlier`, the episodes of the article and of its story, goes on.

    An article of a known episode that comes back under another story says that the two stories are one, as does a match that names merged stories.
    """
    if not by_story(case.policy):
        return Survivor(earlier[-1] if earlier else None)
    found = {each.id: each for each in earlier}
    for story in case.matched.merged_stories[:_MAX_MERGED_STORIES]:
        found |= {each.id: each for each in case.alerts.of(case.rule_id, case.matched.article_id, story)}
    going_on = [each for each in found.values() if case.state_of(each) not in ("none", "closed")]
    if not going_on:
        return Survivor(earlier[-1] if earlier else None)
    first = min(going_on, key=lambda each: (each.step == 0, each.opened_at, each.opened_seq, each.id))
    others = sorted((each for each in going_on if each.id != first.id), key=lambda each: (each.opened_at, each.id))
    merged = tuple(
        msgspec.structs.replace(each, merged_into=first.id, state="closed", abandoned="merged", updated_at=case.now) for each in others
    )
    for each in others:
        first = _absorbed(first, each)
    return Survivor(_known_as(first, case.group, *case.matched.merged_stories[:_MAX_MERGED_STORIES]), merged)


def _known_as(episode: Episode, *groups: str) -> Episode:
    fresh = [each for each in dict.fromkeys(groups) if each != episode.group and each not in episode.groups]
    return msgspec.structs.replace(episode, groups=(*episode.groups, *fresh)[-MAX_GROUPS:]) if fresh else episode


def _absorbed(episode: Episode, other: Episode) -> Episode:
    """The episode with all that the other one knew and counted."""
    listed = {each.article_id for each in episode.members}
    fresh = tuple(each for each in other.members if each.article_id not in listed)
    both = msgspec.structs.replace(
        episode,
        last_match_at=max(episode.last_match_at, other.last_match_at),
        members=bounded(tuple(sorted((*episode.members, *fresh), key=lambda each: each.at))),
        article_count=episode.article_count + other.article_count - (len(other.members) - len(fresh)),
        sources=tuple(dict.fromkeys((*episode.sources, *other.sources)))[:MAX_MEMBERS],
        match_count=episode.match_count + other.match_count,
        matches=tuple(dict.fromkeys((*episode.matches, *other.matches)))[-MAX_KNOWN:],
        sentences=tuple(dict.fromkeys((*episode.sentences, *other.sentences)))[-MAX_KNOWN:],
        told=tuple(dict.fromkeys((*episode.told, *other.told)))[-MAX_FACTS:],
        readable=tuple(dict.fromkeys((*episode.readable, *other.readable)))[-MAX_FACTS:],
        folded=episode.folded + other.folded,
        withheld={key: episode.withheld.get(key, 0) + other.withheld.get(key, 0) for key in {**episode.withheld, **other.withheld}},
    )
    return _known_as(both, other.group, *other.groups)


def leader_of(case: Case, episode: Episode) -> Episode | None:
    """The episode that leads the situation of `episode`, through mergers; None when it leads itself or the leader is gone."""
    leader_id = episode.situation_id
    for _ in range(_MAX_HOPS):
        leader = case.alerts.episodes.get(leader_id)
        if leader is None or leader.id == episode.id:
            return None
        if not leader.merged_into:
            return leader
        leader_id = leader.merged_into
    return None
