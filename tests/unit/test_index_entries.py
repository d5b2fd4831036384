"""One record on its way into the index."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topology
from pipeline.article import Position, Story, encode
from pipeline.broker import Record
from pipeline.index.bulk import Next, Verdict
from pipeline.index.entries import Entry, committable, effects, prepare, without
from pipeline.outcome import Exit, Outcome, Rejection, rejected_from
from pipeline.sections import Elasticsearch, Kafka
from pipeline.settings import Settings
from tests.builders import NOON, article

SETTINGS = Settings(kafka=Kafka(topic_prefix="t-"), elasticsearch=Elasticsearch(index_prefix="i-"))
IDENTIFIED = {"first_seen_at": NOON, "revision": 1, "position": Position("articles.collected", 2, 40)}


def record(value: bytes | None, topic: str = topology.ENRICHED, key: bytes | None = b"a1", offset: int = 7, partition: int = 0) -> Record:
    return Record(f"t-{topic}", partition, offset, key, value, (("h", b"1"),), NOON)


def settled(entry: Entry, next: Next, reason: str = "") -> Entry:
    entry.verdict = Verdict(next, reason)
    return entry


def lines(entry: Entry) -> list[Any]:
    assert entry.operation
    return [json.loads(line) for line in entry.operation.payload.splitlines()]


def test_an_article_goes_into_the_index_of_its_month_with_its_version() -> None:
    action, document = lines(prepare(record(encode(article(**IDENTIFIED, generation=4))), SETTINGS, NOON))
    assert action == {"index": {"_index": "i-news-articles-2026.11", "_id": "a1", "version": 1004, "version_type": "external_gte"}}
    assert document["event"]["ingested"] == "2026-11-20T12:00:00Z"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"{", Rejection.UNREADABLE),
        (b"\xff\xfe", Rejection.UNREADABLE),
        (None, Rejection.UNREADABLE),
        (b"[]", Rejection.INVALID),
        (b'{"id": 3}', Rejection.INVALID),
        (encode(article()), Rejection.INVALID),
    ],
)
def test_what_is_no_identified_article_is_rejected_with_its_bytes(value: bytes | None, reason: Rejection) -> None:
    entry = prepare(record(value), SETTINGS, NOON)
    assert entry.operation is None
    kept, outcome = effects(entry, SETTINGS, NOON)
    assert (kept.topic, outcome.topic) == ("t-articles.rejected", "t-articles.outcomes")
    assert kept.value == (value or b"")
    rejected = rejected_from(kept.headers)
    assert (rejected.reason, rejected.stage, rejected.topic, rejected.offset) == (reason, "index", "articles.enriched", 7)
    assert ("h", b"1") in kept.headers
    assert msgspec.json.decode(outcome.value or b"", type=Outcome).exit is Exit.REJECTED


def test_an_indexed_article_has_its_outcome_at_the_collected_position() -> None:
    story = Story(id="s1")
    entry = settled(prepare(record(encode(article(**IDENTIFIED, story=story, generation=2))), SETTINGS, NOON), Next.DONE)
    (out,) = effects(entry, SETTINGS, NOON)
    assert (out.topic, out.key) == ("t-articles.outcomes", "a1")
    assert msgspec.json.decode(out.value or b"", type=Outcome) == Outcome(
        article_id="a1",
        position=Position("articles.collected", 2, 40),
        exit=Exit.PASSED,
        stage="index",
        at=NOON,
        detail="in i-news-articles-2026.11",
        revision=1,
        url="https://tagesblatt.example/a1",
        story_id="s1",
        generation=2,
    )


def test_an_overtaken_revision_has_passed_and_says_so() -> None:
    entry = settled(prepare(record(encode(article(**IDENTIFIED))), SETTINGS, NOON), Next.OLDER)
    outcome = msgspec.json.decode(effects(entry, SETTINGS, NOON)[0].value or b"", type=Outcome)
    assert (outcome.exit, outcome.detail) == (Exit.PASSED, "in i-news-articles-2026.11 stands a newer revision")


def test_what_the_server_refuses_is_rejected_with_its_reason_and_its_collected_position() -> None:
    value = encode(article(**IDENTIFIED))
    kept, out = effects(settled(prepare(record(value), SETTINGS, NOON), Next.REFUSED, "failed to parse field [a]"), SETTINGS, NOON)
    assert (kept.value, rejected_from(kept.headers).reason) == (value, Rejection.REFUSED_BY_INDEX)
    outcome = msgspec.json.decode(out.value or b"", type=Outcome)
    assert (outcome.reason, outcome.detail, str(outcome.position)) == (
        "refused_by_index",
        "failed to parse field [a]",
        "articles.collected/2/40",
    )


def test_alerts_are_versioned_by_their_place_and_leave_no_outcome() -> None:
    entry = prepare(record(b'{"rule_id":"r"}', topology.EPISODES, b"e1", offset=11), SETTINGS, NOON)
    action, document = lines(entry)
    assert action["index"] == {"_index": "i-news-alerts", "_id": "e1", "version": 12, "version_type": "external_gte"}
    assert document["@timestamp"] == "2026-11-20T12:00:00Z"
    assert effects(settled(entry, Next.DONE), SETTINGS, NOON) == []
    assert [out.topic for out in effects(settled(entry, Next.REFUSED, "no"), SETTINGS, NOON)] == ["t-articles.rejected"]


def test_a_tombstone_deletes_the_document() -> None:
    (action,) = lines(prepare(record(None, topology.NOTIFICATIONS, b"n1"), SETTINGS, NOON))
    assert action == {"delete": {"_index": "i-news-notifications", "_id": "n1", "version": 8, "version_type": "external_gte"}}


@pytest.mark.parametrize(("key", "value"), [(None, b"{}"), (b"", b"{}"), (b"e", b"[]"), (b"e", b"nonsense"), (b"\xff", b"{}")])
def test_an_alert_that_cannot_be_read_is_rejected(key: bytes | None, value: bytes) -> None:
    entry = prepare(record(value, topology.EPISODES, key), SETTINGS, NOON)
    assert entry.error is not None
    assert entry.verdict is not None
    assert entry.verdict.next is Next.REFUSED


@given(st.lists(st.tuples(st.integers(0, 2), st.booleans()), max_size=40))
@settings(deadline=None, max_examples=200)
def test_only_the_contiguous_prefix_of_a_partition_may_be_committed(steps: list[tuple[int, bool]]) -> None:
    offsets = {0: 100, 1: 200, 2: 300}
    entries: list[Entry] = []
    expected: dict[tuple[str, int], int] = {}
    blocked: set[int] = set()
    for partition, done in steps:
        offsets[partition] += 1
        entry = Entry(record(b"", partition=partition, offset=offsets[partition]))
        entries.append(settled(entry, Next.DONE) if done else entry)
        if not done:
            blocked.add(partition)
        elif partition not in blocked:
            expected[entry.partition] = offsets[partition] + 1
    assert committable(entries) == expected


def test_entries_of_revoked_partitions_are_forgotten() -> None:
    entries = [Entry(record(b"", partition=partition)) for partition in (0, 1, 0)]
    assert without(entries, {("t-articles.enriched", 0)}) == [entries[1]]
