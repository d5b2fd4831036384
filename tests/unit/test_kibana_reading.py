"""What Kibana's answers mean: hostile, half and foreign ones too."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.kibana import reading
from pipeline.kibana.report import Change

VIEW = {"type": "index-pattern", "id": "v", "attributes": {"title": "news-articles", "name": "News"}}
BOARD = {"type": "dashboard", "id": "d", "attributes": {"title": "Lage"}}


def read(**answer: Any) -> list[Change]:
    return reading.import_changes([VIEW, BOARD], {"success": False, "successCount": 0, **answer})


def refused(error: Any) -> Change:
    return read(errors=[{"type": "dashboard", "id": "d", "error": error}])[1]


def test_new_and_replaced_objects_are_told_apart() -> None:
    found = read(
        success=True,
        successResults=[{"type": "index-pattern", "id": "v", "overwrite": True}, {"type": "dashboard", "id": "d", "destinationId": "d2"}],
    )
    assert found == [Change("data view", "v", "News", "replaced"), Change("dashboard", "d2", "Lage", "created")]


@pytest.mark.parametrize(
    ("error", "problem", "fix"),
    [
        (
            {"type": "missing_references", "references": [{"type": "index-pattern", "id": "v"}, {"type": "search", "id": "s"}]},
            "what it refers to is not there: data view v, saved search s",
            "mend the errors of those first",
        ),
        ({"type": "conflict"}, "another object of this id is there", "delete that one"),
        ({"type": "conflict", "destinationId": "other"}, "another object of this id is there (other)", "delete that one"),
        (
            {"type": "ambiguous_conflict", "destinations": [{"id": "a"}, {"id": "b"}]},
            "several objects descend from it: a, b",
            "all of them but one",
        ),
        ({"type": "unsupported_type"}, "this Kibana knows no such objects", "Kibana 8.8 or later"),
        ({"type": "unknown", "message": "[attributes.x]: missing", "statusCode": 400}, "[attributes.x]: missing", "log"),
        ({"type": "of_the_future"}, "of_the_future", "log"),
        ("text", "no reason given", "log"),
        (None, "no reason given", "log"),
    ],
)
def test_each_error_is_explained(error: Any, problem: str, fix: str) -> None:
    found = refused(error)
    assert (found.change, found.problem) == ("failed", problem) and fix in found.fix


def test_an_object_of_which_nothing_is_said_has_failed() -> None:
    assert [each.problem for each in read(success=True, successResults=["text", {"type": "dashboard"}])] == [
        "Kibana's answer does not mention it"
    ] * 2


@pytest.mark.parametrize("content", [None, [], {}, {"success": "yes", "successCount": 1}, {"success": True}, "<html>"])
def test_what_is_no_answer_to_an_import_is_none(content: Any) -> None:
    assert not reading.is_import_answer(content)


@pytest.mark.parametrize(
    ("version", "refused", "remarked"),
    [
        ("8.8.0", False, ""),
        ("8.19.3", False, ""),
        ("9.5.0-SNAPSHOT", False, ""),
        ("8.7.1", True, ""),
        ("7.17.28", True, ""),
        ("10.0.0", False, "newer than what"),
        ("", False, "does not tell its version"),
        ("unknown", False, "does not tell its version"),
    ],
)
def test_versions(version: str, refused: bool, remarked: str) -> None:
    assert ("update Kibana" in reading.version_problem(version)) == refused
    assert refused or (remarked in reading.version_caution(version)) and bool(reading.version_caution(version)) == bool(remarked)


@pytest.mark.parametrize("status", [None, [], {}, {"version": "8.8.0"}, {"version": {"number": 8}}])
def test_a_status_without_a_version(status: Any) -> None:
    assert reading.version_of(status) == ""


def test_an_export_tells_what_an_import_would_do() -> None:
    gone = {"type": "dashboard", "id": "d", "error": {"statusCode": 404}}
    kept_back = {"type": "index-pattern", "id": "v", "error": {"statusCode": 403, "message": "Unable to bulk_get"}}
    found = reading.planned([VIEW, BOARD], 400, {"attributes": {"objects": [gone, kept_back]}})
    assert found is not None and [each.change for each in found] == ["failed", "created"]
    assert found[0].problem == "Unable to bulk_get"
    both = reading.planned([VIEW, BOARD], 200, None)
    assert both is not None and [each.change for each in both] == ["replaced", "replaced"]


@pytest.mark.parametrize(("status", "content"), [(404, {}), (400, {}), (400, {"attributes": {"objects": []}}), (400, None)])
def test_an_export_that_says_neither(status: int, content: Any) -> None:
    assert reading.planned([VIEW, BOARD], status, content) is None


@pytest.mark.parametrize(
    ("found", "wanted", "covered"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 2}, False),
        ({}, {"a": None}, False),
        ({"a": [{"id": 1, "uuid": "x"}]}, {"a": [{"id": 1}]}, True),
        ({"a": [{"id": 1}, {"id": 2}]}, {"a": [{"id": 1}]}, False),
        ({"a": "text"}, {"a": ["text"]}, False),
        (None, {"a": 1}, False),
    ],
)
def test_what_kibana_adds_is_no_difference(found: Any, wanted: Any, covered: bool) -> None:
    assert reading.covers(found, wanted) is covered


def test_an_error_of_another_object_is_told() -> None:
    error = {
        "type": "search",
        "id": "old",
        "error": {"type": "missing_references", "references": [{"type": "index-pattern", "id": "gone"}]},
    }
    (told,) = reading.other_errors([VIEW, BOARD], {"success": False, "successCount": 0, "errors": [error]})
    assert "search old" in told and "data view gone" in told
