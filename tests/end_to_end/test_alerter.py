"""The alerter as a process of its own on a real Kafka: told once, through kills, takeovers, redeliveries and outages."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from kafka import OffsetAndMetadata, TopicPartition

from pipeline import broker, topology
from pipeline.alerter import GROUP, State, read_state
from pipeline.episode import Command
from pipeline.matched import Matched, encode
from pipeline.outcome import Rejection, rejected_from
from pipeline.rules.load import load_text
from pipeline.rules.publish import records as rule_records
from pipeline.runner import Out
from pipeline.settings import Settings, load
from pipeline.transactions import Fenced, Transactions
from tests.builders import matched
from tests.webhooks import Hook, listening

ROOT = Path(__file__).parents[2]
TOPICS = [topology.topic(name) for name in {*topology.stage("alert").reads, *topology.stage("alert").writes}]
RULE = """
kind: rule
schema: news-alerts/v1
id: quick
title: Quick
severity: high
match: {any: [Raketentest]}
notify: {route: [hook], max_per_hour: 2}
"""

# Ends the process by SIGKILL when a transaction has been written and is about to be committed, as soon as the file exists.
DIES_BEFORE_COMMIT = """
import os, pathlib, signal, sys
from pipeline import broker, cli
real, wish = broker.producer, pathlib.Path(sys.argv.pop(1))
def producer(*args, **named):
    made = real(*args, **named)
    commit = made.commit_transaction
    def die_or_commit():
        if wish.exists():
            os.kill(os.getpid(), signal.SIGKILL)
        commit()
    made.commit_transaction = die_or_commit
    return made
broker.producer = producer
cli.main()
"""


def until(condition: Callable[[], Any], seconds: float = 30.0, what: Callable[[], str] = str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"the condition was not met in time. {what()}"
        threading.Event().wait(0.05)


class Desk:
    """One installation: its topics, its webhook, and the alerters it runs."""

    def __init__(self, settings: Settings, config: Path, hook: Hook) -> None:
        self.settings, self.config, self.hook = settings, config, hook
        self.processes: list[subprocess.Popen[bytes]] = []
        self.publisher = broker.Publisher(settings.kafka)

    def start(self, *, dies_when: Path | None = None) -> subprocess.Popen[bytes]:
        code = ["-c", DIES_BEFORE_COMMIT, str(dies_when)] if dies_when else ["-m", "pipeline.cli"]
        log = self.config.with_name(f"alerter-{len(self.processes)}.log").open("wb")
        with log:
            process = subprocess.Popen(
                [sys.executable, *code, "run", "alerter", "--config", str(self.config)], cwd=ROOT, stdout=log, stderr=subprocess.STDOUT
            )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait(10)

    def stop(self, process: subprocess.Popen[bytes]) -> int:
        process.send_signal(signal.SIGTERM)
        return process.wait(20)

    def logs(self) -> str:
        return "\n".join(path.read_text(errors="replace")[-3_000:] for path in sorted(self.config.parent.glob("alerter-*.log")))

    def publish(self, *matched: Matched) -> None:
        for each in matched:
            self.send(topology.MATCHES, each.match.rule_id, encode(each))

    def send(self, topic: str, key: str, value: bytes | None) -> None:
        self.publisher.send(self.settings.topic(topic), key, value)
        self.publisher.confirm()

    def state(self) -> State:
        return read_state(self.settings)

    def all_sent(self, count: int) -> bool:
        states = [each.state for each in self.state().notifications.values()]
        return len(states) == count and set(states) == {"sent"}

    def gets(self, count: int, seconds: float = 30) -> None:
        until(lambda: len(self.hook.taken) >= count, seconds, self.logs)

    def close(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                self.kill(process)
        self.publisher.close()
        admin = broker.admin_client(self.settings.kafka)
        admin.delete_topics([self.settings.topic(topic.name) for topic in TOPICS])
        admin.close()


@pytest.fixture
def desk(kafka_servers: str, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        hook = stack.enter_context(listening())
        config = tmp_path / "lagebild.yaml"
        config.write_text(
            f"""
kafka: {{servers: ["{kafka_servers}"], topic_prefix: "a{uuid.uuid4().hex[:8]}-", session_seconds: 2}}
receivers:
  - {{name: hook, notifier: webhook, options: {{url: "{hook.url}", allow_private: [127.0.0.1]}}}}
  - {{name: record, notifier: file, options: {{path: alerts.jsonl}}}}
