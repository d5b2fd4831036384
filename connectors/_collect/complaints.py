"""What the desk must be told about a source, as an article that goes the way of all others: then rules, routes and silences hold for it too.

A complaint is made once. What was complained of stands in the source's health, so that a restart does not repeat it; a crash between the two
makes the same article again, which is recognised as a repeat.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from pipeline.article import Article, Clock, Dates, Language, Source, identity
from pipeline.sources import REPORTS_ID, SourceHealth

_SITE = "sources.invalid"
# One failed fetch is weather. So many, for so long, are a state.
FAILING_AFTER = 3
FAILING_FOR = timedelta(minutes=15)
# A first import of very much keeps the way busy for minutes.
CANARY_MISSED_AFTER = timedelta(minutes=5)
# Gaps and limits come back at every look until somebody mends them.
REPEATED_EVERY = timedelta(hours=24)

_WORDS = {
    "failing": ("Quelle gestört", "Source failing"),
    "silent": ("Quelle bleibt still", "Source silent"),
    "losing": ("Quelle lückenhaft", "Source incomplete"),
    "recovered": ("Quelle wieder da", "Source back"),
    "canary": ("Weg der Quelle unterbrochen", "Source cut off"),
    "canary_back": ("Weg der Quelle wieder frei", "Source connected again"),
}
_TEXTS = {
    "failing": (
        "Seit {since} ist kein Abruf von {name} gelungen ({failures} Versuche, Art: {kind}). Zuletzt: {error}",
        "No fetch of {name} has worked since {since} ({failures} attempts, class: {kind}). The last: {error}",
    ),
    "unreadable": (
        "{name} antwortet, aber seit {since} war nichts davon zu lesen. Zuletzt: {error}",
        "{name} answers, but nothing of it could be read since {since}. The last: {error}",
    ),
    "silent": (
        "{name} antwortet, hat aber seit {since} nichts Neues gebracht; üblich sind höchstens {usual} Stunden.",
        "{name} answers but has brought nothing new since {since}; usual are {usual} hours at most.",
    ),
    "losing": (
        "Bei {name} sind bisher {losses} mögliche Lücken und {left_out} ausgelassene Einträge gezählt. {note}",
        "{losses} possible gaps and {left_out} items left out have been counted for {name} so far. {note}",
    ),
    "recovered": ("{name} bringt wieder, was es bringen soll.", "{name} brings again what it should."),
    "canary": (
        "Ein Kanarienvogel, der um {since} durch {name} geschickt wurde, ist nicht bis zum Alarm gekommen: Artikel kommen es vielleicht auch nicht.",
        "A canary that was sent through {name} at {since} has not come as far as the alert: articles may not either.",
    ),
    "canary_back": ("Kanarienvögel von {name} kommen wieder an.", "Canaries of {name} arrive again."),
}


@dataclass(frozen=True)
class Complaint:
    """`kind` is failing, silent, losing, recovered, canary (one is missing) or canary_back; `since` tells one such time from the next."""

    kind: str
    since: datetime


def due(health: SourceHealth, started_at: datetime, now: datetime) -> Complaint | None:
    """What is to be told of `health` now; None when nothing is, or when it was told already."""
    return _of_canaries(health, started_at, now) or _of_fetches(health, started_at, now)


def _of_canaries(health: SourceHealth, started_at: datetime, now: datetime) -> Complaint | None:
    """A canary that flew before this process did may have come meanwhile: it is heard of first."""
    since, told_at = health.canary_waiting_since, health.canary_told_at
    if since is None:
        return Complaint("canary_back", told_at) if told_at is not None else None
    is_missed = now - max(since, started_at) >= CANARY_MISSED_AFTER
    return Complaint("canary", since) if told_at is None and is_missed else None


def _of_fetches(health: SourceHealth, started_at: datetime, now: datetime) -> Complaint | None:
    well_at = health.last_success_at or started_at
    if health.state == "failing":
        is_lasting = now - well_at >= FAILING_FOR and (health.is_unreadable or health.consecutive_failures >= FAILING_AFTER)
        return Complaint("failing", well_at) if is_lasting and health.complained_of != "failing" else None
    if health.state == "silent":
        return Complaint("silent", health.last_article_at or started_at) if health.complained_of != "silent" else None
    if health.state != "ok":
        return None
    if health.complained_of:
        return Complaint("recovered", health.complained_at or now)
    counted = health.possible_losses + health.left_out
    is_old = health.losses_told_at is None or now - health.losses_told_at >= REPEATED_EVERY
    return Complaint("losing", health.last_loss_at or now) if counted > health.losses_told and is_old else None


def noted(health: SourceHealth, complaint: Complaint, now: datetime) -> SourceHealth:
    """`health` after the complaint was made."""
    if complaint.kind in ("canary", "canary_back"):
        return replace(health, canary_told_at=now if complaint.kind == "canary" else None)
    if complaint.kind == "losing":
        return replace(health, losses_told=health.possible_losses + health.left_out, losses_told_at=now)
    return replace(health, complained_of="" if complaint.kind == "recovered" else complaint.kind, complained_at=now)


def article(complaint: Complaint, health: SourceHealth, language: str, now: datetime) -> Article:
    """The complaint as an article; the same complaint has the same id."""
    at = 0 if language == "de" else 1
    name = health.name or health.source_id
    says = "unreadable" if complaint.kind == "failing" and health.is_unreadable and not health.consecutive_failures else complaint.kind
    body = _TEXTS[says][at].format(
        name=name,
        since=f"{complaint.since.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
        failures=health.consecutive_failures,
        kind=health.error_class or "-",
        error=health.last_error or health.unreadable_note,
        usual=f"{health.silent_after_seconds / 3_600:.0f}",
        losses=health.possible_losses,
        left_out=health.left_out,
        note=health.note,
    )
    guid = f"{health.source_id}:{complaint.kind}:{complaint.since.isoformat()}"
    return Article(
        id=identity(_SITE, guid, ""),
        source=Source(id=REPORTS_ID, name="Lagebild", connector="collector", site=_SITE),
        guid=guid,
        title=f"{_WORDS[complaint.kind][at]}: {name}"[:300],
        body=body,
        keywords=(f"source-{complaint.kind}", health.source_id),
        dates=Dates(published_raw=now.isoformat()),
        language=Language(declared=language),
        original=body.encode(),
        original_sha256=hashlib.sha256(body.encode()).hexdigest(),
        encoding="utf-8",
        clock=Clock(fetched_at=now, collected_at=now),
    )
