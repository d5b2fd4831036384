"""Tells how the sources are doing, in the topic `sources.health`: at once what has just been fetched, the others in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from msgspec.structs import replace

from connectors._collect import complaints, schedule
from connectors._collect.complaints import Complaint
from connectors._collect.fetching import Fetches, Running
from connectors._collect.outbox import Outbox
from connectors._collect.records import Outgoing
from pipeline import article, sources, topology
from pipeline.sources import SourceHealth

log = structlog.get_logger()

# In so much time every source is looked at once, so that a look costs little with tens of thousands of them.
ROUND_SECONDS = 5.0
LOOKED_AT_ONCE = 100
_COMPLAINED = ("complained_of", "complained_at", "losses_told", "losses_told_at", "canary_told_at")


class Telling:
    """Remembers whose turn it is."""

    def __init__(self, running: Sequence[Running], started_at: datetime, language: str, monotonic: Callable[[], float]) -> None:
        self._language = language
        self._running = running
        self._started_at = started_at
        self._monotonic = monotonic
        self._noted: dict[str, Running] = {}
        self._next = 0
        self._last_at = monotonic()

    def note(self, source: Running) -> None:
        """The source has changed."""
        self._noted[source.settings.id] = source

    def tell(self, fetches: Fetches, outbox: Outbox, now: datetime) -> None:
        """Publish the health of the sources whose health is worth telling. Raises Transient when it was not confirmed."""
        told = False
        for source in self._turn():
            each = source.settings
            health = schedule.overdue(source.health, fetches.running_seconds(source))
            health = schedule.in_state(health, paused=each.paused, every_seconds=each.every_seconds, started_at=self._started_at, now=now)
            if complaint := complaints.due(health, self._started_at, now):
                health = self._complain(complaint, health, outbox, now)
                source.health = replace(source.health, **{name: getattr(health, name) for name in _COMPLAINED})
            if schedule.is_worth_telling(source.told, health, now):
                source.told = replace(health, updated_at=now)
                outbox.send(Outgoing(topology.HEALTH, each.id, sources.encode(source.told)))
                told = True
        if told:
            outbox.confirm()

    def _complain(self, complaint: Complaint, health: SourceHealth, outbox: Outbox, now: datetime) -> SourceHealth:
        """Tell the desk, by an article. It is confirmed before the health that says so is published."""
        told = complaints.article(complaint, health, self._language, now)
        outbox.publish([Outgoing(topology.COLLECTED, told.id, article.encode(told), source_id=told.source.id)])
        log.warning("told the desk", source=health.source_id, what=complaint.kind, since=complaint.since.isoformat())
        return complaints.noted(health, complaint, now)

    def _turn(self) -> list[Running]:
        """What was noted, and the next part of all."""
        at = self._monotonic()
        share = (at - self._last_at) / ROUND_SECONDS
        self._last_at = at
        count = min(max(round(share * len(self._running)), LOOKED_AT_ONCE), len(self._running))
        found = dict(self._noted)
        self._noted.clear()
        for number in range(self._next, self._next + count):
            each = self._running[number % len(self._running)]
            found[each.settings.id] = each
        self._next = (self._next + count) % max(len(self._running), 1)
        return list(found.values())
