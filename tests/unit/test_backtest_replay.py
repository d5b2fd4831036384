"""The back-test finds exactly what the alerter decided live, however that was interrupted, delayed or asked for the time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from itertools import takewhile

import msgspec
import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tuned
from hypothesis import strategies as st

from pipeline import topology
from pipeline.alerting import Alerting
from pipeline.alerts import Alerts
from pipeline.article import Article
from pipeline.backtest.looking import Asked, look
from pipeline.backtest.ordering import Arrivals, Spool
from pipeline.backtest.played import Replayed
from pipeline.backtest.replaying import Replay, replayed
from pipeline.backtest.run import EARLIEST, LATEST, Wish, run
from pipeline.backtest.stored import Reading
from pipeline.broker import Record
from pipeline.delivery import Result
from pipeline.episode import Episode, Notification
from pipeline.matched import decode as decode_matched
from pipeline.rules.compiled import RuleSet
from pipeline.rules.model import Count, Distinct, Notify, Updates
from pipeline.settings import Settings
from tests.builders import NOON
from tests.past import Past, by_partition, report, rule, rule_set, written

SETTINGS = Settings()
HOUR = timedelta(hours=1)
WORDS = ("Raketentest", "Erdbeben", "Stromausfall")
PLACES = ("Tokio", "Köln", "Lima", "Oslo")
RULES = rule_set(
    rule(
        "each",
        "Raketentest",
        notify=Notify(route=("desk", "night"), updates=Updates(milestones=(3, 5), field="source.id", min_gap_seconds=60)),
    ),
    rule("count", "Erdbeben", trigger=Count(over_seconds=7_200, gte=3), notify=Notify(route=("desk",), first_wait_seconds=300)),
    rule(
        "distinct",
        "Erdbeben",
        "Raketentest",
        trigger=Distinct(field="source.owner", over_seconds=3_600, gte=2),
        notify=Notify(route=("desk",)),
    ),
    rule("storm", "Stromausfall", notify=Notify(route=("desk",), max_per_hour=2), quiet_after_seconds=1_800, reopen_within_seconds=1_800),
    rule("shadow", "Stromausfall", status="shadow", notify=Notify(route=("desk",))),
    rule("repeat", "Erdbeben", notify=Notify(route=("night",), repeat_seconds=3_600), group_by=("source",), quiet_after_seconds=7_200),
)
"""Rules of every kind that time has a part in."""


class Live:
    """An alerter as its loop drives it: batches, a clock that runs on in between, deliveries that take their time, and restarts."""

    def __init__(self, rules: RuleSet, draw: random.Random, restarts: float = 0.1) -> None:
        self.draw = draw
        self.restarts = restarts
        self.now = NOON
        self.rules = rules
        self.under_way: dict[tuple[str, int], Result] = {}
        self.episodes: dict[str, Episode] = {}
        self.notifications: dict[str, Notification] = {}
        self.start()

    def start(self) -> None:
        alerts = self.alerts() if hasattr(self, "alerting") else Alerts()
        # Its policies and nothing else of a replay: the loop, the clock and the sender are this test's.
        self.alerting = Alerting(SETTINGS, alerts, self, Replay(SETTINGS, self.rules).policies, lambda: self.now, "live")
        self.memory = alerts
        self.alerting.adopt()

    def alerts(self) -> Alerts:
        """What the next owner reads from Kafka: records through their JSON."""
        kept = self.memory
        there = (kept.episodes, kept.sent.notifications, kept.silences, kept.memories)
        return Alerts([msgspec.json.decode(msgspec.json.encode(each), type=type(each)) for records in there for each in records.values()])

    def room(self, receiver: str) -> int:
        return 4

    def submit(self, notification: Notification) -> None:
        self.under_way[(notification.id, notification.attempts)] = Result(notification.id, notification.attempts)

    def results(self) -> list[Result]:
        return [each for each in self.under_way.values() if self.draw.random() < 0.7]

    def written(self, result: Result) -> None:
        self.under_way.pop((result.notification_id, result.attempt), None)

    def knows(self, notification: Notification) -> bool:
        return (notification.id, notification.attempts) in self.under_way

    def turn(self, records: list[Record]) -> None:
        self.alerting.take(records)
        self.alerting.claim()
        self.write()
        self.alerting.record_results()

    def write(self) -> None:
        assert not any(each.topic == topology.REJECTED for each in self.alerting.outs())
        self.alerting.written()
        self.episodes |= self.memory.episodes
        self.notifications |= self.memory.sent.notifications

    def play(self, matches: tuple[bytes, ...], until: datetime) -> None:
        waiting = [(decode_matched(value).matched_at, offset, value) for offset, value in enumerate(matches)]
        while waiting:
            # A record waits a moment in the topic, and what time does in that moment is done before.
            self.pass_time(waiting[0][0] + timedelta(milliseconds=self.draw.randrange(2_000)))
            taken = self.draw.randrange(1, 4)
            batch = list(takewhile(lambda each: each[0] <= self.now, waiting[:taken]))
            waiting = waiting[len(batch) :]
            self.turn([Record(topology.MATCHES, 0, offset, b"", value, (), self.now) for _, offset, value in batch])
            if self.draw.random() < self.restarts:
                self.start()
        self.pass_time(until)
        for _ in range(20):
            self.turn([])
        assert not self.under_way

    def pass_time(self, until: datetime) -> None:
        """Let time pass in uneven steps."""
        while self.now < until:
            step = timedelta(seconds=self.draw.choice((1, 7, 30, 61, 600)))
            self.now = min(self.now + step, until)
            self.alerting.advance()
            self.turn([])
            if self.draw.random() < 0.05:
                self.alerting.forget()
                self.write()


def stream(draw: random.Random, count: int) -> Iterator[tuple[datetime, Article]]:
    """Reports of some stories over some hours, copies, revisions and withdrawals among them."""
    at, told = NOON, []
    for number in range(count):
        at += timedelta(seconds=draw.choice((1, 2, 20, 400, 1_500, 9_000)), microseconds=draw.randrange(1_000_000))
        if told and draw.random() < 0.2:
            before = draw.choice(told)
            added = f"Nachtrag {number}: {draw.choice(WORDS)} in {draw.choice(PLACES)}, {number} Verletzte."
            text = f"{before.body} {added}"
            later = msgspec.structs.replace(before, body=text, revision=before.revision + 1)
            later = msgspec.structs.replace(later, added=report(0, text, revision=2, added=added).added)
            if draw.random() < 0.2:
                later = msgspec.structs.replace(later, body=before.body, added=(), pubstatus="canceled")
            told[told.index(before)] = later
            yield at, later
            continue
        text = f"{draw.choice(WORDS)} in {draw.choice(PLACES)}. Es gab {draw.randrange(1, 6)} Verletzte."
        made = report(number, text, story=f"s{draw.randrange(4)}", source=f"blatt-{draw.randrange(4)}")
        told.append(made)
        yield at, made


EPISODE_FACTS = (
    "id",
    "rule_id",
    "state",
    "group",
    "opened_at",
    "last_match_at",
    "step",
    "article_count",
    "match_count",
    "situation_id",
    "withheld",
)


def facts_of(found: Replayed | Live) -> tuple[dict[str, object], dict[str, object]]:
    """What must be the same: of episodes what they are, of messages who gets which, and why not."""
    episodes = {key: {name: getattr(each, name) for name in EPISODE_FACTS} for key, each in found.episodes.items()}
    messages = {
        key: (each.rule_id, each.receiver, each.kind, each.step, each.state, each.verdict, each.message.why, each.message.headline)
        for key, each in found.notifications.items()
    }
    return episodes, messages


def in_order(made: Past, rules: RuleSet) -> tuple[bytes, ...]:
    """The matches that a back-test finds in the articles, read one partition after the other."""
    with closing(Spool()) as spool:
        for each in look(by_partition(made.stored), Asked((rules,), 6.0, EARLIEST, EARLIEST, LATEST)).found:
            spool.put(each, Arrivals())
        return tuple(spool.in_order())


@example(seed=0, count=40)
@given(seed=st.integers(0, 1_000_000), count=st.integers(1, 60))
@tuned(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_back_test_decides_what_the_alerter_decided(seed: int, count: int) -> None:
    made = written(stream(random.Random(seed), count), RULES)
    until = NOON + timedelta(hours=40)
    live = Live(RULES, random.Random(seed + 1))
    live.play(made.matches, until)
    matches = in_order(made, RULES)
    assert matches == made.matches
    found = replayed(matches, SETTINGS, RULES, NOON, until)
    assert facts_of(found) == facts_of(live)


def test_the_whole_back_test_counts_what_the_alerter_told() -> None:
    made = written(stream(random.Random(5), 50), RULES)
    until = NOON + timedelta(hours=40)
    live = Live(RULES, random.Random(6))
    live.play(made.matches, until)
    outcome = run(Reading(iter(by_partition(made.stored))), Wish(settings=SETTINGS, rules=RULES, since=NOON, until=until), Arrivals())
    assert facts_of(outcome.replays[0]) == facts_of(live)
    sent = [each for each in live.notifications.values() if each.state == "sent"]
    assert sum(each.messages for each in outcome.report.rules) == len(sent) > 10
    assert sum(each.matches for each in outcome.report.rules) == sum(not decode_matched(each).match.known for each in made.matches)


def test_nothing_is_sent_and_every_message_counts_as_taken() -> None:
    made = written(stream(random.Random(2), 20), RULES)
    found = replayed(made.matches, SETTINGS, RULES, NOON, NOON + 200 * HOUR)
    assert found.notifications
    assert {each.state for each in found.notifications.values()} <= {"sent", "suppressed"}


@pytest.mark.parametrize("split", [1, 7, 20])
def test_the_clock_never_goes_back_for_a_match_that_came_late(split: int) -> None:
    """Two workers write into one topic, and one of them was a moment late."""
    made = written(stream(random.Random(3), 30), RULES)
    matches = list(made.matches)
    matches.insert(split, matches.pop(split - 1))
    live = Live(RULES, random.Random(4), restarts=0.5)
    live.play(tuple(matches), NOON + 50 * HOUR)
    assert facts_of(replayed(matches, SETTINGS, RULES, NOON, NOON + 50 * HOUR)) == facts_of(live)


@pytest.mark.parametrize("before_ms", [1, 400, 999])
def test_a_match_within_a_second_of_a_stop_of_the_clock_does_not_hold_it_up(before_ms: int) -> None:
    at = NOON + timedelta(minutes=5) - timedelta(milliseconds=before_ms)
    made = written([(at, report(1, "Ein Raketentest.")), (at + HOUR, report(2, "Ein Raketentest."))], RULES)
    assert len(replayed(made.matches, SETTINGS, RULES, NOON, NOON + 2 * HOUR).episodes) >= 2
