"""A rejected record as a document: where, why and from which source, never its bytes. Those stay in the topic, at `record_offset`.

Read back from the headers of `articles.rejected`, so that what every stage rejected, and what connectors could not read, stands in one place.
What people chart is the stage, the reason and the source; what they do next is `lagebild rejected show OFFSET`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from pipeline.broker import Record
from pipeline.errors import Permanent
from pipeline.index.templates import REJECTED
from pipeline.outcome import Rejected, Rejection, rejected_from
from pipeline.settings import Settings

_SUBJECT_CHARACTERS = 1024


def read(record: Record) -> Rejected:
    """What the headers say. Raises Permanent (`invalid`) when they are not those of a rejection."""
    try:
        return rejected_from(record.headers)
    except msgspec.ValidationError as error:
        raise Permanent(Rejection.INVALID, f"a record of {record.topic} without the headers of a rejection: {error}") from None


def index_name(settings: Settings, rejected: Rejected) -> str:
    """The index of the month (UTC) in which it was rejected."""
    return f"{settings.index(REJECTED)}-{rejected.at:%Y.%m}"


def document_id(rejected: Rejected) -> str:
    """The same for the same record rejected at the same stage, so that a repeat after a crash counts once; and so does what a source shows again."""
    place = (rejected.topic, str(rejected.partition), str(rejected.offset)) if rejected.was_collected else (rejected.original_sha256,)
    words = "\x00".join((rejected.stage, rejected.source_id, rejected.subject, *place))
    return hashlib.sha256(words.encode("utf-8", "replace")).hexdigest()[:32]


def document(rejected: Rejected, record_offset: int, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document; `record_offset` is its place in `articles.rejected`."""
    event = {"kind": "event", "dataset": "news.rejected", "id": document_id(rejected), "action": "rejected", "created": rejected.at}
    facts = {
        "stage": rejected.stage,
        "reason": rejected.reason,
        "detail": rejected.detail,
        "source_id": rejected.source_id,
        "article_id": rejected.article_id,
        "subject": rejected.subject[:_SUBJECT_CHARACTERS],
        "topic": rejected.topic,
        "partition": rejected.partition if rejected.was_collected else None,
        "offset": rejected.offset if rejected.was_collected else None,
        "attempts": rejected.attempts,
        "original_bytes": rejected.original_bytes,
        "original_sha256": rejected.original_sha256,
        "truncated": rejected.truncated,
        "record_offset": record_offset,
    }
    return {
        "@timestamp": rejected.at,
        "event": event if indexed_at is None else {**event, "ingested": indexed_at},
        "message": f"{rejected.stage}: {rejected.reason}: {rejected.detail}",
        "news": {"rejected": {name: value for name, value in facts.items() if value is not None and value != ""}},
    }
