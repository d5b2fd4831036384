"""One owner's work between two transactions: records and results in, changed episodes and notifications out.

Everything is applied to the memory at once and written together; when the writing fails, the memory is thrown away and read again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from pipeline import delivery, topology
from pipeline.article import Position
from pipeline.broker import Record
from pipeline.delivery import Result
from pipeline.episodes import Alerts, Command, Decision, Episode, Notification, RulePolicy, decide, expired, obey, settled
from pipeline.errors import GiveUp, Permanent, why_unreadable
from pipeline.matched import Matched
from pipeline.matched import decode as decode_matched
from pipeline.outcome import Rejection
from pipeline.runner import Out, Work, rejection
from pipeline.sender import Sender
from pipeline.settings import Settings

log = structlog.get_logger()

# How many records one round of tidying writes at most: the rest is done in the next.
_TEND_AT_ONCE = 1_000
# A match that is older has waited in the topic: its rule has arrived, or is gone.
_FRESH = timedelta(seconds=10)
_encoder = msgspec.json.Encoder()
_command_decoder = msgspec.json.Decoder(Command)


class PolicySource(Protocol):
    """Where a rule's policy comes from, by the rule's id; `awaited` may wait a moment for a rule that is on its way."""

    def of(self, rule_id: str) -> RulePolicy: ...

    def awaited(self, rule_id: str) -> RulePolicy: ...


class Alerting:
    """See the module's docstring. `process` names this process in claims."""

    def __init__(
        self,
        settings: Settings,
        alerts: Alerts,
        sender: Sender,
        policies: PolicySource,
        now: Callable[[], datetime],
        process: str,
    ) -> None:
        self._settings = settings
        self._alerts = alerts
        self._sender = sender
        self._policies = policies
        self._now = now
        self._process = process
        self._changed: dict[tuple[str, str], Episode | Notification | None] = {}
        self._rejected: list[Out] = []
        self._claimed: list[Notification] = []
        self._recorded: list[Result] = []

    def adopt(self) -> None:
        """Take over what a former owner left in the middle of an attempt."""
        for each in [self._alerts.notifications[notification_id] for notification_id in self._alerts.unsent]:
            if each.state == "sending" and not (each.claimed_by == self._process and self._sender.knows(each)):
                log.warning("sending again, possibly twice", notification=each.id, receiver=each.receiver, attempt=each.attempts)
                self._put(delivery.orphaned(each, self._now()))

    def take(self, records: Sequence[Record]) -> None:
        """Decide on matches and commands, in their order."""
        commands = self._settings.topic(topology.COMMANDS)
        for record in records:
            try:
                if record.topic == commands:
                    self._command(record)
                else:
                    self._match(record)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                self._reject(record, error)

    def _match(self, record: Record) -> None:
        matched = decode_matched(record.value or b"")
        fresh = self._now() - record.at < _FRESH
        policy = (self._policies.awaited if fresh else self._policies.of)(matched.match.rule_id)
        decision = decide(self._alerts, matched, policy, record.at)
        if decision.episode is not None:
            self._put(decision.episode)
            _tell(decision, decision.episode, matched)
        for each in decision.notifications:
            self._put(each)

    def _command(self, record: Record) -> None:
        command = _command_decoder.decode(record.value or b"")
        episode = obey(self._alerts, command)
        log.info("command", kind=command.kind, episode=command.episode_id, by=command.by, changed=episode is not None)
        if episode is not None:
            self._put(episode)

    def _reject(self, record: Record, error: Exception) -> None:
        """Keep what cannot be read in `articles.rejected`; the article itself went on to the index, so its outcome stays."""
        position = Position(record.topic, record.partition, record.offset)
        log.warning("rejected", stage="alert", record=str(position), why=str(error)[:300])
        work = Work(key=record.key, value=record.value or b"", position=position, at=record.at, headers=record.headers)
        self._rejected.append(
            rejection("alert", work, Permanent(Rejection.INVALID, f"no match or command: {why_unreadable(error)}"), self._now())[0]
        )

    def claim(self) -> None:
        """Choose what to send now; it is handed to the sender when it is written."""
        for each in delivery.due(self._alerts, self._now(), self._sender.room):
            claimed = delivery.claimed(each, self._now(), self._process)
            self._put(claimed)
            self._claimed.append(claimed)

    def record_results(self) -> None:
        """Take in how attempts ended."""
        for result in self._sender.results():
            self._recorded.append(result)
            before = self._alerts.notifications.get(result.notification_id)
            mine = before and before.state == "sending" and before.claimed_by == self._process and before.attempts == result.attempt
            if before is not None and mine:
                self._conclude(before, result)

    def _conclude(self, before: Notification, result: Result) -> None:
        now = self._now()
        after = delivery.concluded(before, result, self._settings.alerts.attempts, now, random.random())
        self._put(after)
        about = {"notification": after.id, "receiver": after.receiver, "kind": after.kind, "attempt": after.attempts}
        if after.state == "sent":
            log.info("sent", rule=after.rule_id, after_seconds=round((now - after.created_at).total_seconds(), 3), **about)
            for each in delivery.hurried(self._alerts, after.receiver, now):
                self._put(each)
            return
        if after.state == "failed":
            log.error("failed", why=after.last_error, given_up=isinstance(result.error, GiveUp), **about)
        else:
            log.warning("not sent yet", why=after.last_error, next_at=after.next_at.isoformat(), **about)
        for each in delivery.trouble(self._alerts, after, now):
            self._put(each)

    def tend(self) -> None:
        """Write the states that time has changed, and forget what is old."""
        now = self._now()
        for episode in list(self._alerts.episodes.values()):
            if episode.state != "closed" and (changed := settled(episode, self._policies.of(episode.rule_id), now)):
                self._put(changed)
            if len(self._changed) >= _TEND_AT_ONCE:
                return
        for old in expired(self._alerts, now)[:_TEND_AT_ONCE]:
            self._alerts.drop(old)
            self._changed[_place(old)] = None

    def outs(self) -> list[Out]:
        """The records to write: the newest of each key, None for what is forgotten."""
        changed = [Out(topic, key, None if record is None else _encoder.encode(record)) for (topic, key), record in self._changed.items()]
        return changed + self._rejected

    def written(self) -> None:
        """All of `outs()` stands in Kafka: hand over what was claimed."""
        for result in self._recorded:
            self._sender.written(result)
        for each in self._claimed:
            self._sender.submit(each)
        self._changed, self._rejected, self._claimed, self._recorded = {}, [], [], []

    def _put(self, record: Episode | Notification) -> None:
        self._alerts.put(record)
        self._changed[_place(record)] = record


def _place(record: Episode | Notification) -> tuple[str, str]:
    return (topology.EPISODES if isinstance(record, Episode) else topology.NOTIFICATIONS), record.id


_EVENTS = {"first": "opened", "new_facts": "rings again", "reopened": "rings again"}


def _tell(decision: Decision, episode: Episode, matched: Matched) -> None:
    news = [each.fact for each in episode.message.new_facts] if decision.why == "new_facts" else []
    log.info(
        _EVENTS.get(decision.why, decision.why),
        rule=episode.rule_id,
        episode=episode.id,
        article=matched.article_id,
        why=decision.why,
        articles=episode.article_count,
        told=len(decision.notifications),
        **({"news": news} if news else {}),
    )
