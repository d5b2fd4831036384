"""How sources are doing as documents, and the figures about lateness that Kibana shows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline import topology
from pipeline.article import Clock, Dates
from pipeline.broker import Record
from pipeline.index.alerts import notification_document
from pipeline.index.documents import document
from pipeline.index.entries import prepare
from pipeline.index.mappings import SOURCE_FIELDS
from pipeline.index.sources import source_document
from pipeline.settings import Settings
from pipeline.sources import Push, SourceHealth, encode
from tests.builders import NOON, article

MINUTE = timedelta(minutes=1)


def health(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(encode(SourceHealth(source_id="wire", updated_at=NOON, **changes)))
    return made


def test_what_the_encoder_leaves_out_can_be_searched_for() -> None:
    found = source_document(health(), "wire", NOON)
    assert found["news"]["source_health"]["state"] == "starting"
    assert found["news"]["source_health"]["unreadable"] == 0
    assert found["@timestamp"] == NOON.isoformat().replace("+00:00", "Z") and found["event"]["ingested"] == NOON


def test_every_field_of_the_record_has_one_in_the_index() -> None:
    assert SOURCE_FIELDS.keys() == {each.name for each in msgspec.structs.fields(SourceHealth)}
    assert SOURCE_FIELDS["push"]["properties"].keys() == {each.name for each in msgspec.structs.fields(Push)}


def test_how_things_stand_with_a_hub_can_be_searched_and_another_shape_of_it_is_kept() -> None:
    push = Push(state="pushes", hub="hub.example", until=NOON, pushes=3)
    found = source_document(health(push=push), "wire")["news"]["source_health"]["push"]
    assert (found["state"], found["hub"], found["pushes"]) == ("pushes", "hub.example", 3)
    other = source_document({**health(), "push": {"state": "pushes", "new": 1}}, "wire")["news"]["source_health"]
    assert other["other"] == {"push": {"state": "pushes", "new": 1}} and "push" not in other


def test_what_a_newer_collector_writes_is_kept_and_refuses_nothing() -> None:
    found = source_document({**health(), "articles": "many", "new": {"a": 1}}, "wire")["news"]["source_health"]
    assert found["other"] == {"articles": "many", "new": {"a": 1}} and "articles" not in found


def test_the_message_is_the_last_error() -> None:
    assert source_document(health(state="failing", last_error="answered 503"), "wire")["message"] == "answered 503"
    assert source_document(health(state="silent"), "wire")["message"] == "silent"


@pytest.mark.parametrize(("value", "kind"), [(encode(SourceHealth(source_id="wire", articles=3)), "wire"), (None, "wire")])
def test_a_record_becomes_a_document_and_a_tombstone_a_deletion(value: bytes | None, kind: str) -> None:
    settings = Settings()
    entry = prepare(Record(settings.topic(topology.HEALTH), 0, 7, b"wire", value, (), NOON), settings, NOON)
    assert entry.error is None and entry.operation is not None
    assert (entry.operation.index, entry.operation.id) == ("news-sources", kind)
    assert (b'"delete"' in entry.operation.payload) == (value is None)
    assert b'"version":8' in entry.operation.payload


def lag(**changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"dates": Dates(published_at=NOON, precision="second"), "clock": Clock(fetched_at=NOON + MINUTE)}
    found: dict[str, Any] = document(article(**{**plain, **changes}), NOON + 2 * MINUTE)["news"].get("lag", {})
    return found


def test_how_late_an_article_came_is_a_number() -> None:
    assert lag() == {"fetch_seconds": 60.0, "index_seconds": 60.0}


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"dates": Dates(published_at=NOON, precision="day")}, {"index_seconds": 60.0}),
        ({"dates": Dates()}, {"index_seconds": 60.0}),
        ({"dates": Dates(published_at=NOON + 9 * MINUTE, precision="second")}, {"index_seconds": 60.0}),
        ({"backfill": True}, {"index_seconds": 60.0}),
        ({"replay": True}, {"fetch_seconds": 60.0}),
        ({"clock": Clock()}, {}),
    ],
)
def test_what_tells_nothing_about_lateness_enters_no_figure(changes: dict[str, Any], left: dict[str, Any]) -> None:
    assert lag(**changes) == left


def sent(**changes: Any) -> dict[str, Any]:
    record = {
        "sent_at": "2026-11-20T12:00:40Z",
        "state": "sent",
        "message": {
            "alerted_at": "2026-11-20T12:00:05Z",
            "clock": {"fetched_at": "2026-11-20T12:00:00Z"},
            "took_seconds": None,
            "late": False,
        },
        **changes,
    }
    found: dict[str, Any] = notification_document(record, "n1")["news"]["alert"]
    return found


def test_a_sent_message_tells_how_long_it_took() -> None:
    """The record is written before the message leaves: its own figures are those of a message that was not sent yet."""
    assert (sent()["took_seconds"], sent()["late"]) == (40.0, True)


@pytest.mark.parametrize(
    "changes", [{"sent_at": None}, {"message": None}, {"message": {"clock": "x", "alerted_at": 3}}, {"sent_at": "soon"}]
)
def test_one_that_was_not_sent_tells_nothing(changes: dict[str, Any]) -> None:
    assert "took_seconds" not in sent(**changes)
