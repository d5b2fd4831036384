"""The collector: fetch, publish, have it confirmed, and only then remember the cursor.

One loop decides and publishes; fetches run in threads. While Kafka does not take records no fetch is started, so what waits in memory is at most
what the running fetches bring. A batch whose records were not confirmed is forgotten and fetched again from the old cursor: a repeat is recognised
by identify, a gap by nobody.
"""

from __future__ import annotations

import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import datetime

import structlog
from msgspec.structs import replace

from connectors._collect import records, schedule, settle
from connectors._collect.agenda import Agenda
from connectors._collect.canaries import Canaries, Hearing, Listen, flown
from connectors._collect.embargo import Embargo
from connectors._collect.farewell import Farewells
from connectors._collect.fetching import Fetched, Fetches, Running, connectors_of
from connectors._collect.outbox import Outbox, Publishing, kafka_errors_are_transient
from connectors._collect.records import Outgoing
from connectors._collect.restore import Memory, restored
from connectors._collect.settle import Clocks
from connectors._collect.tell import Telling
from connectors._reread import rereading
from pipeline import article, broker, topology
from pipeline.clock import utc_now
from pipeline.errors import Transient, Unreachable
from pipeline.plugins import Batch
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

log = structlog.get_logger()

TICK_SECONDS = 0.2
LONGEST_BROKER_WAIT_SECONDS = 5.0
FINISH_SECONDS = 10.0
COUNTED_EVERY_SECONDS = 30.0


@dataclass
class Counts:
    """What this process has done. `articles` and `unreadable` count only what the broker has confirmed."""

    fetches: int = 0
    failures: int = 0
    articles: int = 0
    unreadable: int = 0
    held: int = 0
    released: int = 0
    broker_failures: int = 0


