"""One owner's work between two transactions: matches, commands, time and results in, changed records out.

Everything is applied to the memory at once and written together; when the writing fails, the memory is thrown away and read again. Nothing
here knows Kafka or a clock, so the back-test runs this very code with a simulated clock and a sender that takes everything.

What is decided about a match is decided at the instant the worker stamped on it (`matched_at`, never before that of an earlier match): the same
stream gives the same episodes and messages, whenever it is read.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec
import structlog

from pipeline import canary, delivery, topology
from pipeline.alerts import AlertRecord, Alerts
from pipeline.article import Position
from pipeline.broker import Record
from pipeline.canary import Heard
from pipeline.decisions import key_of, obeyed
from pipeline.delivery import Result
from pipeline.episode import Audit, Command, Episode, Notification, Silence
from pipeline.episodes.clock import tend
from pipeline.episodes.corrections import addressed
from pipeline.episodes.decide import Decision, decide
from pipeline.episodes.expiry import expired
from pipeline.episodes.memory import TriggerMemory
from pipeline.errors import GiveUp, Permanent, why_unreadable
from pipeline.intent import Intent
from pipeline.links import links
from pipeline.matched import Matched
from pipeline.matched import decode as decode_matched
from pipeline.outcome import Rejection
from pipeline.policy import RulePolicy
from pipeline.routing import trouble
from pipeline.routing.model import Routing
from pipeline.routing.plan import planned
from pipeline.routing.sent import Sent
from pipeline.routing.timers import due
from pipeline.rules.model import Flatline
from pipeline.runner import Out, Work, rejection
from pipeline.settings import Settings
from pipeline.sources import CANARY_RULE_ID

log = structlog.get_logger()


# How many records one round of tidying writes at most: the rest is done in the next.
_FORGET_AT_ONCE = 1_000
# A match that is older has waited in the topic: its rule has arrived, or is gone.
_FRESH = timedelta(seconds=10)
# After a start the absence of canaries means nothing yet: what was stopped with us has to fly first.
_CANARIES_LATER = timedelta(minutes=5)
# What time alone means for episodes is judged so much later: a match that was made before may still be on its way.
_ON_THE_WAY = timedelta(seconds=2)
_TOPICS: dict[type, str] = {
    Episode: topology.EPISODES,
    Notification: topology.NOTIFICATIONS,
    Silence: topology.SILENCES,
    TriggerMemory: topology.ALERT_MEMORY,
}
_encoder = msgspec.json.Encoder()
_command_decoder = msgspec.json.Decoder(Command)


class PolicySource(Protocol):
    """What the rules and the team's other files say. `awaited` may wait a moment for a rule that is on its way."""

    def of(self, rule_id: str) -> RulePolicy: ...

    def awaited(self, rule_id: str) -> RulePolicy: ...

    def watchers(self, rule_id: str) -> Sequence[RulePolicy]:
        """The live rules whose trigger is a sequence with this rule in it."""
        ...

    def timed(self) -> Collection[str]:
        """The ids of the rules that time alone concerns: those that tell of silence, and those with digests that may be empty."""
        ...

    def routing(self) -> Routing: ...


class Sending(Protocol):
    """Whoever makes the attempts: `pipeline.sender.Sender`, or what stands for it where nothing is sent."""

    def room(self, receiver: str) -> int: ...

    def submit(self, notification: Notification) -> None: ...

    def results(self) -> list[Result]: ...

    def written(self, result: Result) -> None: ...

    def knows(self, notification: Notification) -> bool: ...


