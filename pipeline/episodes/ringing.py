"""How an episode rings: its next message, and the wish to tell people of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from pipeline.episode import Episode, identity
from pipeline.episodes.joining import MAX_FACTS
from pipeline.facts import new_facts
from pipeline.intent import Intent
from pipeline.matched import Matched, is_late
from pipeline.message import Kind, Message, NewFact, Reporter, Why, message
from pipeline.policy import RulePolicy

MAX_NEW_FACTS = 20


def drafted(
    episode: Episode, matched: Matched, policy: RulePolicy, kind: Kind, why: Why, facts: Sequence[str], now: datetime, **more: Any
) -> Message:
    """The episode's next message, about `matched`. Its counts are those of `episode`, which has the match counted already."""
    made = message(
        matched,
        kind=kind,
        why=why,
        alerted_at=now,
        episode_id=episode.id,
        step=episode.step + 1,
        new_facts=tuple(NewFact(fact=each, words=matched.facts[each]) for each in facts[:MAX_NEW_FACTS]),
        rule_version=matched.match.rule_version,
        tags=policy.tags,
        template=policy.notify.template,
        include=policy.notify.include,
        **more,
    )
    return recounted(msgspec.structs.replace(made, old=is_old(matched, policy)), episode)


def recounted(about: Message, episode: Episode) -> Message:
    """The message with the counts that the episode, or the situation it leads, has now, and with who reported first."""
    situation = episode.situation if episode.situation and episode.situation.episode_count > 1 else None
    owners = set(episode.sources) | set(situation.owners if situation else ())
    first = episode.members[0] if episode.members else None
    return msgspec.structs.replace(
        about,
        members=episode.article_count + (situation.articles if situation else 0),
        sources=max(len(owners), 1),
        first_source=Reporter(name=first.source_name, at=first.at) if first else None,
        situation_id=episode.id if situation else "",
        situation_episodes=situation.episode_count if situation else 1,
    )


def collected(episode: Episode, before: Episode, matched: Matched) -> Episode:
    """The waiting episode, its first message enriched by what one more report brings to it."""
    facts = new_facts(matched.facts, frozenset(before.told), frozenset(before.readable))
    brought = (*episode.message.new_facts, *(NewFact(fact=each, words=matched.facts[each]) for each in facts))
    return msgspec.structs.replace(episode, message=msgspec.structs.replace(episode.message, new_facts=brought[:MAX_NEW_FACTS]))


def is_old(matched: Matched, policy: RulePolicy) -> bool:
    """Whether the message must say that this is old news: by the settings, or by what the rule calls late."""
    late = policy.notify.late
    return matched.late or (late is not None and is_late(matched.dates, matched.first_seen_at, late.after_seconds / 3_600))


def rung(episode: Episode, about: Message, now: datetime, context: Sequence[str] = ()) -> Episode:
    """The episode after it has rung with `about`. `context` is what people can now read."""
    return msgspec.structs.replace(
        episode,
        step=about.step,
        message=about,
        waiting_until=None,
        last_rang_at=now,
        repeated=0,
        updated_at=max(episode.updated_at, now),
        readable=tuple(dict.fromkeys((*episode.readable, *context)))[-MAX_FACTS:],
    )


def intent(episode: Episode, policy: RulePolicy, at: datetime, *, withheld: str = "", digest: bool = False, **more: Any) -> Intent:
    """The wish to send the episode's newest message. Its id is that of the episode, the kind and the step: one cause, one id."""
    return intent_about(episode, episode.message, policy, at, withheld=withheld, digest=digest, **more)


def intent_about(
    episode: Episode,
    about: Message,
    policy: RulePolicy,
    at: datetime,
    *,
    withheld: str = "",
    digest: bool = False,
    number: int = 0,
    **more: Any,
) -> Intent:
    """The wish to send `about`. `number` tells messages of one step apart (repeats)."""
    return Intent(
        id=identity(episode.id, about.kind, about.step, *([number] if number else [])),
        episode_id=episode.id,
        rule_id=episode.rule_id,
        message=about,
        at=at,
        withheld=withheld or ("shadow" if episode.shadow else ""),
        digest=digest or policy.notify.digest is not None,
        **more,
    )
