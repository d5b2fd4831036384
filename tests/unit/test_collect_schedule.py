"""When a source is fetched next and how it is doing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors._collect import schedule
from pipeline.errors import Transient
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Unreadable
from pipeline.sources import SourceHealth, decode, encode
from tests.builders import article

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
NEW = SourceHealth(source_id="s")
rolls = st.floats(0, 1, exclude_max=True)
pauses = st.floats(0.2, 86_400)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 10_000), pauses, rolls, st.booleans())
def test_back_off_grows_and_never_exceeds_an_hour(failures: int, every: float, roll: float, permanent: bool) -> None:
    wait = schedule.back_off_seconds(failures, every, roll, permanent=permanent)
    assert 0 < wait <= 3_600
    assert schedule.back_off_seconds(failures + 1, every, roll, permanent=permanent) >= wait


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 100), pauses, rolls, st.floats(0, 86_400))
def test_what_the_server_asks_for_is_a_floor(failures: int, every: float, roll: float, asked: float) -> None:
    assert schedule.back_off_seconds(failures, every, roll, after_seconds=asked) >= asked


def test_a_first_glitch_is_tried_again_soon_and_a_refusal_at_the_normal_pause() -> None:
    assert schedule.back_off_seconds(1, 300, 0.99) <= 10
    assert schedule.back_off_seconds(1, 300, 0.99, permanent=True) > 200
    assert schedule.back_off_seconds(50, 2, 0.99) <= 60


@settings(deadline=None, max_examples=50)
@given(pauses, rolls)
def test_the_normal_pause_is_spread_by_five_percent(every: float, roll: float) -> None:
    assert 0.949 * every <= schedule.pause_seconds(Batch(), every, roll) <= 1.051 * every


def test_a_source_with_more_is_asked_at_once_and_one_that_names_a_wait_gets_it() -> None:
    assert schedule.pause_seconds(Batch(more=True, wait_seconds=9), 300, 0.5) == 0
    assert schedule.pause_seconds(Batch(wait_seconds=2), 300, 0.5) == 2


def state(health: SourceHealth, now: datetime = NOON, every: float = 300, paused: bool = False) -> str:
    return schedule.in_state(health, paused=paused, every_seconds=every, started_at=NOON, now=now).state


def test_a_source_goes_through_its_states() -> None:
    assert state(NEW) == "starting" and state(NEW, paused=True) == "paused"
    good = schedule.after_batch(NEW, Batch((article(),)), NOON)
    assert state(good) == "ok" and (good.articles, good.last_article_at, good.last_success_at) == (1, NOON, NOON)
    bad = schedule.after_failure(good, Transient("zwei\nZeilen"), NOON)
    assert state(bad) == "failing" and (bad.consecutive_failures, bad.last_error) == (1, "zwei Zeilen")
    again = schedule.after_batch(bad, Batch(), NOON + timedelta(minutes=5))
    assert state(again) == "ok" and again.last_error == "" and again.last_article_at == NOON
    assert state(again, NOON + timedelta(hours=25)) == "silent"
    assert state(again, NOON + timedelta(hours=25), every=86_400) == "ok"


def unreadable(count: int) -> tuple[Unreadable, ...]:
    return tuple(Unreadable("x", Rejection.UNREADABLE, f"no text in item\n{number}") for number in range(1, count + 1))


def test_a_source_of_which_nothing_can_be_read_is_failing_although_its_fetch_worked() -> None:
    found = schedule.after_batch(NEW, Batch(unreadable=unreadable(12)), NOON)
    assert (state(found), found.last_error) == ("failing", "12 of 12 items could not be read: no text in item 1")
    assert (found.unreadable, found.last_success_at, found.last_fetch_at) == (12, None, NOON)


def test_a_source_of_which_some_items_can_be_read_is_ok_and_shows_how_many_could_not() -> None:
    found = schedule.after_batch(NEW, Batch((article(),), unreadable=unreadable(2)), NOON)
    assert (state(found), found.last_error) == ("ok", "2 of 3 items could not be read: no text in item 1")
    assert (found.unreadable, found.last_success_at) == (2, NOON)


def test_only_something_readable_ends_the_verdict_that_nothing_can_be_read() -> None:
    later = NOON + timedelta(minutes=5)
    broken = schedule.after_batch(NEW, Batch(unreadable=unreadable(1)), NOON)
    # The connector remembers what it could not read and does not bring it again.
    nothing_new = schedule.after_batch(broken, Batch(), later)
    assert (state(nothing_new), nothing_new.last_error, nothing_new.last_success_at) == ("failing", broken.last_error, None)
    away = schedule.after_failure(nothing_new, Transient("no answer"), later)
    assert away.last_error == "no answer" and schedule.after_batch(away, Batch(), later).last_error == broken.last_error
    mended = schedule.after_batch(decode(encode(away)), Batch((article(),)), later)
    assert (state(mended), mended.last_error, mended.last_success_at) == ("ok", "", later)


def test_a_fetch_that_never_comes_back_is_failing() -> None:
    good = schedule.after_batch(NEW, Batch(), NOON)
    assert schedule.overdue(good, 100) == good
    assert state(schedule.overdue(good, 700)) == "failing"


def test_health_is_told_when_it_changes_and_at_least_every_minute() -> None:
    told = replace(NEW, updated_at=NOON)
    assert schedule.is_worth_telling(None, NEW, NOON)
    assert not schedule.is_worth_telling(told, NEW, NOON + timedelta(seconds=59))
    assert schedule.is_worth_telling(told, NEW, NOON + timedelta(seconds=60))
    assert schedule.is_worth_telling(told, replace(NEW, state="failing"), NOON)
    fetched = replace(NEW, last_fetch_at=NOON)
    assert not schedule.is_worth_telling(told, fetched, NOON + timedelta(seconds=1))
    assert schedule.is_worth_telling(told, fetched, NOON + timedelta(seconds=5))


def test_health_survives_its_encoding() -> None:
    health = schedule.after_failure(NEW, Transient("x"), NOON)
    assert decode(encode(health)) == health