class Alerting:
    """See the module's docstring. `process` names this process in claims."""

    def __init__(
        self,
        settings: Settings,
        alerts: Alerts,
        sender: Sending,
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
        self._instant = max((each.last_match_at for each in alerts.episodes.values()), default=datetime.min.replace(tzinfo=UTC))
        self._changed: dict[tuple[str, str], AlertRecord | None] = {}
        self._audits: list[Audit] = []
        self._canaries: dict[str, Heard] = {}
        self._began_at: datetime | None = None
        self._rejected: list[Out] = []
        self._claimed: list[Notification] = []
        self._recorded: list[Result] = []

    @property
    def sent(self) -> Sent:
        """The notifications, to be looked at."""
        return self._alerts.sent

    def adopt(self) -> None:
        """Take over what a former owner left in the middle of an attempt."""
        notifications = self._alerts.sent.notifications
        for each in [notifications[notification_id] for notification_id in self._alerts.sent.unsent]:
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
        if canary.is_canary(matched.source.id) and not self._heard(matched):
            return
        for each in addressed(self._alerts, matched):
            self.decide(each, (self._policies.awaited if fresh else self._policies.of)(each.match.rule_id))

    def _heard(self, matched: Matched) -> bool:
        """Write down that the canary came. Whether its rule may take it in: one that a team made ring for matches must not ring for this one."""
        self._canaries[matched.source.name] = canary.heard(matched, self._now())
        return isinstance(self._policies.awaited(matched.match.rule_id).trigger, Flatline)

    def decide(self, matched: Matched, policy: RulePolicy) -> Decision:
        """Take in one match of the rule that `policy` belongs to."""
        self._instant = max(self._instant, matched.matched_at)
        decision = decide(self._alerts, matched, policy, self._instant, self._policies.watchers(policy.rule_id))
        told = self._carry(decision, self._instant, policy)
        _tell(decision, matched, told)
        return decision

    def _carry(self, decision: Decision, at: datetime, policy: RulePolicy | None = None) -> int:
        """Put what was decided, and the notifications it leads to; how many of them will be sent."""
        for record in decision.records:
            self._put(record)
        told = 0
        for intent in decision.intents:
            known = policy if policy is not None and policy.rule_id == intent.rule_id else self._policies.of(intent.rule_id)
            for each in self._planned(intent, known, at):
                self._put(each)
                told += each.state == "pending"
        return told

    def _planned(self, intent: Intent, policy: RulePolicy, at: datetime) -> tuple[Notification, ...]:
        episode = self._alerts.episodes[intent.episode_id]
        message = msgspec.structs.replace(intent.message, links=links(intent.message, self._settings.alerts, policy.runbook))
        intent = msgspec.structs.replace(intent, message=message)
        return planned(intent, episode, policy, self._policies.routing(), self._alerts, at)

    def _command(self, record: Record) -> None:
        command = _command_decoder.decode(record.value or b"")
        result = obeyed(self._alerts, command, record.at, self._policies.routing().most_silence_seconds)
        log.info("command", kind=command.kind, episode=command.episode_id, by=command.by, outcome=result.audit.outcome)
        for each in result.records:
            self._put(each)
        self._audits.append(result.audit)

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
            before = self._alerts.sent.notifications.get(result.notification_id)
            mine = before and before.state == "sending" and before.claimed_by == self._process and before.attempts == result.attempt
            if before is not None and mine:
                self._conclude(before, result)

    def _conclude(self, before: Notification, result: Result) -> None:
        now = self._now()
        attempts, worked_at = self._settings.alerts.attempts, self._alerts.sent.last_sent_at.get(before.receiver)
        after = delivery.concluded(before, result, attempts, now, random.random())
        self._put(after)
        about = {"notification": after.id, "receiver": after.receiver, "kind": after.kind, "attempt": after.attempts}
        if after.state == "sent":
            log.info("sent", rule=after.rule_id, after_seconds=round((now - after.created_at).total_seconds(), 3), **about)
            for each in delivery.hurried(self._alerts, after.receiver, attempts, now, worked_at):
                self._put(each)
            return
        if after.state == "failed":
            log.error("failed", why=after.last_error, given_up=isinstance(result.error, GiveUp), **about)
        else:
            log.warning("not sent yet", why=after.last_error, next_at=after.next_at.isoformat(), **about)
        for each in trouble.reports(self._alerts, after, self._policies.routing(), now):
            self._put(each)

    def advance(self, *, caught_up: bool = True) -> None:
        """Do what time alone asks for: digests, escalations, fallbacks, silences that end. When all matches are read also what their absence means:
        repeats, episodes that fall quiet, rules that tell of silence."""
        now = self._now()
        routing, timed = self._policies.routing(), self._policies.timed()
        if caught_up:
            self._began_at = self._began_at or now
            watched = timed if now - self._began_at >= _CANARIES_LATER else [each for each in timed if each != CANARY_RULE_ID]
            for decision in tend(self._alerts, self._policies.of, watched, now - _ON_THE_WAY):
                self._carry(decision, now)
        for each in due(self._alerts, self._policies.of, routing, now, timed):
            self._put(each)

    def forget(self) -> None:
        """Drop what is old: at most a thousand records at once."""
        for old in expired(self._alerts, self._now())[:_FORGET_AT_ONCE]:
            self._alerts.drop(old)
            self._changed[_place(old)] = None

    def outs(self) -> list[Out]:
        """The records to write: the newest of each key, None for what is forgotten, and every decision of people."""
        changed = [Out(topic, key, None if record is None else _encoder.encode(record)) for (topic, key), record in self._changed.items()]
        audits = [Out(topology.AUDIT, key_of(each.command), _encoder.encode(each)) for each in self._audits]
        canaries = [Out(topology.CANARIES, name, canary.encode(each)) for name, each in self._canaries.items()]
        return changed + audits + canaries + self._rejected

    def written(self) -> None:
        """All of `outs()` stands in Kafka: hand over what was claimed."""
        for result in self._recorded:
            self._sender.written(result)
        for each in self._claimed:
            self._sender.submit(each)
        self._changed, self._audits, self._canaries, self._rejected, self._claimed, self._recorded = {}, [], {}, [], [], []

    def _put(self, record: AlertRecord) -> None:
        self._alerts.put(record)
        self._changed[_place(record)] = record


def _place(record: AlertRecord) -> tuple[str, str]:
    return _TOPICS[type(record)], record.id


_EVENTS = {"first": "opened", "new_facts": "rings again", "reopened": "rings again"}


def _tell(decision: Decision, matched: Matched, told: int) -> None:
    log.info(
        _EVENTS.get(decision.why, decision.why),
        rule=matched.match.rule_id,
        article=matched.article_id,
        why=decision.why,
        episodes=[each.id for each in decision.records if isinstance(each, Episode)],
        told=told,
    )
