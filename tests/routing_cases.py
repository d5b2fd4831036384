"""Episodes, intents and policies for tests of routing, and a small world in which they are planned and time passes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Matcher, Member, Notification, Silence, identity
from pipeline.intent import Intent
from pipeline.message import Kind, Message, Origin
from pipeline.policy import RulePolicy
from pipeline.routing.model import Routing
from pipeline.routing.plan import planned
from pipeline.routing.timers import due
from pipeline.rules.model import Notify
from tests.builders import NOON


def message(episode_id: str, kind: Kind = "first", **changes: Any) -> Message:
    plain = Message(
        notification_id="",
        episode_id=episode_id,
        kind=kind,
        why="first",
        alerted_at=NOON,
        severity="medium",
        rule_id="raketentest",
        rule_title="Raketentests",
        headline="Nordkorea meldet einen Raketentest",
        source=Origin(id="tagesblatt", name="Tagesblatt", country="DE"),
    )
    return msgspec.structs.replace(plain, **changes)


def episode(episode_id: str = "e1", **changes: Any) -> Episode:
    plain = Episode(
        id=episode_id,
        rule_id="raketentest",
        rule_title="Raketentests",
        severity="medium",
        group=episode_id,
        opened_seq=1,
        opened_at=NOON,
        last_match_at=NOON,
        updated_at=NOON,
        message=message(episode_id),
        step=1,
        members=(Member(article_id=f"a-{episode_id}", source_id="tagesblatt", source_name="Tagesblatt", at=NOON, country="DE"),),
        article_count=1,
        sources=("tagesblatt",),
    )
    return msgspec.structs.replace(plain, **changes)


def intent(about: Episode, kind: Kind = "first", step: int = 1, at: datetime = NOON, **changes: Any) -> Intent:
    told = msgspec.structs.replace(
        about.message, kind=kind, step=step, alerted_at=at, rule_id=about.rule_id, severity=about.severity, rule_title=about.rule_title
    )
    plain = Intent(id=identity(about.id, kind, step), episode_id=about.id, rule_id=about.rule_id, message=told, at=at)
    return msgspec.structs.replace(plain, **changes)


def policy(rule_id: str = "raketentest", title: str = "Raketentests", **notify: Any) -> RulePolicy:
    return RulePolicy(rule_id=rule_id, title=title, notify=Notify(**{"route": ("lage",), **notify}))


def silence(silence_id: str = "s1", **changes: Any) -> Silence:
    plain = Silence(
        id=silence_id,
        matchers=(Matcher(field="rule", values=("raketentest",)),),
        author="Kim",
        reason="Probelauf",
        starts_at=NOON - timedelta(hours=1),
        ends_at=NOON + timedelta(hours=1),
        created_at=NOON - timedelta(hours=1),
    )
    return msgspec.structs.replace(plain, **changes)


@dataclass
class World:
    """Alerts in memory, with rules and routing, at a time that tests set."""

    routing: Routing = field(default_factory=Routing)
    policies: Mapping[str, RulePolicy] = field(default_factory=dict)
    alerts: Alerts = field(default_factory=Alerts)
    now: datetime = NOON

    def policy_of(self, rule_id: str) -> RulePolicy:
        return self.policies.get(rule_id) or policy(rule_id)

    def tell(self, about: Episode, wish: Intent | None = None) -> tuple[Notification, ...]:
        """Plan one intent now, and keep what becomes of it."""
        self.alerts.put(about)
        made = planned(wish or intent(about, at=self.now), about, self.policy_of(about.rule_id), self.routing, self.alerts, self.now)
        for each in made:
            self.alerts.put(each)
        return made

    def wait(self, **length: float) -> list[Notification]:
        """Let time pass; the notifications that it makes."""
        self.now += timedelta(**length)
        made = []
        for each in due(self.alerts, self.policy_of, self.routing, self.now, tuple(self.policies)):
            self.alerts.put(each)
            made.append(each)
        return [each for each in made if isinstance(each, Notification)]

    def change(self, notification: Notification, **changes: Any) -> Notification:
        changed = msgspec.structs.replace(notification, **changes)
        self.alerts.put(changed)
        return changed

    def send(self, notification: Notification) -> Notification:
        return self.change(notification, state="sent", sent_at=self.now, attempts=1, first_tried_at=self.now)