alerts: {{default_route: [hook]}}
""",
            encoding="utf-8",
        )
        settings = load(config)
        broker.apply_topics(settings, topics=TOPICS)
        made = Desk(settings, config, hook)
        stack.callback(made.close)
        yield made


def test_a_match_is_told_once_recorded_and_acknowledged(desk: Desk) -> None:
    process = desk.start()
    began = time.monotonic()
    desk.publish(matched("one", story="s"), matched("copy", story="s"), matched("more", story="s", facts=("number:2",)))
    desk.gets(2)
    assert time.monotonic() - began < 25
    assert [(each["headline"], each["why"], each["members"]) for each in desk.hook.taken] == [("one", "first", 1), ("more", "new_facts", 3)]
    until(lambda: desk.all_sent(2))
    (episode,) = desk.state().episodes.values()
    assert (episode.article_count, episode.folded, episode.step) == (3, 1, 2)

    command = Command(id="c1", episode_id=episode.id, kind="acknowledge", by="anna", at=datetime.now(UTC), text="seen")
    desk.send(topology.COMMANDS, episode.id, msgspec.json.encode(command))
    until(lambda: desk.state().episodes[episode.id].acknowledged_by == "anna")
    assert not any(each.records for each in broker.lag(desk.settings, GROUP, [topology.MATCHES, topology.COMMANDS]))
    assert desk.stop(process) == 0
    assert "opened" in desk.logs() and "rings again" in desk.logs()


def test_a_kill_between_sending_and_recording_repeats_once_and_says_so(desk: Desk) -> None:
    killed: list[int] = []

    def answer(alert: dict[str, Any]) -> int:
        if not killed:
            killed.append(desk.processes[0].pid)
            os.kill(desk.processes[0].pid, signal.SIGKILL)
        return 204

    desk.hook.answer = answer
    desk.start()
    desk.publish(matched("one"))
    desk.gets(1)
    desk.processes[0].wait(10)
    desk.start()
    desk.gets(2)
    desk.publish(matched("marker"))
    desk.gets(3)
    until(lambda: desk.all_sent(2))
    assert desk.hook.headlines() == {"one": 2, "marker": 1}
    first, again = (each for each in desk.hook.taken if each["headline"] == "one")
    assert first["notification_id"] == again["notification_id"]
    assert (first["possible_duplicate"], again["possible_duplicate"]) == (False, True)


@pytest.mark.parametrize("sent", [False, True])
def test_a_kill_before_a_commit_loses_nothing_and_repeats_only_what_was_sent(desk: Desk, tmp_path: Path, sent: bool) -> None:
    """Killed in the transaction that claims the message, before it is sent, or in the one that records that it was sent."""
    wish = tmp_path / "die"

    def answer(alert: dict[str, Any]) -> int:
        wish.touch()
        return 204

    desk.hook.answer = answer
    if not sent:
        wish.touch()
    desk.publish(matched("one"))
    assert desk.start(dies_when=wish).wait(40) == -signal.SIGKILL
    assert len(desk.hook.taken) == sent, desk.logs()
    desk.start()
    desk.publish(matched("marker"))
    until(lambda: desk.hook.headlines()["marker"] == 1, what=desk.logs)
    until(lambda: desk.all_sent(2))
    assert desk.hook.headlines() == {"one": 1 + sent, "marker": 1}
    assert len([each for each in desk.hook.taken if each["possible_duplicate"]]) == sent


def test_kills_at_random_moments_lose_nothing_and_repeat_only_what_says_so(desk: Desk) -> None:
    chance = random.Random(7)
    names = [f"n{number}" for number in range(60)]
    rules = [f"r{number % 4}" for number in range(60)]
    process = desk.start()
    for number, (name, rule) in enumerate(zip(names, rules, strict=True)):
        desk.publish(matched(name, rule=rule))
        if number in (15, 35):
            seen = len(desk.hook.taken)
            desk.gets(seen + 1)
            threading.Event().wait(chance.random() * 0.05)
            desk.kill(process)
            process = desk.start()
    until(lambda: set(desk.hook.headlines()) == set(names), what=desk.logs)
    until(lambda: desk.all_sent(60), what=desk.logs)
    plain = Counter(each["headline"] for each in desk.hook.taken if not each["possible_duplicate"])
    assert set(plain.values()) == {1}
    assert len(desk.hook.taken) - len(names) <= 2 * 4, "more repeats than attempts that can be under way in two kills"


def test_a_former_owner_is_shut_out_before_it_can_tell_anybody(desk: Desk) -> None:
    process = desk.start()
    desk.publish(matched("one"))
    desk.gets(1)
    until(lambda: desk.all_sent(1))
    taken_over = Transactions(desk.settings, GROUP)
    try:
        desk.publish(matched("two"))
        assert process.wait(20) == 1
    finally:
        taken_over.close()
    assert desk.hook.headlines() == {"one": 1}
    assert "replaced" in desk.logs()
    desk.start()
    desk.gets(2)
    until(lambda: desk.all_sent(2))
    assert desk.hook.headlines() == {"one": 1, "two": 1}


def test_a_fenced_writer_is_told_so(desk: Desk) -> None:
    old = Transactions(desk.settings, "somebody")
    new = Transactions(desk.settings, "somebody")
    try:
        with pytest.raises(Fenced, match="another process"):
            old.write([topology_out("x")], None, {})
        with pytest.raises(Fenced):
            old.write([topology_out("x")], None, {})
        new.write([topology_out("y")], None, {})
    finally:
        old.close()
        new.close()
    assert [each.key for each in broker.read_to_end(desk.settings.kafka, desk.settings.topic(topology.EPISODES))] == [b"y"]


def topology_out(key: str) -> Out:
    return Out(topology.EPISODES, key, b"{}")


def test_reading_all_matches_again_tells_nobody_twice(desk: Desk) -> None:
    process = desk.start()
    desk.publish(*(matched(f"n{number}", story=f"s{number % 5}", facts=(f"number:{number}",)) for number in range(15)))
    desk.gets(15)
    until(lambda: desk.all_sent(15))
    before = desk.state()
    assert desk.stop(process) == 0
    rewind_group(desk.settings)
    desk.start()
    desk.publish(matched("marker"))
    desk.gets(16)
    until(lambda: not broker.lag(desk.settings, GROUP, [topology.MATCHES])[0].records)
    assert desk.hook.headlines().most_common(1)[0][1] == 1
    after = desk.state()
    assert {each: after.episodes[each] for each in before.episodes} == before.episodes


def rewind_group(settings: Settings) -> None:
    admin = broker.admin_client(settings.kafka)
    try:
        partition = TopicPartition(settings.topic(topology.MATCHES), 0)
        admin.alter_group_offsets(settings.topic(GROUP), {partition: OffsetAndMetadata(0, "", -1)})
    finally:
        admin.close()
    assert broker.lag(settings, GROUP, [topology.MATCHES])[0].records >= 15


def test_a_receiver_that_was_away_gets_everything_when_it_is_back(desk: Desk) -> None:
    desk.hook.answer = lambda alert: 503
    desk.start()
    desk.publish(*(matched(f"n{number}") for number in range(5)))
    until(lambda: desk.hook.refused >= 5, what=desk.logs)
    desk.hook.answer = lambda alert: 204
    desk.gets(5)
    until(lambda: desk.all_sent(5))
    assert set(desk.hook.headlines().values()) == {1}
    assert {each["attempt"] for each in desk.hook.taken} <= {2, 3}
    assert not any(each["possible_duplicate"] for each in desk.hook.taken)


def test_a_channel_that_refuses_for_good_is_reported_to_the_other(desk: Desk) -> None:
    rule = RULE.replace("[hook]", "[hook, record]")
    publish_rule(desk, rule)
    desk.hook.answer = lambda alert: 404
    desk.start()
    desk.publish(matched("one", rule="quick"))
    path = desk.config.with_name("alerts.jsonl")
    until(lambda: path.exists() and len(path.read_text(encoding="utf-8").splitlines()) == 2, what=desk.logs)
    alerts = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert sorted(each["why"] for each in alerts) == ["channel_failed", "first"]
    assert [each.last_error for each in desk.state().notifications.values() if each.state == "failed"] == ["127.0.0.1 answered 404"]


def test_a_rule_says_who_is_told_and_how_often(desk: Desk) -> None:
    publish_rule(desk, RULE)
    desk.start()
    desk.publish(*(matched(f"n{number}", rule="quick") for number in range(5)))
    desk.gets(2)
    until(lambda: len(desk.state().episodes) == 5)
    held = [each for each in desk.state().notifications.values() if each.state == "suppressed"]
    assert len(held) == 3 and len({each.verdict for each in held}) == 1, "the three wait for one message about all of them"
    assert held[0].verdict.startswith("throttled:") and held[0].next_at > held[0].created_at
    assert len(desk.hook.taken) == 2


def publish_rule(desk: Desk, text: str) -> None:
    compiled, problems = load_text(text, "quick.yaml")
    assert compiled is not None, problems
    for record in rule_records([compiled]):
        desk.send(topology.RULES, record.key, record.value)


def test_a_standby_leaves_the_owner_alone_and_takes_over_when_it_dies(desk: Desk) -> None:
    owner = desk.start()
    desk.publish(matched("one"))
    desk.gets(1)
    desk.start()
    for number in range(20):
        desk.publish(matched(f"n{number}", rule=f"r{number % 2}"))
        threading.Event().wait(0.1)
    desk.gets(21)
    until(lambda: desk.all_sent(21))
    assert owner.poll() is None
    assert "alerting" not in desk.config.with_name("alerter-1.log").read_text()
    desk.kill(owner)
    desk.publish(matched("two"))
    desk.gets(22)
    until(lambda: desk.all_sent(22))
    assert set(desk.hook.headlines().values()) == {1}


def test_what_cannot_be_read_is_kept_and_does_not_stop_the_rest(desk: Desk) -> None:
    desk.send(topology.MATCHES, "r", b'{"match": 1}')
    desk.send(topology.MATCHES, "r", b"\xff\x00")
    desk.send(topology.MATCHES, "r", None)
    desk.send(topology.COMMANDS, "e", b"[]")
    desk.start()
    desk.publish(matched("one"))
    desk.gets(1)

    def rejected() -> list[broker.Record]:
        return list(broker.read_to_end(desk.settings.kafka, desk.settings.topic(topology.REJECTED)))

    until(lambda: len(rejected()) == 4, what=desk.logs)
    assert {rejected_from(each.headers).reason for each in rejected()} == {Rejection.INVALID}
    assert {rejected_from(each.headers).stage for each in rejected()} == {"alert"}
    assert b"\xff\x00" in {each.value for each in rejected()}
