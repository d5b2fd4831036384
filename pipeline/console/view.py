"""What the page shows of one record: small immutable views, made by pure functions.

Marked text travels as parts (`Parts`): plain and marked pieces take turns, beginning with a plain one. So nobody counts characters in the browser,
which counts UTF-16 units while our offsets count code points, and nothing from a feed is ever markup.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from pipeline.article import Article
from pipeline.console.names_view import NameView, name_views
from pipeline.episode import Episode, Member
from pipeline.matched import is_late, snippet
from pipeline.message import Message, way
from pipeline.sources import SourceHealth

Parts = tuple[str, ...]

LEAD_CHARACTERS = 280
TITLE_CHARACTERS = 400
MAX_MEMBERS = 30
MAX_FACTS = 8
MAX_COMMANDS = 5
MAX_URL_CHARACTERS = 2_000


class RuleView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    severity: str


class ArticleView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article. `at` is its place in the stream: when we first saw it, or when this revision of it was fetched.

    `took_seconds` is from fetching to the end of enriching. `url` is empty unless it is http or https.
    """

    id: str
    at: datetime
    title: Parts
    source_id: str
    source_name: str
    lead: Parts = ()
    url: str = ""
    country: str = ""
    language: str = "und"
    published_at: datetime | None = None
    published_day: bool = False
    first_seen_at: datetime | None = None
    revision: int = 1
    version: int = 0
    story_id: str = ""
    story_position: int = 0
    rules: tuple[RuleView, ...] = ()
    names: tuple[NameView, ...] = ()
    status: str = "usable"
    late: bool = False
    flags: tuple[str, ...] = ()
    took_seconds: float | None = None


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


class SourceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    name: str
    state: str
    last_article_at: datetime | None = None
    last_success_at: datetime | None = None
    next_fetch_at: datetime | None = None
    failures: int = 0
    articles: int = 0
    error: str = ""


def parts(text: str, ranges: Iterable[tuple[int, int]]) -> Parts:
    """The text cut at the ranges: plain, marked, plain, … Overlapping ranges become one; what lies outside the text is passed over."""
    found: list[str] = []
    done = 0
    for start, end in _apart(ranges, len(text)):
        found += [text[done:start], text[start:end]]
        done = end
    return (*found, text[done:])


def _apart(ranges: Iterable[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(each for each in ranges if 0 <= each[0] < each[1] <= length):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def safe_url(url: str) -> str:
    """The address when a link may lead to it (http or https, with a host), otherwise ''."""
    if len(url) > MAX_URL_CHARACTERS or not url.isprintable() or " " in url or "\\" in url:
        return ""
    try:
        found = urlsplit(url)
    except ValueError:
        return ""
    return url if found.scheme in ("http", "https") and found.hostname else ""


def article_view(article: Article, received_at: datetime, late_hours: float) -> ArticleView:
    """What the page shows of an enriched article. `received_at` is the record's time, `late_hours` is `alerts.late_hours`."""
    first_seen_at = article.first_seen_at or received_at
    revised = article.revision > 1 and not article.replay
    clock = article.clock
    took = (clock.enriched_at - clock.fetched_at).total_seconds() if clock.enriched_at and clock.fetched_at else None
    return ArticleView(
        id=article.id,
        at=(clock.fetched_at or received_at) if revised else first_seen_at,
        title=parts(article.title[:TITLE_CHARACTERS], _marked(article, "title")),
        lead=_lead(article),
        url=safe_url(article.url) or safe_url(article.canonical_url),
        source_id=article.source.id,
        source_name=article.source.name or article.source.id,
        country=article.source.country,
        language=article.language.code,
        published_at=article.dates.published_at,
        published_day=article.dates.precision == "day",
        first_seen_at=first_seen_at,
        revision=article.revision,
        version=article.version,
        story_id=article.story.id if article.story else "",
        story_position=article.story.position if article.story else 0,
        rules=tuple(RuleView(id=each.rule_id, title=each.title, severity=each.severity) for each in article.matches if not each.shadow),
        names=name_views(article),
        status=article.pubstatus,
        late=is_late(article.dates, first_seen_at, late_hours),
        flags=article.flags,
        took_seconds=None if took is None else round(max(took, 0.0), 3),
    )


def _marked(article: Article, field: str) -> list[tuple[int, int]]:
    return [(hit.start, hit.end) for match in article.matches if not match.shadow for hit in match.hits if hit.field == field]


def _lead(article: Article) -> Parts:
    """The text around the first match; without one outside the title, how the article begins."""
    for match in article.matches:
        if not match.shadow and any(hit.field != "title" for hit in match.hits):
            found = snippet(article, match)
            marked = parts(found.text, [(each.start, each.end) for each in found.marks])
            return _with_ellipses(marked, found.before, found.after)
    text = " ".join((article.summary or article.body)[: LEAD_CHARACTERS * 2].split())
    if len(text) <= LEAD_CHARACTERS:
        return (text,) if text else ()
    return (text[:LEAD_CHARACTERS].rsplit(" ", 1)[0] + " …",)


def _with_ellipses(found: Parts, before: bool, after: bool) -> Parts:
    first = ("… " if before else "") + found[0]
    if len(found) == 1:
        return (first + (" …" if after else ""),)
    return (first, *found[1:-1], found[-1] + (" …" if after else ""))


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


def source_view(health: SourceHealth) -> SourceView:
    """What the page shows of a source."""
    return SourceView(
        id=health.source_id,
        name=health.name or health.source_id,
        state=health.state,
        last_article_at=health.last_article_at,
        last_success_at=health.last_success_at,
        next_fetch_at=health.next_fetch_at,
        failures=health.consecutive_failures,
        articles=health.articles,
        error=health.last_error[:300],
    )
