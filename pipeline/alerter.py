"""`lagebild run alerter`: matches become episodes, episodes become messages, and every step stands in Kafka before the next is taken.

One thread reads the matches and the commands, decides (`episodes.py`), and writes the changed episodes and notifications together with the
offsets in one transaction. A notification is written as `sending` before it is handed to the sender's threads, and as `sent` afterwards. So a
crash can repeat one thing only: a message that was sent and not yet recorded. It is sent again on the next start, marked `possible_duplicate`.

A second alerter is a hot standby: the one partition of `matches` belongs to the first until that one is gone. Taking over means: own the
partition, take the transactional id (which shuts a former owner out), read the state to its end, and only then consume. Elasticsearch has
no part in any of this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import msgspec
import structlog

from pipeline import broker, topology
from pipeline.alerting import Alerting, PolicySource
from pipeline.alerts import Alerts
from pipeline.broker import Record
from pipeline.clock import utc_now
from pipeline.episode import Episode, Notification, Silence
from pipeline.episodes.memory import TriggerMemory
from pipeline.errors import Transient, Unreachable
from pipeline.heartbeat import Heartbeat
from pipeline.plugins import Notifier
from pipeline.policies import Policies as Policies
from pipeline.rendering import prepared
from pipeline.rules.follow import RuleFollower
from pipeline.sender import Sender, notifiers
from pipeline.settings import Settings
from pipeline.stopping import stop_on_signals
from pipeline.transactions import Fenced, Transactions

log = structlog.get_logger()

GROUP = "alerter"
EXIT_FENCED = 1
EXIT_UNREACHABLE = 4

_IDLE_MS, _BUSY_MS = 50, 10
_CLOSING_SECONDS = 15.0
_LONGEST_WAIT_SECONDS = 10.0
_RESTORE_SECONDS = 120.0
_ADVANCE_EVERY_SECONDS = 1.0
_FORGET_EVERY_SECONDS = 30.0
# Matches that have waited for so long mean that more of them may be on their way.
_BEHIND = timedelta(seconds=2)
# So many failed transactions in a row, and the group is left and joined anew.
_ATTEMPTS_AS_OWNER = 3
_RETRIED: tuple[type[Exception], ...] = (Transient, *broker.FAULTS)


@dataclass(frozen=True)
class State:
    """What the alerter keeps, as it stands in Kafka, by id."""

    episodes: dict[str, Episode]
    notifications: dict[str, Notification]
    silences: dict[str, Silence] = field(default_factory=dict)
    memories: dict[str, TriggerMemory] = field(default_factory=dict)

    def alerts(self) -> Alerts:
        """The same as a memory to decide with."""
        return Alerts(self.episodes.values(), self.notifications.values(), self.silences.values(), self.memories.values())


def read_state(settings: Settings, deadline_seconds: float = _RESTORE_SECONDS) -> State:
    """What the alerter's topics hold now. Raises Unreachable without Kafka or topics, Transient after the deadline."""
    return State(
        _latest(settings, topology.EPISODES, Episode, deadline_seconds),
        _latest(settings, topology.NOTIFICATIONS, Notification, deadline_seconds),
        _latest(settings, topology.SILENCES, Silence, deadline_seconds),
        _latest(settings, topology.ALERT_MEMORY, TriggerMemory, deadline_seconds),
    )


def _latest(settings: Settings, topic: str, kind: Any, deadline_seconds: float) -> dict[str, Any]:
    decoder = msgspec.json.Decoder(kind)
    found: dict[str, Any] = {}
    for record in broker.read_to_end(settings.kafka, settings.topic(topic), deadline_seconds=deadline_seconds):
        key = (record.key or b"").decode()
        if record.value is None:
            found.pop(key, None)
        else:
            found[key] = decoder.decode(record.value)
    return found


