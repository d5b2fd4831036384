"""What became of a collected record: passed on, dropped on purpose, or rejected.

Every stage has these three exits and no fourth. A terminal outcome is written to `articles.outcomes` under the
article id; its identity is the position of the collected record, and of several outcomes for one position
the last one wins, so that a replay supersedes a rejection.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from pipeline.article import Position


class Dropped(StrEnum):
    """Why an article was left out on purpose."""

    REPEAT = "repeat"  # the same id with a text already seen for it
    SUPERSEDED = "superseded"  # collected before the newest revision of its id
    CANARY = "canary"  # an article of our own, which tried the way


class Rejection(StrEnum):
    """Why a record could not be processed."""

    UNREADABLE = "unreadable"  # bytes that no decoder or parser accepts
    TOO_LARGE = "too_large"
    EMPTY = "empty"  # neither a title nor a text
    INVALID = "invalid"  # decodes, but breaks the record's contract
    REFUSED_BY_INDEX = "refused_by_index"  # Elasticsearch refused the document
    STAGE_FAILED = "stage_failed"  # a stage failed on it for good


class Exit(StrEnum):
    PASSED = "passed"
    DROPPED = "dropped"
    REJECTED = "rejected"


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One terminal outcome, the value of a record in `articles.outcomes`."""

    article_id: str
    position: Position
    exit: Exit
    stage: str
    at: datetime
    reason: str = ""
    detail: str = ""
    revision: int = 0
    url: str = ""
    story_id: str = ""
    generation: int = 0

    @property
    def id(self) -> str:
        return str(self.position)


class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    """What stands beside the untouched bytes in `articles.rejected`: carried in the record's headers."""

    stage: str
    reason: Rejection
    detail: str
    source_id: str
    article_id: str
    topic: str
    partition: int
    offset: int
    at: datetime
    attempts: int = 1
    original_bytes: int = 0
    original_sha256: str = ""
    truncated: bool = False
    subject: str = ""  # what people call it: a file, an address, a GUID; empty after collection, when the article id names it

    @property
    def was_collected(self) -> bool:
        """Whether it stands in a topic; what the collector could not read does not."""
        return self.partition >= 0

    @property
    def came_from(self) -> str:
        """The position of what was rejected, for people."""
        return f"{self.topic}/{self.partition}/{self.offset}" if self.was_collected else "the source itself: it was never collected"

    def headers(self) -> list[tuple[str, bytes]]:
        """The record's Kafka headers: one per field, named `rejected.<field>`, readable in any Kafka tool."""
        return [(f"rejected.{name}", str(value).encode()) for name, value in msgspec.to_builtins(self).items()]


def rejected_from(headers: Iterable[tuple[str, bytes]]) -> Rejected:
    """The `Rejected` that `headers` carry. Raises `msgspec.ValidationError` when they carry none."""
    fields = {name.removeprefix("rejected."): value.decode("utf-8", "replace") for name, value in headers if name.startswith("rejected.")}
    return msgspec.convert(fields, Rejected, strict=False)
