"""Which source is fetched next: by time, one fetch at a time per host with a pause between two, so that no publisher is asked for all its feeds at once.

A heap for times and a queue per host: with tens of thousands of sources a turn of the collector costs what is due, not what there is.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from connectors._collect.fetching import Running

# Between the end of one request and the next to the same host.
HOST_PAUSE_SECONDS = 1.0
# At the start everything is due: more would be a burst on the network and on Kafka. Small installations do not notice it.
FIRST_FETCHES_PER_SECOND = 50.0


@dataclass
class _Host:
    """`waiting` are sources that were due while another one of the host was asked, or before `free_at`."""

    is_busy: bool = False
    free_at: float = -math.inf
    waiting: deque[tuple[int, Running]] = field(default_factory=deque)

    def next_waiting(self) -> Running | None:
        """The first that still waits: one that was hurried has another entry by now."""
        while self.waiting:
            number, source = self.waiting.popleft()
            if number == source.entry:
                return source
        return None


class Agenda:
    """The sources that are neither paused nor being fetched. Times count on the monotonic clock."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Running]] = []
        self._listening: list[tuple[float, int, Running]] = []
        self._free: list[tuple[float, int, str]] = []
        self._hosts: dict[str, _Host] = {}
        self._number = itertools.count()

    def begin(self, sources: Iterable[Running], at: float) -> None:
        """Take up all sources at a start, spread over time when they are many."""
        for number, each in enumerate(sources):
            each.due_at = at + max(number - FIRST_FETCHES_PER_SECOND, 0) / FIRST_FETCHES_PER_SECOND
            self.add(each)

    def add(self, source: Running) -> None:
        """Put the source on the agenda at its `due_at`, or before all others while something pushed waits; a paused one never comes."""
        if source.settings.paused:
            return
        source.entry = next(self._number)
        if source.has_pushes:
            heapq.heappush(self._listening, (-math.inf, source.entry, source))
        else:
            heapq.heappush(self._listening if source.listens else self._due, (source.due_at, source.entry, source))

    def hurry(self, source: Running) -> None:
        """Something was pushed to the source: its entry is made anew. One that is being fetched gets its entry at the end of that."""
        if not source.is_fetching:
            self.add(source)

    def take_listening(self, at: float) -> Running | None:
        """The next of the sources that wait for what others send, which need no room; None when there is none."""
        while self._listening and self._listening[0][0] <= at:
            _, number, source = heapq.heappop(self._listening)
            if number == source.entry:
                source.is_aside = True
                return source
        return None

    def take(self, at: float) -> Running | None:
        """The next source to be fetched now, its host taken until `release`; None when there is none."""
        while self._free and self._free[0][0] <= at:
            name = heapq.heappop(self._free)[2]
            host = self._hosts[name]
            if host.free_at > at:
                heapq.heappush(self._free, (host.free_at, next(self._number), name))
            elif not host.is_busy and (waiting := host.next_waiting()):
                host.is_busy, waiting.is_aside = True, False
                return waiting
        while self._due and self._due[0][0] <= at:
            _, number, source = heapq.heappop(self._due)
            if number != source.entry:
                continue
            source.is_aside = False
            if not source.host:
                return source
            host = self._hosts.setdefault(source.host, _Host())
            if not host.is_busy and not host.waiting and host.free_at <= at:
                host.is_busy = True
                return source
            host.waiting.append((number, source))
            if not host.is_busy:
                heapq.heappush(self._free, (host.free_at, next(self._number), source.host))
        return None

    def release(self, source: Running, at: float, hold_seconds: float = 0.0) -> None:
        """The source's fetch has ended at `at`. `hold_seconds`: the server asked that its host be left alone for so long."""
        if not source.host or source.is_aside:
            return
        host = self._hosts.setdefault(source.host, _Host())
        host.is_busy = False
        host.free_at = max(host.free_at, at + max(HOST_PAUSE_SECONDS, hold_seconds))
        if host.waiting:
            heapq.heappush(self._free, (host.free_at, next(self._number), source.host))

    def seconds_to_next(self, at: float, *, has_room: bool = True) -> float:
        """How long until a source may be fetched, 0 at least; infinite when none will be before a fetch has come back."""
        heaps = (self._due, self._free, self._listening) if has_room else (self._listening,)
        nearest = min((each[0][0] for each in heaps if each), default=math.inf)
        return max(nearest - at, 0.0)
