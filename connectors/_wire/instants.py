"""Instants as wire formats write them, where a wrong reading would let an article out too early."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pipeline.errors import Permanent
from pipeline.outcome import Rejection

# ISO 8601 basic form, as NITF's `norm` has it: 20261120T180000+0100, also without separators or with Z.
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})T?(\d{2})(\d{2})(\d{2})?(Z|[+-]\d{2}:?\d{2})")


def embargo(text: str) -> datetime | None:
    """Until when `text` holds the article back; None for an empty one. Raises Permanent for one that is no time with a zone: nothing is released."""
    if not text.strip():
        return None
    found = instant(text)
    if found is None:
        example = "2026-11-20T18:00:00+01:00"
        raise Permanent(Rejection.INVALID, f"the embargo {text[:60]!r} is no time with a zone, such as {example}: nothing is released")
    return found


def instant(text: str) -> datetime | None:
    """The aware instant in `text` (ISO 8601, extended or basic), in UTC; None for anything else, also a time without a zone."""
    bare = text.strip()
    if basic := _BASIC.fullmatch(bare):
        year, month, day, hour, minute, second, zone = basic.groups()
        bare = f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone}"
    try:
        at = datetime.fromisoformat(bare)
        return at.astimezone(UTC) if at.tzinfo else None
    except (ValueError, OverflowError):
        return None


def readable(text: str) -> str:
    """A date in basic form as the stage that reads dates knows it; any other text as it is."""
    basic = _BASIC.fullmatch(text.strip())
    if not basic:
        return text
    year, month, day, hour, minute, second, zone = basic.groups()
    return f"{year}-{month}-{day}T{hour}:{minute}:{second or '00'}{zone if zone == 'Z' or ':' in zone else f'{zone[:3]}:{zone[3:]}'}"
