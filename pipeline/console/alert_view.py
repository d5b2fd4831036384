"""What the page shows of one alert: a small immutable view, made by a pure function."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.console.marked_text import Parts, parts, safe_url
from pipeline.episode import Episode, Member
from pipeline.matched import is_late
from pipeline.message import Message, way

MAX_MEMBERS = 30
MAX_FACTS = 8
MAX_COMMANDS = 5


class MemberView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    title: str
    source_name: str
    at: datetime
    url: str = ""
    role: str = ""


class AlertView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One open episode as people are told of it. `took_seconds` is from fetching to the alert, `way` where that time went.

    `situation_id` is the episode that leads its situation, itself when it leads one. `commands` are the ids of the last ones carried out.
    """

    id: str
    rule_id: str
    rule_title: str
    severity: str
    state: str
    rang_at: datetime
    headline: Parts
    why: str
    step: int = 1
    snippet: Parts = ()
    cut_before: bool = False
    cut_after: bool = False
    url: str = ""
    source_name: str = ""
    country: str = ""
    language: str = "und"
    published_at: datetime | None = None
    published_day: bool = False
    first_seen_at: datetime | None = None
    took_seconds: float | None = None
    way: tuple[tuple[str, float], ...] = ()
    late: bool = False
    revision: int = 1
    new_facts: tuple[str, ...] = ()
    article_count: int = 1
    source_count: int = 1
    members: tuple[MemberView, ...] = ()
    held_back: int = 0
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    assigned_to: str = ""
    verdict: str = ""
    verdict_by: str = ""
    note_count: int = 0
    story_id: str = ""
    situation_id: str = ""
    situation_episodes: int = 1
    situation_articles: int = 0
    exercise: bool = False
    commands: tuple[str, ...] = ()


def is_open(episode: Episode) -> bool:
    """Whether people were told of the episode and it still goes on."""
    return episode.state in ("firing", "reopened") and episode.step > 0 and not episode.shadow


def alert_view(episode: Episode, late_hours: float) -> AlertView:
    """What the page shows of an episode."""
    message = episode.message
    source = message.source
    excerpt = message.snippet if message.snippet.field != "title" else None
    fetched_at = message.clock.fetched_at
    return AlertView(
        id=episode.id,
        rule_id=episode.rule_id,
        rule_title=episode.rule_title or episode.rule_id,
        severity=episode.severity,
        state=episode.state,
        step=episode.step,
        rang_at=message.alerted_at,
        why=message.why,
        headline=parts(message.headline, [(each.start, each.end) for each in message.headline_marks]),
        snippet=parts(excerpt.text, [(each.start, each.end) for each in excerpt.marks]) if excerpt and excerpt.text else (),
        cut_before=bool(excerpt and excerpt.before),
        cut_after=bool(excerpt and excerpt.after),
        url=safe_url(message.url),
        source_name=source.name if source else "",
        country=source.country if source else "",
        language=message.language,
        published_at=message.dates.published_at,
        published_day=message.dates.precision == "day",
        first_seen_at=message.first_seen_at,
        took_seconds=round(max((message.alerted_at - fetched_at).total_seconds(), 0.0), 3) if fetched_at else None,
        way=_way(message),
        late=is_late(message.dates, message.first_seen_at, late_hours),
        revision=message.revision,
        new_facts=tuple(dict.fromkeys(each.words for each in message.new_facts))[:MAX_FACTS],
        article_count=max(episode.article_count, 1),
        source_count=max(len(episode.sources), 1),
        members=tuple(_member(each) for each in reversed(episode.members[-MAX_MEMBERS:])),
        held_back=episode.held_back,
        acknowledged_by=episode.acknowledged_by,
        acknowledged_at=episode.acknowledged_at,
        assigned_to=episode.assigned_to,
        verdict=episode.verdict,
        verdict_by=episode.verdict_by,
        note_count=len(episode.notes),
        story_id=episode.story_id,
        situation_id=episode.situation_id,
        situation_episodes=episode.situation.episode_count if episode.situation else 1,
        situation_articles=episode.situation.articles if episode.situation else 0,
        exercise=episode.exercise,
        commands=episode.commands[-MAX_COMMANDS:],
    )


def _way(message: Message) -> tuple[tuple[str, float], ...]:
    """The legs up to the alert; how long sending took is told by the notification, not by the episode."""
    return tuple((leg.stage, leg.seconds) for leg in way(message, message.alerted_at) if leg.stage != "notified")


def _member(member: Member) -> MemberView:
    return MemberView(
        id=member.article_id,
        title=member.title,
        source_name=member.source_name or member.source_id,
        at=member.at,
        url=safe_url(member.url),
        role=member.role,
    )
