"""Who is on duty, by calendars that recur, change and lie."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import perf_counter

import msgspec
import pytest
from dateutil.rrule import rrulestr
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.routing import ics, roster
from pipeline.routing.model import Event, Roster
from pipeline.routing.recurrence import occurrences

BERLIN = "Europe/Berlin"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def calendar(*events: str) -> bytes:
    body = "".join(f"BEGIN:VEVENT\r\n{each.strip()}\r\nEND:VEVENT\r\n" for each in events).replace("\n", "\r\n").replace("\r\r", "\r")
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n{body}END:VCALENDAR\r\n".encode()


def read(*events: str) -> tuple[Event, ...]:
    return ics.events(calendar(*events), "dienst.ics", BERLIN)


NIGHTS = """UID:n
DTSTART;TZID=Europe/Berlin:20261005T220000
DTEND;TZID=Europe/Berlin:20261006T060000
RRULE:FREQ=DAILY
SUMMARY:Nacht"""
MEYER = """UID:m
DTSTART;TZID=Europe/Berlin:20261005T080000
DTEND;TZID=Europe/Berlin:20261012T080000
RRULE:FREQ=WEEKLY;INTERVAL=2
SUMMARY:Meyer"""
SCHULZ = """UID:s
DTSTART;TZID=Europe/Berlin:20261012T080000
DTEND;TZID=Europe/Berlin:20261019T080000
RRULE:FREQ=WEEKLY;INTERVAL=2
SUMMARY:Woche 2
ATTENDEE;CN=Schulz:mailto:schulz@lage.example"""
DUTY = Roster(
    shifts=read(MEYER, SCHULZ, NIGHTS),
    people={"Meyer": ("meyer-telegram", "meyer-mail"), "schulz@lage.example": ("schulz",), "Nacht": ("nachtpult",)},
    default=("lagezentrum",),
)


@pytest.mark.parametrize(
    ("when", "receivers"),
    [
        ("2026-10-05T05:59", ("lagezentrum",)),
        ("2026-10-05T06:00", ("meyer-telegram", "meyer-mail")),
        ("2026-10-05T20:00", ("meyer-telegram", "meyer-mail", "nachtpult")),  # shifts overlap: all are told
        ("2026-10-12T06:00", ("schulz",)),
        ("2026-11-20T12:00", ("meyer-telegram", "meyer-mail")),
    ],
)
def test_those_on_duty_are_told(when: str, receivers: tuple[str, ...]) -> None:
    assert set(roster.on_duty(DUTY, at(when))) == set(receivers)


def test_a_shift_ends_by_the_clock_on_the_wall_when_clocks_change() -> None:
    nights = Roster(shifts=read(NIGHTS), people={"Nacht": ("nachtpult",)}, default=("tag",))
    assert roster.on_duty(nights, at("2026-10-25T04:59")) == ("nachtpult",)  # nine hours long, until six in winter time
    assert roster.on_duty(nights, at("2026-10-25T05:00")) == ("tag",)
    assert roster.on_duty(nights, at("2027-03-28T03:59")) == ("nachtpult",)  # seven hours long, until six in summer time
    assert roster.on_duty(nights, at("2027-03-28T04:00")) == ("tag",)


def test_gaps_are_those_times_without_anybody_the_roster_knows() -> None:
    strangers = Roster(shifts=read(MEYER, SCHULZ), people={"Meyer": ("meyer",)}, default=("lagezentrum",))
    assert roster.gaps(strangers, at("2026-10-05T06:00"), at("2026-10-20T00:00")) == [(at("2026-10-12T06:00"), at("2026-10-19T06:00"))]
    assert roster.gaps(DUTY, at("2026-10-05T06:00"), at("2026-11-30T00:00")) == []
    assert roster.gaps(Roster(), at("2026-10-05T06:00"), at("2026-10-06T06:00")) == [(at("2026-10-05T06:00"), at("2026-10-06T06:00"))]


def test_a_replaced_shift_a_cancelled_one_and_a_left_out_one_do_not_count() -> None:
    changed = read(
        NIGHTS + "\nEXDATE;TZID=Europe/Berlin:20261007T220000",
        "UID:n\nRECURRENCE-ID;TZID=Europe/Berlin:20261008T220000\nDTSTART;TZID=Europe/Berlin:20261008T230000\n"
        "DTEND;TZID=Europe/Berlin:20261009T040000\nSUMMARY:Vertretung",
        "UID:n\nRECURRENCE-ID;TZID=Europe/Berlin:20261009T220000\nSTATUS:CANCELLED\nDTSTART;TZID=Europe/Berlin:20261009T220000\n"
        "DTEND;TZID=Europe/Berlin:20261010T060000\nSUMMARY:Nacht",
    )
    duty = Roster(shifts=changed, people={"Nacht": ("nacht",), "Vertretung": ("vertretung",)}, default=("tag",))
    found = {day: roster.on_duty(duty, at(f"2026-10-{day:02}T20:30")) for day in range(6, 11)}
    assert found == {6: ("nacht",), 7: ("tag",), 8: ("tag",), 9: ("tag",), 10: ("nacht",)}
    assert roster.on_duty(duty, at("2026-10-08T21:30")) == ("vertretung",)


def test_counts_untils_and_extra_dates_bound_a_recurrence() -> None:
    three = read(NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;COUNT=3"))[0]
    assert three.recurrence == "FREQ=DAILY;UNTIL=20261007T220000"
    until = read(NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;UNTIL=20261007T200000Z"))[0]  # 22 o'clock in Berlin
    extra = read(NIGHTS.replace("RRULE:FREQ=DAILY", "RDATE;TZID=Europe/Berlin:20261101T220000"))[0]
    duty = Roster(shifts=(three,), people={"Nacht": ("n",)})
    assert [bool(roster.on_duty(duty, at(f"2026-10-{day:02}T20:30"))) for day in range(4, 10)] == [False, True, True, True, False, False]
    duty = Roster(shifts=(until,), people={"Nacht": ("n",)})
    assert [bool(roster.on_duty(duty, at(f"2026-10-{day:02}T20:30"))) for day in range(4, 10)] == [False, True, True, True, False, False]
    duty = Roster(shifts=(extra,), people={"Nacht": ("n",)})
    assert roster.on_duty(duty, at("2026-11-01T21:30")) == ("n",) and not roster.on_duty(duty, at("2026-11-02T21:30"))


def test_events_survive_a_round_trip_through_json() -> None:
    assert msgspec.json.decode(msgspec.json.encode(DUTY), type=Roster) == DUTY


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (NIGHTS.replace("FREQ=DAILY", "FREQ=SECONDLY"), "FREQ=SECONDLY"),
        (NIGHTS.replace("FREQ=DAILY", "FREQ=MINUTELY;COUNT=5"), "FREQ=MINUTELY"),
        (NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;BYSECOND=1,2,3"), "BYSECOND"),
        (NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;COUNT=999999"), "more than 1000 times"),
        (NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;INTERVAL=0"), "recurs"),
        (NIGHTS.replace("20261006T060000", "20261004T060000"), "must end after it begins"),
        (NIGHTS.replace("20261006T060000", "20991006T060000"), "within a year"),
        (NIGHTS.replace("20261005T220000", "00010105T220000"), "the year 1"),
        ("UID:x\nSUMMARY:kein Anfang", "DTSTART"),
        (NIGHTS + "\nRRULE:FREQ=WEEKLY", "several RRULE"),
        ("UID:x\nDTSTART:Unsinn\nSUMMARY:x", "dienst.ics"),
    ],
)
def test_what_cannot_be_reckoned_with_is_refused_in_words(event: str, says: str) -> None:
    with pytest.raises(ics.BadCalendar, match=says.replace(".", r"\.")):
        read(event)


def test_large_calendars_are_refused_before_they_cost_anything() -> None:
    for data in (
        b"x" * (ics.MAX_BYTES + 1),
        calendar(*["UID:x\nDTSTART:20260101\nSUMMARY:x"] * (ics.MAX_EVENTS + 1)),
        b"BEGIN:VCALENDAR\r\n" * 20_000,
    ):
        began = perf_counter()
        with pytest.raises(ics.BadCalendar):
            ics.events(data, "dienst.ics", BERLIN)
        assert perf_counter() - began < 1


def test_a_day_that_never_comes_costs_no_time() -> None:
    never = NIGHTS.replace("FREQ=DAILY", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30").replace("2026100", "1970010")
    began = perf_counter()
    duty = Roster(
        shifts=read(*[never.replace("UID:n", f"UID:n{number}") for number in range(50)]), people={"Nacht": ("n",)}, default=("tag",)
    )
    assert roster.on_duty(duty, at("2026-11-20T12:00")) == ("tag",)
    assert perf_counter() - began < 2


def test_files_outside_of_the_folder_and_missing_ones_are_refused(tmp_path: Path) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "geheim.ics").write_bytes(calendar(NIGHTS))
    (tmp_path / "rules" / "link.ics").symlink_to(tmp_path / "geheim.ics")
    for name, says in (
        ("../geheim.ics", "outside"),
        ("link.ics", "outside"),
        ("/etc/passwd", "outside"),
        ("fehlt.ics", "cannot be read"),
        (".", "cannot be read"),
    ):
        with pytest.raises(ics.BadCalendar, match=says):
            ics.read(tmp_path / "rules", name, BERLIN)


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(NIGHTS.split("\n") + ["END:VEVENT", "BEGIN:VALARM", "RRULE:FREQ=YEARLY;BYDAY=99XX"]), max_size=12).map(
        "\n".join
    )
)
@example("DTSTART;TZID=Mars/Olympus:20260101T000000\nSUMMARY:x")
@example("DTSTART;VALUE=PERIOD:20260101T000000Z/PT1H\nSUMMARY:x")
def test_hostile_text_is_read_or_refused_and_nothing_else(event: str) -> None:
    try:
        shifts = read(event)
    except ics.BadCalendar:
        return
    roster.on_duty(Roster(shifts=shifts), at("2026-11-20T12:00"))


@given(
    st.sampled_from(
        str.split(
            "FREQ=DAILY;INTERVAL=3 FREQ=DAILY;BYDAY=MO,FR;BYMONTH=3 FREQ=WEEKLY FREQ=WEEKLY;BYDAY=MO,TH;INTERVAL=2 FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU "
            "FREQ=MONTHLY FREQ=MONTHLY;BYDAY=-1SU FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13 FREQ=MONTHLY;BYMONTHDAY=-1,15;INTERVAL=5 "
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1 FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1,2 FREQ=YEARLY FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=28 "
            "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU FREQ=YEARLY;BYDAY=20MO,-3TU FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29 FREQ=YEARLY;BYMONTH=5 "
            "FREQ=DAILY;UNTIL=20190301T080000 FREQ=YEARLY;BYMONTHDAY=24 FREQ=MONTHLY;BYMONTH=1;BYDAY=1MO"
        )
    ),
    st.dates(date(2015, 1, 1), date(2018, 12, 31)),
    st.integers(0, 3_000),
)
def test_occurrences_are_those_that_dateutil_counts_from_the_start(recurrence: str, start: date, days: int) -> None:
    starts_local = datetime.combine(start, time(8))
    first = start + timedelta(days=days)
    expected = rrulestr(recurrence, dtstart=starts_local).between(
        datetime.combine(first, time()), datetime.combine(first + timedelta(days=400), time()), inc=True
    )
    assert list(occurrences(recurrence, starts_local, first, 400)) == expected
