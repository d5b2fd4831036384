"""What people decided about alerts, as documents."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topology
from pipeline.broker import Record
from pipeline.decisions import obeyed
from pipeline.episode import Command, Matcher, Note, Notification
from pipeline.index import mappings
from pipeline.index.alerts import decision_document, decision_id, episode_document, notification_document, silence_document
from pipeline.index.entries import prepare
from pipeline.outcome import Rejection
from pipeline.say import silencing
from pipeline.sections import Elasticsearch, Kafka
from pipeline.settings import Settings
from tests.builders import NOON
from tests.decided import MINUTE, Desk, episode
from tests.unit.test_index_documents import JSON, as_json, unmapped

SETTINGS = Settings(kafka=Kafka(topic_prefix="t-"), elasticsearch=Elasticsearch(index_prefix="i-"))
ALERT, SILENCE, DECISION = (mappings.fields(each) for each in (mappings.ALERT, mappings.SILENCE, mappings.DECISION))


def plain(record: Any) -> dict[str, Any]:
    found = json.loads(msgspec.json.encode(record))
    assert isinstance(found, dict)
    return found


def test_what_people_found_and_said_of_an_episode_is_searchable() -> None:
    decided = episode(
        situation_id="e0",
        verdict="false_alarm",
        verdict_by="Anna",
        verdict_at=NOON,
        assigned_to="Boris",
        tags=("korea",),
        rule_version="v7",
        exercise=True,
        milestone=3,
        notes=(Note(by="Anna", text="a film title", at=NOON),),
    )
    made = as_json(episode_document(plain(decided), "e1", NOON))
    assert list(unmapped(made, ALERT)) == []
    alert = made["news"]["alert"]
    assert (alert["verdict"], alert["verdict_by"], alert["assigned_to"], alert["situation_id"]) == ("false_alarm", "Anna", "Boris", "e0")
    assert (alert["tags"], alert["rule_version"], alert["exercise"], alert["milestone"]) == (["korea"], "v7", True, 3)
    assert alert["note"] == ["a film title"]
    assert alert["other"]["notes"][0]["by"] == "Anna"


@pytest.mark.parametrize(
    ("state", "verdict", "reason"),
    [("suppressed", "silence:q1", "silence"), ("suppressed", "shadow", "shadow"), ("pending", "hours", None)],
)
def test_a_notification_that_was_not_sent_says_by_what_it_was_suppressed(state: Any, verdict: str, reason: str | None) -> None:
    notification = Notification(
        id="n1",
        episode_id="e1",
        rule_id="raketentest",
        receiver="desk",
        kind="first",
        step=1,
        created_at=NOON,
        next_at=NOON,
        message=episode().message,
        state=state,
        verdict=verdict,
        stands_in_for="chat",
    )
    alert = as_json(notification_document(plain(notification), "n1"))["news"]["alert"]
    assert (alert.get("suppressed_by"), alert["verdict"], alert["stands_in_for"]) == (reason, verdict, "chat")


def test_a_silence_is_found_by_what_it_is_about() -> None:
    desk = Desk()
    desk.silence(Matcher(field="rule", values=("raketentest", "beben")), Matcher(field="source", values=("blog",), negative=True))
    (silence,) = desk.silences.values()
    made = as_json(silence_document(plain(silence), silence.id, NOON))
    assert list(unmapped(made, SILENCE)) == []
    found = made["news"]["silence"]
    assert found["matcher"] == ["rule:raketentest", "rule:beben", "not source:blog"]
    assert (found["author"], found["reason"], found["ends_at"], found["suppressed"]) == ("Anna", "drill", "2026-11-20T13:00:00Z", 0)
    assert (made["@timestamp"], made["message"], made["event"]["kind"]) == ("2026-11-20T12:00:00Z", "drill", "state")


def test_a_decision_stands_with_its_name_and_outcome_also_when_it_was_refused() -> None:
    command = Command(id="c1", kind="verdict", by="Anna", at=NOON - MINUTE, episode_id="e1", verdict="denied", via="page")
    made = as_json(decision_document(plain(obeyed(Desk(), command, NOON).audit), NOON))
    assert list(unmapped(made, DECISION)) == []
    found = made["news"]["decision"]
    assert (found["kind"], found["by"], found["verdict"], found["via"], found["changed"]) == ("verdict", "Anna", "denied", "page", True)
    assert (found["outcome"], found["rule_id"], found["command_id"]) == ("verdict: denied", "raketentest", "c1")
    assert (found["at"], found["said_at"]) == ("2026-11-20T12:00:00Z", "2026-11-20T11:59:00Z")
    assert made["event"]["action"] == "verdict"
    assert made["message"] == "Anna: verdict “Nordkorea meldet einen Raketentest”"
    refused = as_json(decision_document(plain(obeyed(Desk(), msgspec.structs.replace(command, by=""), NOON).audit)))
    assert refused["news"]["decision"]["changed"] is False
    assert refused["news"]["decision"]["outcome"].startswith("refused: ")


def test_a_silence_that_was_asked_for_is_kept_with_the_decision() -> None:
    asked = silencing("Anna", NOON, 60 * MINUTE, "drill", (Matcher(field="rule", values=("beben",)),))
    made = as_json(decision_document(plain(obeyed(Desk(), asked, NOON).audit)))
    assert list(unmapped(made, DECISION)) == []
    assert made["news"]["decision"]["other"]["silence"]["matchers"][0]["values"] == ["beben"]


def test_records_of_one_key_are_decisions_of_their_own_and_silences_replace_each_other() -> None:
    audit = obeyed(Desk(), Command(id="c1", kind="note", by="Anna", at=NOON, episode_id="e1", text="hm"), NOON).audit
    decision = prepare(Record(f"t-{topology.AUDIT}", 0, 6, b"e1", msgspec.json.encode(audit), (), NOON), SETTINGS, NOON)
    assert decision.operation
    action = json.loads(decision.operation.payload.splitlines()[0])
    assert action == {"index": {"_index": "i-news-audit", "_id": audit.id, "version": 7, "version_type": "external_gte"}}
    gone = prepare(Record(f"t-{topology.SILENCES}", 0, 8, b"q1", None, (), NOON), SETTINGS, NOON)
    assert gone.operation
    assert json.loads(gone.operation.payload.splitlines()[0])["delete"]["_index"] == "i-news-silences"


def test_a_decision_without_an_id_has_that_of_its_place_and_an_empty_record_is_refused() -> None:
    entry = prepare(Record(f"t-{topology.AUDIT}", 0, 6, b"e1", b"{}", (), NOON), SETTINGS, NOON)
    assert entry.operation and entry.operation.id == "offset-6"
    assert decision_id({"id": 3}) == ""
    nothing = prepare(Record(f"t-{topology.AUDIT}", 0, 6, b"e1", None, (), NOON), SETTINGS, NOON)
    assert nothing.error and nothing.error.reason == Rejection.UNREADABLE


NAMES = sorted({*mappings.SILENCE_FIELDS, *mappings.DECISION_FIELDS, "matchers", "command", "silence", "new_field"} - {"matcher"})


@given(record=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=12))
@settings(deadline=None, max_examples=150)
def test_records_of_any_shape_are_mapped(record: dict[str, Any]) -> None:
    assert list(unmapped(silence_document(record, "q1", NOON), SILENCE)) == []
    assert list(unmapped(decision_document(record, NOON), DECISION)) == []
    assert list(unmapped(notification_document(record, "n1", NOON), ALERT)) == []
