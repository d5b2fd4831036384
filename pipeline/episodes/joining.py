"""How a match becomes part of an episode: members, counts, what is known. Whether it rings is decided elsewhere.

Bounds: when they are reached the oldest are forgotten; facts that were told still keep a repetition quiet.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.episode import Episode, EpisodeState, Member, identity
from pipeline.matched import Matched
from pipeline.message import message
from pipeline.policy import RulePolicy
from pipeline.routing.drill import is_exercise

MAX_MEMBERS = 500
MAX_KNOWN = 5_000
MAX_FACTS = 2_000
MAX_GROUPS = 50
MAX_MEMBER_FACTS = 40
_KEPT_FIRST = 50


def sentence_keys(matched: Matched) -> set[str]:
    """The matched sentences of this article, by short keys."""
    return {identity(matched.article_id, hit.sentence_id)[:16] for hit in matched.match.hits}


def is_known(episode: Episode, matched: Matched) -> bool:
    """Whether the match, or every sentence of it, is part of the episode already."""
    sentences = sentence_keys(matched)
    return matched.match.id in episode.matches or bool(sentences and sentences <= set(episode.sentences))


def opened(matched: Matched, policy: RulePolicy, group: str, opened_seq: int, state: EpisodeState, now: datetime) -> Episode:
    """A new episode about the match, with nothing counted yet."""
    match = matched.match
    episode_id = identity(match.rule_id, group, opened_seq)
    return Episode(
        id=episode_id,
        rule_id=match.rule_id,
        rule_title=match.title,
        rule_version=match.rule_version,
        severity=match.severity,
        tags=policy.tags,
        group=group,
        story_id=matched.story.id if matched.story else "",
        opened_seq=opened_seq,
        opened_at=now,
        last_match_at=now,
        updated_at=now,
        state=state,
        shadow=match.shadow or policy.shadow,
        exercise=is_exercise(matched.source.id),
        message=message(matched, kind="first", why="first", alerted_at=now, episode_id=episode_id, step=0),
    )


def counted(episode: Episode, matched: Matched, role: str, now: datetime, *, known_as: str = "") -> Episode:
    """The episode with one more match counted. `known_as` is what a further look at a counted match is known as; it is not counted again."""
    members, article_count = with_member(episode, matched, role, now)
    owner = matched.source.owner or matched.source.id
    return msgspec.structs.replace(
        episode,
        updated_at=max(episode.updated_at, now),
        members=members,
        article_count=article_count,
        sources=tuple(dict.fromkeys((*episode.sources, owner)))[:MAX_MEMBERS],
        match_count=episode.match_count + (not known_as),
        matches=(*episode.matches, known_as or matched.match.id)[-MAX_KNOWN:],
        sentences=tuple(dict.fromkeys((*episode.sentences, *sorted(sentence_keys(matched)))))[-MAX_KNOWN:],
    )


def with_member(episode: Episode, matched: Matched, role: str, now: datetime) -> tuple[tuple[Member, ...], int]:
    """The members with this article newest, and how many articles there are. Of very many the first 50 and the newest are kept."""
    source = matched.source
    before = member_of(episode, matched.article_id)
    rings = role == "rang"
    member = Member(
        article_id=matched.article_id,
        source_id=source.id,
        source_name=source.name or source.id,
        at=now,
        title=matched.title[:200],
        url=matched.url,
        country=source.country,
        owner=source.owner,
        language=matched.language,
        revision=matched.revision,
        role=role,
        rang=rings or (before is not None and before.rang),
        facts=dict(list(matched.facts.items())[:MAX_MEMBER_FACTS]) if rings else before.facts if before else {},
    )
    others = tuple(each for each in episode.members if each.article_id != matched.article_id)
    return bounded((*others, member)), episode.article_count + (before is None)


def bounded(members: tuple[Member, ...]) -> tuple[Member, ...]:
    return members if len(members) <= MAX_MEMBERS else (*members[:_KEPT_FIRST], *members[-(MAX_MEMBERS - _KEPT_FIRST) :])


def member_of(episode: Episode, article_id: str) -> Member | None:
    return next((each for each in episode.members if each.article_id == article_id), None)


def withheld(episode: Episode, matched: Matched, reason: str, now: datetime) -> Episode:
    """The episode with a match that nobody may be told of. It does not keep the episode alive, and tells nothing."""
    after = counted(episode, matched, reason, now)
    return msgspec.structs.replace(after, withheld={**episode.withheld, reason: episode.withheld.get(reason, 0) + 1})


def heard(
    episode: Episode, matched: Matched, role: str, state: EpisodeState, now: datetime, *, tells: bool = True, known_as: str = ""
) -> Episode:
    """The episode with a match that counts. Its facts are taken for told from now on, unless the situation decides what is (`tells` false)."""
    after = counted(episode, matched, role, now, known_as=known_as)
    return msgspec.structs.replace(
        after,
        state=state,
        last_match_at=max(episode.last_match_at, now),
        told=tuple(dict.fromkeys((*episode.told, *matched.facts)))[-MAX_FACTS:] if tells else episode.told,
        folded=episode.folded + (role == "folded"),
    )
