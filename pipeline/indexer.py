"""`lagebild run indexer`: enriched articles and alerts from Kafka into Elasticsearch.

One thread, one batch at a time: gather, write, publish outcomes, commit. A record's offset is committed only after its document is in the
index (or the record in `articles.rejected`) and its outcome is confirmed. A crash in between repeats writes that change nothing:
ids and versions are those of the records.

While Elasticsearch takes nothing, consumption is paused and polling goes on, so the group keeps its member and memory stays at one batch.
What is finished is committed before the next poll. So when partitions are taken away, which happens during a poll, nothing
finished is uncommitted; what is unfinished of them is dropped here and done by its new owner.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from pipeline import broker, search
from pipeline.broker import Publisher
from pipeline.clock import utc_now
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.index.apply import NewIndices, apply_to, tell
from pipeline.index.bulk import Next, wait_seconds
from pipeline.index.entries import STAGE, Entry, committable, effects, prepare, without
from pipeline.index.intake import Intake
from pipeline.index.writer import REMIND_SECONDS, Writer
from pipeline.runner import Out
from pipeline.settings import Settings
from pipeline.stopping import stop_on_signals

log = structlog.get_logger()

GROUP = "indexer"
EXIT_UNREACHABLE = 4


class Indexer:
    """The loop around one consumer."""

    def __init__(
        self,
        settings: Settings,
        server: search.Server,
        publisher: Publisher,
        stop: threading.Event,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._server = server
        self._publisher = publisher
        self._stop = stop
        self._now = now
        self._writer = Writer(server.bulk, settings.elasticsearch.bulk_documents, settings.elasticsearch.bulk_bytes)
        self._intake = Intake(settings, GROUP, STAGE.reads, stop)
        self._new_indices = NewIndices(server, settings)

    def run(self) -> None:
        """Index until `stop` is set; the batch in hand is finished first, unless a server is away.

        Raises Denied when Elasticsearch does not let us in: the batch stays uncommitted and comes again.
        """
        try:
            while not self._stop.is_set():
                records = self._intake.gather()
                now = self._now()
                entries = [prepare(record, self._settings, now) for record in records]
                if self.settle(entries):
                    self._intake.commit_position()
        finally:
            self._intake.close()

    def settle(self, entries: list[Entry]) -> bool:
        """Whether every entry has its verdict, its records are confirmed and its offset is committed; False when asked to stop before."""
        settled = [entry for entry in entries if entry.verdict]
        while True:
            if not self._publish(settled):
                return False
            entries = without(entries, self._intake.revoked())
            self._intake.commit(committable(entries))
            waiting = [entry for entry in entries if entry.verdict is None]
            if not waiting:
                return True
            settled = self._attempt(waiting)
            if not settled:
                self._intake.wait(self._writer.wait_seconds)
                if self._stop.is_set():
                    return False

    def _attempt(self, waiting: Sequence[Entry]) -> list[Entry]:
        """One try of everything that waits: what is settled by it."""
        if self._writer.unreachable and not self._templates_stand():
            return []
        verdicts = self._writer.attempt([entry.operation for entry in waiting if entry.operation])
        settled = []
        for entry, verdict in zip(waiting, verdicts, strict=True):
            if verdict.next is Next.STOP:
                raise search.Denied(f"Elasticsearch at {self._server.url} refuses to take documents: {verdict.reason}")
            if verdict.final:
                entry.verdict = verdict
                settled.append(entry)
        self._new_indices.written({entry.operation.index for entry in settled if entry.operation})
        return settled

    def _templates_stand(self) -> bool:
        """Whether the server that came back has our templates: it may be a new and empty one, which would guess the mappings."""
        try:
            tell(apply_to(self._server, self._settings))
        except Transient as error:
            self._writer.missed(str(error))
            return False
        return True

    def _publish(self, settled: Sequence[Entry]) -> bool:
        """Whether the broker has confirmed what follows from the settled entries; False when asked to stop before."""
        now = self._now()
        for entry in settled:
            if entry.verdict and entry.verdict.next is Next.REFUSED:
                log.warning("rejected", stage=STAGE.name, record=entry.name, why=entry.verdict.reason[:300])
        outs = [out for entry in settled for out in effects(entry, self._settings, now)]
        failures = 0
        while outs:
            try:
                for out in outs:
                    self._send(out)
                self._publisher.confirm()
                break
            except Transient as error:
                failures += 1
                log.warning("Kafka does not take outcomes; trying again", failures=failures, why=str(error)[:300])
                self._intake.wait(wait_seconds(failures, 0.0))
                if self._stop.is_set():
                    return False
        return True

    def _send(self, out: Out) -> None:
        try:
            self._publisher.send(out.topic, out.key, out.value, headers=out.headers, partition=out.partition)
        except Permanent:
            # The record fitted its own topic, but not together with the headers that say why it was rejected.
            value = (out.value or b"")[: self._settings.kafka.max_record_bytes // 2]
            headers = [(name, b"True" if name == "rejected.truncated" else content) for name, content in out.headers]
            self._publisher.send(out.topic, out.key, value, headers=headers, partition=out.partition)


def run(settings: Settings, stop: threading.Event) -> None:
    """Index until `stop` is set. Waits for Kafka and Elasticsearch as long as it takes; raises `search.Denied`."""
    with search.Server(settings) as server:
        if not _until_kafka(settings, stop) or not _until_ready(server, settings, stop):
            return
        publisher = Publisher(settings.kafka)
        try:
            log.info("indexing", elasticsearch=server.url, kafka=", ".join(settings.kafka.servers))
            Indexer(settings, server, publisher, stop).run()
        finally:
            publisher.close()


def _until_kafka(settings: Settings, stop: threading.Event) -> bool:
    """Whether Kafka answers and has our topics; False when asked to stop before."""
    reminded_at = None
    while not stop.is_set():
        try:
            broker.connect(settings.kafka, "the indexer", wait_seconds=1)
            broker.need_rights(settings, "indexer")
            for name in STAGE.reads:
                broker.partitions_of(settings.kafka, settings.topic(name))
            return True
        except Unreachable as error:
            if reminded_at is None or time.monotonic() - reminded_at >= REMIND_SECONDS:
                reminded_at = time.monotonic()
                log.warning("waiting for Kafka", why=str(error)[:300], gives_up="never", do=broker.ADVICE)
            stop.wait(0.5)
    return False


def _until_ready(server: search.Server, settings: Settings, stop: threading.Event) -> bool:
    """Whether Elasticsearch answers and has our templates; False when asked to stop before."""
    reminded_at = None
    while not stop.is_set():
        why = "its cluster is not ready"
        try:
            if search.ready(server):
                tell(apply_to(server, settings))
                return True
        except Transient as error:
            why = str(error)
        if reminded_at is None or time.monotonic() - reminded_at >= REMIND_SECONDS:
            reminded_at = time.monotonic()
            log.warning("waiting for Elasticsearch", url=server.url, why=why[:300])
        stop.wait(0.5)
    return False


def main(settings: Settings) -> int:
    """The process: exit code 0 after SIGTERM, 130 after SIGINT, 4 when Elasticsearch refuses us. Must run in the main thread."""
    stop = stop_on_signals()
    try:
        run(settings, stop)
    except Unreachable as error:
        log.error("the indexer cannot go on", why=str(error))
        return EXIT_UNREACHABLE
    return stop.exit_code
