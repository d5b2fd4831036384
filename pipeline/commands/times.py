"""Times as people type them on a command line: a length such as 90m, an instant such as 2026-11-20 14:30, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import typer

_LENGTH = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?) ?(s|m|min|h|d|w)")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def length(text: str) -> timedelta:
    """The length that `text` says: 30s, 90m, 2h, 1.5d, 1w. Raises BadParameter."""
    found = _LENGTH.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise typer.BadParameter(f"{text!r} is no length of time: write for example 90m, 2h or 3d")
    return timedelta(seconds=float(found[1]) * _SECONDS[found[2]])


def instant(text: str, now: datetime, zone: str) -> datetime:
    """The instant that `text` says: `now`, a length ago (24h), a day or a time in `zone` (2026-11-20, 2026-11-20 14:30), or with an offset.

    Raises BadParameter.
    """
    shown = text.strip()
    if shown == "now":
        return now
    try:
        if _LENGTH.fullmatch(shown):
            return now - length(shown)
        found = datetime.fromisoformat(shown)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is no time: write for example 24h, 2026-11-20 or 2026-11-20T14:30+01:00") from None


def shown(at: datetime | None, zone: str) -> str:
    """The instant as people in `zone` read it, to the second and with the zone; "" for none."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}" if at else ""
