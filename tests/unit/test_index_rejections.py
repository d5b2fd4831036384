"""Rejected records as documents: one for each, whoever rejected it, and never a rejection of a rejection."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from pipeline import topology
from pipeline.broker import Record
from pipeline.index.bulk import Next, Verdict
from pipeline.index.entries import Entry, effects, prepare
from pipeline.index.mappings import REJECTED_FIELDS
from pipeline.index.rejections import document, document_id
from pipeline.outcome import Rejected, Rejection
from pipeline.sections import Elasticsearch, Kafka
from pipeline.settings import Settings
from tests.builders import NOON

SETTINGS = Settings(kafka=Kafka(topic_prefix="t-"), elasticsearch=Elasticsearch(index_prefix="i-"))


def rejected(**changes: Any) -> Rejected:
    plain: dict[str, Any] = {
        "stage": "identify",
        "reason": Rejection.EMPTY,
        "detail": "neither a title nor a text",
        "source_id": "wire",
        "article_id": "a1",
        "topic": topology.COLLECTED,
        "partition": 2,
        "offset": 7,
        "at": NOON,
        "original_bytes": 2,
        "original_sha256": "ab" * 32,
    }
    return Rejected(**{**plain, **changes})


def entry(headers: list[tuple[str, bytes]], value: bytes | None = b"{", offset: int = 40) -> Entry:
    return prepare(Record("t-articles.rejected", 0, offset, b"a1", value, tuple(headers), NOON), SETTINGS, NOON)


def test_a_rejected_record_becomes_a_document_of_its_month() -> None:
    made = entry(rejected().headers())
    assert made.operation is not None
    action, content = (json.loads(line) for line in made.operation.payload.splitlines())
    assert action["index"] == {
        "_index": "i-news-rejected-2026.11",
        "_id": document_id(rejected()),
        "version": 41,
        "version_type": "external_gte",
    }
    assert content["@timestamp"] == "2026-11-20T12:00:00Z"
    assert content["message"] == "identify: empty: neither a title nor a text"
    assert content["news"]["rejected"] == {
        "stage": "identify",
        "reason": "empty",
        "detail": "neither a title nor a text",
        "source_id": "wire",
        "article_id": "a1",
        "topic": "articles.collected",
        "partition": 2,
        "offset": 7,
        "attempts": 1,
        "original_bytes": 2,
        "original_sha256": "ab" * 32,
        "truncated": False,
        "record_offset": 40,
    }


def test_every_fact_of_a_rejection_has_a_field_and_the_time_is_the_documents() -> None:
    wanted = {each.name for each in msgspec.structs.fields(Rejected)} - {"at"} | {"record_offset"}
    assert REJECTED_FIELDS.keys() == wanted
    full = document(rejected(subject="x" * 5_000), 40)["news"]["rejected"]
    assert full.keys() == wanted and len(full["subject"]) == 1024


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"at": NOON.replace(hour=13), "attempts": 3}, True),
        ({"offset": 8}, False),
        ({"stage": "enrich"}, False),
        ({"partition": -1, "offset": -1, "subject": "datei.txt"}, False),
    ],
)
def test_the_same_record_counts_once(changes: dict[str, Any], same: bool) -> None:
    assert (document_id(rejected(**changes)) == document_id(rejected())) is same


def test_what_a_source_shows_again_counts_once_and_another_text_of_it_twice() -> None:
    first = rejected(partition=-1, offset=-1, subject="datei.txt")
    assert document_id(rejected(partition=-1, offset=-1, subject="datei.txt", at=NOON.replace(hour=13))) == document_id(first)
    assert document_id(rejected(partition=-1, offset=-1, subject="datei.txt", original_sha256="cd" * 32)) != document_id(first)


@pytest.mark.parametrize("headers", [[], [("rejected.stage", b"\xff")], [("h", b"1")]])
def test_a_record_without_these_headers_is_passed_over_and_rejected_by_nobody_again(headers: list[tuple[str, bytes]]) -> None:
    made = entry(headers)
    assert made.verdict is not None and made.verdict.next is Next.REFUSED
    assert effects(made, SETTINGS, NOON) == []


def test_a_rejection_that_the_index_refuses_does_not_come_back() -> None:
    made = entry(rejected().headers())
    made.verdict = Verdict(Next.REFUSED, "failed to parse")
    assert effects(made, SETTINGS, NOON) == []
