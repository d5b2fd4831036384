"""`trace`, `rejected` and `topics apply` over a real Kafka, as a person calls them."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from typer.testing import CliRunner, Result

from connectors._collect.records import of_unreadable
from pipeline import broker, topology
from pipeline.article import Clock, Language, Position, Story, encode
from pipeline.broker import administration
from pipeline.cli import app
from pipeline.errors import Permanent
from pipeline.outcome import Exit, Outcome
from pipeline.plugins import Unreadable
from pipeline.runner import rejection
from pipeline.sections import SourceSettings
from pipeline.settings import Settings, load
from tests.builders import NOON, article, work


@pytest.fixture
def config(kafka_servers: str, tmp_path: Path) -> Path:
    path = tmp_path / "lagebild.yaml"
    path.write_text(f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: 'cli-{uuid4().hex[:8]}.'}}\nenrichers: []\n", encoding="utf-8")
    return path


def call(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments, "--config", str(config)])


def publish(settings: Settings, topic: str, key: str, value: bytes, headers: tuple[tuple[str, bytes], ...] = ()) -> None:
    publisher = broker.Publisher(settings.kafka)
    publisher.send(settings.topic(topic), key, value, headers=headers)
    publisher.confirm()
    publisher.close()


def test_topics_are_created_once(config: Path) -> None:
    first = json.loads(call(config, "topics", "apply", "--json").stdout)
    assert {each["change"] for each in first} == {"created"}
    assert len(first) == len(topology.TOPICS)
    again = json.loads(call(config, "topics", "apply", "--json").stdout)
    assert {each["change"] for each in again} == {"unchanged"}


def test_a_trace_shows_every_stage_with_its_decision_and_position(config: Path) -> None:
    call(config, "topics", "apply")
    settings = load(config)
    collected = article(clock=Clock(fetched_at=NOON, collected_at=NOON))
    publish(settings, topology.COLLECTED, "a1", encode(collected))
    identified = msgspec.structs.replace(
        collected, revision=1, routing_language="de", language=Language(code="de", confidence=0.99, origin="detected"), position=Position(topology.COLLECTED, 0, 0),
        clock=Clock(fetched_at=NOON, collected_at=NOON, identified_at=NOON + timedelta(seconds=1)),
    )  # fmt: skip
    publish(settings, topology.IDENTIFIED, "de", encode(identified))
    clock = msgspec.structs.replace(identified.clock, deduplicated_at=NOON + timedelta(seconds=2))
    publish(
        settings,
        topology.DEDUPLICATED,
        "a1",
        encode(msgspec.structs.replace(identified, story=Story(id="s1", opened_by="a1"), clock=clock)),
    )
    outcome = Outcome(
        article_id="a1",
        position=Position(topology.COLLECTED, 0, 9),
        exit=Exit.DROPPED,
        stage="identify",
        at=NOON + timedelta(minutes=1),
        reason="repeat",
    )
    publish(settings, topology.OUTCOMES, "a1", msgspec.json.encode(outcome))
    for wanted in ("a1", "https://tagesblatt.example/a1", "g1"):
        steps = json.loads(call(config, "trace", wanted, "--json").stdout)
        assert [step["stage"] for step in steps] == ["collect", "identify", "deduplicate", "identify"]
        assert steps[-1]["what"] == "dropped"
        assert "repeat" in steps[-1]["detail"]
        assert "opens the story" in steps[2]["detail"]
    assert "dropped" in call(config, "trace", "a1").stdout


def test_a_trace_of_nothing_says_so_and_exits_with_1(config: Path) -> None:
    call(config, "topics", "apply")
    result = call(config, "trace", "unknown")
    assert result.exit_code == 1


def test_a_rejected_record_is_listed_shown_and_sent_back_to_its_stage(config: Path) -> None:
    call(config, "topics", "apply")
    settings = load(config)
    for out in rejection("identify", work(b"{broken", 5), Permanent("invalid", "the record is not an article"), NOON):
        publish(settings, out.topic, out.key or "x", out.value or b"", out.headers)
    listed = json.loads(call(config, "rejected", "list", "--json").stdout)
    assert [(each["stage"], each["reason"]) for each in listed] == [("identify", "invalid")]
    assert listed[0]["offset"] == 0
    assert listed[0]["came_from"] == {"topic": topology.COLLECTED, "partition": 0, "offset": 5}
    assert json.loads(call(config, "rejected", "show", "0", "--json").stdout)["came_from"]["offset"] == 5
    shown = call(config, "rejected", "show", "0", "--bytes")
    assert shown.stdout_bytes == b"{broken"
    replayed = json.loads(call(config, "rejected", "replay", "0", "--json").stdout)
    assert replayed == {"replayed": [0], "not_replayable": {}}
    again = [record.value for record in broker.read_to_end(settings.kafka, settings.topic(topology.COLLECTED))]
    assert again == [b"{broken"]
    assert call(config, "rejected", "show", "99").exit_code == 1


def test_what_could_not_be_collected_is_found_by_its_file_and_not_sent_back(config: Path) -> None:
    call(config, "topics", "apply")
    settings = load(config)
    unreadable = Unreadable("big.txt", "unreadable", "not text", b"\x00\x01")
    for out in of_unreadable(unreadable, SourceSettings(id="inbox", connector="directory"), NOON, 1_000_000):
        publish(settings, out.topic, out.key, out.value or b"", out.headers)
    (listed,) = json.loads(call(config, "rejected", "list", "--json").stdout)
    assert (listed["offset"], listed["came_from"], listed["subject"]) == (0, None, "big.txt")
    assert "big.txt" in call(config, "rejected", "list").stdout
    for wanted in ("big.txt", "file:big.txt"):
        steps = json.loads(call(config, "trace", wanted, "--json").stdout)
        assert [step["what"] for step in steps] == ["rejected", "rejected"], "the record and its outcome"
        assert steps[0]["at"] == "2026-11-20T12:00:00Z"
    replayed = call(config, "rejected", "replay", "0")
    assert replayed.exit_code == 1
    assert "cannot be sent back" in replayed.stderr and "sent back to" not in replayed.stdout
    assert list(broker.read_to_end(settings.kafka, settings.topic(topology.COLLECTED))) == []


def test_a_broker_that_is_away_is_exit_code_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lagebild.yaml"
    path.write_text("kafka: {servers: ['127.0.0.1:1']}\nenrichers: []\n", encoding="utf-8")
    connect = administration.connect
    monkeypatch.setattr(administration, "connect", lambda kafka, what: connect(kafka, what, 0))
    assert call(path, "topics", "apply").exit_code == 4
