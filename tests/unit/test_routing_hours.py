"""Whether a time interval is now, and when the next begins."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.routing import hours
from pipeline.routing.model import Dates, Event, Interval, Routing, Times

OFFICE = Interval(weekdays=(0, 1, 2, 3, 4), times=(Times(7 * 60, 19 * 60),))
NIGHT = Interval(times=(Times(22 * 60, 6 * 60),))
FRIDAY_NIGHT = Interval(weekdays=(4,), times=(Times(22 * 60, 6 * 60),))
SMALL_HOURS = Interval(times=(Times(2 * 60 + 30, 4 * 60),))
CHRISTMAS = Event(
    starts_local=datetime.fromisoformat("2026-12-25"), minutes=2 * 1_440, all_day=True, recurrence="FREQ=YEARLY", who=("Weihnachten",)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "when", "is_now"),
    [
        (OFFICE, "2026-11-20T06:00", True),  # Friday, 7:00 in Berlin
        (OFFICE, "2026-11-20T05:59", False),
        (OFFICE, "2026-11-20T18:00", False),  # the end is outside
        (OFFICE, "2026-11-21T10:00", False),  # Saturday
        (NIGHT, "2026-11-20T21:30", True),
        (NIGHT, "2026-11-21T04:30", True),
        (NIGHT, "2026-11-21T05:00", False),
        (FRIDAY_NIGHT, "2026-11-21T04:30", True),  # Saturday morning belongs to Friday night
        (FRIDAY_NIGHT, "2026-11-20T04:30", False),
        (Interval(dates=(Dates(date(2026, 12, 24), date(2026, 12, 26)),)), "2026-12-26T22:59", True),
        (Interval(dates=(Dates(date(2026, 12, 24), date(2026, 12, 26)),)), "2026-12-26T23:00", False),
        (Interval(holidays=(CHRISTMAS,)), "2027-12-26T12:00", False),
        (Interval(holidays=(CHRISTMAS,)), "2027-12-27T12:00", True),
        (Interval(holidays=(CHRISTMAS,), on_holidays="only"), "2027-12-26T12:00", True),
        (Interval(holidays=(CHRISTMAS,), on_holidays="only"), "2027-12-24T12:00", False),
        (Interval(holidays=(CHRISTMAS,), on_holidays="too"), "2027-12-26T12:00", True),
        (Interval(zone="America/New_York", times=(Times(0, 1_440),), weekdays=(3,)), "2026-11-20T04:59", True),  # still Thursday there
    ],
)
def test_whether_it_is_now(interval: Interval, when: str, is_now: bool) -> None:
    assert hours.holds((interval,), at(when)) is is_now


def test_no_intervals_are_always() -> None:
    assert hours.holds((), at("2026-11-20T03:00"))
    assert hours.begins(((), ()), at("2026-11-20T03:00")) == at("2026-11-20T03:00")


@pytest.mark.parametrize(
    ("groups", "now", "expected"),
    [
        (((OFFICE,),), "2026-11-20T20:00", "2026-11-23T06:00"),
        (((OFFICE,), (NIGHT,)), "2026-11-20T20:00", None),
        (((OFFICE,), ()), "2026-11-20T12:00", "2026-11-20T12:00"),
        (((OFFICE, NIGHT),), "2026-11-20T20:00", "2026-11-20T21:00"),
        (((OFFICE,), (Interval(times=(Times(9 * 60, 10 * 60),)),)), "2026-11-20T20:00", "2026-11-23T08:00"),
        (((Interval(holidays=(CHRISTMAS,), on_holidays="only"),),), "2026-11-20T20:00", "2026-12-24T23:00"),
        (((SMALL_HOURS,),), "2027-03-27T12:00", "2027-03-28T01:00"),  # half past two is skipped: it begins at three
        (((SMALL_HOURS,),), "2026-10-24T12:00", "2026-10-25T00:30"),  # half past two comes twice: it begins the first time
        (((Interval(dates=(Dates(date(2020, 1, 1), date(2020, 1, 2)),)),),), "2026-11-20T20:00", None),
    ],
)
def test_when_it_begins(groups: tuple[tuple[Interval, ...], ...], now: str, expected: str | None) -> None:
    assert hours.begins(groups, at(now)) == (at(expected) if expected else None)


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ("2026-12-23T12:00", ()),
        ("2026-12-25T12:00", ("office (holiday: Weihnachten)", "nights")),
        ("2026-11-20T20:00", ("office", "nights")),
        ("2026-12-25T20:00", ("office", "nights")),
    ],
)
def test_the_intervals_that_are_not_now_are_named_with_the_holiday(when: str, expected: tuple[str, ...]) -> None:
    office = Interval(times=(Times(7 * 60, 19 * 60),), holidays=(CHRISTMAS,))
    routing = Routing(intervals={"office": (office,), "nights": (NIGHT,)})
    assert hours.missed(("office", "nights"), routing, at(when)) == expected
    assert hours.missed((), routing, at(when)) == ()


def test_an_interval_lasts_until_its_wall_clock_end_when_clocks_change() -> None:
    shift = (Interval(times=(Times(60, 6 * 60),)),)  # 1 to 6 o'clock
    assert hours.holds(shift, at("2026-10-25T04:59")) and not hours.holds(shift, at("2026-10-25T05:00"))
    assert hours.holds(shift, at("2027-03-28T03:59")) and not hours.holds(shift, at("2027-03-28T04:00"))


@given(
    st.datetimes(datetime.fromisoformat("2026-10-20"), datetime.fromisoformat("2027-04-05")),
    st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True),
    st.integers(0, 1_439),
    st.integers(1, 1_440),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Pacific/Auckland"]),
)
def test_where_it_begins_it_holds_and_before_it_does_not(wall: datetime, weekdays: list[int], start: int, end: int, zone: str) -> None:
    now = wall.replace(tzinfo=UTC)
    interval = (Interval(zone=zone, weekdays=tuple(weekdays), times=(Times(start, end),)),)
    begins = hours.begins((interval,), now)
    assert begins is not None and begins >= now and hours.holds(interval, begins)
    if begins > now:
        between = now + (begins - now) / 2
        assert not hours.holds(interval, now) and not hours.holds(interval, between)
