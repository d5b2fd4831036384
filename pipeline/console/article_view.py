"""What the page shows of one article: a small immutable view, made by a pure function."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.article import Article
from pipeline.console.marked_text import Parts, parts, safe_url
from pipeline.console.names_view import NameView, name_views
from pipeline.matched import is_late, snippet

LEAD_CHARACTERS = 280
TITLE_CHARACTERS = 400


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
