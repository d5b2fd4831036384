"""Where a hub reaches one feed: its questions are answered here, what it pushes waits until Kafka has it.

The answer to a push is 2xx only after that. One without a valid signature is answered with 2xx too, counted, and not looked at, as section 8
wants it: whoever forges must not learn what is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from connectors._push.request import Reply, not_confirmed, refused
from connectors._push.waiting import Full, Waiting
from connectors._websub import agreement, signature
from connectors._websub.agreement import Agreement, Denied, Verified
from pipeline.outgoing.address import without_query

log = structlog.get_logger()

# Hubs wait for an answer about as long; what is not confirmed by then they send again.
CONFIRM_SECONDS = 10.0


@dataclass(frozen=True, eq=False)
class Document:
    """One signed push. `safe` is set once Kafka has what it brought."""

    body: bytes
    content_type: str
    safe: Future[None] = field(default_factory=Future)

    @property
    def bytes(self) -> int:
        return len(self.body)

    @property
    def items(self) -> int:
        return 1


@dataclass(frozen=True)
class Ignored:
    """Pushes without a valid signature."""

    at: int
    pushes: int


Event = Verified | Denied | Ignored


class HubEndpoint:
    """What the hub of one feed may say. `expect` is called by the feed's fetches, everything else by the server's thread."""

    def __init__(self, source: str, max_bytes: int, now: Callable[[], datetime], ring: Callable[[], None]) -> None:
        self.max_bytes = max_bytes
        self.waiting: Waiting[Document] = Waiting()
        self._source = source
        self._now = now
        self._ring = ring
        self._turn = threading.Lock()
        self._agreement = Agreement()
        self._events: list[Event] = []
        self._is_rung = False
        self._has_told = False

    def expect(self, expected: Agreement) -> None:
        """From now on this is what the hub was asked for."""
        with self._turn:
            self._agreement = expected

    @property
    def has_news(self) -> bool:
        """Whether something has come that a fetch should take."""
        return self._is_rung or len(self.waiting) > 0

    def events(self) -> list[Event]:
        """What the hub said since the last call, in its order."""
        with self._turn:
            found, self._events = self._events, []
            self._is_rung = self._has_told = False
            return found

    def put_back(self, events: list[Event]) -> None:
        """They were taken, and what followed from them was not saved: they come first again."""
        with self._turn:
            self._events = [*events, *self._events]

    def refusal(self, _headers: Mapping[str, str], _body: bytes | None) -> Reply | None:
        """Nobody is refused: the path is a secret, and the signature is looked at later."""
        return None

    def asked(self, query: Mapping[str, str]) -> Reply:
        """The challenge for what we asked of the hub ourselves; 404 for everything else (section 5.3)."""
        at = self._now().timestamp()
        with self._turn:
            found = agreement.understood(self._agreement, query, at)
            if isinstance(found, Verified):
                # Once: a second question finds nothing that is still open.
                self._agreement = agreement.after(self._agreement, found)
        if found is None:
            log.warning("a hub's question was refused: nobody asked it for that", source=self._source)
            return refused(404, "nobody asked for this subscription")
        self._note(found)
        return Reply(200, query["hub.challenge"] if isinstance(found, Verified) else "")

    async def answer(self, headers: Mapping[str, str], body: bytes) -> Reply:
        """202 once Kafka has what the document brings, or when its signature does not hold; 503 when Kafka has not confirmed it in time."""
        if why := signature.problem(self._agreement.secret, headers.get("x-hub-signature", ""), body):
            self._ignore(why)
            return Reply(202, "")
        document = Document(body, headers.get("content-type", ""))
        try:
            self.waiting.put(document)
            self._ring()
            is_safe = await self.waiting.confirmed(document, CONFIRM_SECONDS)
        except Full:
            is_safe = False
        return Reply(202, "") if is_safe else not_confirmed()

    def _note(self, event: Event) -> None:
        with self._turn:
            self._events.append(event)
            self._is_rung = True
        self._ring()

    def _ignore(self, why: str) -> None:
        at = int(self._now().timestamp())
        with self._turn:
            before = self._events[-1] if self._events else None
            if isinstance(before, Ignored):
                self._events[-1] = Ignored(at, before.pushes + 1)
            else:
                self._events.append(Ignored(at, 1))
            is_first, self._has_told = not self._has_told, True
        if is_first:
            log.warning("a push was ignored", source=self._source, why=why, hub=without_query(self._agreement.hub))
