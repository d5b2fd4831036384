"""How long a server with lifecycle management keeps a month, as a policy. Pure; `apply.py` brings a server to it.

A month's age is counted from its end, which is set on each index as its origination date: not from the creation of the index, because `lagebild index
rebuild` creates old months anew. So a month goes when its last day is older than the retention, exactly as with `retention.py`.
Months are not made read-only: a late revision must find its document.
"""

from __future__ import annotations

from typing import Any

from pipeline.index import templates
from pipeline.index.months import end_of_month, retention_days
from pipeline.settings import Settings

# Revisions come within days, and what is older is read now and then. Where a cluster has nodes of the warm tier, they take over then.
WARM_AFTER_DAYS = 30

Json = dict[str, Any]


def policies(settings: Settings) -> dict[str, Json]:
    """Each policy by its real name, which is that of its template and alias."""
    return {settings.index(name): _policy(retention_days(settings, name)) for name in templates.MONTHLY}


def _policy(days: int) -> Json:
    """Written as the server gives it back, so that a comparison needs no rules."""
    phases: Json = {"hot": {"min_age": "0ms", "actions": {"set_priority": {"priority": 100}}}}
    if days > WARM_AFTER_DAYS:
        phases["warm"] = {"min_age": f"{WARM_AFTER_DAYS}d", "actions": {"set_priority": {"priority": 50}}}
    phases["delete"] = {"min_age": f"{days}d", "actions": {"delete": {"delete_searchable_snapshot": True}}}
    return {"_meta": {"managed_by": "lagebild"}, "phases": phases}


def lacking(index: str, policy: str, found: Json) -> Json:
    """The lifecycle settings that the index lacks or has otherwise, {} for none or for a name without a month. `found` are its settings."""
    end = end_of_month(index, policy)
    if end is None:
        return {}
    wanted = {"name": policy, "origination_date": str(int(end.timestamp() * 1000))}
    there = found.get("index", {}).get("lifecycle", {})
    return {f"index.lifecycle.{name}": value for name, value in wanted.items() if there.get(name) != value}
