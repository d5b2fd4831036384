"""A desk for tests of deciding: reports by keyword, decisions applied one after the other, as the alerter does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline.alerts import Alerts
from pipeline.article import Clock, Hit, Match, Source, Story
from pipeline.episode import Episode, Notification, Silence
from pipeline.episodes.clock import tend
from pipeline.episodes.decide import Decision, decide
from pipeline.episodes.memory import TriggerMemory
from pipeline.intent import Intent
from pipeline.matched import Matched, Spot
from pipeline.policy import RulePolicy
from pipeline.rules.model import Notify

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
KP = "country:iso:KP"
WONSAN, SEOUL, BERLIN, TEHRAN = "place:geo:1866923", "place:geo:1835848", "place:geo:2950159", "place:geo:112931"
SPOTS = {
    WONSAN: Spot(latitude=39.15, longitude=127.44, country="KP"),
    SEOUL: Spot(latitude=37.57, longitude=126.98, country="KR"),
    BERLIN: Spot(latitude=52.52, longitude=13.41, country="DE"),
    TEHRAN: Spot(latitude=35.69, longitude=51.42, country="IR"),
}


def hit(sentence: str = "s1", term: str = "Raketentest") -> Hit:
    place = {"field": "body", "start": 0, "end": 11, "sentence_start": 0, "sentence_end": 20, "sentence_id": sentence}
    return Hit(term=term, surface="Raketentest", mode="exact", **place)  # type: ignore[arg-type]


def report(
    article_id: str = "a1",
    *,
    story: str = "s",
    facts: Sequence[str] = (KP,),
    sentence: str = "s1",
    rule: str = "r",
    shadow: bool = False,
    known: bool = False,
    context: Sequence[str] = (),
    owner: str = "",
    **more: Any,
) -> Matched:
    match = Match(
        id=f"{rule}/{article_id}/{sentence}",
        rule_id=rule,
        rule_version="1",
        title="Raketentests",
        severity="high",
        hits=(hit(sentence),),
        shadow=shadow,
        known=known,
    )
    return Matched(
        match=match,
        article_id=article_id,
        revision=more.pop("revision", 1),
        source=more.pop("source", Source(id=f"source-{owner or article_id}", name="Blatt", country="DE", owner=owner)),
        matched_at=NOON,
        title=f"Meldung {article_id}",
        url=f"https://a.example/{article_id}",
        story=Story(id=story) if story else None,
        facts={each: each.split(":", 1)[1] for each in facts},
        context=tuple(context) or tuple(facts),
        spots={each: SPOTS[each] for each in facts if each in SPOTS},
        clock=Clock(fetched_at=NOON - timedelta(seconds=2)),
        **more,
    )


def policy(notify: Notify | None = None, **changes: Any) -> RulePolicy:
    return RulePolicy(rule_id="r", title="Raketentests", severity="high", notify=notify or Notify(), **changes)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


class Desk:
    """Applies decisions one after the other. `told` is everything that people would be told, `intents` what was wished for, shadows included."""

    def __init__(self, rule: RulePolicy | None = None, watchers: Sequence[RulePolicy] = ()) -> None:
        self.alerts = Alerts()
        self.policy = rule or policy()
        self.watchers = tuple(watchers)
        self.decisions: list[Decision] = []
        self.intents: list[Intent] = []

    def gets(self, matched: Matched, after: timedelta = timedelta()) -> Decision:
        return self._applied(decide(self.alerts, matched, self.policy, NOON + after, self.watchers))

    def waits(self, until: timedelta, rule_ids: Sequence[str] = ("r",)) -> list[Decision]:
        return [self._applied(each) for each in tend(self.alerts, lambda _: self.policy, rule_ids, NOON + until)]

    def restarts(self) -> None:
        """Everything is forgotten and read again from JSON, in another order."""
        kinds: list[tuple[Any, Any]] = [
            (Episode, self.alerts.episodes),
            (TriggerMemory, self.alerts.memories),
            (Silence, self.alerts.silences),
            (Notification, self.alerts.sent.notifications),
        ]
        read = [msgspec.json.decode(msgspec.json.encode(each), type=kind) for kind, records in kinds for each in records.values()]
        self.alerts = Alerts(reversed(read))

    def _applied(self, decision: Decision) -> Decision:
        for record in decision.records:
            self.alerts.put(record)
        self.intents += decision.intents
        self.decisions.append(decision)
        return decision

    @property
    def told(self) -> list[Intent]:
        return [each for each in self.intents if not each.withheld]

    @property
    def kinds(self) -> list[str]:
        return [each.kind for each in self.told]

    @property
    def episode(self) -> Episode:
        (only,) = self.alerts.episodes.values()
        return only
