"""What a notifier receives: one JSON object, complete, with a schema version."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from pipeline.article import Clock, Dates
from pipeline.matched import Mark, Matched, Snippet

SCHEMA = "lagebild.alert/1"

Kind = Literal[
    "first",
    "update",
    "reopened",
    "corrected",
    "withdrawn",
    "resolved",
    "repeat",
    "escalation",
    "digest",
    "storm",
    "summary",
    "channel",
    "drill",
]
Why = Literal[
    "first",
    "new_facts",
    "new_text",
    "milestone",
    "reopened",
    "corrected",
    "withdrawn",
    "resolved",
    "not_acknowledged",
    "digest",
    "storm",
    "silence_ended",
    "channel_failed",
    "drill",
    "silent",
]

# Alerts reach people within seconds: one that comes so long after it was made says that it is late.
DELAYED = timedelta(seconds=30)


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who published the article."""

    id: str
    name: str
    country: str


class NewFact(msgspec.Struct, frozen=True, kw_only=True):
    """`fact` is `kind:value` (pipeline.facts), `words` is how the text says it."""

    fact: str
    words: str


class HeldBack(msgspec.Struct, frozen=True, kw_only=True):
    """One alert that a storm digest stands for."""

    episode_id: str
    headline: str
    url: str
    source: str
    at: datetime


class Item(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One episode in a message about several: a digest, a storm, the summary of a silence. `note` says what is new about it."""

    episode_id: str
    rule_title: str
    severity: str
    headline: str
    at: datetime
    url: str = ""
    source: str = ""
    members: int = 1
    sources: int = 1
    note: str = ""


class Reporter(msgspec.Struct, frozen=True, kw_only=True):
    """Who reported first, and when we saw it."""

    name: str
    at: datetime


class Leg(msgspec.Struct, frozen=True, kw_only=True):
    """One part of the way from the publisher to people."""

    stage: str
    seconds: float


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One notification as people get it.

    `why` says why it rings; `new_facts` which facts are news, `replaced` which were told before and stand no longer. `members` counts the articles of the episode, `sources` their publishers.
    `alerted_at` is the instant at which the alerter decided, `notified_at` when this attempt was made. `took_seconds` is from
    fetching to this attempt, `way` where it went. `late` is set when the message comes more than 30 seconds after `alerted_at`, `old` when the
    article was published longer than `alerts.late_hours` before it was first seen: old news must not look like breaking news. `silent_since` is set when
    the alert is silence: since when nothing has matched. `teaser`: only the beginning of the text could be read, so it matched in the summary only.
    """

    notification_id: str
    episode_id: str
    kind: Kind
    why: Why
    alerted_at: datetime
    schema: str = SCHEMA
    step: int = 1
    severity: str = ""
    rule_id: str = ""
    rule_title: str = ""
    headline: str = ""
    headline_marks: tuple[Mark, ...] = ()
    url: str = ""
    article_id: str = ""
    revision: int = 0
    story_id: str = ""
    source: Origin | None = None
    language: str = "und"
    dates: Dates = Dates()
    first_seen_at: datetime | None = None
    lead: str = ""
    snippet: Snippet = Snippet()
    new_facts: tuple[NewFact, ...] = ()
    replaced: tuple[NewFact, ...] = ()
    members: int = 1
    sources: int = 1
    clock: Clock = Clock()
    matched_at: datetime | None = None
    notified_at: datetime | None = None
    took_seconds: float | None = None
    way: tuple[Leg, ...] = ()
    late: bool = False
    old: bool = False
    teaser: bool = False
    attempt: int = 1
    possible_duplicate: bool = False
    held_back: int = 0
    held: tuple[HeldBack, ...] = ()
    text: str = ""
    reader_language: str = "de"
    links: dict[str, str] = {}
    first_source: Reporter | None = None
    items: tuple[Item, ...] = ()
    situation_id: str = ""
    situation_episodes: int = 1
    rule_version: str = ""
    tags: tuple[str, ...] = ()
    template: str = ""
    include: tuple[str, ...] = ()
    silent_since: datetime | None = None


def message(matched: Matched, *, kind: Kind, why: Why, alerted_at: datetime, episode_id: str, step: int, **more: Any) -> Message:
    """The message about `matched`; `more` are further fields of `Message`."""
    source = matched.source
    return Message(
        notification_id="",
        episode_id=episode_id,
        kind=kind,
        why=why,
        alerted_at=alerted_at,
        step=step,
        severity=matched.match.severity,
        rule_id=matched.match.rule_id,
        rule_title=matched.match.title,
        headline=matched.title,
        headline_marks=matched.title_marks,
        url=matched.url,
        article_id=matched.article_id,
        revision=matched.revision,
        story_id=matched.story.id if matched.story else "",
        source=Origin(id=source.id, name=source.name or source.id, country=source.country),
        language=matched.language,
        dates=matched.dates,
        first_seen_at=matched.first_seen_at,
        lead=matched.lead,
        snippet=matched.snippet,
        clock=matched.clock,
        matched_at=matched.matched_at,
        old=matched.late,
        teaser=matched.teaser,
        **more,
    )


def on_sending(message: Message, now: datetime, attempt: int, possible_duplicate: bool) -> Message:
    """The message as attempt number `attempt` sends it at `now`: with the time it took, and marked when it may have been sent before."""
    fetched_at = message.clock.fetched_at
    return msgspec.structs.replace(
        message,
        notified_at=now,
        took_seconds=round((now - fetched_at).total_seconds(), 3) if fetched_at else None,
        way=way(message, now),
        late=now - message.alerted_at > DELAYED,
        attempt=attempt,
        possible_duplicate=possible_duplicate,
    )


def as_json(message: Message) -> dict[str, Any]:
    """The message as the JSON object that notifiers get: strings, numbers, lists, objects; instants in ISO 8601."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(message))
    return found


def way(message: Message, notified_at: datetime) -> tuple[Leg, ...]:
    """Where the time went, in order: the time between two of the `stages`."""
    known = stages(message, notified_at)
    return tuple(
        Leg(stage=stage, seconds=round(max((at - before).total_seconds(), 0.0), 3))
        for (_, before), (stage, at) in zip(known, known[1:], strict=False)
    )


def stages(message: Message, notified_at: datetime | None) -> tuple[tuple[str, datetime], ...]:
    """The instants from publication to notification, in order. A publication date without a time and unknown instants are left out."""
    clock = message.clock
    exact = message.dates.precision == "second"
    instants = (
        ("published", message.dates.published_at if exact else None),
        ("fetched", clock.fetched_at),
        ("collected", clock.collected_at),
        ("identified", clock.identified_at),
        ("deduplicated", clock.deduplicated_at),
        ("enriched", clock.enriched_at),
        ("matched", message.matched_at),
        ("alerted", message.alerted_at),
        ("notified", notified_at),
    )
    return tuple((stage, at) for stage, at in instants if at is not None)