class Collector:
    """Runs the sources of `settings`. `connect` gives a fresh publisher, or raises Unreachable or Transient."""

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[], Publishing],
        *,
        restore: Callable[[], Memory] = Memory,
        hearing: Listen = dict,
        now: Callable[[], datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        roll: Callable[[], float] = random.random,
    ) -> None:
        self.counts = Counts()
        self._settings = settings
        self._outbox = Outbox(settings, connect, now)
        self._fetches = Fetches(settings.collector.fetches_at_once, settings.kafka.max_record_bytes // 2, monotonic)
        self._agenda = Agenda()
        self._restore = restore
        self._hearing = hearing
        self._clocks = Clocks(now, monotonic, roll)
        self._away = 0
        self._embargo = Embargo({})
        self._sources: list[Running] = []
        self._rung: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._by_id: dict[str, Running] = {}
        self._farewells: Farewells | None = None
        self._telling = Telling((), now(), settings.language, monotonic)
        self._canaries = Canaries(settings, (), now(), hearing)
        self._counted: tuple[float, Counts] = (monotonic(), Counts())

    def run(self, stop: threading.Event) -> None:
        """Collect until `stop` is set, then publish what running fetches still bring and return. Kafka being away never ends it."""
        while not stop.is_set() and not self._sources:
            try:
                self._begin(self._restore())
            except Transient as error:
                self._wait_for_broker(error, stop)
        while not stop.is_set():
            try:
                self._outbox.open()
                self._step()
                self._away = 0
            except (Transient, Unreachable) as error:
                self._outbox.close()
                self._wait_for_broker(error, stop)
        self._finish()

    def _begin(self, memory: Memory) -> None:
        self._embargo = Embargo(memory.held)
        connectors = connectors_of(self._settings, self._clocks.now, self._rung.put)
        for each in self._settings.sources:
            known = memory.health.get(each.id, SourceHealth(source_id=each.id))
            health = replace(known, name=each.name or known.name, connector=each.connector)
            cursor = memory.cursors.get(each.id, {})
            saved = records.cursor_value(each.connector, cursor) if cursor else b""
            host = str(getattr(connectors[each.id], "host", ""))
            self._sources.append(Running(each, connectors[each.id], health, saved, saved, host))
        self._by_id = {each.settings.id: each for each in self._sources}
        self._agenda.begin(self._sources, self._clocks.monotonic())
        self._telling = Telling(self._sources, self._clocks.now(), self._settings.language, self._clocks.monotonic)
        self._farewells = Farewells(self._settings, memory, self._clocks.now)
        self._canaries = Canaries(self._settings, self._sources, self._clocks.now(), self._hearing)
        log.info("collecting", sources=len(self._sources), cursors=len(memory.cursors), held=len(self._embargo))

    def _wait_for_broker(self, error: Exception, stop: threading.Event) -> None:
        self._away += 1
        self.counts.broker_failures += 1
        wait = min(0.25 * 2.0 ** min(self._away, 10), LONGEST_BROKER_WAIT_SECONDS)
        log.warning("kafka is away, nothing is fetched", why=schedule.one_line(str(error)), again_in_seconds=wait)
        stop.wait(wait)

    def _step(self) -> None:
        """One turn of the loop. Raises Transient when Kafka did not confirm: then nothing of the turn counts."""
        while not self._rung.empty():
            self._agenda.hurry(self._by_id[self._rung.get()])
        while source := self._next():
            self._fetches.start(source)
            self.counts.fetches += 1
        wait = self._agenda.seconds_to_next(self._clocks.monotonic(), has_room=self._fetches.has_room)
        self._settle(self._fetches.done(min(wait, TICK_SECONDS)))
        self._release()
        self._part()
        self._try_the_way()
        self._tell()
        self._log_counts()

    def _next(self) -> Running | None:
        at = self._clocks.monotonic()
        return self._agenda.take_listening(at) or (self._agenda.take(at) if self._fetches.has_room else None)

    def _settle(self, done: Sequence[Fetched]) -> None:
        """Publish what fetches brought. Raises Transient when it was not confirmed: their sources are due again, with their old cursors."""
        try:
            for each in done:
                self._agenda.release(each.source, self._clocks.monotonic(), settle.hold_seconds(each.error))
                if each.error is not None:
                    self.counts.failures += 1
                    settle.failed(each.source, each.error, self._clocks)
            self._publish(done)
        finally:
            for each in done:
                self._telling.note(each.source)
                self._agenda.add(each.source)

    def _publish(self, done: Sequence[Fetched]) -> None:
        now, limit = self._clocks.now(), self._settings.kafka.max_record_bytes
        arrived = [
            (each, each.batch, records.of_batch(each.batch, each.source.settings, now, limit)) for each in done if each.batch is not None
        ]
        if not arrived:
            return
        self._outbox.publish([outgoing for _, _, plan in arrived for outgoing in plan])
        for fetched, batch, plan in arrived:
            self._arrived(fetched, batch, plan, now)
        self._outbox.confirm()
        for fetched, _, _ in arrived:
            fetched.source.saved = fetched.cursor

    def _arrived(self, fetched: Fetched, batch: Batch, plan: Sequence[Outgoing], now: datetime) -> None:
        """The batch is safe: its cursor, its health and its counts follow."""
        if fetched.cursor != fetched.source.saved:
            self._outbox.send(Outgoing(topology.CURSORS, fetched.source.settings.id, fetched.cursor))
        settle.arrived(fetched.source, batch, fetched.cursor, now, self._clocks)
        held, ended = self._embargo.note(plan)
        for each in ended:
            self._outbox.send(each)
        self.counts.held += held
        self.counts.articles += len(batch.articles)
        self.counts.unreadable += len(batch.unreadable)

    def _release(self) -> None:
        """Collect the articles whose embargo is over."""
        ended = self._embargo.due(self._clocks.now())
        if ended:
            self._outbox.publish([Outgoing(topology.COLLECTED, each.id, article.encode(each), source_id=each.source.id) for each in ended])
            self._outbox.publish(self._embargo.released(ended))
            self.counts.released += len(ended)
            log.info("released", articles=len(ended))

    def _part(self) -> None:
        """Keep what ended sources leave behind."""
        if self._farewells and (ended := self._farewells.done()):
            self._outbox.publish(ended)

    def _try_the_way(self) -> None:
        """Send the canaries that are due, and take note of those that have come."""
        now = self._clocks.now()
        due = self._canaries.due(now)
        self._outbox.publish([Outgoing(topology.COLLECTED, each.id, article.encode(each), source_id=each.source.id) for _, each in due])
        for source, _ in due:
            source.health = flown(source.health, now)
        for source in (*(each for each, _ in due), *self._canaries.hear()):
            self._telling.note(source)

    def _tell(self) -> None:
        self._telling.tell(self._fetches, self._outbox, self._clocks.now())

    def _log_counts(self) -> None:
        at, counts = self._counted
        if self._clocks.monotonic() - at >= COUNTED_EVERY_SECONDS and counts != self.counts:
            self._counted = (self._clocks.monotonic(), Counts(**asdict(self.counts)))
            log.info("counts", **asdict(self.counts))

    def _finish(self) -> None:
        """Publish what running fetches bring within a few seconds; the rest is fetched again after the next start."""
        deadline = self._clocks.monotonic() + FINISH_SECONDS
        try:
            while self._outbox.is_open and self._fetches.running and self._clocks.monotonic() < deadline:
                self._settle(self._fetches.done(TICK_SECONDS))
            if self._outbox.is_open:
                self._tell()
        except Transient as error:
            log.warning("the last records were not confirmed and will be fetched again", why=schedule.one_line(str(error)))
        self._outbox.close()
        for each in self._sources:
            if close := getattr(each.connector, "close", None):
                close()
        log.info("collector ended", **asdict(self.counts))


def main(settings: Settings) -> int:
    """Collect until SIGTERM or SIGINT, then return 0; 1 when reading pages again met a defect. Raises Unreachable when Kafka is not there, or its topics are not."""
    broker.connect(settings.kafka, "the collector")
    broker.need_rights(settings, "collector")
    stop = threading.Event()

    def connect() -> Publishing:
        with kafka_errors_are_transient():
            broker.connect(settings.kafka, "the collector", wait_seconds=0)
            return broker.Publisher(settings.kafka)

    def remembered() -> Memory:
        with kafka_errors_are_transient():
            return restored(settings)

    with ExitStack() as stack:
        for number in (signal.SIGTERM, signal.SIGINT):
            stack.callback(signal.signal, number, signal.signal(number, lambda *_: stop.set()))
        defects = stack.enter_context(rereading.beside(settings, connect, stop))
        hearing = stack.enter_context(closing(Hearing(settings)))
        Collector(settings, connect, restore=remembered, hearing=hearing).run(stop)
    return 1 if defects else 0
