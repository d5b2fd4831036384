"""Monthly indices: which month one holds, when that month ends, and how long it is kept. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from pipeline import topology
from pipeline.index import templates
from pipeline.settings import Settings

_MONTH = re.compile(r"-(\d{4})\.(0[1-9]|1[0-2])")


def end_of_month(index: str, prefix: str) -> datetime | None:
    """The first instant (UTC) after the month of the index `<prefix>-YYYY.MM`; None for other names."""
    found = _MONTH.fullmatch(index.removeprefix(prefix)) if index.startswith(prefix) else None
    if found is None:
        return None
    year, month = int(found[1]), int(found[2])
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) if 0 < year < 9999 else datetime.max.replace(tzinfo=UTC)


def retention_days(settings: Settings, name: str) -> int:
    """How long documents of the monthly index `name` are kept after their month: articles as configured, rejections as long as their topic."""
    kept_seconds = topology.topic(topology.REJECTED).retention_seconds
    return settings.elasticsearch.retention_days if name != templates.REJECTED or kept_seconds is None else kept_seconds // topology.DAY
