"""How soon a polled address is asked again: a pure function of when it brought news, of what its publisher wishes, and of the limits.

An answer without news changes nothing here, so that it need not be written down: the time that has passed since says it all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

REMEMBERED_LOOKS = 10
FIRST_PAUSE_SECONDS = 300.0
# One look is to bring about one new item, or a tenth of what a long document shows: far from missing any, and seldom in vain.
SHARE_OF_SHOWN = 0.1
AFTER_LOSS = 0.25
# What publishers wish beyond this is out of habit (`ttl` 1440 on a feed that changes by the minute).
LONGEST_WISH_SECONDS = 3_600.0
_JITTER = 0.1
_PERIODS = {"hourly": 3_600, "daily": 86_400, "weekly": 604_800, "monthly": 2_592_000, "yearly": 31_536_000}
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True)
class Look:
    """A fetch that brought news: when (Unix seconds), how many items were new, how many were shown, and whether it shared none with the one before."""

    at: int
    new: int
    shown: int
    is_gap: bool = False


@dataclass(frozen=True)
class Limits:
    """The floor and the ceiling of the pause, in seconds. Equal ones fix it."""

    floor_seconds: float
    ceiling_seconds: float


def pause_seconds(looks: Sequence[Look], now: datetime, limits: Limits, wished_seconds: float = 0.0) -> float:
    """The pause after a fetch at `now`; `looks` are those that brought news, oldest first, the very first fetch among them.

    The publisher's wish is a floor, but not above the ceiling, and not after a gap: then items are being lost.
    """
    floor = min(max(limits.floor_seconds, min(wished_seconds, LONGEST_WISH_SECONDS)), max(limits.ceiling_seconds, limits.floor_seconds))
    if not looks:
        wanted = FIRST_PAUSE_SECONDS
    else:
        span = max(now.timestamp() - looks[0].at, 0.0)
        new = sum(each.new for each in looks[1:])
        wanted = span / max(new, 0.5) * max(1.0, SHARE_OF_SHOWN * looks[-1].shown) if span else FIRST_PAUSE_SECONDS
    if looks and looks[-1].is_gap:
        floor = limits.floor_seconds
        wanted = min(wanted, AFTER_LOSS * max(looks[-1].at - looks[-2].at if len(looks) > 1 else 0, floor))
    return min(max(wanted, floor), max(limits.ceiling_seconds, floor))


def spread(pause: float, name: str, now: datetime) -> float:
    """`pause` made up to a tenth longer, by the source's name and the time: sources that start together part, and no server can expect us."""
    roll = int.from_bytes(hashlib.sha256(f"{name} {now.timestamp():.0f}".encode()).digest()[:4]) / 2**32
    return pause * (1 + _JITTER * roll)


def with_look(looks: Sequence[Look], look: Look) -> tuple[Look, ...]:
    """`looks` and this one; older ones are forgotten."""
    return (*looks, look)[-REMEMBERED_LOOKS:]


def looks_of(stored: Any) -> tuple[Look, ...]:
    """The looks in a cursor; none where it holds something else."""
    if not isinstance(stored, list | tuple):
        return ()
    found = [each for each in stored if isinstance(each, list | tuple) and len(each) == 4 and all(isinstance(part, int) for part in each)]
    return tuple(Look(each[0], each[1], each[2], bool(each[3])) for each in found)[-REMEMBERED_LOOKS:]


def stored(looks: Sequence[Look]) -> list[list[int]]:
    """What a cursor keeps of them."""
    return [[each.at, each.new, each.shown, int(each.is_gap)] for each in looks]


def wish_of_headers(headers: Mapping[str, str], now: datetime) -> float:
    """For how long the answer may be kept, in seconds: Cache-Control before Expires (RFC 9111, 5.3); 0 when it does not say."""
    cached = headers.get("cache-control", "")
    if re.search(r"no-(?:cache|store)", cached, re.IGNORECASE):
        return 0.0
    if found := _MAX_AGE.search(cached):
        return float(found[1])
    try:
        at = parsedate_to_datetime(headers.get("expires", ""))
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
    return max(((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds(), 0.0)


def wish_of_feed(ttl: str, period: str, frequency: str) -> float:
    """What a feed says of itself, in seconds: `ttl` in minutes (RSS 2.0), or period and frequency (RSS 1.0 syndication); 0 when it says nothing."""
    if re.fullmatch(r"\d{1,6}", ttl.strip()):
        return float(ttl) * 60
    times = int(frequency) if re.fullmatch(r"\d{1,6}", frequency.strip()) else 1
    return _PERIODS.get(period.strip().lower(), 0) / max(times, 1)
