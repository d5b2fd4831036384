"""Publishers' dates, read without ever inventing one.

Standard forms first (RFC 2822, ISO 8601, the usual numeric ones), then written-out dates through dateparser with the article's language named:
without a language it tries every locale, which takes hundreds of milliseconds for each miss (measured 2026-11). What cannot be read is None.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

import dateparser

from pipeline.article import Dates
from pipeline.text.zones import ZONES

MAX_LETTERS = 100
FUTURE_TOLERANCE = timedelta(hours=1)
# News before this is a clock at its epoch or a template's placeholder, not a date.
EARLIEST = datetime(1980, 1, 2, tzinfo=UTC)

_DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\s?\d{1,2}\.\s?\d{4}|\d{1,2}/\d{1,2}/\d{4}|\d{8}")
_HAS_TIME = re.compile(r"\d{1,2}[:.]\d{2}|\d\s*(?:Uhr|am|pm|h)\b|T\d{2}", re.IGNORECASE)
_GERMAN_DAY = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})(?:,?\s*(\d{1,2})[:.](\d{2})(?:[:.](\d{2}))?)?(?:\s*Uhr)?")
_ZONE_WORD = re.compile(r"\s+([A-Z]{2,5})$")

Confidence = Literal["exact", "assumed_zone", "day", "unreadable", "none", ""]


def read(published_raw: str, updated_raw: str, language: str = "", zone: str = "UTC") -> Dates:
    """Both dates of an article. `language` helps with written-out months; `zone` is assumed where the text names none."""
    published_at, confidence = parse(published_raw, language, zone)
    updated_at, _ = parse(updated_raw, language, zone)
    return Dates(
        published_raw=published_raw[:200],
        updated_raw=updated_raw[:200],
        published_at=published_at,
        updated_at=updated_at,
        precision="" if published_at is None else "day" if confidence == "day" else "second",
        confidence=confidence,
    )


def is_future(published_at: datetime | None, fetched_at: datetime) -> bool:
    """Whether a date lies more than an hour after the fetch: a wrong clock or a scheduled post, to be flagged."""
    return published_at is not None and published_at > fetched_at + FUTURE_TOLERANCE


@lru_cache(maxsize=4096)
def parse(raw: str, language: str = "", zone: str = "UTC") -> tuple[datetime | None, Confidence]:
    """The instant in UTC and how it was read. A day without a time is midnight UTC of that day, whatever the zone, with
    confidence `day`: shown in UTC it stays the day that the source wrote."""
    text = " ".join(raw.split())[:MAX_LETTERS]
    if not text:
        return None, "none"
    found = _standard(text) or _written_out(text, language)
    if found is None:
        return None, "unreadable"
    day_only = not found.tzinfo and not _HAS_TIME.search(_DAY_ONLY.sub("", text))
    try:
        zoned = found if found.tzinfo else found.replace(tzinfo=UTC if day_only else ZoneInfo(zone))
        instant = zoned.astimezone(UTC)
    except (OverflowError, ValueError):
        return None, "unreadable"
    if instant < EARLIEST or instant.year > 2200:
        return None, "unreadable"
    if day_only:
        return instant, "day"
    return instant, "exact" if found.tzinfo else "assumed_zone"


def _standard(text: str) -> datetime | None:
    for reader in (_iso, _rfc, _german):
        found = reader(text)
        if found is not None:
            return found
    return None


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _rfc(text: str) -> datetime | None:
    """RFC 2822 as feeds write it. A zone word outside the standard (CEST, JST) is looked up; `-0000` is UTC; without a zone it stays naive."""
    text = text.replace("-0000", "+0000")
    word = _ZONE_WORD.search(text)
    if word and word[1] in ZONES:
        text = text[: word.start()] + " " + ZONES[word[1]]
    elif word and word[1] not in {"GMT", "UT", "UTC", "Z"}:
        return None
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def _german(text: str) -> datetime | None:
    match = _GERMAN_DAY.fullmatch(text)
    if not match:
        return None
    day, month, year, hour, minute, second = (int(part) if part else 0 for part in match.groups())
    try:
        return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001 - the zone is added by the caller
    except ValueError:
        return None


def _written_out(text: str, language: str) -> datetime | None:
    """Months as words. Relative words ("yesterday") are no dates: they would be read against our clock."""
    if not re.search(r"\d{4}", text) or not re.search(r"[^\W\d]{3}", text):
        return None
    languages = list(dict.fromkeys(code for code in (language[:2], "de", "en") if code and code != "un"))
    settings = {"STRICT_PARSING": True, "PARSERS": ["absolute-time"], "RETURN_AS_TIMEZONE_AWARE": False}
    try:
        found: datetime | None = dateparser.parse(text, languages=languages, settings=settings)
        return found
    except (ValueError, OverflowError, RecursionError):
        return None
