"""The worker process: batches in turns, acknowledgement after every delivery, restore at each assignment, and its end when it stands still."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import faust
import structlog
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from faust.exceptions import NotReady, ProducerSendError

from pipeline import broker, topology
from pipeline.acknowledge import Contiguous
from pipeline.agents.app import GROUP, create_app
from pipeline.agents.in_order import InOrder
from pipeline.article import Position
from pipeline.clock import utc_now
from pipeline.errors import Permanent, Transient
from pipeline.lanes import Lanes
from pipeline.runner import Out, Runner, Stage, Work
from pipeline.settings import Settings
from pipeline.state import BIRTH_KEY, Memory, Restored, restore
from pipeline.succession import Succession
from pipeline.watchdog import Watchdog

log = structlog.get_logger()

# sysexits.h: 70 is an internal error, 75 a temporary failure. The supervisor starts the worker again after either.
EXIT_DEFECT = 70
EXIT_STALLED = 75

# Faust hands records over one by one, a turn of the event loop each. Without this pause a batch is one or two records, and the requests to the
# broker cost more than the work.
GATHER_SECONDS = 0.01

# A partition that stands still for this long while the broker holds more is read again from where it stands. Records on their way to a stage
# take well under a second; one that was on its way nevertheless is known when it comes a second time.
STILL_SECONDS = 2.0


@dataclass
class Row:
    """One worker stage as this process runs it: the row of the topology, its code, and its memory if it has one."""

    stage: Stage
    create_memory: Callable[[], Memory] | None = None
    memories: dict[int, Any] | None = None
    ready: Callable[[], bool] = lambda: True  # what else must be there before the first article (the rules)
    runner: Runner = field(init=False)
    lanes: Lanes[tuple[int, Any, Work]] = field(init=False)
    restored: asyncio.Event = field(init=False)
    busy: asyncio.Lock = field(init=False)  # held while a batch runs: its memory must not be swapped under it
    tracked: dict[int, Contiguous] = field(default_factory=dict)
    succession: Succession = field(default_factory=Succession)  # of this assignment: another one has another

    @property
    def row(self) -> topology.Stage:
        return topology.stage(self.stage.name)

    @property
    def reads(self) -> str:
        return self.row.reads[0]


def fail_fast(why: str, code: int = EXIT_DEFECT) -> None:
    """End the process now. An orderly stop would let Faust acknowledge and commit what is not done."""
    log.error("the worker ends itself and is to be started again", why=why, exit_code=code)
    os._exit(code)


class WorkerProcess:
    """All worker stages in one process, over one Faust app."""

    def __init__(self, settings: Settings, rows: list[Row]) -> None:
        self.settings = settings
        self.rows = rows
        self.app = create_app(settings)
        self.in_order = InOrder(settings, self.app)
        self.epoch = 0
        self._restores: list[asyncio.Task[None]] = []
        self._topics = {each.name: self._channel(each.name) for each in topology.TOPICS}
        signals: Any = self.app  # their annotations do not fit what they send
        signals.on_partitions_assigned.connect(self._assigned, weak=False)
        signals.on_partitions_revoked.connect(self._revoked, weak=False)
        for row in rows:
            self.app.agent(self._topics[row.reads], name=row.stage.name)(self._loop_of(row))
        self.app.task(self._start_watching)
        self.app.task(self._read_what_stands_still)

    def _channel(self, name: str) -> Any:
        return self.app.topic(self.settings.topic(name), key_serializer="raw", value_serializer="raw", allow_empty=True)

    def _loop_of(self, row: Row) -> Callable[[Any], Any]:
        async def loop(stream: Any) -> None:
            row.lanes = Lanes(limit=self.settings.worker.batch_articles * 4)
            row.runner = Runner(row.stage, self._send, utc_now)
            row.busy = asyncio.Lock()
            row.restored = asyncio.Event()
            quiet = stream.noack()
            work = asyncio.ensure_future(self._work(row, quiet))
            try:
                async for event in quiet.events():
                    await row.restored.wait()
                    epoch, message = self.epoch, event.message
                    if await self.in_order.takes(row.succession, row.reads, message.partition, message.offset) and epoch == self.epoch:
                        await row.lanes.put(message.partition, (epoch, event, _work_of(message, row.reads)))
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # whatever it is, Faust must not go on past it
                fail_fast(f"stage {row.stage.name}: the stream broke: {error!r}")
            finally:
                work.cancel()

        return loop

    async def _read_what_stands_still(self) -> None:
        """Look for it for ever, in each row that has nothing waiting: what waits there moves on by itself."""
        while True:
            await asyncio.sleep(STILL_SECONDS)
            for row in self.rows:
                if hasattr(row, "lanes") and row.restored.is_set() and not len(row.lanes):
                    self.in_order.read_what_stands_still(row.succession, row.reads)

    async def _work(self, row: Row, stream: Any) -> None:
        """Take batches in turns over the partitions for ever; the process ends on anything unforeseen."""
        try:
            while True:
                taken = await row.lanes.take(self.settings.worker.batch_articles, GATHER_SECONDS)
                await row.restored.wait()
                while not row.ready():
                    await asyncio.sleep(0.05)
                async with row.busy:
                    await self._run(row, stream, taken)
        except asyncio.CancelledError:
            raise
        except BaseException as error:
            log.exception("unforeseen")
            fail_fast(f"stage {row.stage.name}: {error!r}")

    async def _run(self, row: Row, stream: Any, taken: list[tuple[int, Any, Work]]) -> None:
        """Carry out what is still ours, and acknowledge it if it still is afterwards."""
        epoch = self.epoch
        current = [(event, work) for taken_in, event, work in taken if taken_in == epoch]
        for _, work in current:
            row.tracked.setdefault(work.position.partition, Contiguous()).start(work.position.offset)
        await row.runner.run([work for _, work in current])
        if epoch == self.epoch:
            await self._acknowledge(row, stream, current)

    async def _acknowledge(self, row: Row, stream: Any, done: list[tuple[Any, Work]]) -> None:
        events = {(work.position.partition, work.position.offset): event for event, work in done}
        for _, work in done:
            for offset in row.tracked[work.position.partition].finish(work.position.offset):
                await stream.ack(events[work.position.partition, offset])

    async def _send(self, out: Out) -> Awaitable[object]:
        """Return when the record stands in the producer's queue; awaiting what is returned ends when the broker has confirmed it."""
        # The topic's own `send` does the same with as much work again: sensors, codecs and schemas that have nothing to do here.
        with _refusals(out):
            producer = await self.app.maybe_start_producer()
            topic, headers = self.settings.topic(out.topic), list(out.headers) or None
            return _Confirmation(out, await producer.send(topic, out.key.encode(), out.value, out.partition, None, headers))

    async def _assigned(self, _app: Any, assigned: set[Any], **_: Any) -> None:
        """Start restoring at once and return: Faust holds the rebalance until this is done."""
        for row in self.rows:
            name = self.settings.topic(row.reads)
            partitions = sorted(each.partition for each in assigned if each.topic == name)
            self._restores.append(asyncio.ensure_future(self._restore(row, partitions, self.epoch)))

    async def _revoked(self, _app: Any, revoked: set[Any], **_: Any) -> None:
        """Revocation lists all partitions at every rebalance: forget everything, it is rebuilt or somebody else's."""
        self.epoch += 1
        for task in self._restores:
            task.cancel()
        self._restores.clear()
        for row in self.rows:
            row.tracked.clear()
            row.succession = Succession()
            if hasattr(row, "lanes"):
                row.lanes.clear()
                row.restored.clear()

    async def _restore(self, row: Row, partitions: list[int], epoch: int) -> None:
        try:
            while not hasattr(row, "restored"):  # the agent starts in the same moment
                await asyncio.sleep(0.01)
            committed = await asyncio.get_running_loop().run_in_executor(None, self._committed, row, partitions)
            if row.create_memory is not None and row.memories is not None:
                result = await asyncio.get_running_loop().run_in_executor(None, self._read_state, row, committed)
                async with row.busy:
                    if epoch != self.epoch:
                        return
                    row.memories.clear()
                    row.memories.update(result.memories)
                for partition in result.born:
                    await row.runner.deliver(Out(row.row.state[0], BIRTH_KEY, b"{}", partition))
            if epoch == self.epoch:
                row.succession = Succession(committed)
                row.restored.set()
        except asyncio.CancelledError:
            raise
        except Transient as error:
            fail_fast(f"stage {row.stage.name} could not restore: {error}", EXIT_STALLED)
        except BaseException as error:
            fail_fast(f"stage {row.stage.name} could not restore: {error!r}")

    def _committed(self, row: Row, partitions: list[int]) -> dict[int, int]:
        """By partition, the first offset that is not acknowledged."""
        committed = {lag.partition: lag.committed or 0 for lag in broker.lag(self.settings, GROUP, [row.reads])}
        return {partition: committed.get(partition, 0) for partition in partitions}

    def _read_state(self, row: Row, committed: dict[int, int]) -> Restored[Memory]:
        assert row.create_memory is not None
        return restore(self.settings, row.row.state[0], committed, row.create_memory, self.settings.worker.restore_seconds)

    async def _start_watching(self) -> None:
        # In a thread: a stage that never returns holds the event loop, and whatever else runs there.
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def _watch(self) -> None:
        """End the process when there is work and the committed offset stands still: Faust workers stay up while they do nothing."""
        watchdog = Watchdog(self.settings.worker.stalled_seconds)
        reads = [row.reads for row in self.rows]
        while True:
            time.sleep(min(5.0, self.settings.worker.stalled_seconds / 4))
            try:
                lags = broker.lag(self.settings, GROUP, reads)
                mine = {(tp.topic, tp.partition) for tp in self.app.consumer.assignment()}
            except Exception as error:  # a broker that is away is not our stall, whatever the client raises then
                log.warning("the watchdog cannot see the consumer group", why=repr(error)[:200])
                watchdog.excuse()
                continue
            behind = {(lag.topic, lag.partition): lag.committed or 0 for lag in lags if lag.records and (lag.topic, lag.partition) in mine}
            excused = any(getattr(row, "runner", None) is None or row.runner.retrying or not row.restored.is_set() for row in self.rows)
            stalled = watchdog.look(behind, excused=excused, now=time.monotonic())
            if stalled:
                fail_fast(f"no progress for {self.settings.worker.stalled_seconds:.0f} s on {stalled}", EXIT_STALLED)


