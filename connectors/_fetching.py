"""Fetches in threads: a bounded number at once, one at a time per source, what they brought in a queue."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from connectors._records import cursor_value
from pipeline import plugins
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

log = structlog.get_logger()

AT_ONCE = 8


@dataclass
class Running:
    """One source while the collector runs. `saved` is the cursor as Kafka confirmed it; `due_at` and `fetching_since` count on the monotonic clock."""

    settings: SourceSettings
    connector: Connector
    health: SourceHealth
    cursor: Mapping[str, Any] = field(default_factory=dict)
    saved: bytes = b""
    due_at: float = 0.0
    is_fetching: bool = False
    fetching_since: float = 0.0
    told: SourceHealth | None = None


@dataclass(frozen=True)
class Fetched:
    """The end of one fetch: a batch or an error."""

    source: Running
    batch: Batch | None = None
    error: BaseException | None = None
    cursor: bytes = b""


def connectors_of(settings: Settings, now: Callable[[], datetime]) -> dict[str, Connector]:
    """The connector of each source, with its options checked. An option `contact` is filled from the configuration."""
    found = {}
    for each in settings.sources:
        module = plugins.load("connectors", each.connector, settings.plugin_folders)
        options = dict(each.options)
        if settings.contact and "contact" in module.Options.model_fields:
            options.setdefault("contact", settings.contact)
        named = each.every_seconds if "every_seconds" in each.model_fields_set else None
        context = plugins.Context(name=each.id, folder=settings.folder, now=now, every_seconds=named)
        found[each.id] = plugins.make(module, module.Options.model_validate(options), context)
    return found


def due(sources: Iterable[Running], at: float) -> list[Running]:
    """The sources to fetch from now, the longest due first. `at` counts on the monotonic clock."""
    found = [each for each in sources if not (each.is_fetching or each.settings.paused) and each.due_at <= at]
    return sorted(found, key=lambda each: each.due_at)


def seconds_to_next(sources: Iterable[Running], at: float) -> float:
    """How long until the next source is due, 0 at least; infinite when none will be before a fetch has come back."""
    waiting = [each.due_at for each in sources if not (each.settings.paused or each.is_fetching)]
    return max(min(waiting, default=math.inf) - at, 0.0)


class Fetches:
    """Starts fetches and hands over what they brought."""

    def __init__(self, max_cursor_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._max_cursor_bytes = max_cursor_bytes
        self._monotonic = monotonic
        self._done: queue.SimpleQueue[Fetched] = queue.SimpleQueue()
        self.running = 0

    def start(self, source: Running) -> bool:
        """Whether the fetch was started; not when as many as allowed are running."""
        if self.running >= AT_ONCE or source.is_fetching:
            return False
        source.is_fetching, source.fetching_since = True, self._monotonic()
        self.running += 1
        # A daemon: a connector that hangs must not keep the process from ending.
        threading.Thread(target=self._fetch, args=(source, source.cursor), name=f"fetch {source.settings.id}", daemon=True).start()
        return True

    def running_seconds(self, source: Running) -> float:
        """How long its fetch has been running; 0 when none is."""
        return self._monotonic() - source.fetching_since if source.is_fetching else 0.0

    def done(self, timeout_seconds: float) -> list[Fetched]:
        """What has ended: waits for the first, and takes all that are there then."""
        found = []
        try:
            found.append(self._done.get(timeout=max(timeout_seconds, 0.001)))
            while True:
                found.append(self._done.get_nowait())
        except queue.Empty:
            pass
        for each in found:
            each.source.is_fetching = False
        self.running -= len(found)
        return found

    def _fetch(self, source: Running, cursor: Mapping[str, Any]) -> None:
        try:
            batch = source.connector.fetch(cursor)
            encoded = _encoded(source, batch, self._max_cursor_bytes)
        except BaseException as error:
            # Also what nobody foresaw: a faulty connector must not stop the other sources. It shows as failing, with its trace in the log.
            self._done.put(Fetched(source, error=error))
        else:
            self._done.put(Fetched(source, batch, cursor=encoded))


def _encoded(source: Running, batch: Batch, max_bytes: int) -> bytes:
    try:
        encoded = cursor_value(source.settings.connector, batch.cursor)
    except (TypeError, ValueError) as error:
        raise Permanent(Rejection.INVALID, f"the connector {source.settings.connector} gave a cursor that is not JSON: {error}") from error
    if len(encoded) > max_bytes:
        raise Permanent(
            Rejection.TOO_LARGE,
            f"the cursor of {source.settings.connector} has {len(encoded):,} bytes; {max_bytes:,} are kept at most: split the source",
        )
    return encoded
