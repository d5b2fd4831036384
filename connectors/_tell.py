"""Tells how the sources are doing, in the topic `sources.health`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from connectors import _schedule
from connectors._fetching import Fetches, Running
from connectors._outbox import Outbox
from connectors._records import Outgoing
from pipeline import sources, topology


def tell(running: Iterable[Running], fetches: Fetches, outbox: Outbox, started_at: datetime, now: datetime) -> None:
    """Publish the health of the sources whose health is worth telling. Raises Transient when it was not confirmed."""
    told = False
    for source in running:
        each = source.settings
        health = _schedule.overdue(source.health, fetches.running_seconds(source))
        health = _schedule.in_state(health, paused=each.paused, every_seconds=each.every_seconds, started_at=started_at, now=now)
        if _schedule.is_worth_telling(source.told, health, now):
            source.told = replace(health, updated_at=now)
            outbox.send(Outgoing(topology.HEALTH, each.id, sources.encode(source.told)))
            told = True
    if told:
        outbox.confirm()
