"""The state machine: one row for each edge, and that deciding follows it."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest

from pipeline.episodes.lifecycle import PEOPLE, Event, State, Step, after, state_at
from pipeline.rules.model import Count, Notify
from tests.desk import NOON, Desk, hours, minutes, policy, report

EDGES: list[tuple[State, Event, Step]] = [
    ("none", "match", Step("pending")),
    ("none", "triggered", Step("firing", "first")),
    ("pending", "match", Step("pending")),
    ("pending", "triggered", Step("firing", "first")),
    ("pending", "over", Step("none")),
    ("firing", "match", Step("firing")),
    ("firing", "triggered", Step("firing")),
    ("firing", "news", Step("firing", "update")),
    ("firing", "milestone", Step("firing", "update")),
    ("firing", "still", Step("quiet", "resolved")),
    ("reopened", "match", Step("reopened")),
    ("reopened", "triggered", Step("reopened")),
    ("reopened", "news", Step("reopened", "update")),
    ("reopened", "milestone", Step("reopened", "update")),
    ("reopened", "still", Step("quiet", "resolved")),
    ("quiet", "match", Step("quiet")),
    ("quiet", "triggered", Step("reopened", "reopened")),
    ("quiet", "settled", Step("closed")),
    ("closed", "match", Step("pending")),
    ("closed", "triggered", Step("firing", "first")),
]
STATES: list[State] = ["pending", "firing", "quiet", "closed", "reopened"]


@pytest.mark.parametrize(("state", "event", "expected"), EDGES)
def test_an_edge(state: State, event: Event, expected: Step) -> None:
    assert after(state, event) == expected


@pytest.mark.parametrize(("state", "event"), list(product(STATES, PEOPLE)))
def test_what_people_say_changes_no_state(state: State, event: Event) -> None:
    assert after(state, event) == Step(state)


@pytest.mark.parametrize("state", STATES)
def test_an_episode_that_is_merged_is_closed(state: State) -> None:
    assert after(state, "merged") == Step("closed")


def test_every_other_edge_does_not_exist() -> None:
    events: list[Event] = ["match", "triggered", "news", "milestone", "over", "still", "settled"]
    known = {(state, event) for state, event, _ in EDGES}
    for state, event in product(["none", *STATES], events):
        if (state, event) not in known:
            with pytest.raises(KeyError):
                after(state, event)  # type: ignore[arg-type]


def test_an_acknowledged_episode_goes_on_counting_and_ringing() -> None:
    desk = Desk()
    desk.gets(report())
    answered = {"acknowledged_by": "anna", "acknowledged_at": NOON, "assigned_to": "bert", "verdict": "confirmed"}
    desk.alerts.put(msgspec.structs.replace(desk.episode, **answered))
    desk.gets(report("a2"), minutes(1))
    assert desk.gets(report("a3", facts=("number:2",)), minutes(2)).why == "new_facts"
    assert (desk.episode.article_count, desk.episode.acknowledged_by, desk.episode.assigned_to) == (3, "anna", "bert")


def test_the_states_of_one_episode_in_order() -> None:
    rule = policy(Notify(resolved=True), trigger=Count(over_seconds=3_600, gte=2))
    desk = Desk(rule)
    seen = []

    def look(at: float) -> None:
        desk.waits(hours(at))
        seen.append((desk.episode.state, state_at(desk.episode, rule, NOON + hours(at))))

    desk.gets(report())
    look(0)
    desk.gets(report("a2"), hours(0.5))
    look(0.5)
    look(25)
    desk.gets(report("a3"), hours(26))
    look(26)
    desk.gets(report("a4"), hours(26.5))
    look(26.5)
    look(51)
    look(124)
    assert [stored for stored, _ in seen] == [by_time for _, by_time in seen]
    assert [stored for stored, _ in seen] == ["pending", "firing", "quiet", "quiet", "reopened", "quiet", "closed"]
    assert desk.kinds == ["first", "resolved", "reopened", "resolved"]


def test_what_is_stored_does_not_decide_when_a_clock_was_ahead() -> None:
    desk = Desk()
    desk.gets(report())
    desk.waits(hours(97))
    assert desk.episode.state == "closed"
    assert desk.gets(report("a2"), minutes(10)).why == "folded"
    assert desk.episode.state == "firing"


def test_two_stories_that_turn_out_to_be_one_go_on_as_the_older_episode() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=("place:x",)))
    desk.gets(report("a2", story="y", facts=("place:y",)), minutes(1))
    decision = desk.gets(report("a3", story="y", facts=("place:y",), merged_stories=("x",)), minutes(2))
    assert (decision.why, desk.kinds) == ("folded", ["first", "first"])
    older, younger = (next(each for each in desk.alerts.of_group("r", name) if each.group == name) for name in "xy")
    assert (younger.merged_into, younger.state, younger.abandoned) == (older.id, "closed", "merged")
    survivor = desk.alerts.episodes[older.id]
    assert (survivor.article_count, survivor.match_count, survivor.groups) == (3, 3, ("y",))
    assert desk.gets(report("a4", story="y", facts=("place:y",)), minutes(3)).why == "folded"
    assert desk.alerts.episodes[older.id].article_count == 4


def test_an_article_that_comes_back_under_another_story_links_the_two() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=("place:x",)))
    desk.gets(report("a2", story="y", facts=("place:y",)), minutes(1))
    desk.gets(report("a1", story="y", sentence="s2", revision=2, facts=("place:x",)), minutes(2))
    assert desk.kinds == ["first", "first"]
    assert [bool(each.merged_into) for each in desk.alerts.of_group("r", "y")] == [False, True]


def test_an_article_that_later_finds_a_story_takes_the_story_with_it() -> None:
    desk = Desk()
    desk.gets(report("a1", story=""))
    desk.gets(report("a1", story="late", sentence="s2", revision=2))
    assert desk.gets(report("a2", story="late"), minutes(1)).why == "folded"
    assert desk.episode.article_count == 2


def test_redelivery_after_a_merger_changes_nothing() -> None:
    desk = Desk()
    stream = [
        report("a1", story="x", facts=("place:x",)),
        report("a2", story="y", facts=("place:y",)),
        report("a3", story="y", facts=("place:y",), merged_stories=("x",)),
    ]
    for each in stream:
        desk.gets(each)
    before = dict(desk.alerts.episodes)
    for each in reversed(stream):
        assert desk.gets(each, hours(1)).records == ()
    assert desk.alerts.episodes == before
