"""The articles in one file, read as its suffix says."""

from __future__ import annotations

import os

from connectors._wire import documents
from connectors._wire.documents import Entry, Kind

PATTERNS = ("*.txt", "*.html", "*.htm", "*.json", "*.ndjson", "*.jsonl", "*.xml", "*.nitf", "*.iptc")

_KINDS: dict[str, Kind] = {
    **dict.fromkeys((".html", ".htm", ".xhtml"), "html"),
    **dict.fromkeys((".xml", ".nitf", ".newsml", ".cap", ".rss", ".atom", ".rdf"), "xml"),
    ".json": "json",
    **dict.fromkeys((".ndjson", ".jsonl"), "lines"),
}


def entries(name: str, data: bytes) -> list[Entry]:
    """What the file `name` holds, in its order; a part that cannot be read stands there as `Unreadable`. Never raises for bad content."""
    return documents.entries(name, data, _KINDS.get(os.path.splitext(name)[1].lower(), "text"))
