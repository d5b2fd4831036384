"""Pushed feeds in the collector: rung for at once, safe through deaths, and ended when their source is paused, removed or only polled."""

from __future__ import annotations

import itertools
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import rss
from connectors._collect import farewell
from connectors._collect.agenda import HOST_PAUSE_SECONDS, Agenda
from connectors._collect.collector import Collector
from connectors._collect.fetching import Running
from connectors._collect.records import cursor_of, cursor_value
from connectors._collect.restore import Memory
from connectors._websub import endpoint, hub, leaving
from connectors._websub.memory import parted
from pipeline import article, topology
from pipeline.plugins import Callback, Context
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from tests.local_servers import free_port
from tests.waiting import until
from tests.websub_hub import Hub, publishing


@pytest.fixture(autouse=True)
def _hubs_may_be_asked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PAUSE_SECONDS", "UNANSWERED_PAUSE_SECONDS"):
        monkeypatch.setattr(hub, name, 0)


@pytest.fixture
def paper() -> Iterator[Hub]:
    with publishing("a", "b") as found:
        yield found


class Killed(BaseException):
    """The process is gone."""


class Journal:
    """Stands in for Kafka: what was confirmed is there for ever. Dies at one operation after `begin_to_count`."""

    def __init__(self, dies_at: int = 0) -> None:
        self.log: list[tuple[str, str, bytes | None]] = []
        self.operations = 0
        self.counts = False
        self._dies_at = dies_at
        self._waiting: list[tuple[str, str, bytes | None]] = []

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Any = ()) -> None:
        self._count()
        self._waiting.append((topic, key, value))

    def confirm(self, timeout_seconds: float = 0) -> None:
        self._count()
        self.log += self._waiting
        self._waiting = []
        self._count()

    def close(self) -> None:
        self._waiting = []

    def _count(self) -> None:
        self.operations += self.counts
        if self.counts and self.operations == self._dies_at:
            self._waiting = []
            raise Killed

    @property
    def cursor(self) -> dict[str, Any]:
        found = [value for topic, _, value in self.log if topic == topology.CURSORS and value]
        return cursor_of(found[-1], "rss") if found else {}

    @property
    def titles(self) -> list[str]:
        return [article.decode(value).title for topic, _, value in self.log if topic == topology.COLLECTED and value]

    @property
    def memory(self) -> Memory:
        return Memory(cursors={"blatt": self.cursor} if self.cursor else {})


def configured(paper: Hub, port: int, **changes: Any) -> Settings:
    options = {"url": paper.feed_url, "websub": True, "allow_private": ["127.0.0.1"]} | changes.pop("options", {})
    source = SourceSettings(id="blatt", connector="rss", options=options, **changes)
    callback = {"url": f"http://127.0.0.1:{port}", "port": port}
    return Settings(sources=[source], collector={"callback": callback}, folder=Path())


@contextmanager
def collecting(settings: Settings, journal: Journal) -> Iterator[Collector]:
    stop = threading.Event()
    collector = Collector(settings, lambda: journal, restore=lambda: journal.memory)

    def run() -> None:
        with suppress(Killed):
            collector.run(stop)
        # The system takes back the ports of a process that is gone.
        for each in collector._sources:
            getattr(each.connector, "close", lambda: None)()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield collector
    finally:
        stop.set()
        thread.join()


def is_subscribed(journal: Journal) -> bool:
    return parted(journal.cursor)[0].agreement.holds(time.time())


def test_a_push_is_in_kafka_at_once_and_not_only_when_the_feed_is_due(paper: Hub) -> None:
    journal = Journal()
    with collecting(configured(paper, free_port(), every_seconds=3_600), journal) as collector:
        until(lambda: is_subscribed(journal), what="the hub has confirmed, and that is saved")
        begun = time.monotonic()
        assert paper.push(paper.document("c"))[0] == 202 and sorted(journal.titles) == ["a", "b", "c"]
        assert time.monotonic() - begun < 5 and paper.polls == 1
        assert collector.counts.articles == 3
    told = [value for topic, _, value in journal.log if topic == topology.HEALTH and value]
    assert b'"push":{"state":"pushes"' in told[-1] and paper.last["hub.secret"].encode() not in b"".join(told)


def _lived(paper: Hub, moment: int) -> bool:
    """Whether a collector that would die at this operation after a push lived through it. Another one goes on where it was."""
    journal, answers = Journal(moment), list[int]()
    settings, title = configured(paper, free_port(), every_seconds=3_600), f"c{moment}"

    def is_pushed() -> bool:
        with suppress(OSError):
            answers.append(paper.push(paper.document(title))[0])
        return 202 in answers

    with collecting(settings, journal):
        until(lambda: is_subscribed(journal), what="the hub has confirmed, and that is saved")
        journal.counts = True
        pushing = threading.Thread(target=is_pushed)
        pushing.start()
        until(lambda: journal.operations >= moment or not pushing.is_alive(), what="it died, or lived through the push")
        lived = journal.operations < moment
        pushing.join()
        assert 202 not in answers or title in journal.titles, "an answer of 202 is Kafka's word"
    journal.counts = False
    with collecting(settings, journal):
        until(is_pushed, what="the hub is told that its push is safe")
    assert title in journal.titles, moment
    return lived


