"""A live run on a real Kafka, and the back-test of the very topics that it left: the same matches, episodes and messages."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pipeline import broker, topology
from pipeline.alerter import GROUP, State, read_state
from pipeline.article import encode
from pipeline.backtest.looking import Asked, looked
from pipeline.backtest.ordering import Spool, arrivals
from pipeline.backtest.run import EARLIEST, LATEST, Outcome, Wish, run
from pipeline.backtest.stored import from_topic
from pipeline.bench.corpus import Shares, generate
from pipeline.embedded.servers import Servers
from pipeline.rules.apply import published
from pipeline.settings import Settings
from tests.faults.system import System, configuration, running
from tests.waiting import until

ROOT = Path(__file__).parents[2]
SEED = 11
ARTICLES = 400
RULE = "schema: news-alerts/v1\nkind: rule\nid: {id}\ntitle: {id}\nseverity: high\n{rest}\n"
RULES = {
    "each": "match: {any: [Raketentest]}\nnotify: {route: [desk, night], max_per_hour: 10000}",
    "storm": "match: {any: [Raketentest]}\nnotify: {route: [desk], max_per_hour: 3}",
    "count": "match: {any: [Forscherin, Kommissarin]}\ntrigger: {type: count, count: {over: 1h, gte: 3}}\ngroup: {by: [language]}\nnotify: {route: [night]}",
    "waits": "match: {any: [Raketentest]}\nnotify: {route: [night], first: {wait: 2s}, max_per_hour: 10000}",
    "quiet": "status: shadow\nmatch: {any: [Raketentest]}\nnotify: {route: [desk]}",
}
"""Rules of several kinds; the stream of articles brings each of them to ring, or to be withheld."""


@dataclass(frozen=True)
class Past:
    """What a live run left: its settings, when it began and ended, and its topics."""

    system: System
    settings: Settings
    since: datetime
    until: datetime
    matches: tuple[bytes, ...]
    state: State


@pytest.fixture(scope="module")
def past(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    folder = tmp_path_factory.mktemp("backtest")
    receivers = [{"name": name, "notifier": "file", "options": {"path": f"{name}.ndjson"}} for name in ("desk", "night")]
    config = configuration(folder, servers.addresses)
    written = json.loads(config.read_text(encoding="utf-8")) | {"receivers": receivers, "enrichers": [{"name": "entities"}]}
    config.write_text(json.dumps(written), encoding="utf-8")
    (folder / "rules" / "keyword.yaml").unlink()
    for rule_id, rest in RULES.items():
        (folder / "rules" / f"{rule_id}.yaml").write_text(RULE.format(id=rule_id, rest=rest), encoding="utf-8")
    since = datetime.now(UTC)
    with running(config, "worker", "alerter") as system:
        _publish(system.settings)
        until(lambda: _handled(system.settings), 120, "all articles and matches handled")
        until(lambda: _settled(system.settings), 60, "all messages sent")
        system.stop()
        state = read_state(system.settings)
        topic = system.settings.topic(topology.MATCHES)
        matches = tuple(each.value or b"" for each in broker.read_to_end(system.settings.kafka, topic))
        yield Past(system, system.settings, since, datetime.now(UTC), matches, state)


def _publish(settings: Settings) -> None:
    """The articles in bursts, as feeds bring them, so that time passes between them."""
    shares = Shares(repeats=0.05, reprints=0.2, revisions=0.1, keyword=0.1)
    now = datetime.now(UTC)
    publisher = broker.Publisher(settings.kafka)
    try:
        for number, each in enumerate(generate(SEED, ARTICLES, shares, "Raketentest", now - timedelta(hours=1), seconds_apart=5)):
            article = each.collected(now, f"corpus-{number % 7}")
            publisher.send(settings.topic(topology.COLLECTED), article.id, encode(article))
            if number % 100 == 99:
                publisher.confirm()
                threading.Event().wait(1.5)
        publisher.confirm()
    finally:
        publisher.close()


def _handled(settings: Settings) -> bool:
    """Whether every collected article went through the worker, and every match through the alerter."""
    collected = sum(1 for _ in broker.read_to_end(settings.kafka, settings.topic(topology.COLLECTED)))
    if collected < ARTICLES:
        return False
    stages = [topology.COLLECTED, topology.IDENTIFIED, topology.DEDUPLICATED]
    waiting = [*broker.lag(settings, "worker", stages), *broker.lag(settings, GROUP, [topology.MATCHES])]
    return not any(each.records for each in waiting)


def _settled(settings: Settings) -> bool:
    state = read_state(settings)
    waits = any(each.waiting_until is not None for each in state.episodes.values())
    return not waits and {each.state for each in state.notifications.values()} == {"sent", "suppressed"}


def back_tested(past: Past) -> Outcome:
    rules = published(past.settings).current
    wish = Wish(settings=past.settings, rules=rules, since=past.since, until=past.until, processes=2)
    arrived = arrivals(past.settings, past.since, datetime.now(UTC))
    with from_topic(past.settings, past.since, past.until) as reading:
        return run(reading, wish, arrived)


def test_it_finds_the_matches_of_the_live_run_byte_for_byte_and_in_its_order(past: Past) -> None:
    rules = published(past.settings).current
    asked = Asked((rules,), past.settings.alerts.late_hours, EARLIEST, EARLIEST, LATEST)
    arrived = arrivals(past.settings, past.since, datetime.now(UTC))
    with from_topic(past.settings, past.since, past.until) as reading, closing(Spool()) as spool:
        for piece in looked(reading.stored, asked, 1):
            for found in piece.found:
                spool.put(found, arrived)
        assert tuple(spool.in_order()) == past.matches
    assert len(past.matches) > 50


def episodes_of(found: State | Any) -> dict[str, tuple[Any, ...]]:
    return {
        key: (each.rule_id, each.state, each.group, each.opened_at, each.last_match_at, each.step, each.article_count, each.match_count)
        + (tuple(member.article_id for member in each.members), each.told, each.situation_id, each.withheld)
        for key, each in found.episodes.items()
    }


def messages_of(found: State | Any) -> dict[str, tuple[Any, ...]]:
    return {
        key: (each.rule_id, each.episode_id, each.receiver, each.kind, each.step, each.state, each.verdict, each.message)
        for key, each in found.notifications.items()
    }


def test_it_opens_the_episodes_of_the_live_run_and_sends_its_messages(past: Past) -> None:
    (replay,) = back_tested(past).replays
    assert episodes_of(replay) == episodes_of(past.state)
    assert messages_of(replay) == messages_of(past.state)
    verdicts = {each.verdict.partition(":")[0] for each in past.state.notifications.values()}
    assert {"shadow", "throttled", ""} <= verdicts
    assert {each.rule_id for each in past.state.episodes.values()} == set(RULES)
    told = {each["notification_id"] for name in ("desk", "night") for each in lines(past.system.folder / f"{name}.ndjson")}
    assert told == {key for key, each in replay.notifications.items() if each.state == "sent"}


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def command(past: Past, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "rules", "backtest", "--config", str(past.system.config), *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_says_that_the_folder_makes_no_difference_to_the_active_rules(past: Past) -> None:
    done = command(past, "--since", "1h", "--against", "current", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    sent = [each for each in past.state.notifications.values() if each.state == "sent"]
    assert sum(each["messages"] for each in report["rules"]) == len(sent)
    changed = report["difference"]
    assert [changed[f"{what}_{how}"] for what in ("matches", "episodes", "messages") for how in ("come", "go")] == [0] * 6
    assert changed["messages_stay"] == len(sent)


def test_the_command_shows_what_a_changed_rule_would_do_and_fails_when_it_is_not_expected(past: Past, tmp_path: Path) -> None:
    changed = RULE.format(id="storm", rest="match: {any: [Danzig]}\nnotify: {route: [desk]}\nexpect: {matches_per_day: {max: 1}}")
    (tmp_path / "storm.yaml").write_text(changed, encoding="utf-8")
    done = command(past, "--since", "1h", "--rule", "storm", "--rules", str(tmp_path), "--against", "current")
    assert done.returncode == 1, done.stderr
    assert "Against the other rules" in done.stdout and "- storm" in done.stdout
    assert "not as expected: storm finds" in done.stderr
    assert past.state.notifications == read_state(past.settings).notifications
