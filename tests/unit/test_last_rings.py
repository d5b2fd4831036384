"""When episodes rang last: found by rule and time, whatever the order in which it became known."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from pipeline.routing.last_rings import LastRing, LastRings
from tests.builders import NOON

RINGS = st.lists(st.tuples(st.sampled_from("abcd"), st.integers(1, 5), st.integers(0, 20)), max_size=30)


def rule_of(episode_id: str) -> str:
    return "first" if episode_id in "ab" else "second"


def at(second: int) -> datetime:
    return NOON + timedelta(seconds=second)


@given(RINGS, st.integers(0, 20), st.integers(0, 20))
def test_the_newest_step_of_each_episode_is_found_where_it_rang(rings: list[tuple[str, int, int]], since: int, until: int) -> None:
    made = LastRings()
    newest: dict[str, LastRing] = {}
    for episode_id, step, second in rings:
        ring = LastRing(step, at(second))
        made.add(rule_of(episode_id), episode_id, ring)
        if episode_id not in newest or step > newest[episode_id].step:
            newest[episode_id] = ring
    assert len(made) == len(newest)
    for rule_id in ("first", "second"):
        expected = [(name, ring) for name, ring in newest.items() if rule_of(name) == rule_id and at(since) <= ring.at <= at(until)]
        assert made.between(rule_id, at(since), at(until)) == sorted(expected, key=lambda each: (each[1].at, each[0]))
    assert set(made.rules()) == {rule_of(each) for each in newest}


def test_what_is_dropped_is_gone_and_a_rule_without_rings_with_it() -> None:
    made = LastRings()
    made.add("first", "a", LastRing(1, NOON))
    made.drop("unknown")
    made.drop("a")
    made.drop("a")
    assert not made and list(made.rules()) == [] and made.between("first", NOON, NOON) == []
