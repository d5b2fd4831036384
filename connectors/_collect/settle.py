"""What the end of a fetch changes at its source: the cursor, when it is due again, how it is doing, what the log says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from connectors._collect import schedule
from connectors._collect.fetching import Running
from pipeline.errors import LagebildError, Permanent, Transient
from pipeline.plugins import Batch
from pipeline.sources import SourceHealth

log = structlog.get_logger()

# Each is in Kafka in full; a file of broken lines must not flood the log.
LOGGED_UNREADABLE = 10


@dataclass(frozen=True)
class Clocks:
    """The time (aware UTC), the seconds by which sources are due, and the roll in [0, 1) that spreads them."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    roll: Callable[[], float]


def arrived(source: Running, batch: Batch, cursor: bytes, at: datetime, clocks: Clocks) -> None:
    """Note a batch that is safely in Kafka since `at`, with the record of its cursor."""
    source.cursor = cursor
    source.due_at = clocks.monotonic() + schedule.pause_seconds(batch, source.settings.every_seconds, clocks.roll())
    source.health = _due_again(source, schedule.after_batch(source.health, batch, at), clocks)
    if batch.articles or batch.unreadable:
        log.info("collected", source=source.settings.id, articles=len(batch.articles), unreadable=len(batch.unreadable), more=batch.more)
    if batch.possible_losses or batch.left_out:
        log.warning("incomplete", source=source.settings.id, possible_losses=batch.possible_losses, left_out=batch.left_out, why=batch.note)
    for found in batch.unreadable[:LOGGED_UNREADABLE]:
        log.warning("unreadable", source=source.settings.id, what=found.subject[:200], why=schedule.one_line(found.detail))


def failed(source: Running, error: BaseException, clocks: Clocks) -> None:
    """Note a fetch that brought an error, and back off."""
    health = schedule.after_failure(source.health, error, clocks.now())
    foreseen = isinstance(error, LagebildError)
    wait = schedule.back_off_seconds(
        health.consecutive_failures,
        source.settings.every_seconds,
        clocks.roll(),
        permanent=isinstance(error, Permanent) or not foreseen,
        after_seconds=error.after_seconds if isinstance(error, Transient) else None,
        kind=health.error_class,
    )
    source.due_at = clocks.monotonic() + wait
    source.health = _due_again(source, health, clocks)
    facts = {"source": source.settings.id, "why": health.last_error, "in_a_row": health.consecutive_failures}
    log.warning("fetch failed", **facts, again_in_seconds=round(wait, 1), exc_info=None if foreseen else error)


def hold_seconds(error: BaseException | None) -> float:
    """For how long the whole host is to be left alone after this error: what the server asked for."""
    return (error.after_seconds or 0.0) if isinstance(error, Transient) else 0.0


def _due_again(source: Running, health: SourceHealth, clocks: Clocks) -> SourceHealth:
    return replace(health, next_fetch_at=clocks.now() + timedelta(seconds=max(source.due_at - clocks.monotonic(), 0.0)))
