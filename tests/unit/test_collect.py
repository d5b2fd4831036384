"""The collector over a publisher in memory: order, confirmation, what goes where."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from connectors._collect import collector as collecting
from connectors._collect import fetching, schedule
from connectors._collect import records as planned
from connectors._collect.agenda import Agenda
from connectors._collect.collector import Collector
from connectors._collect.fetching import Fetches, Running
from connectors._collect.restore import Memory
from pipeline import article as records
from pipeline import sources
from pipeline.article import Article
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.outcome import Exit, Outcome, Rejection, rejected_from
from pipeline.plugins import Batch, Unreadable
from pipeline.sections import Kafka, SourceSettings
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from tests.builders import article

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
Sent = tuple[str, str, bytes | None, tuple[tuple[str, bytes], ...]]


@dataclass
class Broker:
    """Stands in for Kafka: what was sent counts when it was confirmed. `failing` and `refusing` make it fail."""

    log: list[Sent] = field(default_factory=list)
    failing: int = 0
    refusing: Callable[[str, bytes], bool] = lambda _topic, _value: False
    away: int = 0
    opened: int = 0

    def connect(self) -> Channel:
        if self.away:
            self.away -= 1
            raise Unreachable("Kafka does not answer")
        self.opened += 1
        return Channel(self)

    def of(self, topic: str) -> list[Sent]:
        return [each for each in self.log if each[0] == topic]


class Channel:
    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._waiting: list[Sent] = []

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Any = ()) -> None:
        self._waiting.append((topic, key, value, tuple(headers)))

    def confirm(self, timeout_seconds: float = 130) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and self._broker.failing:
            self._broker.failing -= 1
            raise Transient("not confirmed")
        if any(value is not None and self._broker.refusing(topic, value) for topic, _, value, _ in waiting):
            raise Permanent("too_large", "refused")
        self._broker.log += waiting

    def close(self) -> None:
        self._waiting.clear()


class Script:
    """A connector that does what it is told, fetch by fetch, and then says that nothing is new. Sets `stop` when it is through."""

    def __init__(self, *steps: Batch | BaseException, stop: threading.Event | None = None) -> None:
        self.steps = list(steps)
        self.stop = stop
        self.cursors: list[Mapping[str, Any]] = []

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        self.cursors.append(cursor)
        if not self.steps:
            if self.stop:
                self.stop.set()
            return Batch(cursor=cursor)
        step = self.steps.pop(0)
        if isinstance(step, BaseException):
            raise step
        return step


def configured(*names: str, canaries: bool = False, **kafka: Any) -> Settings:
    found = [
        SourceSettings(id=name, connector="rss", name=name.title(), country="DE", owner="Haus", language="de", every_seconds=0.2)
        for name in names
    ]
    return Settings(sources=found, kafka=Kafka(**kafka), collector={"fetches_at_once": 8, "canaries": canaries}, folder=Path())


def run(
    monkeypatch: pytest.MonkeyPatch,
    broker: Broker,
    memory: Memory | None = None,
    now: Callable[[], datetime] = lambda: NOON,
    kafka: dict[str, Any] | None = None,
    canaries: bool = False,
    **scripts: Script,
) -> Collector:
    """Runs the collector until every script is through. Waits end at once: back-off is decided elsewhere."""
    stops = [threading.Event() for _ in scripts]
    for script, event in zip(scripts.values(), stops, strict=True):
        script.stop = event
    monkeypatch.setattr(fetching, "connectors_of", lambda *_: scripts)
    monkeypatch.setattr(collecting, "connectors_of", lambda *_: scripts)
    monkeypatch.setattr(schedule, "back_off_seconds", lambda *_, **__: 0.01)
    monkeypatch.setattr(schedule, "pause_seconds", lambda *_, **__: 0.01)
    collector = Collector(
        configured(*scripts, canaries=canaries, **(kafka or {})),
        broker.connect,
        restore=lambda: memory or Memory(),
        now=now,
        roll=lambda: 0.5,
    )
    stop = threading.Event()

    class Stop(threading.Event):
        def is_set(self) -> bool:
            return stop.is_set() or all(each.is_set() for each in stops)

        def wait(self, timeout: float | None = None) -> bool:
            return super().wait(0.01)

    thread = threading.Thread(target=collector.run, args=(Stop(),))
    thread.start()
    thread.join(20)
    stop.set()
    assert not thread.is_alive()
    return collector


def ids(sent: list[Sent]) -> list[str]:
    return [each[1] for each in sent]


def test_articles_go_out_stamped_and_the_cursor_follows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    collector = run(monkeypatch, broker, alpha=Script(Batch((article(id="a"), article(id="b")), {"at": 2})))
    topics = [each[0] for each in broker.log if each[0] != "sources.health"]
    assert topics == ["articles.collected", "articles.collected", "sources.cursors"]
    assert broker.of("sources.cursors")[0][1:3] == ("alpha", b'{"connector":"rss","cursor":{"at":2}}')
    first = records.decode(broker.of("articles.collected")[0][2] or b"")
    assert (first.source.id, first.source.name, first.source.country, first.source.owner, first.source.site) == (
        "alpha",
        "Alpha",
        "DE",
        "Haus",
        "tagesblatt.example",
    )
    assert first.clock.collected_at == NOON and first.clock.fetched_at is not None and first.language.declared == "de"
    assert collector.counts.articles == 2


def test_an_unchanged_cursor_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    run(monkeypatch, broker, Memory(cursors={"alpha": {"at": 2}}), alpha=Script(Batch(cursor={"at": 2}), Batch(cursor={"at": 2})))
    assert broker.of("sources.cursors") == []


def test_a_restored_cursor_is_where_the_first_fetch_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    script = Script()
    run(monkeypatch, Broker(), Memory(cursors={"alpha": {"at": 7}}), alpha=script)
    assert script.cursors[0] == {"at": 7}


def test_a_batch_that_was_not_confirmed_is_fetched_again_from_the_old_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(failing=1)
    batch = Batch((article(id="a"),), {"at": 1})
    script = Script(batch, batch)
    collector = run(monkeypatch, broker, alpha=script)
    assert script.cursors[:2] == [{}, {}] and script.cursors[2] == {"at": 1}
    assert ids(broker.of("articles.collected")) == ["a"] and len(broker.of("sources.cursors")) == 1
    assert broker.opened == 2 and collector.counts.articles == 1


def test_a_cursor_that_was_not_confirmed_is_written_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()

    class Failing(Channel):
        failed = False

        def confirm(self, timeout_seconds: float = 130) -> None:
            if not Failing.failed and any(topic == "sources.cursors" for topic, *_ in self._waiting):
                Failing.failed = True
                self._waiting.clear()
                raise Transient("not confirmed")
            super().confirm(timeout_seconds)

    monkeypatch.setattr(broker, "connect", lambda: Failing(broker))
    run(monkeypatch, broker, alpha=Script(Batch((article(id="a"),), {"at": 1})))
    assert [each[2] for each in broker.of("sources.cursors")] == [b'{"connector":"rss","cursor":{"at":1}}']


def test_nothing_is_fetched_while_kafka_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, script = Broker(away=5), Script(Batch((article(id="a"),), {"at": 1}))
    collector = run(monkeypatch, broker, alpha=script)
    assert ids(broker.of("articles.collected")) == ["a"] and collector.counts.broker_failures == 5


def test_a_restore_that_fails_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, script, tries = Broker(), Script(), []

    def restore() -> Memory:
        tries.append(1)
        if len(tries) < 3:
            raise Transient("too slow")
        return Memory()

    stop = threading.Event()
    script.stop = stop
    monkeypatch.setattr(collecting, "connectors_of", lambda *_: {"alpha": script})
    monkeypatch.setattr(collecting, "LONGEST_BROKER_WAIT_SECONDS", 0.01)
    Collector(configured("alpha"), broker.connect, restore=restore).run(stop)
    assert len(tries) == 3 and script.cursors


@pytest.mark.parametrize("error", [Transient("weg", 30), Permanent("unreadable", "404"), ZeroDivisionError("defekt"), SystemExit(3)])
def test_a_failing_source_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    broker = Broker()
    collector = run(monkeypatch, broker, alpha=Script(error), beta=Script(Batch((article(id="b"),), {"at": 1})))
    assert ids(broker.of("articles.collected")) == ["b"] and collector.counts.failures == 1
    told = [sources.decode(each[2] or b"") for each in broker.of("sources.health") if each[1] == "alpha"]
    assert "failing" in {each.state for each in told}


def test_what_is_unreadable_goes_to_rejected_with_its_bytes_and_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    big = b"x" * 1_500_000
    run(
        monkeypatch,
        broker,
        alpha=Script(
            Batch(
                cursor={"at": 1},
                unreadable=(Unreadable("a.txt", "unreadable", "kein Text", b"\x00\xff"), Unreadable("b.txt", "too_large", "groß", big)),
            )
        ),
    )
    one, two = broker.of("articles.rejected")
    assert one[2] == b"\x00\xff" and two[2] == big[:1_000_000]
    first, second = rejected_from(one[3]), rejected_from(two[3])
    assert (first.stage, first.reason, first.source_id, first.article_id, first.truncated) == (
        "collect",
        Rejection.UNREADABLE,
        "alpha",
        one[1],
        False,
    )
    assert first.detail == "a.txt: kein Text" and (second.truncated, second.original_bytes) == (True, 1_500_000)
    outcomes = [msgspec.json.decode(each[2] or b"", type=Outcome) for each in broker.of("articles.outcomes")]
    assert [(each.article_id, each.exit, each.reason) for each in outcomes] == [
        (one[1], Exit.REJECTED, "unreadable"),
        (two[1], Exit.REJECTED, "too_large"),
    ]
    assert len({each.id for each in outcomes}) == 2
    assert broker.of("sources.cursors")


def test_an_article_larger_than_kafka_takes_is_rejected_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    run(
        monkeypatch,
        broker,
        kafka={"max_record_bytes": 100_000},
        alpha=Script(Batch((article(id="a", body="x" * 200_000), article(id="b")), {"at": 1})),
    )
    assert ids(broker.of("articles.collected")) == ["b"] and ids(broker.of("articles.rejected")) == ["a"]
    assert rejected_from(broker.of("articles.rejected")[0][3]).reason == Rejection.TOO_LARGE


def test_an_article_that_the_broker_refuses_is_rejected_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker(refusing=lambda topic, value: topic == "articles.collected" and b"riesig" in value)
    run(monkeypatch, broker, alpha=Script(Batch((article(id="a"), article(id="b", body="riesig"), article(id="c")), {"at": 1})))
    assert {*ids(broker.of("articles.collected"))} == {"a", "c"} and ids(broker.of("articles.rejected")) == ["b"]
    assert broker.of("sources.cursors")


def test_a_record_that_cannot_be_written_is_rejected_and_the_rest_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    run(monkeypatch, broker, alpha=Script(Batch((article(id="a", title="\ud800"), article(id="b")), {"at": 1})))
    assert ids(broker.of("articles.collected")) == ["b"] and rejected_from(broker.of("articles.rejected")[0][3]).reason == Rejection.INVALID


@pytest.mark.parametrize("cursor", [{"at": object()}, {"at": "\ud800"}, {"at": "x" * 3_000_000}])
def test_a_cursor_that_cannot_be_kept_fails_the_source(monkeypatch: pytest.MonkeyPatch, cursor: dict[str, Any]) -> None:
    broker = Broker()
    collector = run(monkeypatch, broker, alpha=Script(Batch((article(id="a"),), cursor)))
    assert collector.counts.failures == 1 and broker.of("articles.collected") == []


def embargoed(**changes: Any) -> Article:
    return article(embargoed_at=NOON + timedelta(hours=1), **changes)


class Hour:
    """A clock that jumps over the embargo after it was asked `asks` times."""

    def __init__(self, asks: int) -> None:
        self.asks = asks

    def __call__(self) -> datetime:
        self.asks -= 1
        return NOON if self.asks > 0 else NOON + timedelta(hours=2)


def test_an_embargoed_article_waits_in_held_and_comes_out_when_due(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    collector = run(monkeypatch, broker, now=Hour(12), alpha=Script(Batch((embargoed(id="a"),), {"at": 1}), *[Batch(cursor={"at": 1})] * 8))
    assert [(each[0], each[1], each[2] is None) for each in broker.log if each[0] in ("articles.held", "articles.collected")] == [
        ("articles.held", "a", False),
        ("articles.collected", "a", False),
        ("articles.held", "a", True),
    ]
    assert records.decode(broker.of("articles.collected")[0][2] or b"").clock.collected_at == NOON + timedelta(hours=2)
    assert (collector.counts.held, collector.counts.released) == (1, 1)


def test_a_withheld_article_waits_for_a_later_version_and_never_comes_out_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    withheld, usable = article(id="a", pubstatus="withheld"), article(id="a", title="Nun doch")
    steps = [Batch((withheld,), {"at": 1}), *[Batch(cursor={"at": 1})] * 8, Batch((usable,), {"at": 2})]
    run(monkeypatch, broker, now=Hour(12), alpha=Script(*steps))
    assert [records.decode(each[2] or b"").title for each in broker.of("articles.collected")] == ["Nun doch"]
    assert [(each[1], each[2] is None) for each in broker.of("articles.held")] == [("a", False), ("a", True)]


def test_held_articles_of_an_earlier_run_come_out_too(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    held = Memory(held={"a": article(id="a", embargoed_at=NOON - timedelta(hours=1)), "b": embargoed(id="b")})
    run(monkeypatch, broker, held, alpha=Script())
    assert ids(broker.of("articles.collected")) == ["a"]
    assert [(each[1], each[2]) for each in broker.of("articles.held")] == [("a", None)]


def test_a_version_without_an_embargo_ends_the_holding(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    run(monkeypatch, broker, Memory(held={"a": embargoed(id="a")}), alpha=Script(Batch((article(id="a"),), {"at": 1})))
    assert [(each[1], each[2]) for each in broker.of("articles.held")] == [("a", None)]


def test_a_paused_source_is_told_and_not_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    broker, paused, script = Broker(), Script(), Script()
    settings = configured("alpha", "beta")
    settings = settings.model_copy(update={"sources": [settings.sources[0], settings.sources[1].model_copy(update={"paused": True})]})
    stop = threading.Event()
    script.stop = stop
    monkeypatch.setattr(collecting, "connectors_of", lambda *_: {"alpha": script, "beta": paused})
    Collector(settings, broker.connect).run(stop)
    assert paused.cursors == []
    assert {each.state for each in (sources.decode(sent[2] or b"") for sent in broker.of("sources.health") if sent[1] == "beta")} == {
        "paused"
    }


def test_no_more_fetches_than_configured_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock, enough = [0], [0], threading.Lock(), threading.Barrier(8, timeout=10)

    class Slow(Script):
        def fetch(self, cursor: Mapping[str, Any]) -> Batch:
            with lock:
                running[0] += 1
                most[0] = max(most[0], running[0])
            if not self.cursors:
                enough.wait()
            with lock:
                running[0] -= 1
            return super().fetch(cursor)

    run(monkeypatch, Broker(), **{f"s{number:02}": Slow() for number in range(16)})
    assert most[0] == 8


def test_health_counts_on_over_a_restart(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    memory = Memory(health={"alpha": sources.SourceHealth(source_id="alpha", articles=41, last_success_at=NOON)})
    run(monkeypatch, broker, memory, alpha=Script(Batch((article(id="a"),), {"at": 1})))
    assert max(sources.decode(each[2] or b"").articles for each in broker.of("sources.health")) == 42


def test_a_cursor_of_another_connector_is_not_used() -> None:
    value = planned.cursor_value("rss", {"at": 1})
    assert planned.cursor_of(value, "rss") == {"at": 1}
    assert (
        planned.cursor_of(value, "directory") == {} and planned.cursor_of(b"kaputt", "rss") == {} and planned.cursor_of(b"[]", "rss") == {}
    )


def test_the_contact_of_the_configuration_reaches_the_connector() -> None:
    source = SourceSettings(id="feed", connector="rss", options={"url": "https://example.org/feed"})
    settings = Settings(sources=[source], contact="https://example.org/bot", folder=Path())
    connector = fetching.connectors_of(settings, lambda: NOON)["feed"]
    assert connector._options.contact == "https://example.org/bot"  # type: ignore[attr-defined]


def test_a_declared_language_of_the_article_stands_above_that_of_the_source() -> None:
    source = configured("alpha").sources[0]
    declared = article(language=replace(article().language, declared="fr"))
    (sent,) = planned.of_article(declared, source, NOON, 1_000_000)
    assert records.decode(sent.value or b"").language.declared == "fr"


def test_sources_that_wait_for_others_do_not_take_the_place_of_those_that_ask() -> None:
    told = threading.Event()

    class Waits:
        listens = True

        def fetch(self, _cursor: Mapping[str, Any]) -> Batch:
            told.wait(20)
            return Batch()

    class Asks:
        def fetch(self, _cursor: Mapping[str, Any]) -> Batch:
            return Batch(cursor={"asked": 1})

    def running(id: str, connector: Any) -> Running:
        return Running(SourceSettings(id=id, connector="x"), connector, SourceHealth(source_id=id))

    fetches, agenda = Fetches(1, 1_000_000), Agenda()
    agenda.begin([*(running(f"waits-{number}", Waits()) for number in range(20)), running("asks", Asks())], 0)
    try:
        while listening := agenda.take_listening(0):
            fetches.start(listening)
        assert fetches.has_room and fetches.running == 0
        asking = agenda.take(0)
        assert asking is not None
        fetches.start(asking)
        assert not fetches.has_room and agenda.seconds_to_next(0, has_room=False) == math.inf
        assert [each.source.settings.id for each in fetches.done(10)] == ["asks"] and fetches.has_room
    finally:
        told.set()
