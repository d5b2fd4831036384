"""Hands what is new to every open page, as server-sent events.

Events have ids `<epoch>-<number>`. A page that lost its connection names the last id it saw: while the ring still holds what came after it, only
that is sent, otherwise everything. All methods but `publish` run on the event loop.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import msgspec

from pipeline.console.board import Board, Change, Status

RING_EVENTS = 1_000
RING_BYTES = 8_000_000
QUEUE_EVENTS = 200
MAX_CLIENTS = 100
HEARTBEAT_SECONDS = 2.0
RETRY_MS = 1_000

_encoder = msgspec.json.Encoder()


class TooManyClients(Exception):
    """As many pages are open as are allowed."""


@dataclass(eq=False)
class Client:
    """One open page. `lost` says that its queue overflowed: it gets everything afresh instead of what it missed."""

    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUE_EVENTS))
    lost: bool = False


class Hub:
    """See the module's docstring. `read_status` is asked for every heartbeat."""

    def __init__(
        self, read_status: Callable[[], Status], *, max_clients: int = MAX_CLIENTS, heartbeat_seconds: float = HEARTBEAT_SECONDS
    ) -> None:
        self._read_status = read_status
        self._max_clients = max_clients
        self._heartbeat_seconds = heartbeat_seconds
        self._epoch = secrets.token_hex(4)
        self._number = 0
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._clients: set[Client] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False
        self.board = Board()

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def publish(self, board: Board, change: Change) -> None:
        """Called from the feed's thread."""
        payload = _encoder.encode(change)
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._take, board, payload)

    def _take(self, board: Board, payload: bytes) -> None:
        self.board = board
        self._number += 1
        event = _event("change", payload, self._id(self._number))
        self._ring.append((self._number, event))
        self._ring_bytes += len(event)
        while len(self._ring) > RING_EVENTS or self._ring_bytes > RING_BYTES:
            self._ring_bytes -= len(self._ring.popleft()[1])
        self._spread(event)

    def _spread(self, event: bytes) -> None:
        for client in self._clients:
            try:
                client.queue.put_nowait(event)
            except asyncio.QueueFull:
                client.lost = True

    def _id(self, number: int) -> str:
        return f"{self._epoch}-{number}"

    async def beat(self) -> None:
        """Tell every page how things stand, every few seconds, until cancelled."""
        while True:
            await asyncio.sleep(self._heartbeat_seconds)
            self._spread(self._status_event())

    def _status_event(self) -> bytes:
        return _event("status", _encoder.encode(self._read_status()))

    def join(self) -> Client:
        """A new client. Raises TooManyClients."""
        if len(self._clients) >= self._max_clients:
            raise TooManyClients
        client = Client()
        self._clients.add(client)
        return client

    def leave(self, client: Client) -> None:
        self._clients.discard(client)

    async def stream(self, client: Client, last_id: str) -> AsyncIterator[bytes]:
        """The events of one page: what it missed or everything, then whatever comes. Ends when the hub is closed."""
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            for missed in self._missed(last_id):
                yield missed
            yield self._status_event()
            while not self._closed:
                event = await client.queue.get()
                if event is None:
                    return
                if client.lost:
                    client.lost = False
                    _drain(client.queue)
                    event = self._snapshot()
                yield event
        finally:
            self.leave(client)

    def _missed(self, last_id: str) -> list[bytes]:
        epoch, _, number = last_id.partition("-")
        oldest = self._ring[0][0] if self._ring else self._number + 1
        if epoch == self._epoch and number.isascii() and number.isdigit() and oldest - 1 <= int(number[:18]) <= self._number:
            return [event for at, event in self._ring if at > int(number[:18])]
        return [self._snapshot()]

    def _snapshot(self) -> bytes:
        return _event("snapshot", self.state(), self._id(self._number))

    def state(self) -> bytes:
        """What is on the board, but the figures, as one JSON object."""
        board = self.board
        shown = ("articles", "alerts", "sources", "silences", "answers")
        return _encoder.encode({name: getattr(board, name) for name in shown})

    def close_soon(self) -> None:
        """`close`, from any thread or signal handler."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self.close)

    def close(self) -> None:
        """End every stream at once."""
        self._closed = True
        for client in self._clients:
            _drain(client.queue)
            client.queue.put_nowait(None)


def _event(kind: str, payload: bytes, event_id: str = "") -> bytes:
    """One server-sent event. msgspec writes JSON on one line, so a payload cannot end the event early."""
    named = f"id: {event_id}\n" if event_id else ""
    return f"{named}event: {kind}\ndata: ".encode() + payload + b"\n\n"


def _drain(queue: asyncio.Queue[bytes | None]) -> None:
    while not queue.empty():
        queue.get_nowait()
