"""When a rule's trigger is satisfied: windows, corroboration, waves, silence, first times, sequences."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Dates
from pipeline.episodes.decide import Decision
from pipeline.episodes.expiry import expired
from pipeline.episodes.grouping import group_of
from pipeline.episodes.memory import MAX_ENTRIES, Entry, TriggerMemory, empty, remembered
from pipeline.matched import Matched
from pipeline.rules.model import Count, Distinct, FirstSeen, Flatline, GroupBy, Notify, Sequence, Spike, Trigger
from tests.desk import KP, NOON, SEOUL, TEHRAN, WONSAN, Desk, hours, minutes, policy, report


def test_a_pending_episode_tells_nobody_and_the_match_that_completes_it_counts_all() -> None:
    desk = Desk(policy(trigger=Count(over_seconds=7_200, gte=3)))
    assert [desk.gets(report(f"a{number}"), minutes(10 * number)).why for number in range(3)] == ["pending", "pending", "first"]
    (intent,) = desk.told
    assert (intent.kind, intent.message.members, intent.message.article_id) == ("first", 3, "a2")
    assert desk.episode.match_count == 3


def test_a_window_that_passes_without_enough_matches_is_forgotten() -> None:
    desk = Desk(policy(trigger=Count(over_seconds=3_600, gte=2)))
    desk.gets(report("a1"))
    (over,) = desk.waits(hours(1))
    assert (over.why, desk.episode.state, desk.episode.abandoned) == ("expired_pending", "closed", "expired_pending")
    assert desk.gets(report("a2"), hours(1.1)).why == "pending"
    assert [each.opened_seq for each in desk.alerts.of_group("r", "s")] == [1, 2]
    assert desk.gets(report("a3"), hours(1.2)).why == "first"


def test_one_article_with_two_matches_counts_once() -> None:
    desk = Desk(policy(trigger=Count(over_seconds=3_600, gte=2)))
    assert [desk.gets(report("a1", sentence=each, revision=1)).why for each in ("s1", "s2")] == ["pending", "pending"]


def published(article_id: str, before_noon: float) -> dict[str, object]:
    return {"article_id": article_id, "dates": Dates(published_at=NOON - hours(before_noon), precision="second"), "first_seen_at": NOON}


def test_by_the_published_clock_what_appeared_together_counts_together() -> None:
    received = Desk(policy(trigger=Count(over_seconds=3_600, gte=2)))
    appeared = Desk(policy(trigger=Count(over_seconds=3_600, gte=2, clock="published", lateness_seconds=7_200)))
    for desk in (received, appeared):
        desk.gets(report(**published("a1", 0.9)))  # type: ignore[arg-type]
        desk.gets(report(**published("a2", 0.2)), hours(1.5))  # type: ignore[arg-type]
    assert (received.kinds, appeared.kinds) == ([], ["first"])


def test_what_was_published_too_long_ago_does_not_count() -> None:
    desk = Desk(policy(trigger=Count(over_seconds=3_600, gte=2, clock="published", lateness_seconds=600)))
    desk.gets(report(**published("a1", 2)))  # type: ignore[arg-type]
    desk.gets(report(**published("a2", 2)))  # type: ignore[arg-type]
    assert desk.kinds == []


def test_corroboration_counts_publishers_and_not_reports() -> None:
    desk = Desk(policy(trigger=Distinct(field="source.owner", over_seconds=7_200, gte=2)))
    assert [desk.gets(report(f"a{number}", owner="one"), minutes(number)).why for number in range(3)] == ["pending"] * 3
    assert desk.gets(report("b", owner="two"), minutes(5)).why == "first"
    assert desk.told[0].message.sources == 2


def test_corroboration_that_comes_too_late_is_none() -> None:
    desk = Desk(policy(trigger=Distinct(field="source.owner", over_seconds=3_600, gte=2)))
    desk.gets(report("a", owner="one"))
    assert desk.gets(report("b", owner="two"), hours(1)).why == "pending"


def spiking() -> Desk:
    """Two matches an hour for a day, under a rule that rings at four times as many."""
    desk = Desk(policy(trigger=Spike(window_seconds=3_600, baseline_seconds=20 * 3_600, ratio=4, minimum=3)))
    for number in range(48):
        desk.gets(report(f"a{number}", story=f"s{number}", facts=(f"place:{number}",)), minutes(30 * number))
    return desk


def test_a_wave_is_measured_against_what_is_usual() -> None:
    desk = spiking()
    before = len(desk.told)
    whys = [desk.gets(report(f"b{number}", story=f"t{number}"), hours(24) + minutes(number)).why for number in range(8)]
    assert "first" in whys and 4 <= whys.index("first") <= 7
    assert len(desk.told) == before + 1
    assert len([each for each in desk.alerts.memories.values()]) == 1


def test_the_usual_rate_is_no_wave() -> None:
    assert spiking().told == []


def test_first_seen_rings_once_for_each_value_while_it_is_remembered() -> None:
    desk = Desk(policy(trigger=FirstSeen(field="place", memory_seconds=86_400)))
    assert desk.gets(report("a1", story="s1", facts=(WONSAN,))).why == "first"
    assert desk.gets(report("a2", story="s2", facts=(WONSAN,)), hours(20)).why == "seen_before"
    assert desk.gets(report("a3", story="s3", facts=(TEHRAN,)), hours(21)).why == "first"
    assert desk.gets(report("a4", story="s4", facts=(WONSAN,)), hours(43)).why == "seen_before"
    assert desk.gets(report("a5", story="s5", facts=(WONSAN,)), hours(68)).why == "first"


@pytest.mark.parametrize(
    ("field", "first", "again", "other"),
    [
        ("source", {"owner": "x"}, {"owner": "x"}, {"owner": "y"}),
        ("entity", {"facts": (KP,)}, {"facts": (KP,)}, {"facts": (KP, "person:p")}),
        ("country", {"facts": (KP,)}, {"facts": (KP, WONSAN)}, {"facts": ("country:iso:IR",)}),
    ],
)
def test_first_seen_knows_several_kinds_of_values(
    field: str, first: dict[str, object], again: dict[str, object], other: dict[str, object]
) -> None:
    desk = Desk(policy(trigger=FirstSeen(field=field, memory_seconds=86_400), group_by=()))  # type: ignore[arg-type]
    whys = [desk.gets(report(f"a{number}", **each)).why for number, each in enumerate((first, again, other))]  # type: ignore[arg-type]
    assert whys == ["first", "seen_before", "first"]


SILENT = Flatline(over_seconds=21_600, lt=1)


def test_silence_is_told_once_and_armed_again_by_a_match() -> None:
    desk = Desk(policy(Notify(resolved=True), trigger=SILENT))
    assert [each.why for each in desk.waits(timedelta())] == ["armed"]
    assert desk.waits(hours(5.9)) == []
    (told,) = desk.waits(hours(7))
    (intent,) = told.intents
    assert (intent.kind, intent.message.why, intent.at, intent.message.silent_since) == ("first", "silent", NOON + hours(6), NOON)
    assert desk.waits(hours(9)) == []
    assert desk.gets(report("a1"), hours(10)).why == "resolved"
    assert [each.why for each in desk.waits(hours(16.5))] == ["silent"]
    assert desk.told[-1].message.silent_since == NOON + hours(10)
    assert desk.kinds == ["first", "resolved", "first"]
    assert len({each.episode_id for each in desk.told if each.kind == "first"}) == 2


def test_matches_keep_a_flatline_rule_quiet_and_ring_nobody() -> None:
    desk = Desk(policy(trigger=SILENT))
    desk.waits(timedelta())
    for number in range(10):
        assert desk.gets(report(f"a{number}"), hours(5 * number)).why == "heard"
        assert desk.waits(hours(5 * number + 4)) == []
    assert desk.told == []


def test_the_silence_is_told_at_the_same_instant_however_often_the_clock_is_asked() -> None:
    often, seldom = Desk(policy(trigger=SILENT)), Desk(policy(trigger=SILENT))
    for desk in (often, seldom):
        desk.waits(timedelta())
        desk.gets(report("a1"), hours(1))
    for number in range(60):
        often.waits(hours(1) + minutes(10 * number))
    seldom.waits(hours(11))
    assert often.intents == seldom.intents and len(often.intents) == 1


def test_a_rule_that_is_not_live_is_not_watched_and_begins_anew_when_it_is() -> None:
    desk = Desk(policy(trigger=SILENT))
    desk.waits(timedelta())
    desk.policy = policy(trigger=SILENT, live=False)
    assert [each.why for each in desk.waits(hours(7))] == ["disarmed"]
    assert desk.waits(hours(20)) == []
    desk.policy = policy(trigger=SILENT)
    assert [each.why for each in desk.waits(hours(21))] == ["armed"]
    assert desk.waits(hours(26)) == []
    assert [each.why for each in desk.waits(hours(28))] == ["silent"]


def test_silence_survives_a_restart() -> None:
    desk = Desk(policy(trigger=SILENT))
    desk.waits(timedelta())
    desk.waits(hours(7))
    desk.restarts()
    assert desk.waits(hours(8)) == []


def chain(rules: tuple[str, ...] = ("a", "b"), ordered: bool = True, group_by: tuple[GroupBy, ...] = ("story",)) -> Desk:
    trigger = Sequence(rules=rules, over_seconds=86_400, ordered=ordered)
    return Desk(policy(), watchers=(replace(policy(trigger=trigger, group_by=group_by), rule_id="watch", title="Erst a, dann b"),))


def test_one_rule_and_then_another_make_a_sequence() -> None:
    desk = chain()
    desk.gets(report("x", story="x", rule="a", facts=(WONSAN,)))
    decision = desk.gets(report("y", story="y", rule="b", facts=(TEHRAN,)), hours(3))
    assert {each.rule_id: each.kind for each in decision.intents} == {"b": "first", "watch": "first"}
    (told,) = [each for each in desk.told if each.rule_id == "watch"]
    assert (told.message.rule_title, told.message.members, told.message.article_id) == ("Erst a, dann b", 2, "y")


def test_the_wrong_order_is_no_sequence_unless_order_does_not_matter() -> None:
    for ordered, expected in ((True, 0), (False, 1)):
        desk = chain(ordered=ordered)
        desk.gets(report("y", story="y", rule="b", facts=(TEHRAN,)))
        desk.gets(report("x", story="x", rule="a", facts=(WONSAN,)), hours(1))
        assert len([each for each in desk.told if each.rule_id == "watch"]) == expected


def test_a_sequence_that_takes_too_long_is_none() -> None:
    desk = chain()
    desk.gets(report("x", rule="a"))
    desk.gets(report("y", rule="b"), hours(25))
    assert [each.rule_id for each in desk.told] == ["a", "b"]


def test_a_sequence_can_be_asked_for_by_place() -> None:
    desk = chain(group_by=("place",))
    desk.gets(report("x", story="x", rule="a", facts=(WONSAN,)))
    desk.gets(report("y", story="y", rule="b", facts=(TEHRAN,)), hours(1))
    assert [each.rule_id for each in desk.told] == ["a", "b"]
    desk.gets(report("z", story="z", rule="b", facts=(WONSAN,)), hours(2))
    assert [each.rule_id for each in desk.told] == ["a", "b", "b", "watch"]


def test_redelivered_matches_make_no_second_step() -> None:
    desk = chain(("a", "a", "b"))
    for _ in range(2):
        desk.gets(report("x", story="x", rule="a", facts=(WONSAN,)))
    desk.gets(report("y", story="y", rule="b", facts=(TEHRAN,)), hours(1))
    assert [each for each in desk.told if each.rule_id == "watch"] == []


GROUPS: list[tuple[tuple[GroupBy, ...], str]] = [
    (("story",), "s"),
    ((), "a1"),
    (("source",), "source=source-o"),
    (("owner",), "owner=o"),
    (("country",), "country=DE"),
    (("language",), "language=und"),
    (("place",), "place=geo:1866923"),
    (("person",), "person=list:kim"),
    (("rule",), "rule"),
    (("country", "story"), "country=DE|s"),
]


@pytest.mark.parametrize(("group_by", "expected"), GROUPS)
def test_matches_are_grouped_as_the_rule_says(group_by: tuple[GroupBy, ...], expected: str) -> None:
    matched = report(owner="o", facts=(KP, WONSAN, "person:list:kim"), subjects=(WONSAN, KP, "person:list:kim"))
    assert group_of(matched, policy(group_by=group_by)) == expected


def test_what_names_no_place_is_not_thrown_together() -> None:
    rule = policy(group_by=("place",))
    assert group_of(report(facts=(KP,)), rule) == "place=iso:KP"
    assert group_of(report(facts=(), story="x"), rule) != group_of(report(facts=(), story="y"), rule)
    assert group_of(report(facts=(SEOUL, WONSAN), subjects=(WONSAN, SEOUL)), rule) == "place=geo:1866923"


def test_what_a_trigger_remembers_is_bounded() -> None:
    memory = empty("r", "g", NOON)
    for number in range(0, 3 * MAX_ENTRIES, 50):
        memory = remembered(memory, [Entry(NOON, f"m{each}") for each in range(number, number + 50)], NOON, hours(1))
    assert len(memory.entries) == MAX_ENTRIES
    assert remembered(memory, memory.entries[-5:], NOON, hours(1)) is memory


def test_memories_are_forgotten_when_no_window_reaches_back_to_them() -> None:
    desk = Desk(policy(trigger=Count(over_seconds=7 * 86_400, gte=9)))
    desk.gets(report())
    assert [each for each in expired(desk.alerts, NOON + timedelta(days=36)) if isinstance(each, TriggerMemory)] == []
    (old,) = [each for each in expired(desk.alerts, NOON + timedelta(days=38)) if isinstance(each, TriggerMemory)]
    desk.alerts.drop(old)
    assert desk.alerts.memories == {} and desk.alerts.groups_remembered("r") == ()


TRIGGERS: list[Trigger] = [
    Count(over_seconds=7_200, gte=2),
    Count(over_seconds=7_200, gte=3, clock="published", lateness_seconds=3_600),
    Distinct(field="source.id", over_seconds=7_200, gte=2),
    Spike(window_seconds=3_600, baseline_seconds=36_000, ratio=2, minimum=2),
    FirstSeen(field="entity", memory_seconds=86_400),
    Flatline(over_seconds=7_200),
]
_matches = st.lists(
    st.tuples(
        st.builds(
            lambda article, story, place: report(f"a{article}", story=story, facts=(f"place:{place}",)),
            st.integers(0, 9),
            st.sampled_from("xy"),
            st.integers(0, 2),
        ),
        st.sampled_from([0, 5, 70, 300]),
    ),
    max_size=20,
)


@settings(deadline=None, max_examples=120)
@given(_matches, st.sampled_from(TRIGGERS), st.integers(0, 19))
def test_triggers_survive_redelivery_and_restarts(stream: list[tuple[Matched, int]], trigger: Trigger, cut: int) -> None:
    once, broken, at = Desk(policy(trigger=trigger)), Desk(policy(trigger=trigger)), 0
    for number, (matched, pause) in enumerate(stream):
        at += pause
        once.gets(matched, minutes(at))
        if number == cut:
            broken.restarts()
        broken.gets(matched, minutes(at))
        assert broken.gets(matched, minutes(at)).intents == ()
    assert broken.intents == once.intents
    assert broken.alerts.episodes == once.alerts.episodes
    assert broken.alerts.memories == once.alerts.memories


def test_a_match_of_a_rule_with_no_episode_to_tell_is_no_decision_twice() -> None:
    desk = Desk(policy(trigger=FirstSeen(field="place", memory_seconds=86_400)))
    desk.gets(report("a1", facts=(WONSAN,)))
    assert desk.gets(report("a1", facts=(WONSAN,))) == Decision()