def test_a_death_at_any_moment_of_a_push_loses_nothing(paper: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "CONFIRM_SECONDS", 0.25)
    moment = next(each for each in itertools.count(1) if _lived(paper, each))
    assert moment > 4, "every send and confirmation was a moment to die"


class Pushed:
    """A connector to which something was pushed."""

    def __init__(self) -> None:
        self.has_pushes = False


def running(name: str, connector: Any = None, due_at: float = 0) -> Running:
    return Running(SourceSettings(id=name, connector="rss"), connector, SourceHealth(source_id=name), host="a", due_at=due_at)


def test_what_is_pushed_takes_neither_the_turn_of_its_host_nor_room_and_keeps_its_own_turn() -> None:
    connector, agenda = Pushed(), Agenda()
    pushed, other = running("pushed", connector, due_at=1), running("other")
    for each in (pushed, other):
        agenda.add(each)
    assert agenda.take(0) is other and agenda.take_listening(0) is None
    connector.has_pushes = True
    agenda.hurry(pushed)
    assert agenda.seconds_to_next(0, has_room=False) == 0
    assert agenda.take_listening(0) is pushed and pushed.is_aside and not other.is_aside
    connector.has_pushes = False
    agenda.release(pushed, 0)
    pushed.due_at = 2
    agenda.add(pushed)
    assert agenda.take(5) is None, "the host is still busy with the other one"
    agenda.release(other, 5)
    assert agenda.take(5 + HOST_PAUSE_SECONDS) is pushed and not pushed.is_aside
    assert agenda.take(100) is None and agenda.take_listening(100) is None, "its older entries are void"


def test_one_that_waits_for_its_host_is_hurried_and_does_not_come_twice() -> None:
    connector, agenda = Pushed(), Agenda()
    pushed, other = running("pushed", connector), running("other")
    agenda.add(other)
    agenda.add(pushed)
    assert agenda.take(0) is other and agenda.take(0) is None
    connector.has_pushes = True
    agenda.hurry(pushed)
    assert agenda.take_listening(0) is pushed
    agenda.release(other, 0)
    assert agenda.take(10) is None


class Feed:
    """A subscription that is agreed, and the cursor that tells of it."""

    def __init__(self, paper: Hub) -> None:
        self.now = datetime.now(UTC)
        self.port = free_port()
        callback = Callback(f"http://127.0.0.1:{self.port}", "127.0.0.1", self.port, False, lambda: None)
        self.context = Context("blatt", now=lambda: self.now, callback=callback)
        self.options = {"url": paper.feed_url, "websub": True, "allow_private": ["127.0.0.1"]}
        source = rss.create(rss.Options.model_validate(self.options), self.context)
        cursor = source.fetch({}).cursor
        self.cursor = json.loads(json.dumps(source.fetch(cursor).cursor))
        source.close()  # type: ignore[attr-defined]
        assert parted(self.cursor)[0].agreement.holds(self.now.timestamp())


@pytest.mark.parametrize(("options", "goes_on", "is_left"), [({}, True, False), ({}, False, True), ({"websub": False}, True, True)])
def test_a_hub_is_told_when_a_feed_is_paused_removed_or_only_polled(
    paper: Hub, options: dict[str, Any], goes_on: bool, is_left: bool
) -> None:
    feed = Feed(paper)
    kept = rss.leave(feed.cursor, feed.options | options, feed.context, goes_on=goes_on)
    assert (kept is not None) is is_left and [each["hub.mode"] for each in paper.asked] == ["subscribe", *["unsubscribe"] * is_left]
    assert kept is None or kept == {name: value for name, value in feed.cursor.items() if name != "websub"}


def test_a_hub_that_does_not_confirm_the_end_is_asked_again_until_its_lease_is_over(paper: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "CONFIRMED_WITHIN_SECONDS", 0.05)
    feed = Feed(paper)
    paper.verifies = False
    for number in range(2):
        assert rss.leave(feed.cursor, feed.options, feed.context, goes_on=False) is None and len(paper.asked) == 2 + number
    paper.answers = [500]
    assert rss.leave(feed.cursor, feed.options, feed.context, goes_on=False) is None
    feed.now += timedelta(days=11)
    assert rss.leave(feed.cursor, feed.options, feed.context, goes_on=False) is not None and len(paper.asked) == 4
    assert rss.leave({"seen": "x", "url": paper.feed_url}, {}, feed.context, goes_on=False) is None


def test_the_collector_takes_leave_for_paused_and_removed_sources_and_keeps_the_rest_of_their_cursors(
    paper: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = Feed(paper)
    old = json.loads(json.dumps(feed.cursor))
    old["websub"]["agreement"] |= {"ends_at": 1, "verified_by": 1}
    settings = configured(paper, feed.port, paused=True)
    left = {"weg": cursor_value("rss", old), "fremd": cursor_value("nowhere", {"a": 1}), "kaputt": b"{", "alt": b'{"cursor": 5}'}
    found = farewell.Farewells(settings, Memory(cursors={"blatt": feed.cursor}, left=left), lambda: feed.now)
    ended = {}

    def both() -> bool:
        ended.update({each.key: cursor_of(each.value or b"", "rss") for each in found.done()})
        return len(ended) == 2

    until(both, what="both have ended")
    assert set(ended) == {"blatt", "weg"} and all("websub" not in each and each["seen"] for each in ended.values())
    assert paper.last["hub.mode"] == "unsubscribe" and len(paper.asked) == 2
