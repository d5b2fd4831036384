"""Requests that wait until Kafka has what they brought: the HTTP side puts them in, `fetch` takes them out and says later that they are safe."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from pipeline.article import Article
from pipeline.plugins import Unreadable

MAX_WAITING_REQUESTS = 200
MAX_WAITING_BYTES = 50_000_000
BATCH_ITEMS = 500


@dataclass(frozen=True, eq=False)
class Delivery:
    """What one request brought. `safe` is set once Kafka has confirmed it."""

    mark: str
    articles: tuple[Article, ...]
    unreadable: tuple[Unreadable, ...]
    bytes: int
    safe: Future[None] = field(default_factory=Future)

    @property
    def items(self) -> int:
        return len(self.articles) + len(self.unreadable)


class Pending(Protocol):
    """What waits: its size, how many items it brings, and where it is said that Kafka has confirmed it."""

    @property
    def bytes(self) -> int: ...
    @property
    def items(self) -> int: ...
    @property
    def safe(self) -> Future[None]: ...


P = TypeVar("P", bound=Pending)


class Full(Exception):
    """So much waits for Kafka that nothing more is taken."""


class Waiting(Generic[P]):
    """The requests of one source, in the order of their arrival."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deliveries: deque[P] = deque()

    def put(self, delivery: P) -> None:
        """Let it wait. Raises Full."""
        with self._changed:
            self._forget_given_up()
            waiting_bytes = sum(each.bytes for each in self._deliveries)
            if len(self._deliveries) >= MAX_WAITING_REQUESTS or waiting_bytes + delivery.bytes > MAX_WAITING_BYTES:
                raise Full
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def take(self, seconds: float) -> list[P]:
        """The next requests, whole ones, up to `BATCH_ITEMS` articles; waits for the first as long as `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                self._forget_given_up()
                if self._deliveries or not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    break
            taken: list[P] = []
            while self._deliveries and sum(each.items for each in taken) < BATCH_ITEMS:
                taken.append(self._deliveries.popleft())
            return taken

    def __len__(self) -> int:
        with self._changed:
            self._forget_given_up()
            return len(self._deliveries)

    async def confirmed(self, delivery: P, within_seconds: float) -> bool:
        """Whether Kafka has confirmed the delivery in time; one that has not is forgotten."""
        try:
            await asyncio.wait_for(asyncio.wrap_future(delivery.safe), within_seconds)
        except TimeoutError:
            return False
        return True

    def put_back(self, deliveries: list[P]) -> None:
        """They were taken and did not arrive in Kafka: they come first again."""
        with self._changed:
            self._deliveries.extendleft(reversed(deliveries))

    def _forget_given_up(self) -> None:
        # Whoever sent them was told to come again.
        self._deliveries = deque(each for each in self._deliveries if not each.safe.cancelled())


def say_safe(deliveries: Iterable[Pending]) -> None:
    """Tell those who sent them that Kafka has them."""
    for each in deliveries:
        if each.safe.set_running_or_notify_cancel():
            each.safe.set_result(None)