@dataclass(frozen=True)
class _Confirmation:
    """Awaits the broker's answer about one record, in our errors."""

    out: Out
    answer: Awaitable[object]

    def __await__(self) -> Generator[Any, None, None]:
        with _refusals(self.out):
            yield from self.answer.__await__()


@contextmanager
def _refusals(out: Out) -> Iterator[None]:
    try:
        yield
    except (KafkaError, NotReady, ProducerSendError) as error:
        # Faust wraps what the producer raises at once; a delivery that fails later raises as it is.
        if isinstance(error, MessageSizeTooLargeError) or isinstance(error.__cause__, MessageSizeTooLargeError):
            raise Permanent(
                "too_large", f"a record of {len(out.value or b''):,} bytes for {out.topic} is larger than kafka.max_record_bytes"
            ) from error
        raise Transient(f"Kafka did not confirm a record for {out.topic}: {error!r}") from error


def _work_of(message: Any, topic: str) -> Work:
    headers = message.headers.items() if isinstance(message.headers, dict) else message.headers or ()
    return Work(
        key=message.key,
        value=message.value or b"",
        position=Position(topic, message.partition, message.offset),
        at=datetime.fromtimestamp(message.timestamp, UTC),
        headers=tuple((name, value) for name, value in headers),
    )


def run(settings: Settings, rows: list[Row]) -> int:
    """Run the worker until a signal ends it; the exit code. Blocks, and owns the process's event loop."""
    process = WorkerProcess(settings, rows)
    worker = faust.Worker(process.app, loglevel="WARN", redirect_stdouts=False, quiet=True)
    worker.spinner = None  # it writes cursor movements into the log
    try:
        worker.execute_from_commandline()
    except SystemExit as stop:
        return int(stop.code or 0)
    return 0
