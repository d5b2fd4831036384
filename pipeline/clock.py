"""The clock. What decides by time is handed the time; what reads it reads it here by default."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """The present instant."""
    return datetime.now(UTC)
