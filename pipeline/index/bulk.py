"""A bulk request's bytes, and what its answer means for each document. Pure; `writer.py` does the sending.

Of a whole request:

=====================================================  =========================================================
no connection, timeout, 408, 429, 5xx                  the same bytes again, for ever
413                                                    in halves; one document alone is refused
400                                                    in halves, because one document can spoil all (an id that is too
                                                       long); one document alone is refused
401, 403, any other                                    stop: the address or the rights are wrong, no document is to blame
=====================================================  =========================================================

Of one document in an answered request:

=====================================================  =========================================================
2xx; 404 for a deletion                                done
409                                                    done: the index holds a newer version
429, 5xx, cluster blocks (403), closed index and       this document again
full cluster (both 400)
401, other 403                                         stop
other 4xx (mapping, parsing)                           refused, with the server's reason
=====================================================  =========================================================
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import msgspec

_encode = msgspec.json.Encoder().encode

# Back-off between two tries of the same bytes: doubled from the first value to the second, each shortened at random by up to half, so
# that several indexers do not come back in step.
FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Operation:
    """One document to write (or delete): `payload` is its lines in the request, built once however often they are sent."""

    index: str
    id: str
    payload: bytes


def write(index: str, id: str, version: int, document: Any) -> Operation:
    """Store `document` unless the index holds a higher version. Raises UnicodeEncodeError for text that is not Unicode."""
    action = {"index": {"_index": index, "_id": id, "version": version, "version_type": "external_gte"}}
    return Operation(index, id, b"%b\n%b\n" % (_encode(action), _encode(document)))


def deletion(index: str, id: str, version: int) -> Operation:
    """Delete the document unless the index holds a higher version."""
    action = {"delete": {"_index": index, "_id": id, "version": version, "version_type": "external_gte"}}
    return Operation(index, id, _encode(action) + b"\n")


class Next(StrEnum):
    """What to do with one document."""

    DONE = "done"
    OLDER = "older"  # done: the index holds a newer version
    AGAIN = "again"
    REFUSED = "refused"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Verdict:
    next: Next
    reason: str = ""

    @property
    def final(self) -> bool:
        return self.next in (Next.DONE, Next.OLDER, Next.REFUSED)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a bulk request came to. `status` 0 means that no answer came. `items` are the server's, one per document, when it answered with 200."""

    status: int
    reason: str = ""
    items: Sequence[Mapping[str, Any]] | None = None
    clean: bool = False  # the server says that no document failed


class Whole(StrEnum):
    """What to do with a whole request."""

    READ = "read"
    AGAIN = "again"
    SPLIT = "split"
    STOP = "stop"


def judge_request(answer: Answer, documents: int) -> Whole:
    """What the answer means for the request, which held `documents`."""
    status = answer.status
    if status == 200:
        # An answer that does not name every document says nothing about the rest: send all again, which is harmless.
        return Whole.READ if answer.items is not None and len(answer.items) == documents else Whole.AGAIN
    if status in (0, 408, 429) or status >= 500:
        return Whole.AGAIN
    return Whole.SPLIT if status in (400, 413) else Whole.STOP


_DONE = Verdict(Next.DONE)
_OLDER = Verdict(Next.OLDER, "the index holds a newer version")
# 400 by status, yet a condition of the cluster and not a fault of the document.
_CLOSED = "index_closed_exception"
_FULL = "maximum normal shards open"


def judge_item(item: Mapping[str, Any]) -> Verdict:
    """What one item of an answer (`{"index": {"status": 201, …}}`) means for its document."""
    result: Mapping[str, Any] = next(iter(item.values()), {})
    status = int(result.get("status", 0))
    if 200 <= status < 300:
        return _DONE
    if status == 409:
        return _OLDER
    error = result.get("error")
    if status == 404 and not error:
        return _DONE
    reason = explain(error) or f"status {status}"
    kind = str(error.get("type", "")) if isinstance(error, Mapping) else ""
    if status == 429 or status >= 500 or status < 400 or kind in ("cluster_block_exception", _CLOSED) or _FULL in reason:
        return Verdict(Next.AGAIN, reason)
    return Verdict(Next.STOP if status in (401, 403) else Next.REFUSED, reason)


def explain(error: Any) -> str:
    """The server's error as one line: its type and reason, and the innermost cause where it says more. At most 1,000 characters."""
    if not isinstance(error, Mapping):
        return str(error or "")[:1000]
    text = f"{error.get('type', 'error')}: {error.get('reason', '')}"
    cause = error.get("caused_by")
    while isinstance(cause, Mapping) and isinstance(cause.get("caused_by"), Mapping):
        cause = cause["caused_by"]
    if isinstance(cause, Mapping) and cause.get("reason") and str(cause["reason"]) not in text:
        text += f" ({cause['reason']})"
    return text[:1000]


def judge(answer: Answer, documents: int) -> list[Verdict]:
    """The verdict on each document of a request that `judge_request` calls READ."""
    return [_DONE] * documents if answer.clean else [judge_item(item) for item in answer.items or ()]


def requests(operations: Sequence[Operation], max_documents: int, max_bytes: int) -> Iterator[Sequence[Operation]]:
    """`operations` in order, cut so that no request passes either limit; a document larger than `max_bytes` goes alone."""
    start, size = 0, 0
    for place, operation in enumerate(operations):
        if place > start and (place - start >= max_documents or size + len(operation.payload) > max_bytes):
            yield operations[start:place]
            start, size = place, 0
        size += len(operation.payload)
    if start < len(operations):
        yield operations[start:]


def wait_seconds(failures: int, chance: float) -> float:
    """How long to wait after `failures` (1, 2, …) fruitless tries in a row; `chance` is a random number from 0 to 1."""
    longest = min(FIRST_WAIT_SECONDS * 2.0 ** min(failures - 1, 30), LONGEST_WAIT_SECONDS)
    return longest * (1 - chance / 2)
