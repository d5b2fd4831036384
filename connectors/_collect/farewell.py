"""Sources that ended: what others do for them is ended too, where their connector has a word for it (`leave`), beside everything else.

A source has ended when it stands no more in the configuration or is paused. A connector is also asked about sources that go on: an option may have
ended what it did before.
"""

from __future__ import annotations

import functools
import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
import structlog

from connectors._collect.fetching import callback_of
from connectors._collect.records import Outgoing, cursor_value
from connectors._collect.restore import Memory
from pipeline import plugins, topology
from pipeline.errors import LagebildError
from pipeline.plugins import Context
from pipeline.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class _Ended:
    """`options` are those that the configuration still has. The cursor of a source that `goes_on` is its own to write."""

    source_id: str
    connector: str
    options: Mapping[str, Any]
    cursor: Mapping[str, Any]
    goes_on: bool


class Farewells:
    """Takes leave in a thread of its own, one source after the other."""

    def __init__(self, settings: Settings, memory: Memory, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._now = now
        self._load = functools.cache(lambda name: plugins.load("connectors", name, settings.plugin_folders))
        self._done: queue.SimpleQueue[Outgoing] = queue.SimpleQueue()
        candidates = list(self._candidates(memory))
        if candidates:
            threading.Thread(target=self._take_leave, args=(candidates,), name="farewells", daemon=True).start()

    def done(self) -> list[Outgoing]:
        """The cursors as they are to be kept, of those sources whose end is through since the last call."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def _candidates(self, memory: Memory) -> Iterator[_Ended]:
        for each in self._settings.sources:
            if (cursor := memory.cursors.get(each.id)) and self._can_leave(each.connector):
                options = {"contact": self._settings.contact, **each.options}
                yield _Ended(each.id, each.connector, options, cursor, goes_on=not each.paused)
        for source_id, value in memory.left.items():
            found = _read(value)
            if found is not None and self._can_leave(found[0]):
                yield _Ended(source_id, found[0], {"contact": self._settings.contact}, found[1], goes_on=False)

    def _can_leave(self, connector: str) -> bool:
        try:
            return hasattr(self._load(connector), "leave")
        except LagebildError:
            return False

    def _take_leave(self, candidates: list[_Ended]) -> None:
        for each in candidates:
            context = Context(
                each.source_id, self._settings.folder, self._now, callback=callback_of(self._settings, each.source_id, lambda _: None)
            )
            try:
                kept = self._load(each.connector).leave(each.cursor, each.options, context, goes_on=each.goes_on)
            except Exception as error:
                # A connector of others may be faulty; that must not keep the rest from ending.
                log.warning("no leave was taken of a source", source=each.source_id, why=f"{type(error).__name__}: {error}"[:300])
                continue
            if kept is not None and not each.goes_on:
                self._done.put(Outgoing(topology.CURSORS, each.source_id, cursor_value(each.connector, kept)))


def _read(value: bytes) -> tuple[str, Mapping[str, Any]] | None:
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("connector"), str) or not isinstance(found.get("cursor"), dict):
        return None
    return found["connector"], found["cursor"]
