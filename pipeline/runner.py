"""One stage on one record: three exits, retry in place, and acknowledgement only after every effect is confirmed.

The runner knows neither Faust nor what a stage does. A stage turns one record into the records it causes (`Out`); the runner sends them
all, awaits every delivery, and then acknowledges the input in order. What a stage raises decides the exit:

* `Permanent`: the record goes to `articles.rejected` with its bytes, and its outcome is recorded
* `Transient`: the same record is tried again, waiting 0.1 s, 0.2 s, … at most 10 s; no limit, because giving up would lose it
* anything else: a defect. It leaves `run`, and the process ends (agents), because Faust would acknowledge the record and go on
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from pipeline import topology
from pipeline.article import Position
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Exit, Outcome, Rejected, Rejection

log = structlog.get_logger()

FIRST_WAIT_SECONDS = 0.1
LONGEST_WAIT_SECONDS = 10.0
# How many records are processed between two turns of the event loop: heartbeats and fetches need theirs.
TURN_EVERY = 4


@dataclass(frozen=True)
class Work:
    """One record to process. `at` is its timestamp in Kafka."""

    key: bytes | None
    value: bytes
    position: Position
    at: datetime
    headers: tuple[tuple[str, bytes], ...] = ()
    attempts: int = 1


@dataclass(frozen=True)
class Out:
    """One record that processing causes; `partition` None leaves the choice to the key."""

    topic: str
    key: str
    value: bytes | None
    partition: int | None = None
    headers: tuple[tuple[str, bytes], ...] = ()


class Stage(Protocol):
    """What a worker stage is to the runner."""

    name: str

    def run(self, work: Work, now: datetime) -> list[Out]:
        """The records that `work` causes. Raises Permanent or Transient; decides, and does nothing outside itself."""
        ...


# Returns when the producer has taken the record into its queue; what it returns is awaited for the broker's confirmation.
Send = Callable[[Out], Awaitable[Awaitable[object]]]


def rejection(stage: str, work: Work, error: Permanent, now: datetime) -> list[Out]:
    """The two records of a rejection: the untouched bytes with their headers, and the outcome."""
    article_id, source_id, collected = _named_in(work)
    reason = Rejection(error.reason) if error.reason in set(Rejection) else Rejection.STAGE_FAILED
    rejected = Rejected(
        stage=stage,
        reason=reason,
        detail=str(error)[:2000],
        source_id=source_id,
        article_id=article_id,
        topic=work.position.topic,
        partition=work.position.partition,
        offset=work.position.offset,
        at=now,
        attempts=work.attempts,
        original_bytes=len(work.value),
        original_sha256=hashlib.sha256(work.value).hexdigest(),
    )
    outcome = Outcome(
        article_id=article_id, position=collected, exit=Exit.REJECTED, stage=stage, at=now, reason=reason.value, detail=str(error)[:500]
    )
    original = tuple(header for header in work.headers if not header[0].startswith("rejected."))
    return [
        Out(topology.REJECTED, article_id, work.value, headers=(*original, *rejected.headers())),
        Out(topology.OUTCOMES, article_id, msgspec.json.encode(outcome)),
    ]


def _named_in(work: Work) -> tuple[str, str, Position]:
    """Article id, source id and collected position as far as the bytes tell; the key and the own position stand in for what they do not."""
    key = (work.key or b"").decode("utf-8", "replace")
    try:
        loose = msgspec.json.decode(work.value)
        article_id = str(loose.get("id") or key)
        source = loose.get("source") or {}
        collected = msgspec.convert(loose.get("position") or {}, Position)
        return article_id, str(source.get("id", "")), collected if collected.topic else work.position
    except (msgspec.DecodeError, msgspec.ValidationError, AttributeError, UnicodeDecodeError, RecursionError):
        return key, "", work.position


class Runner:
    """Runs one stage over batches. Both steps of `send` raise Transient or Permanent when the record was not confirmed."""

    def __init__(self, stage: Stage, send: Send, now: Callable[[], datetime]) -> None:
        self.stage = stage
        self.retrying = False  # the watchdog does not count declared retries as a stall
        self._send = send
        self._now = now

    async def run(self, batch: Sequence[Work]) -> None:
        """Return once every effect of the batch is confirmed by the broker; only then may the batch be acknowledged."""
        caused: list[tuple[Work, list[Out]]] = []
        for number, work in enumerate(batch, 1):
            caused.append((work, await self._process(work)))
            if not number % TURN_EVERY:
                await asyncio.sleep(0)
        await self._settle(caused, await self._deliver_all([out for _, outs in caused for out in outs]))

    async def _process(self, work: Work) -> list[Out]:
        wait_seconds = FIRST_WAIT_SECONDS
        while True:
            try:
                return self.stage.run(work, self._now())
            except Permanent as error:
                log.warning("rejected", stage=self.stage.name, record=str(work.position), reason=error.reason, why=str(error)[:300])
                return rejection(self.stage.name, work, error, self._now())
            except Transient as error:
                wait_seconds = await self._wait(wait_seconds, error)

    async def deliver(self, out: Out) -> None:
        """Return once the record is confirmed, however long that takes. Raises what is not Transient."""
        wait_seconds = FIRST_WAIT_SECONDS
        while True:
            try:
                await (await self._send(out))
                return
            except Transient as error:
                wait_seconds = await self._wait(wait_seconds, error)

    async def _deliver_all(self, outs: Sequence[Out]) -> list[None | BaseException]:
        """What became of each, in the order of `outs`.

        They are handed over one after the other: a small record would pass a larger one that waits for room in the producer (aiokafka 0.14), and
        two revisions of an article would change places. Then all are waited for together.
        """
        handed = [await self._handed_over(out) for out in outs]
        return await asyncio.gather(*(self._confirmed(out, each) for out, each in zip(outs, handed, strict=True)), return_exceptions=True)

    async def _handed_over(self, out: Out) -> Awaitable[object] | Exception:
        try:
            return await self._send(out)
        except Exception as error:
            return error

    async def _confirmed(self, out: Out, handed: Awaitable[object] | Exception) -> None:
        try:
            if isinstance(handed, Exception):
                raise handed
            await handed
        except Transient as error:
            await self._wait(FIRST_WAIT_SECONDS, error)
            await self.deliver(out)

    async def _settle(self, caused: list[tuple[Work, list[Out]]], results: list[None | BaseException]) -> None:
        """Reject the records whose effects the broker refuses for good; raise anything unforeseen."""
        remaining = iter(results)
        for work, outs in caused:
            failed = [(out, error) for out, error in zip(outs, (next(remaining) for _ in outs), strict=True) if error is not None]
            for _, error in failed:
                if not isinstance(error, Permanent):
                    raise error
            refused = [why for out, _ in failed if (why := await self._refused_alone(out)) is not None]
            for out in rejection(self.stage.name, work, refused[0], self._now()) if refused else ():
                await self.deliver(out)

    async def _refused_alone(self, out: Out) -> Permanent | None:
        """Why the broker refuses the record even when it travels alone: the first answer was to all that were sent together."""
        try:
            await self.deliver(out)
        except Permanent as error:
            return error
        return None

    async def _wait(self, wait_seconds: float, error: Transient) -> float:
        log.warning("trying again", stage=self.stage.name, after_seconds=wait_seconds, why=str(error)[:300])
        self.retrying = True
        try:
            await asyncio.sleep(wait_seconds)
        finally:
            self.retrying = False
        return min(wait_seconds * 2, LONGEST_WAIT_SECONDS)
