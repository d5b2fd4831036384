"""Decisions and inquiries over a real Kafka, as a person calls them; a thread obeys in place of the alerter."""

from __future__ import annotations

import hashlib
import json
import signal
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest
from typer.testing import CliRunner, Result

from pipeline import broker, topology
from pipeline.article import Article, Clock, Hit, Language, Match, Position, decode, encode
from pipeline.cli import app
from pipeline.decisions import key_of, obeyed
from pipeline.episode import Command, Episode, Silence
from pipeline.rules.compile import compile_rule
from pipeline.rules.model import Group, Rule, RuleTest, Term
from pipeline.rules.publish import records as rule_records
from pipeline.rules.versions import RuleVersion
from pipeline.settings import Settings, load
from pipeline.sources import SourceHealth
from pipeline.sources import encode as encode_health
from tests.builders import NOON, article
from tests.decided import Desk, episode, member, notification

EPISODE = "e1" + uuid4().hex[:30]
RULE = Rule(
    id="raketentest",
    title="Raketentests",
    match=Group(any=(Term("Raketentest"),)),
    tests=(RuleTest(text="Nordkorea meldet einen Raketentest.", match=True),),
)


class Installation:
    """One configuration with its topics, and what is published there."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.settings: Settings = load(config)
        assert self.call("topics", "apply").exit_code == 0

    def call(self, *arguments: str) -> Result:
        return CliRunner().invoke(app, [*arguments, "--config", str(self.config)], env={"LAGEBILD_NAME": "Anna"})

    def answer(self, *arguments: str) -> object:
        """What the command says as JSON, whatever its exit code is."""
        called = self.call(*arguments, "--json")
        assert called.stdout, called.output
        return json.loads(called.stdout)

    def publish(self, *records: tuple[str, str, bytes]) -> None:
        publisher = broker.Publisher(self.settings.kafka)
        for topic, key, value in records:
            publisher.send(self.settings.topic(topic), key, value)
        publisher.confirm()
        publisher.close()

    @contextmanager
    def following(self, topic: str, take: Callable[[broker.Record], None]) -> Iterator[None]:
        """Hand every new record of the topic to `take`, in a thread."""
        consumer = broker.tail_consumer(self.settings.kafka, {self.settings.topic(topic): 0})
        broker.positions(consumer)
        stop = threading.Event()

        def follow() -> None:
            while not stop.is_set():
                for record in broker.polled(consumer, 50):
                    take(record)

        thread = threading.Thread(target=follow)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(20)
            consumer.close()


@pytest.fixture
def installation(kafka_servers: str, tmp_path: Path) -> Installation:
    path = tmp_path / "lagebild.yaml"
    path.write_text(
        f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: 'decisions-{uuid4().hex[:8]}.'}}\nenrichers: []\ntime_zone: UTC\n"
        "sources: [{id: tagesblatt, connector: rss, options: {url: 'https://tagesblatt.example/feed'}}]\n",
        encoding="utf-8",
    )
    return Installation(path)


@contextmanager
def obeying(installation: Installation) -> Iterator[Desk]:
    """A desk with one episode that carries out what the topic of commands brings, as the alerter does."""
    desk = Desk(episode(EPISODE, members=(member("a1"),), rule_version="v1"))
    installation.publish((topology.EPISODES, EPISODE, msgspec.json.encode(desk.episodes[EPISODE])))

    def take(record: broker.Record) -> None:
        command = msgspec.json.decode(record.value or b"", type=Command)
        assert (record.key or b"").decode() == key_of(command)
        found = obeyed(desk, command, record.at)
        for each in found.records:
            place: dict[str, Episode] | dict[str, Silence] = desk.episodes if isinstance(each, Episode) else desk.silences
            place[each.id] = each  # type: ignore[assignment]
            topic = topology.EPISODES if isinstance(each, Episode) else topology.SILENCES
            installation.publish((topic, each.id, msgspec.json.encode(each)))
        installation.publish((topology.AUDIT, key_of(command), msgspec.json.encode(found.audit)))

    with installation.following(topology.COMMANDS, take):
        yield desk


def enriched() -> Article:
    original = b"<p>Raketentest</p>"
    plain = article(
        revision=1,
        original=original,
        original_sha256=hashlib.sha256(original).hexdigest(),
        position=Position(topology.COLLECTED, 0, 0),
        clock=Clock(fetched_at=NOON, collected_at=NOON, enriched_at=NOON + timedelta(seconds=1)),
    )
    hit = Hit(
        term="Raketentest", surface="Raketentest", mode="exact", field="title", start=23, end=34, sentence_start=0, sentence_end=34,
        sentence_id="s",
    )  # fmt: skip
    return msgspec.structs.replace(
        plain, matches=(Match(id="m1", rule_id="raketentest", rule_version="v1", title="R", severity="high", hits=(hit,)),)
    )


def test_what_is_said_is_carried_out_answered_and_shown(installation: Installation) -> None:
    with obeying(installation):
        for arguments, outcome in (
            (["ack", EPISODE[:8], "--note", "calling Seoul"], "acknowledged by Anna"),
            (["ack", EPISODE[:8], "--by", "Boris"], "noted; already acknowledged by Anna"),
            (["assign", EPISODE, "Boris"], "assigned to Boris"),
            (["verdict", EPISODE, "false-alarm", "--note", "a film"], "verdict: false alarm"),
        ):
            called = installation.call("alerts", *arguments, "--wait", "30")
            assert (called.exit_code, called.stdout) == (0, f"{EPISODE[:10]}: {outcome}\n"), called.output
        assert installation.call("alerts", "assign", EPISODE, "somebody", "--wait", "30").exit_code == 1
        shown = installation.answer("alerts", "show", EPISODE)
    assert isinstance(shown, dict)
    assert (shown["acknowledged_by"], shown["assigned_to"], shown["verdict"]) == ("Anna", "Boris", "false_alarm")
    assert [each["text"] for each in shown["notes"]] == ["calling Seoul", "has seen it too", "a film"]
    assert [each["changed"] for each in shown["audit"]] == [True, True, True, True, False]


def test_the_alerter_itself_obeys_and_answers(installation: Installation) -> None:
    installation.publish((topology.EPISODES, EPISODE, msgspec.json.encode(episode(EPISODE))))
    # A silence is about a rule that workers follow.
    for each in rule_records([compile_rule(msgspec.structs.replace(RULE, id="beben"))]):
        installation.publish((topology.RULES, each.key, each.value or b""))
    alerter = subprocess.Popen([sys.executable, "-m", "pipeline.cli", "run", "alerter", "--config", str(installation.config)])
    try:
        called = installation.call("alerts", "ack", EPISODE, "--note", "calling Seoul", "--wait", "60")
        assert (called.exit_code, called.stdout) == (0, f"{EPISODE[:10]}: acknowledged by Anna\n"), called.output
        silenced = installation.call("alerts", "silence", "--rule", "beben", "--for", "1h", "--reason", "exercise", "--wait", "30")
        assert "silenced by Anna until" in silenced.stdout, silenced.output
        refused = installation.call("alerts", "silence", "--rule", "beben", "--for", "52w", "--reason", "exercise", "--wait", "30")
        assert refused.exit_code == 1 and "a silence lasts 7 days at most" in refused.stderr
    finally:
        alerter.send_signal(signal.SIGTERM)
        alerter.wait(30)
    shown = installation.answer("alerts", "show", EPISODE)
    assert isinstance(shown, dict)
    assert (shown["acknowledged_by"], [each["changed"] for each in shown["audit"]]) == ("Anna", [True])
    assert [each["reason"] for each in installation.answer("alerts", "silences")] == ["exercise"]  # type: ignore[attr-defined]


def test_a_silence_is_begun_listed_and_ended(installation: Installation) -> None:
    with obeying(installation):
        begun = installation.call("alerts", "silence", EPISODE, "--this", "rule", "--for", "2h", "--reason", "exercise", "--wait", "30")
        assert begun.exit_code == 0 and "silenced by Anna until" in begun.stdout
        (silence,) = installation.answer("alerts", "silences")  # type: ignore[misc]
        assert (silence["author"], silence["matchers"]) == ("Anna", [{"field": "rule", "values": ["raketentest"]}])
        ended = installation.call("alerts", "unsilence", silence["id"][:10], "--wait", "30")
        assert "the silence of Anna was ended by Anna" in ended.stdout
    assert installation.answer("alerts", "silences") == []


def test_without_an_alerter_a_decision_is_kept_and_said_to_wait(installation: Installation) -> None:
    installation.publish((topology.EPISODES, EPISODE, msgspec.json.encode(episode(EPISODE))))
    called = installation.call("alerts", "ack", EPISODE, "--wait", "0.2")
    assert called.exit_code == 0 and "carries it out as soon as it runs" in called.stderr
    (record,) = broker.read_to_end(installation.settings.kafka, installation.settings.topic(topology.COMMANDS))
    command = msgspec.json.decode(record.value or b"", type=Command)
    assert (command.kind, command.by, command.episode_id) == ("acknowledge", "Anna", EPISODE)


def test_why_nobody_was_told_is_answered_from_the_topics(installation: Installation) -> None:
    never = installation.answer("alerts", "why", "https://tagesblatt.example/other")
    assert isinstance(never, dict) and "it was never collected" in never["short"]
    desk = Desk(episode(EPISODE, members=(member("a1"),)))
    desk.silence(scope="rule")
    (silence,) = desk.silences.values()
    silence = msgspec.structs.replace(silence, reason="exercise")
    held = notification("n1", EPISODE, state="suppressed", verdict=f"silence:{silence.id}")
    installation.publish(
        (topology.HEALTH, "tagesblatt", encode_health(SourceHealth(source_id="tagesblatt", state="failing", last_error="503"))),
        (topology.COLLECTED, "a1", encode(article())),
        (topology.ENRICHED, "a1", encode(enriched())),
        (topology.EPISODES, EPISODE, msgspec.json.encode(desk.first)),
        (topology.SILENCES, silence.id, msgspec.json.encode(silence)),
        (topology.NOTIFICATIONS, "n1", msgspec.json.encode(held)),
    )
    for asked in ("a1", "https://tagesblatt.example/a1", "g1", EPISODE, EPISODE[:12]):
        found = installation.answer("alerts", "why", asked)
        assert isinstance(found, dict)
        assert found["short"].startswith("Not told: desk: first not sent: silenced by Anna until"), found["short"]
    assert installation.call("alerts", "why", "a1").exit_code == 1
    night = installation.answer("alerts", "why", EPISODE, "--receiver", "night")
    assert isinstance(night, dict) and "there is no receiver 'night'" in night["short"]
    again = installation.answer("alerts", "why", "https://tagesblatt.example/other")
    assert isinstance(again, dict)
    assert "the source tagesblatt is failing" in json.dumps(again["findings"])
    steps = installation.answer("trace", "a1")
    assert [each["what"] for each in steps if each["stage"] == "alert"] == ["episode firing", "notification suppressed to desk"]  # type: ignore[attr-defined]


def test_a_rule_that_did_not_match_says_what_came_close_and_which_guard_rejected_it(installation: Installation) -> None:
    for each in rule_records([compile_rule(RULE)]):
        installation.publish((topology.RULES, each.key, each.value or b""))
    german = Language(code="de", confidence=0.99, origin="detected")
    missed = article(title="Raketentestgelände", body="Das Raketentestgelände ist leer.", language=german, revision=1)
    installation.publish((topology.COLLECTED, "a1", encode(missed)), (topology.ENRICHED, "a1", encode(missed)))
    found = installation.answer("alerts", "why", "a1", "--rule", "raketentest")
    assert isinstance(found, dict)
    assert "“Raketentestgelände” for “Raketentest”: 'raketentest' is only the beginning" in found["short"]
    unknown = installation.answer("alerts", "why", "a1", "--rule", "beben")
    assert isinstance(unknown, dict) and "there is no rule 'beben'" in unknown["short"]


def test_a_report_and_the_evidence_hold_what_the_topics_hold(installation: Installation, tmp_path: Path) -> None:
    version = RuleVersion(rule_id="raketentest", version="v1", at=NOON, by="Anna", text="id: raketentest\n", rule=RULE)
    with obeying(installation):
        installation.publish(
            (topology.NOTIFICATIONS, "n1", msgspec.json.encode(notification("n1", EPISODE))),
            (topology.EVIDENCE, "a1", encode(enriched())),
            (topology.RULE_VERSIONS, "raketentest", msgspec.json.encode(version)),
            (topology.HEALTH, "tagesblatt", encode_health(SourceHealth(source_id="tagesblatt", state="silent"))),
        )
        assert installation.call("alerts", "verdict", EPISODE, "confirmed", "--wait", "30").exit_code == 0
    arguments = ["report", "--from", "2026-11-20T11:00", "--to", "2026-11-20T13:00"]
    found = installation.answer(*arguments)
    assert isinstance(found, dict)
    assert found["episodes"][0]["episode"]["verdict"] == "confirmed"
    assert found["episodes"][0]["told"][0]["receiver"] == "desk"
    assert [each["source_id"] for each in found["sources"]] == ["tagesblatt"]
    assert [each["rule_id"] for each in found["rules"]] == ["raketentest"]
    page = tmp_path / "report.html"
    assert installation.call(*arguments, "--format", "html", "-o", str(page)).exit_code == 0
    assert "confirmed (Anna)" in page.read_text(encoding="utf-8")
    archive = tmp_path / "evidence.zip"
    exported = installation.answer("evidence", EPISODE[:9], "--to", str(archive))
    assert isinstance(exported, dict) and exported["faults"] == []
    with zipfile.ZipFile(archive) as opened:
        assert opened.read("articles/a1/revision-1/original.bin") == b"<p>Raketentest</p>"
        assert opened.read("rules/raketentest-v1.yaml") == b"id: raketentest\n"
        assert json.loads(opened.read("decisions.json"))[0]["command"]["verdict"] == "confirmed"
    before = archive.read_bytes()
    installation.answer("evidence", EPISODE, "--to", str(archive))
    assert archive.read_bytes() == before, "the same records, the same bytes"


def test_a_drill_tells_each_stage_and_ends_when_somebody_acknowledges(installation: Installation) -> None:
    for each in rule_records([compile_rule(RULE)]):
        installation.publish((topology.RULES, each.key, each.value or b""))

    def carry(record: broker.Record) -> None:
        """What the stages, the alerter and a person do with the exercise."""
        begun = decode(record.value or b"")
        match = Match(id="m1", rule_id="raketentest", rule_version="v1", title="R", severity="high", hits=())
        rung = episode(EPISODE, exercise=True, members=(member(begun.id),), opened_at=record.at)
        told = notification("n1", EPISODE, message=msgspec.structs.replace(rung.message, article_id=begun.id), sent_at=record.at)
        known = msgspec.structs.replace(rung, acknowledged_by="Boris", acknowledged_at=record.at + timedelta(seconds=3))
        installation.publish(
            (topology.IDENTIFIED, "de", encode(begun)),
            (topology.DEDUPLICATED, begun.id, encode(begun)),
            (topology.ENRICHED, begun.id, encode(msgspec.structs.replace(begun, matches=(match,)))),
            (topology.EPISODES, EPISODE, msgspec.json.encode(rung)),
            (topology.NOTIFICATIONS, "n1", msgspec.json.encode(told)),
            (topology.EPISODES, EPISODE, msgspec.json.encode(known)),
        )

    with installation.following(topology.COLLECTED, carry):
        called = installation.call("drill", "--within", "60s")
    assert called.exit_code == 0, called.output
    for expected in ("collected", "enriched", "episode", "desk: sent", "Acknowledged by Boris after"):
        assert expected in called.stdout


def test_a_drill_that_nobody_acknowledges_is_exit_code_1(installation: Installation) -> None:
    nothing = installation.call("drill", "--within", "1s", "--text", "Raketentest", "--json")
    assert nothing.exit_code == 1
    assert json.loads(nothing.stdout)["outcome"] == "not_matched"
    assert "no live rule has a test that matches" in installation.call("drill").stderr
