"""The indexer's consumer: gather a batch, let time pass without losing the group, commit what is done.

A record whose partition is taken away while it is held here is dropped: its offset is not committed, so its new owner reads it. A member
therefore keeps its partitions when another joins, and only those that really move are taken from it. Were all of them taken and most given
back, as by Kafka's older protocol, kafka-python 3.0.12 would go on behind what was dropped, because it keeps its position in a partition that
comes back: 13 of 3,000 documents were missing after two rebalances (found 2026-11-21). Between the loss of a partition and the next assignment
many polls may lie; the partition is gone from the one until the other, and no position of it is committed.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import structlog

from pipeline import broker
from pipeline.broker import Record
from pipeline.settings import Settings

log = structlog.get_logger()

Partition = tuple[str, int]

# A batch waits so long for more records after its first one; the index shows new documents once a second anyway.
GATHER_SECONDS = 0.2
# How soon a wish to stop is noticed while nothing happens.
IDLE_SECONDS = 0.25


class Intake:
    """A consumer of `topics` (without prefix) in `group`, with what it has read ahead. For one thread."""

    def __init__(self, settings: Settings, group: str, topics: tuple[str, ...], stop: threading.Event) -> None:
        self._max_records = settings.elasticsearch.bulk_documents
        self._max_bytes = settings.elasticsearch.bulk_bytes
        self._stop = stop
        self._lock = threading.Lock()
        self._held: list[Record] = []  # read and not handed out
        self._revoked: set[Partition] = set()  # since the last batch was handed out or the last question
        self._gone: set[Partition] = set()  # not ours at the moment
        self._committed: dict[Partition, int] = {}
        self._consumer: Any = broker.group_consumer(
            settings, group, topics, max_records=self._max_records, on_rebalance=self._note, keep_owner=True
        )

    def close(self) -> None:
        self._consumer.close(timeout_ms=5_000)

    def _note(self, revoked: set[Partition], assigned: set[Partition]) -> None:
        """Runs on the consumer's own loop."""
        with self._lock:
            self._revoked |= revoked
            self._gone = (self._gone | revoked) - assigned
            self._held = [each for each in self._held if (each.topic, each.partition) not in revoked]
            for partition in revoked:
                self._committed.pop(partition, None)

    def _poll(self, seconds: float) -> None:
        polled = broker.polled(self._consumer, int(seconds * 1000) + 1)
        with self._lock:
            self._held += [each for each in polled if (each.topic, each.partition) not in self._gone]

    def revoked(self) -> set[Partition]:
        """The partitions taken away since the batch was handed out, or since the last question."""
        with self._lock:
            taken, self._revoked = self._revoked, set()
        return taken

    def gather(self) -> list[Record]:
        """The next batch: whatever comes within `GATHER_SECONDS` of its first record, up to the limits of one bulk request.

        Empty after `IDLE_SECONDS` without a record.
        """
        self._consumer.resume(*self._consumer.paused())
        until = time.monotonic() + (GATHER_SECONDS if self._held else IDLE_SECONDS)
        while not self._is_full() and (left := until - time.monotonic()) > 0:
            empty = not self._held
            self._poll(left)
            if empty and self._held:
                until = time.monotonic() + GATHER_SECONDS
        with self._lock:
            records, self._held = self._held, []
            self._revoked = set()
        return records

    def _is_full(self) -> bool:
        return len(self._held) >= self._max_records or sum(len(each.value or b"") for each in self._held) >= self._max_bytes

    def wait(self, seconds: float) -> None:
        """Let time pass with consumption paused and the group alive; what a rebalance brings meanwhile waits for the next batch.

        The caller asks `revoked()` afterwards. Returns early when asked to stop.
        """
        until = time.monotonic() + seconds
        while not self._stop.is_set() and (left := until - time.monotonic()) > 0:
            self._consumer.pause(*self._consumer.assignment())
            self._poll(min(left, IDLE_SECONDS))

    def commit(self, offsets: dict[Partition, int]) -> None:
        """Commit what is new. A refusal is no failure: the same records come again, and writing them again changes nothing."""
        new = {each: offset for each, offset in offsets.items() if self._committed.get(each) != offset and each not in self._gone}
        if not new:
            return
        if broker.commit(self._consumer, new):
            self._committed |= new
        else:
            log.info("the group did not take a commit; these records will come again", partitions=len(new))

    def commit_position(self) -> None:
        """Commit everything read so far, past transaction markers too. Only when nothing handed out is unfinished."""
        if not self._held:
            self.commit(broker.positions(self._consumer))
