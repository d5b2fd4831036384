"""Canaries: when one flies, where it ends, who hears it, and what is told when one is missing."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from connectors._collect import canaries, complaints, schedule
from connectors._collect.canaries import Canaries
from connectors._collect.fetching import Running
from pipeline import canary, matched, topology
from pipeline.alerting import Alerting
from pipeline.alerts import Alerts
from pipeline.article import Article
from pipeline.broker import Record
from pipeline.canary import Heard
from pipeline.outcome import Dropped, Exit, Outcome
from pipeline.plugins import Batch
from pipeline.policies import Policies
from pipeline.rules.compiled import RuleSet
from pipeline.rules.load import load_folder, load_text
from pipeline.sections import Collector, SourceSettings
from pipeline.settings import Settings
from pipeline.sources import CANARY_RULE_ID, SourceHealth
from pipeline.stages.enrich import Enrich
from tests import builders
from tests.unit.test_collect import Broker, Script, run

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
EVERY = 300.0
MINUTE = timedelta(minutes=1)


def flying(*sources: dict[str, Any], heard: dict[str, Heard] | None = None, **collector: Any) -> tuple[Canaries, list[Running]]:
    running = [
        Running(SourceSettings(connector="rss", **each), connector=None, health=SourceHealth(source_id=each["id"]))  # type: ignore[arg-type]
        for each in sources
    ]
    settings = Settings(collector=Collector(**collector))
    return Canaries(settings, running, NOON, lambda: heard or {}), running


def due(found: Canaries, now: datetime) -> list[str]:
    return [each.source.name for _, each in found.due(now)]


def send(found: Canaries, now: datetime) -> None:
    for source, _ in found.due(now):
        source.health = canaries.flown(source.health, now)


def rules(tmp_path: Path, *more: str) -> RuleSet:
    loaded = load_folder(tmp_path, built_in_rules=[CANARY_RULE_ID])
    own = [load_text(each, "wide.yaml")[0] for each in more]
    return RuleSet().changed([*loaded.rules, *(each for each in own if each is not None)], routing=loaded.routing)


def enriched(article: Article, active: RuleSet, now: datetime = NOON) -> list[Any]:
    work = builders.work(replace(article, revision=1, position=builders.work(article).position, first_seen_at=now))
    return Enrich({}, lambda: active, 6.0).run(work, now)


def test_one_flies_for_each_connector_and_for_each_source_that_asks_for_its_own() -> None:
    found, _ = flying({"id": "idle", "paused": True}, {"id": "aa"}, {"id": "bb"}, {"id": "cc", "canary": True})
    assert due(found, NOON + MINUTE) == ["rss", "rss/cc"]
    assert [source.settings.id for source, _ in found.due(NOON + MINUTE)] == ["aa", "cc"]


def test_none_flies_in_the_first_seconds_of_a_process_nor_where_none_is_wanted() -> None:
    found, _ = flying({"id": "aa"})
    assert due(found, NOON + timedelta(seconds=19)) == [] and due(found, NOON + timedelta(seconds=20)) == ["rss"]
    assert due(flying({"id": "aa"}, canaries=False)[0], NOON + MINUTE) == []


def test_one_flies_in_each_interval_however_often_somebody_looks_and_restarts() -> None:
    found, running = flying({"id": "aa"})
    flights = 0
    for minute in range(1, 31):
        flights += len(due(found, NOON + minute * MINUTE))
        send(found, NOON + minute * MINUTE)
        if minute % 7 == 0:  # the health is what survives
            kept = running[0].health
            found, running = flying({"id": "aa"})
            running[0].health = kept
    assert flights == 7, "at 12:01, and once after 12:05, 12:10, … 12:30"


def test_sent_twice_within_one_interval_it_is_the_same_article_and_afterwards_another() -> None:
    def made(at: datetime) -> Article:
        return canary.article("rss", "rss", EVERY, "de", at)

    first, again, next_one = made(NOON + MINUTE), made(NOON + 2 * MINUTE), made(NOON + 6 * MINUTE)
    assert (first.id, first.title, first.body) == (again.id, again.title, again.body)
    assert first.id != next_one.id != canary.article("cap", "cap", EVERY, "de", NOON + 6 * MINUTE).id


@pytest.mark.parametrize("language", ["de", "en"])
def test_it_ends_after_the_rules_and_only_its_own_rule_meets_it(language: str, tmp_path: Path) -> None:
    wide = "schema: news-alerts/v1\nkind: rule\nid: wide\ntitle: Weit\nmatch: {any: [Lagebild, Kanarienvogel, Canary]}\n"
    outs = enriched(canary.article("rss", "rss", EVERY, language, NOON), rules(tmp_path, wide))
    assert [each.topic for each in outs] == [topology.MATCHES, topology.OUTCOMES], (
        "not enriched, not evidence: no index, page or back-test sees it"
    )
    assert matched.decode(outs[0].value).match.rule_id == CANARY_RULE_ID
    outcome = msgspec.json.decode(outs[1].value, type=Outcome)
    assert (outcome.exit, outcome.reason, outcome.detail) == (Exit.DROPPED, Dropped.CANARY, "rss")


def test_news_about_canaries_are_news(tmp_path: Path) -> None:
    outs = enriched(builders.article(title="Kanarienvogel entflogen", body="Ein Kanarienvogel ist entflogen."), rules(tmp_path))
    assert [each.topic for each in outs] == [topology.ENRICHED]


class _Rules:
    def __init__(self, active: RuleSet) -> None:
        self.active = active

    def current(self) -> RuleSet:
        return self.active


class Desk:
    """An alerter over a clock of the test."""

    def __init__(self, active: RuleSet) -> None:
        self.now = NOON
        settings = Settings(alerts={"default_route": ["desk"]})
        self.memory = Alerts()
        self.alerting = Alerting(
            settings, self.memory, None, Policies(settings, _Rules(active), lambda: self.now), lambda: self.now, "test"
        )  # type: ignore[arg-type]

    def meet(self, active: RuleSet, at: datetime) -> list[Any]:
        self.now = at
        value = enriched(canary.article("rss", "rss", EVERY, "de", at - timedelta(seconds=2)), active, at - timedelta(seconds=1))[0].value
        self.alerting.take([Record("matches", 0, 0, b"", value, (), at)])
        return self.written()

    def wait(self, until: datetime) -> list[Any]:
        self.now = until
        self.alerting.advance()
        return self.written()

    def written(self) -> list[Any]:
        outs = self.alerting.outs()
        self.alerting.written()
        return outs


def test_the_alerter_says_that_it_heard_and_opens_nothing(tmp_path: Path) -> None:
    active = rules(tmp_path)
    outs = Desk(active).meet(active, NOON)
    (word,) = [each for each in outs if each.topic == topology.CANARIES]
    heard = canary.decode(word.value)
    assert (word.key, heard.seconds, heard.matched_at) == ("rss", 2.0, NOON - timedelta(seconds=1))
    assert not [each for each in outs if each.topic in (topology.EPISODES, topology.NOTIFICATIONS)]


def test_a_rule_of_the_team_in_its_place_cannot_ring_for_one(tmp_path: Path) -> None:
    (tmp_path / "canary.yaml").write_text(
        "schema: news-alerts/v1\nkind: rule\nid: canary\ntitle: Alle\nmatch: {any: [Kanarienvogel]}\n", encoding="utf-8"
    )
    active = rules(tmp_path)
    assert [each.topic for each in Desk(active).meet(active, NOON)] == [topology.CANARIES]


def test_when_none_is_heard_for_half_an_hour_it_rings_once_and_the_next_one_ends_it(tmp_path: Path) -> None:
    active = rules(tmp_path)
    desk = Desk(active)
    for minute in range(0, 60, 5):
        assert not [
            each
            for each in (*desk.meet(active, NOON + minute * MINUTE), *desk.wait(NOON + (minute + 4) * MINUTE))
            if "alerts.e" in each.topic
        ]
    rung = [each for minute in range(60, 150, 5) for each in desk.wait(NOON + minute * MINUTE) if each.topic == topology.NOTIFICATIONS]
    assert {each.key for each in rung} == set(desk.memory.sent.notifications) and len(desk.memory.sent.notifications) == 1
    desk.meet(active, NOON + 151 * MINUTE)
    assert [each.state for each in desk.memory.episodes.values()] == ["closed"]


def test_what_was_stopped_over_night_with_everything_else_does_not_ring_at_the_start(tmp_path: Path) -> None:
    active = rules(tmp_path)
    first = Desk(active)
    first.wait(NOON + 10 * MINUTE)
    first.meet(active, NOON + 10 * MINUTE)
    second = Desk(active)
    for each in first.memory.memories.values():
        second.memory.put(each)
    second.now = NOON + timedelta(hours=12)
    second.alerting = Alerting(Settings(), second.memory, None, second.alerting._policies, lambda: second.now, "again")  # type: ignore[arg-type]
    assert second.wait(second.now + MINUTE) == []
    second.meet(active, second.now + MINUTE)
    second.wait(second.now + 20 * MINUTE)
    assert not second.memory.episodes


def test_what_was_heard_stands_in_the_health_with_the_time_it_took() -> None:
    heard = {"rss": Heard(article_id="c", sent_at=NOON + MINUTE, matched_at=NOON + MINUTE, heard_at=NOON + MINUTE + timedelta(seconds=0.4))}
    found, running = flying({"id": "aa"}, {"id": "bb"}, heard=heard)
    send(found, NOON + MINUTE)
    assert running[0].health.canary_waiting_since == NOON + MINUTE
    assert found.hear() == [running[0]]
    health = running[0].health
    assert (health.canary_seconds, health.canary_waiting_since) == (0.4, None) and running[1].health.canary_sent_at is None


def test_a_crash_between_sending_and_writing_it_down_neither_sends_another_nor_waits_for_ever() -> None:
    heard = Heard(article_id="c", sent_at=NOON + MINUTE, matched_at=NOON + MINUTE, heard_at=NOON + MINUTE)
    found, running = flying({"id": "aa"}, heard={"rss": heard})
    found.hear()
    assert due(found, NOON + 2 * MINUTE) == [] and due(found, NOON + 5 * MINUTE) == ["rss"]
    found, running = flying({"id": "aa"}, heard={"rss": heard})
    send(found, NOON + 2 * MINUTE)  # before the word of the first came; this one is dropped as a repeat
    found.hear()
    assert running[0].health.canary_waiting_since is None


def test_who_carries_none_any_more_is_not_waited_for() -> None:
    _, running = flying({"id": "aa"}, {"id": "bb"})
    running[1].health = canaries.flown(running[1].health, NOON)
    Canaries(Settings(), running, NOON, dict)
    assert running[1].health == SourceHealth(source_id="bb")


def complaint(health: SourceHealth, now: datetime, started_at: datetime = NOON) -> str:
    stated = schedule.in_state(health, paused=False, every_seconds=60, started_at=NOON, now=now)
    found = complaints.due(stated, started_at, now)
    return found.kind if found else ""


def test_a_missing_one_is_told_once_after_five_minutes_and_its_return() -> None:
    good = SourceHealth(source_id="aa", last_success_at=NOON, last_article_at=NOON)
    waiting = replace(good, canary_sent_at=NOON + 4 * MINUTE, canary_waiting_since=NOON)
    assert complaint(waiting, NOON + 4 * MINUTE) == ""
    assert complaint(waiting, NOON + 5 * MINUTE) == "canary"
    assert complaint(waiting, NOON + 5 * MINUTE, started_at=NOON + 4 * MINUTE) == "", "what flew before we were started is asked for first"
    told = complaints.noted(waiting, complaints.Complaint("canary", NOON), NOON + 5 * MINUTE)
    assert complaint(told, NOON + 9 * MINUTE) == ""
    back = replace(told, canary_waiting_since=None)
    assert complaint(back, NOON + 9 * MINUTE) == "canary_back"
    assert complaint(complaints.noted(back, complaints.Complaint("canary_back", NOON), NOON), NOON + 9 * MINUTE) == ""


def test_a_canary_is_no_article_of_its_source(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, clock = Broker(), iter(range(10_000))
    turn = threading.Lock()

    def now() -> datetime:
        with turn:
            return NOON + timedelta(seconds=next(clock))

    collector = run(monkeypatch, broker, now=now, canaries=True, alpha=Script(*[Batch(cursor={"at": number}) for number in range(40)]))
    sent = [msgspec.json.decode(each[2] or b"") for each in broker.of(topology.COLLECTED)]
    flown = [each["id"] for each in sent if each["source"]["id"] == "lagebild-canary"]
    assert flown and len(flown) == len(set(flown))
    assert collector.counts.articles == 0
    last = msgspec.json.decode(broker.of(topology.HEALTH)[-1][2] or b"")
    assert "articles" not in last and last["canary_sent_at"]
