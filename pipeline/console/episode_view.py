"""Everything that the page tells of one episode when somebody asks why it fired, who was told, and what was decided. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from pipeline.article import Hit
from pipeline.console.alert_view import AlertView, alert_view
from pipeline.console.desk import Active, Desk, Seen
from pipeline.console.marked_text import Parts, parts, safe_url
from pipeline.console.view_decisions import AnswerView, SilenceView, answer_view, silence_view
from pipeline.episode import Episode, Member, Note, Notification
from pipeline.message import stages
from pipeline.policies import completed
from pipeline.policy import RulePolicy, policy_of
from pipeline.routing import why
from pipeline.routing.silences import is_active, matches
from pipeline.settings import Settings

MOST_MEMBERS = 100
MOST_SIBLINGS = 50
MOST_TOLD = 200


class RuleNow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rule that fired. `version` is the one that matched, `active_version` the one that is active now ("" when the rule is gone)."""

    id: str
    title: str
    version: str
    active_version: str = ""
    status: str = ""
    owner: str = ""
    description: str = ""
    runbook: str = ""
    expires_at: datetime | None = None


class Marked(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One word by which the rule matched: as the text has it, by which term, clause and way, and in which field."""

    surface: str
    term: str
    mode: str
    field: str
    clause: str = ""


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to one receiver, or why there was none."""

    receiver: str
    kind: str
    state: str
    created_at: datetime
    sent_at: datetime | None = None
    next_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""
    verdict: str = ""
    because: str = ""
    stands_in_for: str = ""
    possible_duplicate: bool = False


class Article(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    title: str
    source_name: str
    at: datetime
    url: str = ""
    country: str = ""
    language: str = ""
    revision: int = 0
    role: str = ""


class Sibling(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another episode of the situation."""

    id: str
    headline: str
    source_name: str
    opened_at: datetime
    articles: int
    leads: bool = False


class EpisodeView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module's docstring. `stages` is the time line; `chains` says by receiver, in sentences, what became of the messages to it."""

    alert: AlertView
    open: bool
    opened_at: datetime
    last_match_at: datetime
    rule: RuleNow
    marks: tuple[Marked, ...]
    field: str = ""
    sentence: Parts = ()
    stages: tuple[tuple[str, datetime], ...] = ()
    published_day: bool = False
    told: tuple[Told, ...] = ()
    chains: dict[str, tuple[str, ...]] = {}
    withheld: dict[str, int] = {}
    articles: tuple[Article, ...] = ()
    first: Article | None = None
    siblings: tuple[Sibling, ...] = ()
    silences: tuple[SilenceView, ...] = ()
    notes: tuple[Note, ...] = ()
    decisions: tuple[AnswerView, ...] = ()
    source_id: str = ""
    story_id: str = ""
    merged_into: str = ""
    sequence: int = 0


def episode_view(desk: Desk, episode: Episode, now: datetime, settings: Settings) -> EpisodeView:
    """What is told of the episode at `now`. Call it with the desk's lock held."""
    message = episode.message
    active = desk.rules.get(episode.rule_id)
    notifications = sorted(desk.alerts.sent.of_episode(episode.id), key=lambda each: (each.created_at, each.receiver, each.id))
    seen = desk.matches.get((episode.rule_id, message.article_id))
    excerpt = message.snippet
    return EpisodeView(
        alert=alert_view(episode, settings.alerts.late_hours),
        open=episode.state in ("firing", "reopened") and not episode.merged_into,
        opened_at=episode.opened_at,
        last_match_at=episode.last_match_at,
        rule=_rule(episode, active),
        marks=_marks(episode, seen),
        field=excerpt.field if excerpt.text else "",
        sentence=parts(excerpt.text, [(each.start, each.end) for each in excerpt.marks]) if excerpt.text else (),
        stages=_stages(episode, notifications),
        published_day=message.dates.precision == "day",
        told=tuple(_told(each) for each in notifications[-MOST_TOLD:]),
        chains=_chains(desk, episode, active, now, settings),
        withheld=dict(episode.withheld),
        articles=tuple(_article(each) for each in reversed(episode.members[-MOST_MEMBERS:])),
        first=_first(episode),
        siblings=tuple(_siblings(desk, episode)),
        silences=_silences(desk, episode, active, now),
        notes=episode.notes,
        decisions=tuple(answer_view(each) for each in desk.audit if each.command.episode_id == episode.id),
        source_id=message.source.id if message.source else "",
        story_id=episode.story_id,
        merged_into=episode.merged_into,
        sequence=episode.opened_seq,
    )


def _rule(episode: Episode, active: Active | None) -> RuleNow:
    rule = active.rule if active else None
    return RuleNow(
        id=episode.rule_id,
        title=episode.rule_title or episode.rule_id,
        version=episode.rule_version or episode.message.rule_version,
        active_version=active.version if active else "",
        status=rule.status if rule else "",
        owner=rule.owner if rule else "",
        description=rule.description if rule else "",
        runbook=safe_url(rule.runbook) if rule else "",
        expires_at=rule.expires_at if rule else None,
    )


def _marks(episode: Episode, seen: Seen | None) -> tuple[Marked, ...]:
    """The matched words of the message, with their clauses where the match itself is still known."""
    message = episode.message
    hits: tuple[Hit, ...] = seen.match.hits if seen else ()
    clauses = {(hit.surface, hit.term): hit.clause for hit in hits}
    shown = [("title", each) for each in message.headline_marks]
    if message.snippet.field != "title":
        shown += [(message.snippet.field, each) for each in message.snippet.marks]
    found = dict.fromkeys(
        Marked(surface=each.surface, term=each.term, mode=each.mode, field=field, clause=clauses.get((each.surface, each.term), ""))
        for field, each in shown
    )
    return tuple(found)


def _stages(episode: Episode, notifications: Iterable[Notification]) -> tuple[tuple[str, datetime], ...]:
    """The instants from publication to the first message that was taken, in order; unknown ones are left out."""
    sent = [each.sent_at for each in notifications if each.sent_at is not None and each.step == episode.step]
    return stages(episode.message, min(sent, default=None))


def _told(notification: Notification) -> Told:
    return Told(
        receiver=notification.receiver,
        kind=notification.kind,
        state=notification.state,
        created_at=notification.created_at,
        sent_at=notification.sent_at,
        next_at=notification.next_at if notification.state in ("pending", "suppressed") else None,
        attempts=notification.attempts,
        last_error=notification.last_error[:500],
        verdict=notification.verdict,
        because=notification.because if notification.verdict.startswith("inhibited_by") else "",
        stands_in_for=notification.stands_in_for,
        possible_duplicate=notification.possible_duplicate,
    )


def _chains(desk: Desk, episode: Episode, active: Active | None, now: datetime, settings: Settings) -> dict[str, tuple[str, ...]]:
    policy = policy_of(active.rule) if active else RulePolicy(rule_id=episode.rule_id)
    routing = completed(desk.routing, settings)
    try:
        ZoneInfo(routing.zone)
        return why.chains(episode, policy, routing, desk.alerts, now)
    except (KeyError, ValueError):
        # A routing that an older version of the rules published need not fit.
        return {}


def _article(member: Member) -> Article:
    return Article(
        id=member.article_id,
        title=member.title,
        source_name=member.source_name or member.source_id,
        at=member.at,
        url=safe_url(member.url),
        country=member.country,
        language=member.language,
        revision=member.revision,
        role=member.role,
    )


def _first(episode: Episode) -> Article | None:
    """Who reported first: the member seen first."""
    return _article(min(episode.members, key=lambda each: (each.at, each.article_id))) if episode.members else None


def _siblings(desk: Desk, episode: Episode) -> Iterable[Sibling]:
    """The other episodes of the situation, the leading one first, then as they came."""
    leader = desk.alerts.episodes.get(episode.situation_id or episode.id)
    if leader is None:
        return
    listed = leader.situation.episodes if leader.situation else ()
    for each in (leader.id, *listed[:MOST_SIBLINGS]):
        other = desk.alerts.episodes.get(each)
        if other is not None and other.id != episode.id:
            yield Sibling(
                id=other.id,
                headline=other.message.headline,
                source_name=other.message.source.name if other.message.source else "",
                opened_at=other.opened_at,
                articles=max(other.article_count, 1),
                leads=other.id == leader.id,
            )


def _silences(desk: Desk, episode: Episode, active: Active | None, now: datetime) -> tuple[SilenceView, ...]:
    policy = policy_of(active.rule) if active else None
    found = (each for each in desk.silences().values() if is_active(each, now) and matches(each, episode, policy))
    return tuple(silence_view(each) for each in found)
