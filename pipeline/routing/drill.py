"""An exercise: a marked article that goes the whole way of a real one, and how long it takes until a human acknowledges it. Pure.

The marker is the id of its source. Nothing else has that source, and every record on the way names it: the article, the match, the episode's members,
the message. Its text is unlike that of any other exercise, so it joins no story.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from pipeline.article import Article, Clock, Dates, Language, Source, identity
from pipeline.episode import Episode, Notification
from pipeline.routing.wording import say

SOURCE_ID = "lagebild-exercise"
_SITE = "exercise.invalid"
_PASSWORDS = 60
_SYLLABLES = str.split(
    "ba be bi bo bu da de di do du fa fe fi fo fu ga ge gi go gu ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu"
)


def is_exercise(source_id: str) -> bool:
    """Whether what has this source is an exercise."""
    return source_id == SOURCE_ID


def article(drill_id: str, text: str, by: str, now: datetime, language: str = "de") -> Article:
    """The article to publish on `articles.collected`, under its id. `text` is what the rule that is tried must match, such as one of its own tests.

    The same `drill_id` is the same article; another one is no copy of it.
    """
    source = Source(id=SOURCE_ID, name=say("exercise", language), connector="drill", site=_SITE)
    body = f"{text}\n\n{say('exercise_text', language, by=by, words=_passwords(drill_id))}"
    return Article(
        id=identity(_SITE, drill_id, ""),
        source=source,
        guid=drill_id,
        title=f"{say('exercise', language)}: {text}"[:200],
        body=body,
        dates=Dates(published_raw=now.isoformat()),
        language=Language(code=language, confidence=1.0, origin="declared", declared=language),
        original=body.encode(),
        original_sha256=hashlib.sha256(body.encode()).hexdigest(),
        encoding="utf-8",
        clock=Clock(fetched_at=now, collected_at=now),
    )


def _passwords(drill_id: str) -> str:
    """Invented words that differ from exercise to exercise, as many as make its text unlike the others."""
    words = []
    for number in range(_PASSWORDS):
        digest = hashlib.sha256(f"{drill_id}:{number}".encode()).digest()
        words.append("".join(_SYLLABLES[each % len(_SYLLABLES)] for each in digest[:4]))
    return " ".join(words)


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver of the exercise. `seconds` is from the beginning until it took the message, None when it has not."""

    receiver: str
    state: str
    verdict: str = ""
    seconds: float | None = None
    error: str = ""


class Drill(msgspec.Struct, frozen=True, kw_only=True):
    """What an exercise has shown so far. `seconds_to_acknowledge` is None as long as nobody has acknowledged."""

    id: str
    article_id: str
    by: str
    started_at: datetime
    measured_at: datetime
    outcome: str
    rule_id: str = ""
    episode_id: str = ""
    reached: tuple[Reached, ...] = ()
    seconds_to_match: float | None = None
    seconds_to_first_message: float | None = None
    acknowledged_by: str = ""
    seconds_to_acknowledge: float | None = None


def measured(begun: Article, by: str, episodes: Iterable[Episode], notifications: Iterable[Notification], now: datetime) -> Drill:
    """How the exercise that began with this article is going. `outcome`: not_matched, not_sent, not_acknowledged, acknowledged.

    Of several rules that matched, the episode counts that was acknowledged first, else the one that was opened first.
    """
    started_at = begun.clock.fetched_at or now
    found = [each for each in episodes if any(member.article_id == begun.id for member in each.members)]
    drill = Drill(id=begun.guid, article_id=begun.id, by=by, started_at=started_at, measured_at=now, outcome="not_matched")
    if not found:
        return drill
    episode = min(found, key=lambda each: (each.acknowledged_at is None, each.acknowledged_at or each.opened_at, each.id))
    reached = tuple(_reached(each, started_at) for each in notifications if each.episode_id == episode.id)
    first = min((each.seconds for each in reached if each.seconds is not None), default=None)
    answered_at = episode.acknowledged_at
    return msgspec.structs.replace(
        drill,
        outcome="acknowledged" if answered_at else "not_acknowledged" if first is not None else "not_sent",
        rule_id=episode.rule_id,
        episode_id=episode.id,
        reached=reached,
        seconds_to_match=_seconds(started_at, episode.opened_at),
        seconds_to_first_message=first,
        acknowledged_by=episode.acknowledged_by,
        seconds_to_acknowledge=_seconds(started_at, answered_at) if answered_at else None,
    )


def _reached(notification: Notification, started_at: datetime) -> Reached:
    return Reached(
        receiver=notification.receiver,
        state=notification.state,
        verdict=notification.verdict,
        seconds=_seconds(started_at, notification.sent_at) if notification.sent_at else None,
        error=notification.last_error,
    )


def _seconds(since: datetime, until: datetime) -> float:
    return round(max((until - since).total_seconds(), 0.0), 3)
