"""What arrived and when, read from the topics after a run; nothing is watched while it is measured, for watching takes a core's share."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from pipeline import broker, topology
from pipeline.article import Clock, Position
from pipeline.bench.system import System
from pipeline.episode import Notification
from pipeline.errors import LagebildError
from pipeline.outcome import Exit, Outcome

FOLLOWED = (topology.OUTCOMES, topology.ENRICHED, topology.NOTIFICATIONS)
POLL_SECONDS = 0.25

Ends = Mapping[tuple[str, int], int]


class Stamps(msgspec.Struct, frozen=True):
    """Of an enriched article, what times need."""

    id: str
    position: Position
    clock: Clock


@dataclass
class Arrivals:
    """One run's records by the position of the collected record, the newest of each: so a redelivery counts once."""

    outcomes: dict[Position, Outcome] = field(default_factory=dict)
    clocks: dict[Position, Clock] = field(default_factory=dict)
    notifications: dict[str, Notification] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """How many records had which outcome, and how many alerts were sent."""
        exits = [each.exit for each in self.outcomes.values()]
        return {
            "indexed": exits.count(Exit.PASSED),
            "dropped": exits.count(Exit.DROPPED),
            "rejected": exits.count(Exit.REJECTED),
            "alerts": len(self.sent()),
        }

    def sent(self) -> list[Notification]:
        """The notifications that reached the file."""
        return [each for each in self.notifications.values() if each.state == "sent" and each.sent_at]

    def finished_at(self) -> datetime:
        """When the last record had its outcome. Raises ValueError when there is none."""
        return max(each.at for each in self.outcomes.values())

    def to_index_seconds(self) -> list[float]:
        """From fetch to the index's acknowledgement, per article."""
        pairs = [(self.clocks.get(position), each) for position, each in self.outcomes.items() if each.exit == Exit.PASSED]
        return sorted((each.at - clock.fetched_at).total_seconds() for clock, each in pairs if clock and clock.fetched_at)

    def to_alert_seconds(self) -> list[float]:
        """From fetch to the receiver's acknowledgement, per notification."""
        sent = [(each.sent_at, each.message.clock.fetched_at) for each in self.sent()]
        return sorted((at - fetched_at).total_seconds() for at, fetched_at in sent if at and fetched_at)

    def stage_rates(self) -> dict[str, float]:
        """Articles per second of each stage between the first and the last it did."""
        found = {}
        for name in ("identified_at", "deduplicated_at", "enriched_at"):
            times = sorted(at for clock in self.clocks.values() if (at := getattr(clock, name)))
            if len(times) > 1 and times[-1] > times[0]:
                found[name.removesuffix("_at")] = (len(times) - 1) / (times[-1] - times[0]).total_seconds()
        return found


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """p50, p95, p99 and the maximum of ascending values (nearest rank), and how many there are; {} for none."""
    if not seconds:
        return {}
    ranks = {f"p{share}": seconds[max(math.ceil(share / 100 * len(seconds)), 1) - 1] for share in (50, 95, 99)}
    return {name: round(value, 4) for name, value in {**ranks, "max": seconds[-1]}.items()} | {"count": len(seconds)}


def wait_for(system: System, begun: Ends, outcomes: int, deadline_seconds: float) -> Arrivals:
    """What a run brought, once `outcomes` collected records have their outcome and every alert is sent.

    `begun` is where the followed topics ended before it. Raises LagebildError at the deadline, saying what is missing.
    """
    deadline = time.monotonic() + deadline_seconds
    name = system.settings.topic(topology.OUTCOMES)
    while True:
        ends = system.ends(topology.OUTCOMES)
        arrived = sum(end - begun[partition] for partition, end in ends.items() if partition[0] == name)
        if arrived >= outcomes:
            found = read(system, begun)
            if len(found.outcomes) >= outcomes and len(found.sent()) == len(found.notifications):
                return found
        system.look()
        if time.monotonic() > deadline:
            raise LagebildError(
                f"{arrived} of {outcomes} articles had an outcome after {deadline_seconds:.0f} s; logs: {system.log('').parent}"
            )
        time.sleep(POLL_SECONDS)


def read(system: System, begun: Ends) -> Arrivals:
    """What the followed topics hold from `begun` to their end."""
    found = Arrivals()
    named = {system.settings.topic(name): name for name in FOLLOWED}
    for record in _records(system, begun):
        topic = named[record.topic]
        if record.value is None:
            continue
        if topic == topology.OUTCOMES:
            outcome = _outcome.decode(record.value)
            found.outcomes[outcome.position] = outcome
        elif topic == topology.ENRICHED:
            stamps = _stamps.decode(record.value)
            found.clocks[stamps.position] = stamps.clock
        else:
            notification = _notification.decode(record.value)
            found.notifications[notification.id] = notification
    return found


_outcome = msgspec.json.Decoder(Outcome)
_stamps = msgspec.json.Decoder(Stamps)
_notification = msgspec.json.Decoder(Notification)


def _records(system: System, begun: Ends) -> Iterator[broker.Record]:
    ends = {broker.Partition(*partition): end for partition, end in system.ends(*FOLLOWED).items()}
    consumer = broker.assigned_consumer(system.settings.kafka, list(ends))
    try:
        for each in ends:
            consumer.seek(each, begun[each.topic, each.partition])
        waiting = {each for each, end in ends.items() if begun[each.topic, each.partition] < end}
        while waiting:
            yield from broker.polled(consumer, 200)
            # Transaction markers take offsets too: the position passes them, records do not.
            waiting = {each for each in waiting if consumer.position(each) < ends[each]}
    finally:
        consumer.close()
