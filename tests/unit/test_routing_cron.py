"""When calendars fire, in zones where clocks are put forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.routing import cron
from pipeline.routing.wall_clock import instant, local

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "after", "expected"),
    [
        ("0 7 * * 1-5", "2026-11-20T05:59", "2026-11-20T06:00"),  # a Friday, 7 o'clock in Berlin
        ("0 7 * * 1-5", "2026-11-20T06:00", "2026-11-23T06:00"),  # that moment itself does not count; then it is Monday
        ("*/15 * * * *", "2026-11-20T12:01", "2026-11-20T12:15"),
        ("5-10/5,40 8 * * *", "2026-11-20T07:06", "2026-11-20T07:10"),
        ("0 0 1 jan *", "2026-11-20T12:00", "2026-12-31T23:00"),
        ("0 0 * * sun", "2026-11-20T12:00", "2026-11-21T23:00"),
        ("0 0 * * 7", "2026-11-20T12:00", "2026-11-21T23:00"),
        ("0 0 * * fri-sun", "2026-11-20T12:00", "2026-11-20T23:00"),
        ("0 12 24 * mon", "2026-11-20T12:00", "2026-11-23T11:00"),  # day of the month or of the week, as cron has it
        ("0 12 29 2 *", "2026-11-20T12:00", "2028-02-29T11:00"),
    ],
)
def test_the_next_time(text: str, after: str, expected: str) -> None:
    assert cron.following(text, BERLIN, at(after)) == at(expected)


def test_a_time_that_clocks_skip_fires_once_after_the_gap() -> None:
    """On 2027-03-28 clocks in Berlin go from 2 to 3."""
    night = cron.following("30 2 * * *", BERLIN, at("2027-03-27T12:00"))
    assert night == at("2027-03-28T01:00")
    assert cron.following("30 2 * * *", BERLIN, at("2027-03-28T01:00")) == at("2027-03-29T00:30")
    assert cron.following("*/10 2 * * *", BERLIN, at("2027-03-28T00:59")) == at("2027-03-28T01:00")
    assert cron.following("*/10 2 * * *", BERLIN, at("2027-03-28T01:00")) == at("2027-03-29T00:00")


def test_a_time_that_clocks_show_twice_fires_the_first_time() -> None:
    """On 2026-10-25 clocks in Berlin go from 3 back to 2."""
    assert cron.following("30 2 * * *", BERLIN, at("2026-10-24T12:00")) == at("2026-10-25T00:30")
    assert cron.following("30 2 * * *", BERLIN, at("2026-10-25T00:30")) == at("2026-10-26T01:30")
    assert cron.following("30 2 * * *", BERLIN, at("2026-10-25T01:10")) == at("2026-10-26T01:30")


def test_a_day_of_ten_minutes_fires_in_order_and_never_twice_when_clocks_change() -> None:
    for day in ("2026-10-24T12:00", "2027-03-27T12:00"):
        fired, now = [], at(day)
        while now < at(day) + timedelta(days=1):
            found = cron.following("*/10 * * * *", BERLIN, now)
            assert found is not None and found > now
            fired.append(local(found, BERLIN))
            now = found
        assert len(set(fired)) == len(fired)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 7 * *", "five fields"),
        ("60 7 * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 7 0 * *", "day of the month"),
        ("0 7 * 13 *", "month"),
        ("0 7 * * 8", "day of the week"),
        ("0 7 * * mon-", "day of the week"),
        ("5-1 7 * * *", "lower to the higher"),
        ("*/0 7 * * *", "step"),
        ("@daily", "five fields"),
        ("0 7 * * *;rm", "day of the week"),
        ("0 0 31 2 *", "never fires"),
        ("0 0 30 feb *", "never fires"),
        ("1," * 200 + "1 * * * *", "five fields"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, says: str) -> None:
    assert says in cron.objection(text, BERLIN)


def test_a_good_cron_has_no_objection() -> None:
    assert cron.objection("0 7 29 2 fri", "Pacific/Apia") == ""


def test_the_latest_time_is_found_within_its_bound() -> None:
    hour = timedelta(hours=1)
    assert cron.latest("0 7 * * *", BERLIN, at("2026-11-20T06:30"), hour) == at("2026-11-20T06:00")
    assert cron.latest("0 7 * * *", BERLIN, at("2026-11-20T06:00"), hour) == at("2026-11-20T06:00")
    assert cron.latest("0 7 * * *", BERLIN, at("2026-11-20T05:59"), hour) is None
    assert cron.latest("30 2 * * *", BERLIN, at("2026-10-25T01:40"), 2 * hour) == at("2026-10-25T00:30")


@given(
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-12-31")),
    st.sampled_from(["0 7 * * *", "30 2 * * *", "*/20 1-3 * * *", "0 0 1 * *", "59 23 * * sun"]),
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]),
)
def test_the_latest_is_what_followed_before(wall: datetime, text: str, zone: str) -> None:
    now = wall.replace(tzinfo=UTC, second=0, microsecond=0)
    following = cron.following(text, zone, now)
    assert following is not None and following > now
    assert cron.latest(text, zone, following, timedelta(days=1)) == following


@given(
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2028-01-01")),
    st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe"]),
)
def test_wall_clock_times_become_instants_in_their_order(wall: datetime, zone: str) -> None:
    wall = wall.replace(microsecond=0)
    found = instant(wall, zone)
    assert local(found, zone) >= wall
    assert instant(wall + timedelta(minutes=20), zone) >= found