class Alerter:
    """The loop around one consumer. `run` may be called once."""

    def __init__(
        self,
        settings: Settings,
        receivers: Mapping[str, Notifier],
        policies: PolicySource,
        stop: threading.Event,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._settings = settings
        self._policies = policies
        self._stop = stop
        self._now = now
        # The sender outlives a lost connection, so that what was sent meanwhile is recorded instead of being sent again.
        self._sender = Sender(
            receivers, now, prepare=lambda alert: prepared(alert, settings.rules_folder / "templates", settings.time_zone)
        )
        self._process = uuid4().hex[:12]
        self._heartbeat = Heartbeat(settings, receivers, self._process)

    def run(self) -> None:
        """Alert until `stop` is set. Raises Fenced when another process has taken over."""
        wait_seconds = 0.5
        while not self._stop.is_set():
            began = self._now()
            try:
                self._stand_by()
            except _RETRIED as error:
                if (self._now() - began).total_seconds() > 60:
                    wait_seconds = 0.5
                log.warning("alerter tries again", after_seconds=wait_seconds, why=str(error)[:300] or type(error).__name__)
                self._stop.wait(wait_seconds)
                wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    def _stand_by(self) -> None:
        """Wait until the matches are ours, then work as long as they are."""
        matches = self._settings.topic(topology.MATCHES)
        consumer = broker.group_consumer(
            self._settings, GROUP, [topology.MATCHES], keep_owner=True, fetch_wait_ms=broker.PROMPT_FETCH_WAIT_MS
        )
        failures = 0
        try:
            while not self._stop.is_set():
                records = broker.polled(consumer, 200)
                if not broker.owns(consumer, matches, 0):
                    continue
                try:
                    self._own(consumer, records)
                    failures = 0
                except _RETRIED as error:
                    # A rebalance under way refuses the offsets. Leaving the group for that would hand over what is being sent.
                    failures += 1
                    if failures > _ATTEMPTS_AS_OWNER:
                        raise
                    log.warning("alerter reads its state again", why=str(error)[:300] or type(error).__name__)
                    broker.rewind(consumer, matches, 0)
        finally:
            consumer.close()

    def _own(self, consumer: Any, records: list[Record]) -> None:
        transactions = Transactions(self._settings, GROUP)
        commands = None
        try:
            state = read_state(self._settings)
            alerts = state.alerts()
            log.info("alerting", episodes=len(state.episodes), notifications=len(state.notifications), unsent=len(alerts.sent.unsent))
            name = self._settings.topic(topology.COMMANDS)
            commands = broker.reader(self._settings.kafka, name, broker.committed(consumer, name, 0))
            alerting = Alerting(self._settings, alerts, self._sender, self._policies, self._now, self._process)
            self._work(_Reading(self._settings, consumer, commands), transactions, alerting, records)
        finally:
            transactions.close()
            if commands is not None:
                commands.close()

    def _work(self, reading: _Reading, transactions: Transactions, alerting: Alerting, records: list[Record]) -> None:
        alerting.adopt()
        advanced_at = forgot_at = self._now()
        while not self._stop.is_set() and reading.owns():
            alerting.take(records)
            alerting.claim()
            self._write(reading, transactions, alerting, records)
            records = reading.more(_BUSY_MS if self._sender.busy else _IDLE_MS)
            alerting.record_results()
            now = self._now()
            if (now - advanced_at).total_seconds() >= _ADVANCE_EVERY_SECONDS:
                self._heartbeat.look(alerting.sent, now)
                alerting.advance(caught_up=not records or now - records[0].at < _BEHIND)
                advanced_at = now
            if not records and (now - forgot_at).total_seconds() >= _FORGET_EVERY_SECONDS:
                alerting.forget()
                forgot_at = now
        self._finish(reading, transactions, alerting)

    def _write(self, reading: _Reading, transactions: Transactions, alerting: Alerting, records: list[Record]) -> None:
        offsets = {(each.topic, each.partition): each.offset + 1 for each in records}
        outs = alerting.outs()
        if outs or offsets:
            transactions.write(outs, reading.consumer, offsets)
        alerting.written()

    def _finish(self, reading: _Reading, transactions: Transactions, alerting: Alerting) -> None:
        """Record what is still being sent, so that the next owner does not send it again."""
        remaining = _CLOSING_SECONDS
        while self._sender.busy and remaining > 0:
            self._sender.wait(0.1)
            remaining -= 0.1
        alerting.record_results()
        if reading.owns():
            self._write(reading, transactions, alerting, [])


@dataclass(frozen=True)
class _Reading:
    """The two consumers as one: matches in the group, commands beside it with offsets that the same transactions commit."""

    settings: Settings
    consumer: Any
    commands: Any

    def owns(self) -> bool:
        return broker.owns(self.consumer, self.settings.topic(topology.MATCHES), 0)

    def more(self, timeout_ms: int) -> list[Record]:
        return broker.polled(self.consumer, timeout_ms) + broker.polled(self.commands, 0)


def main(settings: Settings) -> int:
    """The process: exit code 0 after SIGTERM, 130 after SIGINT, 1 when another process took over, 4 without Kafka or its topics.

    Must run in the main thread. Raises BadConfiguration when a receiver's secret cannot be read.
    """
    stop = stop_on_signals()
    receivers = notifiers(settings)
    try:
        broker.connect(settings.kafka, "the alerter", wait_seconds=120, stop=stop)
        broker.need_rights(settings, "alerter")
        for topic in (*topology.stage("alert").reads, *topology.stage("alert").writes):
            broker.partitions_of(settings.kafka, settings.topic(topic))
    except Unreachable as error:
        if stop.is_set():
            return stop.exit_code
        log.error("the alerter cannot start", why=str(error))
        return EXIT_UNREACHABLE
    follower = RuleFollower(settings)
    follower.start()
    while not follower.wait(1) and not stop.is_set():
        log.info("the alerter waits for the rules")
    try:
        Alerter(settings, receivers, Policies(settings, follower, utc_now), stop).run()
    except Fenced as error:
        log.error("the alerter was replaced", why=str(error))
        return EXIT_FENCED
    return stop.exit_code
