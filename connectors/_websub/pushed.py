"""The connector around a polled feed whose hub pushes it.

A fetch either takes what was pushed and asks nobody, or polls and, when it is time, asks the hub. Both write one cursor: the polled feed's own, which
has then seen what was pushed, and beside it what is known of the hub. A sender is told that its push is safe when that cursor comes back.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec
import structlog
from msgspec.structs import replace

from connectors._feed import new_items
from connectors._push import server
from connectors._push.waiting import say_safe
from connectors._websub import agreement, document, hub, memory, trust
from connectors._websub.document import Place
from connectors._websub.endpoint import Document, Event, HubEndpoint
from connectors._websub.memory import Memory
from pipeline.errors import LagebildError, Transient
from pipeline.plugins import Batch, Callback, Connector, Context

log = structlog.get_logger()

# How soon a feed whose poll has failed is polled again when something was pushed meanwhile.
FAILED_PAUSE_SECONDS = 300.0
UNNAMED_PAUSE_SECONDS = 300.0
SHORTEST_PAUSE_SECONDS = 5.0


class Options(document.Limits, hub.Asking, Protocol):
    """The options of the feed that matter to its hub."""

    @property
    def max_bytes(self) -> int: ...
    @property
    def websub(self) -> bool | None: ...


@dataclasses.dataclass(frozen=True)
class _Handed:
    """What went out with the last batch: the mark of its cursor, and what is to be done again when that does not come back."""

    mark: bytes
    documents: tuple[Document, ...] = ()
    events: tuple[Event, ...] = ()


class Pushed:
    """`feed`, pushed by its hub. Its cursor: that of `feed`, with `Memory` beside it."""

    def __init__(self, feed: Connector, options: Options, context: Context, callback: Callback) -> None:
        self.host = str(getattr(feed, "host", ""))
        self._feed = feed
        self._options = options
        self._context = context
        self._callback = callback
        self._endpoint = HubEndpoint(context.name, options.max_bytes, context.now, callback.ring)
        self._open_at = ""
        self._deaf = ""
        self._handed: _Handed | None = None
        self._polled_at = 0.0
        self._poll_due_at = 0.0
        self._poll_failed = ""

    @property
    def has_pushes(self) -> bool:
        """Whether the next fetch has to do with what was pushed, and asks nobody."""
        return self._endpoint.has_news or bool(self._handed and self._handed.documents)

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """What was pushed, or what a poll brings. Raises what the feed raises."""
        is_aside, now = self.has_pushes, self._context.now()
        self._settle(cursor)
        known, rest = memory.parted(cursor)
        events = self._endpoint.events()
        for each in events:
            known = memory.after(known, each)
        self._listen(known)
        if documents := self._endpoint.waiting.take(0):
            return self._hand(self._read(known, rest, documents, now), documents, events)
        if is_aside:
            wait = max(self._poll_due_at - now.timestamp(), 0.0)
            return self._hand(self._told(Batch(cursor=rest, wait_seconds=wait), known, now), [], events)
        try:
            return self._hand(self._polled(known, rest, now), [], events)
        except LagebildError as error:
            self._endpoint.put_back(events)
            after = error.after_seconds if isinstance(error, Transient) else None
            self._poll_due_at = now.timestamp() + max(after or 0.0, FAILED_PAUSE_SECONDS)
            self._poll_failed = " ".join(str(error).split())[:200]
            raise

    def close(self) -> None:
        """Take nothing more."""
        if self._open_at:
            server.close_for(self._callback.host, self._callback.port, self._open_at, self._endpoint)
            self._open_at = ""

    def _settle(self, cursor: Mapping[str, Any]) -> None:
        handed, self._handed = self._handed, None
        if handed is None:
            return
        if _mark(cursor) == handed.mark:
            say_safe(handed.documents)
            return
        self._endpoint.waiting.put_back(list(handed.documents))
        self._endpoint.put_back(list(handed.events))
        self._poll_due_at = self._polled_at = 0.0

    def _listen(self, known: Memory) -> None:
        """Take requests at the path of the agreement. A port that is taken leaves the feed to polling."""
        self._endpoint.expect(known.agreement)
        path = known.agreement.path if known.agreement.token else ""
        if path == self._open_at:
            return
        self.close()
        if not path:
            return
        try:
            server.open_for(self._callback.host, self._callback.port, path, self._endpoint)
        except Transient as error:
            self._deaf = str(error)
        else:
            self._open_at, self._deaf = path, ""

    def _read(self, known: Memory, rest: Mapping[str, Any], documents: list[Document], now: datetime) -> Batch:
        place = Place(known.address, known.site, known.title, known.language)
        batch = Batch(cursor=rest, wait_seconds=max(self._poll_due_at - now.timestamp(), 0.0))
        for each in documents:
            found = document.read(each.body, each.content_type, batch.cursor, place, self._options, self._context.name, now)
            batch = dataclasses.replace(
                batch,
                cursor=found.cursor,
                articles=batch.articles + found.articles,
                unreadable=batch.unreadable + found.unreadable,
                left_out=batch.left_out + found.left_out,
            )
            trusted = trust.after_push(known.trust, found.ids, len(found.articles), now.timestamp())
            known = replace(known, trust=trusted)
        return self._told(batch, known, now)

    def _polled(self, known: Memory, rest: dict[str, Any], now: datetime) -> Batch:
        at = now.timestamp()
        if not known.is_known:
            # Nobody has looked for a hub yet: a document that is known already must come once more.
            rest = {name: value for name, value in rest.items() if name not in ("etag", "last_modified", "document")}
        shown = new_items.Memory.of(rest).shown
        batch = self._feed.fetch(rest)
        found = frozenset(new_items.short_id(each.id) for each in batch.articles if not each.backfill) - shown
        known = memory.after_document(known, batch.about)
        after = memory.after_poll(known, found, self._polled_at, at)
        if after.trust.is_lost and not known.trust.is_lost:
            log.warning("a hub misses items", source=self._context.name, missed=after.trust.missed, hub=agreement.host_of(known.agreement))
        after = self._ask(after, now)
        self._polled_at, self._poll_failed = at, ""
        wait = self._wait_seconds(batch, after, at)
        pause = wait if wait is not None else self._context.every_seconds
        self._poll_due_at = at + (UNNAMED_PAUSE_SECONDS if pause is None else pause)
        return self._told(dataclasses.replace(batch, wait_seconds=wait), after, now)

    def _ask(self, known: Memory, now: datetime) -> Memory:
        """Ask the hub for its pushes, or for more of them, when it is time."""
        agreed, at = known.agreement, now.timestamp()
        if not known.hubs or agreed.due_at(self._callback.url) > at:
            return known
        wanted = agreement.asked(agreed, known.hubs, known.topic, self._callback.url, at)
        if not hub.is_free(wanted.hub):
            return known
        self._listen(replace(known, agreement=wanted))
        if not self._deaf:
            wanted = hub.ask(wanted, self._options, now)
        log.info("a hub was asked", source=self._context.name, hub=agreement.host_of(wanted), why=wanted.why or self._deaf)
        return replace(known, agreement=wanted)

    def _wait_seconds(self, batch: Batch, known: Memory, at: float) -> float | None:
        """The feed's own pause, a longer one while its hub can be trusted; not beyond the end of the lease. None leaves it to the configuration."""
        if batch.more:
            return batch.wait_seconds
        own = batch.wait_seconds if batch.wait_seconds is not None else self._context.every_seconds
        own = UNNAMED_PAUSE_SECONDS if own is None else own
        if not (known.agreement.holds(at) and known.trust.is_earned and not self._deaf):
            return batch.wait_seconds
        due = known.agreement.due_at(self._callback.url) - at
        return min(trust.safety_seconds(own), max(due, own, SHORTEST_PAUSE_SECONDS))

    def _told(self, batch: Batch, known: Memory, now: datetime) -> Batch:
        """`batch` with how things stand with the hub."""
        at = now.timestamp()
        failed = f"polls fail: {self._poll_failed}" if self._poll_failed else ""
        notes = [each for each in (batch.note, memory.note(known, at), self._deaf, failed) if each]
        return dataclasses.replace(batch, cursor=memory.joined(known, batch.cursor), note="; ".join(notes), push=memory.state(known, at))

    def _hand(self, batch: Batch, documents: list[Document], events: list[Event]) -> Batch:
        self._handed = _Handed(_mark(batch.cursor), tuple(documents), tuple(events))
        return batch


def _mark(cursor: Mapping[str, Any]) -> bytes:
    # Not the cursor itself: a collector may hold tens of thousands of feeds.
    return hashlib.sha256(msgspec.json.encode(cursor, order="sorted")).digest()
