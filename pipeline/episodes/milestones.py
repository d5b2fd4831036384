"""Messages when an episode has grown to a size that its rule names."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from pipeline.episode import Episode
from pipeline.policy import RulePolicy


def count_of(episode: Episode, policy: RulePolicy) -> int:
    """How large the episode is by the field that the rule counts, the situation it leads included."""
    situation = episode.situation
    match policy.notify.updates.field:
        case "articles":
            return episode.article_count + (situation.articles if situation else 0)
        case "source.owner":
            return len(set(episode.sources) | set(situation.owners if situation and situation.episode_count > 1 else ()))
        case "source.id":
            return len({each.source_id for each in episode.members})
        case "source.country":
            return len({each.country for each in episode.members} - {""})


def reached(episode: Episode, policy: RulePolicy) -> int:
    """The highest milestone that the episode has reached; 0 for none."""
    milestones = policy.notify.updates.milestones
    if not milestones:
        return 0
    count = count_of(episode, policy)
    return max((each for each in milestones if each <= count), default=0)


def due_at(episode: Episode, policy: RulePolicy) -> datetime | None:
    """When the milestone that was reached and not told yet may be told: never sooner than the gap after the last message. None without one."""
    if episode.last_rang_at is None or episode.waiting_until is not None or reached(episode, policy) <= episode.milestone:
        return None
    return episode.last_rang_at + timedelta(seconds=policy.notify.updates.min_gap_seconds)


def passed(episode: Episode, policy: RulePolicy) -> Episode:
    """The episode after any message: the milestones it has reached need no message of their own."""
    milestone = reached(episode, policy)
    return msgspec.structs.replace(episode, milestone=milestone) if milestone > episode.milestone else episode
