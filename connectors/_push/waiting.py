"""Requests that wait until Kafka has what they brought: the HTTP side puts them in, `fetch` takes them out and says later that they are safe."""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import Future
from dataclasses import dataclass, field

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


class Full(Exception):
    """So much waits for Kafka that nothing more is taken."""


class Waiting:
    """The requests of one source, in the order of their arrival."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deliveries: deque[Delivery] = deque()

    def put(self, delivery: Delivery) -> None:
        """Let it wait. Raises Full."""
        with self._changed:
            self._forget_given_up()
            waiting_bytes = sum(each.bytes for each in self._deliveries)
            if len(self._deliveries) >= MAX_WAITING_REQUESTS or waiting_bytes + delivery.bytes > MAX_WAITING_BYTES:
                raise Full
            self._deliveries.append(delivery)
            self._changed.notify_all()

    def take(self, seconds: float) -> list[Delivery]:
        """The next requests, whole ones, up to `BATCH_ITEMS` articles; waits for the first as long as `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while True:
                self._forget_given_up()
                if self._deliveries or not self._changed.wait(max(deadline - time.monotonic(), 0)):
                    break
            taken: list[Delivery] = []
            while self._deliveries and sum(len(each.articles) + len(each.unreadable) for each in taken) < BATCH_ITEMS:
                taken.append(self._deliveries.popleft())
            return taken

    def put_back(self, deliveries: list[Delivery]) -> None:
        """They were taken and did not arrive in Kafka: they come first again."""
        with self._changed:
            self._deliveries.extendleft(reversed(deliveries))

    def _forget_given_up(self) -> None:
        # Whoever sent them was told to come again.
        self._deliveries = deque(each for each in self._deliveries if not each.safe.cancelled())
