"""Which source is fetched next: times, hosts, many sources."""

from __future__ import annotations

import time
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connectors._collect.agenda import FIRST_FETCHES_PER_SECOND, HOST_PAUSE_SECONDS, Agenda
from connectors._collect.fetching import Running
from pipeline.sections import SourceSettings
from pipeline.sources import SourceHealth


def source(name: str, due_at: float = 0, host: str = "", **changes: Any) -> Running:
    made = SourceSettings(id=name, connector="rss", **changes)
    return Running(made, None, SourceHealth(source_id=name), host=host, due_at=due_at)  # type: ignore[arg-type]


def agenda(*sources: Running) -> Agenda:
    found = Agenda()
    for each in sources:
        found.add(each)
    return found


def taken(found: Agenda, at: float) -> list[str]:
    names = []
    while each := found.take(at):
        names.append(each.settings.id)
    return names


def test_what_has_been_due_longest_comes_first_and_what_is_paused_never() -> None:
    found = agenda(source("later", 5), source("now", 1), source("longest", 0), source("paused", 0, paused=True))
    assert taken(found, 1) == ["longest", "now"] and found.seconds_to_next(1) == 4
    assert taken(found, 5) == ["later"] and found.seconds_to_next(5) == float("inf")


def test_one_fetch_at_a_time_per_host_and_a_pause_between_two() -> None:
    first, second, other = source("a1", 0, "a"), source("a2", 0, "a"), source("b1", 0, "b")
    found = agenda(first, second, other)
    assert taken(found, 0) == ["a1", "b1"] and found.seconds_to_next(0) == float("inf")
    found.release(first, 3)
    assert taken(found, 3) == [] and found.seconds_to_next(3) == HOST_PAUSE_SECONDS
    assert taken(found, 3 + HOST_PAUSE_SECONDS) == ["a2"]


def test_a_host_that_asks_for_rest_gets_it_from_all_its_feeds() -> None:
    first, second = source("a1", 0, "a"), source("a2", 10, "a")
    found = agenda(first, second)
    assert taken(found, 0) == ["a1"]
    found.release(first, 1, hold_seconds=600)
    assert taken(found, 300) == [] and found.seconds_to_next(300) == 301
    assert taken(found, 601) == ["a2"]


def test_sources_without_a_host_do_not_wait_for_each_other() -> None:
    assert len(taken(agenda(*(source(f"s{n}") for n in range(20))), 0)) == 20


def test_a_start_with_very_many_is_spread() -> None:
    many = [source(f"s{n:05}") for n in range(1_000)]
    found = Agenda()
    found.begin(many, 100)
    assert len(taken(found, 100)) == FIRST_FETCHES_PER_SECOND + 1
    assert len(taken(found, 101)) == FIRST_FETCHES_PER_SECOND and len(taken(found, 200)) == 1_000 - 101


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from(["", "a", "b"]), st.integers(0, 5)), max_size=30))
def test_every_source_comes_exactly_once_and_hosts_are_never_asked_twice_at_once(plan: list[tuple[int, str, int]]) -> None:
    sources = [source(f"s{number:02}", due, host) for number, (due, host, _) in enumerate(plan)]
    found, seen, ends = agenda(*sources), [], {}
    for at in range(400):
        for name in [name for name, end in ends.items() if end <= at]:
            del ends[name]
            found.release(next(each for each in sources if each.settings.id == name), at)
        while each := found.take(at):
            assert each.due_at <= at
            assert not each.host or all(other.host != each.host for other in sources if other.settings.id in ends)
            seen.append(each.settings.id)
            ends[each.settings.id] = at + plan[int(each.settings.id[1:])][2]
    assert sorted(seen) == [each.settings.id for each in sources]


def test_a_turn_with_twenty_thousand_sources_costs_what_is_due() -> None:
    found = agenda(*(source(f"s{n:05}", 1_000 + n, f"h{n % 5_000}") for n in range(20_000)))
    started = time.perf_counter()
    for _ in range(1_000):
        assert found.take(0) is None and found.seconds_to_next(0) == 1_000
    assert time.perf_counter() - started < 0.5
