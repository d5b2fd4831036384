"""Fetches in threads: one at a time per source, what they brought in a queue."""

from __future__ import annotations

import functools
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from connectors._collect.records import cursor_of, cursor_value
from pipeline import plugins
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Connector
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

log = structlog.get_logger()


@dataclass
class Running:
    """One source while the collector runs.

    `cursor` is where the next fetch goes on and `saved` what Kafka confirmed of it, both as records: of tens of thousands of feeds the
    parsed ones would fill the memory. `due_at` and `fetching_since` count on the monotonic clock. `host` is whom a fetch troubles; one that is
    `is_aside` troubles nobody and takes no room. `entry` is the number of the source's valid entry on the agenda.
    """

    settings: SourceSettings
    connector: Connector
    health: SourceHealth
    cursor: bytes = b""
    saved: bytes = b""
    host: str = ""
    due_at: float = 0.0
    is_fetching: bool = False
    is_aside: bool = False
    entry: int = 0
    fetching_since: float = 0.0
    told: SourceHealth | None = None

    @property
    def listens(self) -> bool:
        """Whether its fetches wait for what others send: they must not take the place of those that ask."""
        return bool(getattr(self.connector, "listens", False))

    @property
    def has_pushes(self) -> bool:
        """Whether others have sent it something that waits for a fetch."""
        return bool(getattr(self.connector, "has_pushes", False))


@dataclass(frozen=True)
class Fetched:
    """The end of one fetch: a batch or an error."""

    source: Running
    batch: Batch | None = None
    error: BaseException | None = None
    cursor: bytes = b""


def connectors_of(settings: Settings, now: Callable[[], datetime], ring: Callable[[str], None] | None = None) -> dict[str, Connector]:
    """The connector of each source, with its options checked. An option `contact` is filled from the configuration.

    `ring` takes the id of a source that wants to be fetched at once; without it nobody is told where to push.
    """
    found = {}
    load = functools.cache(lambda name: plugins.load("connectors", name, settings.plugin_folders))
    for each in settings.sources:
        module = load(each.connector)
        options = dict(each.options)
        if settings.contact and "contact" in module.Options.model_fields:
            options.setdefault("contact", settings.contact)
        named = each.every_seconds if "every_seconds" in each.model_fields_set else None
        context = plugins.Context(each.id, settings.folder, now, named, callback_of(settings, each.id, ring))
        found[each.id] = plugins.make(module, module.Options.model_validate(options), context)
    return found


def callback_of(settings: Settings, source_id: str, ring: Callable[[str], None] | None) -> plugins.Callback | None:
    """Where the source can be reached; None where that is not configured, or nobody would hear it."""
    told = settings.collector.callback
    if told is None or ring is None:
        return None
    return plugins.Callback(told.url, told.host, told.port, told.websub, functools.partial(ring, source_id))


class Fetches:
    """Starts fetches and hands over what they brought."""

    def __init__(self, at_once: int, max_cursor_bytes: int, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._max_cursor_bytes = max_cursor_bytes
        self._monotonic = monotonic
        self._done: queue.SimpleQueue[Fetched] = queue.SimpleQueue()
        self.running = 0

    @property
    def has_room(self) -> bool:
        """Whether another fetch may start. Those that only take what others send (`Running.is_aside`) need no room."""
        return self.running < self._at_once

    def start(self, source: Running) -> None:
        """Start the fetch. The caller has seen that there is room."""
        source.is_fetching, source.fetching_since = True, self._monotonic()
        self.running += not source.is_aside
        # A daemon: a connector that hangs must not keep the process from ending.
        threading.Thread(target=self._fetch, args=(source, source.cursor), name=f"fetch {source.settings.id}", daemon=True).start()

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
        self.running -= sum(not each.source.is_aside for each in found)
        return found

    def _fetch(self, source: Running, cursor: bytes) -> None:
        try:
            batch = source.connector.fetch(cursor_of(cursor, source.settings.connector) if cursor else {})
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
