"""The threads that keep the board: one follows the records, one asks for the lag."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import structlog

from pipeline.clock import utc_now
from pipeline.console.board import Board, Change, GroupLag, Limits, Status, standing, status, take
from pipeline.console.desk import Desk
from pipeline.console.tail import KafkaLag, KafkaTail, Tail
from pipeline.errors import Unreachable
from pipeline.settings import Settings

log = structlog.get_logger()

AGAIN_SECONDS = 1.0
LAG_SECONDS = 2.0
# What comes within so long goes to the pages as one change.
GATHER_SECONDS = 0.1
# Kafka may answer and yet hand out nothing; then a new consumer is tried.
STALLED_SECONDS = 20.0

Publish = Callable[[Board, Change], None]


class Feed:
    """Follows `open_tail()` and keeps the board and the desk. `publish(board, change)` is called from the feed's own thread after each change."""

    def __init__(
        self,
        open_tail: Callable[[], Tail],
        limits: Limits,
        *,
        read_lag: Callable[[], tuple[GroupLag, ...]] = tuple,
        name_of: Callable[[str], str] = str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._open_tail = open_tail
        self._limits = limits
        self._read_lag = read_lag
        self._name_of = name_of
        self._now = now
        self.desk = Desk(name_of)
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._publish: Publish = lambda board, change: None
        self._board = Board()
        self._as_of: datetime | None = None
        self._problem = ""
        self._lag: tuple[GroupLag, ...] = ()
        self.started_at = now()

    def start(self, publish: Publish) -> None:
        self._publish = publish
        for name, work in (("feed", self._follow), ("lag", self._watch_lag)):
            thread = threading.Thread(target=work, name=f"console-{name}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self, wait_seconds: float = 2.0) -> None:
        """Ask the threads to end and wait a little. They are daemons: one that hangs in a request does not keep the process."""
        self._stop.set()
        for thread in self._threads:
            thread.join(wait_seconds)

    @property
    def alive(self) -> bool:
        return any(thread.name == "console-feed" and thread.is_alive() for thread in self._threads)

    def status(self) -> Status:
        """How things stand now; may be called from any thread."""
        return status(self._board, self._now(), as_of=self._as_of, started_at=self.started_at, problem=self._problem, lag=self._lag)

    def _follow(self) -> None:
        while not self._stop.is_set():
            try:
                tail = self._open_tail()
            except Unreachable as error:
                self._cannot(str(error))
            except Exception as error:
                # The client's own errors are many, and the page must outlive each of them: it says what is wrong and tries again.
                self._cannot(f"Kafka cannot be read: {type(error).__name__}: {error}")
            else:
                self._follow_one(tail)

    def _follow_one(self, tail: Tail) -> None:
        opened_at = self._now()
        try:
            while not self._stop.is_set():
                records = tail.poll()
                if records:
                    # First what can be asked, then the news that makes pages ask.
                    self.desk.take(records)
                    self._board, change = take(self._board, records, self._limits, self._name_of)
                    if change:
                        self._publish(self._board, change)
                        self._stop.wait(GATHER_SECONDS)
                if tail.complete_at is not None and (self._as_of is None or tail.complete_at > self._as_of):
                    self._as_of, self._problem = tail.complete_at, ""
                elif not records and (self._now() - max(self._as_of or opened_at, opened_at)).total_seconds() > STALLED_SECONDS:
                    self._cannot("Kafka does not answer")
                    return
        except Exception as error:
            self._cannot(f"Kafka cannot be read: {type(error).__name__}: {error}")
        finally:
            tail.close()

    def _cannot(self, problem: str) -> None:
        if problem != self._problem:
            log.warning("the live page gets no data; trying again", why=problem[:300])
        self._problem = problem[:300]
        self._stop.wait(AGAIN_SECONDS)

    def _watch_lag(self) -> None:
        while not self._stop.is_set():
            try:
                self._lag = standing(self._lag, self._read_lag(), self._now())
            except Exception as error:
                log.debug("the lag cannot be read", why=repr(error)[:200])
                self._lag = ()
            self._stop.wait(LAG_SECONDS)


def kafka_feed(settings: Settings) -> Feed:
    """The feed of a real installation."""
    prefix = settings.kafka.topic_prefix
    return Feed(
        lambda: KafkaTail(settings),
        Limits(articles=settings.console.articles, late_hours=settings.alerts.late_hours),
        read_lag=KafkaLag(settings).read,
        name_of=lambda topic: topic.removeprefix(prefix),
    )
