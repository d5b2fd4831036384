"""A receiver is away for ten minutes in every way a receiver can be away. The clock is a value here, so the ten minutes pass in seconds."""

from __future__ import annotations

import threading
import uuid
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline import broker, topology
from pipeline.alerter import Alerter, State, read_state
from pipeline.matched import encode
from pipeline.policy import RulePolicy
from pipeline.routing.model import Routing
from pipeline.rules.model import Notify
from pipeline.sender import notifiers
from pipeline.settings import Settings, load
from tests.builders import matched
from tests.waiting import until
from tests.webhooks import HANG, RESET, Hook, listening

EPISODES = 12
MESSAGES = 3  # for each episode: the first one and two with news


@dataclass
class Clock:
    """Real time with minutes put in."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Fixed:
    """One policy for every rule."""

    policy: RulePolicy = field(default_factory=lambda: RulePolicy(rule_id="r", notify=Notify(route=("hook",), max_per_hour=10_000)))

    def of(self, rule_id: str) -> RulePolicy:
        return self.policy

    awaited = of

    def watchers(self, rule_id: str) -> Sequence[RulePolicy]:
        return ()

    def timed(self) -> Collection[str]:
        return ()

    def routing(self) -> Routing:
        return Routing()


@dataclass
class Desk:
    settings: Settings
    hook: Hook
    clock: Clock = field(default_factory=Clock)

    def state(self) -> State:
        return read_state(self.settings)

    def publish(self, *names: str) -> None:
        """A match for each name `episode/message`."""
        publisher = broker.Publisher(self.settings.kafka)
        for name in names:
            story, number = name.split("/")
            facts = (f"number:{number}{story}",)
            record = matched(name, story=story, facts=facts, matched_at=self.clock())
            publisher.send(self.settings.topic(topology.MATCHES), "r", encode(record))
        publisher.confirm()
        publisher.close()


@pytest.fixture
def desk(kafka_servers: str, tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack:
        hook = stack.enter_context(listening())
        config = tmp_path / "lagebild.yaml"
        config.write_text(
            f"""
kafka: {{servers: ["{kafka_servers}"], topic_prefix: "w{uuid.uuid4().hex[:8]}-", session_seconds: 2}}
receivers:
  - {{name: hook, notifier: webhook, options: {{url: "{hook.url}", allow_private: [127.0.0.1], timeout_seconds: 0.5}}}}
alerts: {{attempts: 20}}
""",
            encoding="utf-8",
        )
        settings = load(config)
        broker.apply_topics(settings)
        made = Desk(settings, hook)
        stop = threading.Event()
        alerter = Alerter(settings, notifiers(settings), Fixed(), stop, made.clock)
        thread = threading.Thread(target=alerter.run)
        thread.start()
        stack.callback(thread.join)
        stack.callback(hook.closing.set)
        stack.callback(stop.set)
        yield made


@pytest.mark.parametrize("fault", [429, 500, HANG, RESET])
def test_each_message_arrives_once_and_in_order_when_a_receiver_is_away_for_ten_minutes(desk: Desk, fault: int) -> None:
    desk.hook.answer = lambda alert: fault
    desk.hook.headers = {"retry-after": "30"} if fault == 429 else {}
    names = [f"e{episode}/{number}" for number in range(MESSAGES) for episode in range(EPISODES)]
    for number in range(MESSAGES):
        desk.publish(*names[number * EPISODES : (number + 1) * EPISODES])
    until(lambda: len(desk.state().notifications) == len(names), 30, "every message is recorded")
    began = desk.clock()

    def away_for_ten_minutes() -> bool:
        desk.clock.ahead += timedelta(seconds=15)
        return desk.clock() - began > timedelta(minutes=10)

    until(away_for_ten_minutes, 30, "ten minutes have passed")
    until(lambda: desk.hook.refused > 0, 10, "the receiver was asked and refused")
    assert not desk.hook.taken

    desk.hook.answer = lambda alert: 204
    desk.clock.ahead += timedelta(minutes=2)

    def all_sent() -> bool:
        desk.clock.ahead += timedelta(seconds=20)
        return Counter(each.state for each in desk.state().notifications.values()) == {"sent": len(names)}

    until(all_sent, 40, "every message is sent")
    assert Counter(each["headline"] for each in desk.hook.taken) == Counter(names)
    order: dict[str, list[str]] = defaultdict(list)
    for each in desk.hook.taken:
        story, number = each["headline"].split("/")
        order[story].append(number)
    assert all(numbers == sorted(numbers) for numbers in order.values()), "in order per episode"
    assert all(each["late"] for each in desk.hook.taken), "the team sees that it was late"
