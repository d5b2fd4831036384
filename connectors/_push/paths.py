"""Under which paths others reach our sources."""

from __future__ import annotations


def articles_path(source_id: str) -> str:
    """Where a push source takes articles."""
    return f"/v1/sources/{source_id}/articles"


def hub_path(token: str) -> str:
    """Where a hub sends what it has for the feed with this token."""
    return f"/v1/websub/{token}"
