"""How a source is doing as a document. Pure, over the plain JSON object of a record in `sources.health`.

As with alerts, a field of another shape or name than `mappings.SOURCE_FIELDS` is kept under `other`, so a newer collector's records are never
refused. One document for each source: its index says how things stand, not how they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from pipeline.index.alerts import sorted_out
from pipeline.index.mappings import SOURCE_FIELDS
from pipeline.sources import SourceHealth

# What the encoder leaves out because it is the default: a search for `state : starting` must find it, and a count of none is a count.
_DEFAULTS = {each.name: each.default for each in msgspec.structs.fields(SourceHealth) if isinstance(each.default, (bool, int, str))}


def source_document(health: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of a source; `id` is its record's key."""
    known, other = sorted_out({**_DEFAULTS, **health, "source_id": id}, SOURCE_FIELDS)
    event = {"kind": "state", "dataset": "news.source_health", "id": id, "ingested": indexed_at}
    return {
        "@timestamp": known.get("updated_at") or known.get("last_fetch_at") or indexed_at,
        "event": {name: value for name, value in event.items() if value is not None},
        "message": str(known.get("last_error") or known.get("state") or ""),
        "news": {"source_health": {**known, **({"other": other} if other else {})}},
    }
