"""What an answer to a bulk request means, and what is sent again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.index import bulk
from pipeline.index.bulk import Answer, Next, Operation, Verdict, Whole
from pipeline.index.writer import REMIND_SECONDS, Writer, write_all

REQUESTS = {
    0: Whole.AGAIN,
    400: Whole.SPLIT,
    401: Whole.STOP,
    403: Whole.STOP,
    404: Whole.STOP,
    405: Whole.STOP,
    406: Whole.STOP,
    408: Whole.AGAIN,
    413: Whole.SPLIT,
    429: Whole.AGAIN,
    451: Whole.STOP,
    500: Whole.AGAIN,
    502: Whole.AGAIN,
    503: Whole.AGAIN,
    504: Whole.AGAIN,
}


@pytest.mark.parametrize(("status", "whole"), REQUESTS.items())
def test_a_request_that_failed_as_a_whole(status: int, whole: Whole) -> None:
    assert bulk.judge_request(Answer(status), 3) is whole


def test_an_answer_counts_only_when_it_names_every_document() -> None:
    item = {"index": {"status": 201}}
    assert bulk.judge_request(Answer(200, items=[item, item]), 2) is Whole.READ
    assert bulk.judge_request(Answer(200, items=[item]), 2) is Whole.AGAIN
    assert bulk.judge_request(Answer(200), 2) is Whole.AGAIN


def error(kind: str, reason: str = "because") -> dict[str, Any]:
    return {"type": kind, "reason": reason}


FULL = "Validation Failed: 1: this action would add [2] shards, but this cluster currently has [9]/[9] maximum normal shards open;"
ITEMS: list[tuple[int, dict[str, Any] | None, Next]] = [
    (200, None, Next.DONE),
    (201, None, Next.DONE),
    (404, None, Next.DONE),
    (409, error("version_conflict_engine_exception"), Next.OLDER),
    (400, error("document_parsing_exception"), Next.REFUSED),
    (400, error("mapper_parsing_exception"), Next.REFUSED),
    (400, error("strict_dynamic_mapping_exception"), Next.REFUSED),
    (400, error("illegal_argument_exception"), Next.REFUSED),
    (400, error("index_closed_exception"), Next.AGAIN),
    (400, error("validation_exception", FULL), Next.AGAIN),
    (400, error("validation_exception", "something else"), Next.REFUSED),
    (404, error("index_not_found_exception"), Next.REFUSED),
    (413, error("too_large"), Next.REFUSED),
    (401, error("security_exception"), Next.STOP),
    (403, error("security_exception"), Next.STOP),
    (403, error("cluster_block_exception"), Next.AGAIN),
    (429, error("cluster_block_exception"), Next.AGAIN),
    (429, error("es_rejected_execution_exception"), Next.AGAIN),
    (429, error("circuit_breaking_exception"), Next.AGAIN),
    (500, error("exception"), Next.AGAIN),
    (502, None, Next.AGAIN),
    (503, error("unavailable_shards_exception"), Next.AGAIN),
    (504, error("timeout"), Next.AGAIN),
    (0, None, Next.AGAIN),
    (302, None, Next.AGAIN),
]


@pytest.mark.parametrize(("status", "failure", "wanted"), ITEMS)
def test_one_document_of_an_answered_request(status: int, failure: dict[str, Any] | None, wanted: Next) -> None:
    result: dict[str, Any] = {"status": status}
    if failure:
        result["error"] = failure
    verdict = bulk.judge_item({"index": result})
    assert verdict.next is wanted
    assert bool(verdict.reason) == (wanted is not Next.DONE)


def test_the_reason_holds_the_innermost_cause_and_is_bounded() -> None:
    inner = {"type": "x", "reason": 'For input string: "abc"'}
    nested = {
        "type": "document_parsing_exception",
        "reason": "failed to parse field [a]",
        "caused_by": {"reason": "outer", "caused_by": inner},
    }
    assert bulk.explain(nested) == 'document_parsing_exception: failed to parse field [a] (For input string: "abc")'
    assert len(bulk.explain(error("x", "y" * 5000))) == 1000
    assert bulk.explain(None) == ""


def test_a_document_is_two_lines_with_its_version() -> None:
    lines = bulk.write("i", "a\n1", 1002, {"text": "zwei\nZeilen"}).payload.split(b"\n")
    assert json.loads(lines[0]) == {"index": {"_index": "i", "_id": "a\n1", "version": 1002, "version_type": "external_gte"}}
    assert json.loads(lines[1]) == {"text": "zwei\nZeilen"}
    assert lines[2:] == [b""]


def operations(sizes: Sequence[int]) -> list[Operation]:
    return [Operation("i", str(number), b"x" * size) for number, size in enumerate(sizes)]


@given(st.lists(st.integers(1, 50), max_size=40), st.integers(1, 10), st.integers(1, 100))
@settings(deadline=None, max_examples=200)
def test_requests_keep_order_and_limits(sizes: list[int], max_documents: int, max_bytes: int) -> None:
    all_of_them = operations(sizes)
    made = list(bulk.requests(all_of_them, max_documents, max_bytes))
    assert [each for request in made for each in request] == all_of_them
    for request in made:
        assert 1 <= len(request) <= max_documents
        assert len(request) == 1 or sum(len(each.payload) for each in request) <= max_bytes


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_wait_grows_to_its_limit_and_is_never_nothing(failures: int, chance: float) -> None:
    wait = bulk.wait_seconds(failures, chance)
    assert bulk.FIRST_WAIT_SECONDS / 2 <= wait <= bulk.LONGEST_WAIT_SECONDS
    assert wait <= bulk.wait_seconds(failures + 1, chance)


class Scripted:
    """A server that decides per document: `answers[id]` are its statuses in turn; the last one stays. It refuses bodies above `limit` bytes."""

    def __init__(self, answers: dict[str, list[int]], limit: int = 10**9) -> None:
        self.answers = answers
        self.limit = limit
        self.bodies: list[list[str]] = []

    def __call__(self, body: bytes) -> Answer:
        ids = [json.loads(line)["index"]["_id"] for line in body.splitlines()[::2]]
        self.bodies.append(ids)
        if len(body) > self.limit:
            return Answer(413, "too large")
        items = []
        for each in ids:
            script = self.answers[each]
            status = script.pop(0) if len(script) > 1 else script[0]
            items.append({"index": {"status": status, **({} if status < 300 else {"error": error(f"e{status}")})}})
        return Answer(200, items=items)


def written(ids: Sequence[str]) -> list[Operation]:
    return [bulk.write("i", each, 1, {"text": "x" * 50}) for each in ids]


def writer(post: Any, **changes: Any) -> Writer:
    return Writer(post, changes.pop("max_documents", 100), changes.pop("max_bytes", 10**6), chance=lambda: 0.0, **changes)


def test_only_what_failed_is_sent_again() -> None:
    server = Scripted({"a": [201], "b": [429, 503, 200], "c": [409], "d": [400]})
    waits: list[float] = []
    settled = {operation.id: verdict.next for operation, verdict in write_all(writer(server), written("abcd"), waits.append)}
    assert settled == {"a": Next.DONE, "b": Next.DONE, "c": Next.OLDER, "d": Next.REFUSED}
    assert server.bodies == [["a", "b", "c", "d"], ["b"], ["b"]]
    assert waits == [0.1, 0.2]


def test_the_same_bytes_are_sent_until_the_server_is_back() -> None:
    bodies: list[bytes] = []
    statuses = [0, 503, 429, 502, 504, 500, 408]

    def post(body: bytes) -> Answer:
        bodies.append(body)
        return Answer(statuses.pop(0), "away") if statuses else Answer(200, items=[{"index": {"status": 201}}] * 2, clean=True)

    waits: list[float] = []
    settled = write_all(writer(post), written("ab"), waits.append)
    assert [verdict.next for _, verdict in settled] == [Next.DONE, Next.DONE]
    assert len(set(bodies)) == 1
    assert waits == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4]


def test_nothing_more_is_tried_after_a_request_that_failed_as_a_whole() -> None:
    asked: list[int] = []

    def post(body: bytes) -> Answer:
        asked.append(len(body))
        return Answer(503, "away")

    verdicts = writer(post, max_documents=2).attempt(written("abcdef"))
    assert len(asked) == 1
    assert {verdict.next for verdict in verdicts} == {Next.AGAIN}
    assert len(verdicts) == 6


def test_a_request_that_is_too_large_is_halved_and_the_size_is_remembered() -> None:
    ids = [f"{number:02}" for number in range(16)]
    server = Scripted({each: [201] for each in ids}, limit=600)
    sender = writer(server)
    assert {verdict.next for verdict in sender.attempt(written(ids))} == {Next.DONE}
    assert sorted(each for body in server.bodies for each in body if len(body) <= 4) == ids
    server.bodies.clear()
    assert {verdict.next for verdict in sender.attempt(written(ids))} == {Next.DONE}
    assert sender.max_bytes <= 1200
    assert len(server.bodies) < 12


def test_one_document_that_is_too_large_is_refused_and_the_others_are_not() -> None:
    server = Scripted({each: [201] for each in "abc"}, limit=300)
    large = bulk.write("i", "big", 1, {"text": "x" * 1000})
    batch = [*written("ab"), large, *written("c")]
    assert [verdict.next for verdict in writer(server).attempt(batch)] == [Next.DONE, Next.DONE, Next.REFUSED, Next.DONE]


def test_one_document_that_spoils_its_request_is_found() -> None:
    def post(body: bytes) -> Answer:
        return (
            Answer(400, "id is too long")
            if b'"_id":"c"' in body
            else Answer(200, items=[{"index": {"status": 201}}] * (body.count(b"\n") // 2))
        )

    verdicts = writer(post).attempt(written("abcdefg"))
    assert [verdict.next for verdict in verdicts] == [Next.DONE, Next.DONE, Next.REFUSED, *[Next.DONE] * 4]
    assert verdicts[2].reason == "id is too long"


def test_a_server_that_does_not_let_us_in_ends_the_work() -> None:
    settled = write_all(writer(lambda body: Answer(401, "no")), written("ab"), lambda seconds: pytest.fail("waited"))
    assert [verdict for _, verdict in settled] == [Verdict(Next.STOP, "no")] * 2


@given(
    st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.lists(st.sampled_from([429, 503, 500]), max_size=3), min_size=1, max_size=12
    ),
    st.integers(60, 2000),
)
@settings(deadline=None, max_examples=100)
def test_every_document_gets_exactly_one_final_verdict(failing: dict[str, list[int]], limit: int) -> None:
    server = Scripted({each: [*statuses, 201] for each, statuses in failing.items()}, limit=limit)
    settled = write_all(writer(server), written(list(failing)), lambda seconds: None)
    assert sorted(operation.id for operation, _ in settled) == sorted(failing)
    assert all(verdict.final for _, verdict in settled)


def test_a_standstill_is_in_the_log_at_once_then_every_half_minute_then_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = [0.0]
    lines: list[str] = []
    statuses = [503] * 13 + [200]

    class Log:
        def info(self, event: str, **facts: Any) -> None:
            lines.append(f"{seconds[0]:.0f} info")

        def warning(self, event: str, **facts: Any) -> None:
            lines.append(f"{seconds[0]:.0f} warning {facts['why']}")

    def post(body: bytes) -> Answer:
        status = statuses.pop(0)
        return Answer(status, f"status {status}", items=[{"index": {"status": 201}}] if status == 200 else None)

    monkeypatch.setattr("pipeline.index.writer.log", Log())
    sender = writer(post, clock=lambda: seconds[0])
    while statuses:
        sender.attempt(written("a"))
        seconds[0] += REMIND_SECONDS / 5
    assert lines == ["0 warning status 503", "30 warning status 503", "60 warning status 503", "78 info"]
