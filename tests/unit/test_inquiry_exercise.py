"""An exercise as it goes its way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec

from pipeline import topology
from pipeline.article import Match, encode
from pipeline.broker import Record
from pipeline.inquiry.exercise import WATCHED, Exercise
from pipeline.routing import drill
from tests.builders import NOON
from tests.decided import episode, member, notification

BEGUN = drill.article("d1", "Nordkorea meldet einen Raketentest.", "Anna", NOON)
MATCH = Match(id="m1", rule_id="raketentest", rule_version="v1", title="R", severity="high", hits=())
OFFSETS = iter(range(10_000))


def record(topic: str, value: Any, seconds: float = 1.0, key: str = "") -> Record:
    made = value if isinstance(value, bytes) else msgspec.json.encode(value)
    return Record(f"x-{topic}", 0, next(OFFSETS), key.encode(), made, (), NOON + timedelta(seconds=seconds))


def exercise(rule_id: str = "") -> Exercise:
    return Exercise(BEGUN, "Anna", NOON, {f"x-{name}": name for name in WATCHED}, rule_id)


def stages(going: Exercise, *records: Record) -> list[tuple[str, float]]:
    return [(each.stage, each.seconds) for one in records for each in going.take(one)]


def test_every_stage_is_told_once_with_its_time_until_somebody_acknowledges() -> None:
    going = exercise()
    rung = episode(exercise=True, members=(member(BEGUN.id),), opened_at=NOON + timedelta(seconds=2))
    about = msgspec.structs.replace(rung.message, article_id=BEGUN.id)
    enriched = msgspec.structs.replace(BEGUN, matches=(MATCH,))
    found = stages(
        going,
        record(topology.COLLECTED, encode(BEGUN), 0.1),
        record(topology.IDENTIFIED, encode(BEGUN), 0.5),
        record(topology.DEDUPLICATED, encode(BEGUN), 0.7),
        record(topology.ENRICHED, encode(enriched), 0.9),
        record(topology.MATCHES, {"article_id": BEGUN.id, "match": {"rule_id": "raketentest"}}, 1.0),
        record(topology.EPISODES, rung, 2.0),
        record(topology.EPISODES, rung, 2.1),
        record(topology.NOTIFICATIONS, notification(state="pending", message=about, sent_at=None), 2.0),
        record(topology.NOTIFICATIONS, notification(message=about), 2.4),
    )
    assert found == [
        ("collected", 0.1), ("identified", 0.5), ("deduplicated", 0.7), ("enriched", 0.9), ("matched", 1.0), ("episode", 2.0), ("desk: sent", 2.4),
    ]  # fmt: skip
    assert going.drill(NOON).outcome == "not_acknowledged"
    acknowledged = msgspec.structs.replace(rung, acknowledged_by="Boris", acknowledged_at=NOON + timedelta(seconds=42))
    assert stages(going, record(topology.EPISODES, acknowledged, 42.5)) == [("acknowledged", 42.5)]
    assert (going.drill(NOON).outcome, going.drill(NOON).seconds_to_acknowledge, going.lost) == ("acknowledged", 42.0, "")


def test_what_no_rule_matched_or_a_stage_rejected_is_lost_and_says_why() -> None:
    going = exercise()
    assert stages(going, record(topology.ENRICHED, encode(BEGUN))) == [("enriched", 1.0)]
    assert going.lost == "no rule matched its text"
    going = exercise()
    going.take(record(topology.REJECTED, b"{}", key=BEGUN.id))
    assert going.lost.startswith("it was rejected")


def test_only_the_rule_that_was_named_counts() -> None:
    enriched = record(topology.ENRICHED, encode(msgspec.structs.replace(BEGUN, matches=(MATCH,))))
    rung = record(topology.EPISODES, episode(members=(member(BEGUN.id),)))
    meant, other = exercise("raketentest"), exercise("beben")
    assert stages(meant, enriched, rung) == [("enriched", 1.0), ("episode", 1.0)]
    assert stages(other, enriched, rung) == [("enriched", 1.0)]
    assert (meant.lost, meant.drill(NOON).outcome, other.drill(NOON).outcome) == ("", "not_sent", "not_matched")
    assert other.lost.startswith("the rule beben did not match its text; it rings raketentest.")


def test_other_articles_and_broken_records_are_passed_over() -> None:
    going = exercise()
    other = drill.article("d2", "Nordkorea meldet einen Raketentest.", "Anna", NOON)
    assert other.id != BEGUN.id
    naming = msgspec.structs.replace(other, body=f"see {BEGUN.id}")
    told = stages(
        going,
        record(topology.COLLECTED, encode(other)),
        record(topology.COLLECTED, encode(naming)),
        record(topology.EPISODES, b'{"id": "' + BEGUN.id.encode() + b'"'),
        record(topology.EPISODES, episode(members=(member("a9", title=BEGUN.id),))),
        record(topology.MATCHES, {"article_id": "a9", "note": BEGUN.id, "match": {}}),
    )
    assert told == []
    assert going.drill(NOON).outcome == "not_matched"
