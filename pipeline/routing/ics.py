"""Calendars in ICS files (RFC 5545), read into events. Whatever a file holds, it costs little time and raises nothing but `BadCalendar`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from icalendar import Calendar

from pipeline.routing import recurrence
from pipeline.routing.model import DAY_MINUTES, Event
from pipeline.routing.wall_clock import instant, is_zone, local

# Reading takes 2 ms an event, and 15 ms for one that recurs a number of times (measured 2026-11-21).
MAX_BYTES = 300_000
MAX_EVENTS = 1_000
MAX_RECURRING = 100
_MOST_DATES = 2_000
_MOST_PEOPLE = 20
_MOST_COUNT = 1_000
_MOST_INTERVAL = 1_000
_MOST_VALUES = 60
_LONGEST = timedelta(days=366)
_COUNTED_YEARS = {"DAILY": 4, "WEEKLY": 20, "MONTHLY": 40, "YEARLY": 40}
_YEARS = range(1970, 2101)
_FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_PARTS = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS", "WKST")


class BadCalendar(Exception):
    """Why a calendar is not taken, for people."""


def read(folder: Path, name: str, zone: str) -> tuple[Event, ...]:
    """The events of the file `name` below `folder`; times without a zone are in `zone`. Raises BadCalendar."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadCalendar(f"the calendar {name!r} lies outside the folder of rules: move it in")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise BadCalendar(f"the calendar {name!r} cannot be read: {why}") from None
    return events(data, name, zone)


def events(data: bytes, name: str, zone: str) -> tuple[Event, ...]:
    """The events in `data`, in order of their start. Raises BadCalendar."""
    if len(data) > MAX_BYTES:
        raise BadCalendar(f"the calendar {name!r} is larger than {MAX_BYTES:,} bytes: leave old years out")
    if data.upper().count(b"BEGIN:VEVENT") > MAX_EVENTS or data.upper().count(b"BEGIN:") > 2 * MAX_EVENTS:
        raise BadCalendar(f"the calendar {name!r} has more than {MAX_EVENTS} events: leave old years out")
    try:
        calendars = Calendar.from_ical(data.decode("utf-8"), multiple=True)
        found = [_event(each, zone) for calendar in calendars for each in calendar.walk("VEVENT")]
    except BadCalendar as error:
        raise BadCalendar(f"the calendar {name!r}: {error}") from None
    except Exception as error:  # icalendar raises whatever its parsing of hostile text runs into
        raise BadCalendar(f"{name!r} is no calendar that can be read: {str(error)[:200] or type(error).__name__}") from None
    if sum(bool(each.recurrence) for _, _, _, each in found) > MAX_RECURRING:
        raise BadCalendar(f"the calendar {name!r} has more than {MAX_RECURRING} events that recur: write dates out, or split it")
    return _without_replaced(found)


_Read = tuple[str, datetime | None, bool, Event]  # uid, which occurrence it replaces, cancelled


def _without_replaced(found: Iterable[_Read]) -> tuple[Event, ...]:
    """The events that take place; a recurring one leaves out what another one of its name replaces."""
    found = list(found)
    replaced: dict[str, list[datetime]] = {}
    for uid, instead_of, _, _ in found:
        if instead_of is not None:
            replaced.setdefault(uid, []).append(instead_of)
    kept = []
    for uid, instead_of, is_cancelled, event in found:
        if is_cancelled:
            continue
        if instead_of is None and uid in replaced:
            event = msgspec.structs.replace(event, without=(*event.without, *(local(each, event.zone) for each in replaced[uid])))
        kept.append(event)
    return tuple(sorted(kept, key=lambda each: (each.starts_local, each.who)))


def _event(component: Any, zone: str) -> _Read:
    start = component["DTSTART"].dt
    all_day = not isinstance(start, datetime)
    own_zone = zone if all_day else _zone_of(start, zone)
    starts_local = _wall(start, own_zone)
    if starts_local.year not in _YEARS:
        raise BadCalendar(f"an event begins in the year {starts_local.year}: from {_YEARS[0]} to {_YEARS[-1]} is allowed")
    event = Event(
        starts_local=starts_local,
        minutes=_minutes(component, start, own_zone, starts_local),
        zone=own_zone,
        all_day=all_day,
        recurrence=_recurrence(component, starts_local, own_zone),
        extra=_dates(component, "RDATE", own_zone),
        without=_dates(component, "EXDATE", own_zone),
        who=_who(component),
    )
    replaces = component.get("RECURRENCE-ID")
    instead_of = _instant(replaces.dt, own_zone) if replaces is not None else None
    return str(component.get("UID", "")), instead_of, str(component.get("STATUS", "")).upper() == "CANCELLED", event


def _zone_of(at: datetime, zone: str) -> str:
    if at.tzinfo is None:
        return zone
    name = str(getattr(at.tzinfo, "key", "") or at.tzname())
    if not is_zone(name):
        raise BadCalendar(f"the time zone {name!r} is not known: use IANA names such as Europe/Berlin")
    return name


def _wall(at: date | datetime, zone: str) -> datetime:
    """The wall-clock time in `zone`; a date is its midnight."""
    if not isinstance(at, datetime):
        return datetime.combine(at, time())
    return (local(at, zone) if at.tzinfo else at).replace(microsecond=0)


def _instant(at: date | datetime, zone: str) -> datetime:
    return at.astimezone(UTC) if isinstance(at, datetime) and at.tzinfo else instant(_wall(at, zone), zone)


def _minutes(component: Any, start: date | datetime, zone: str, starts_local: datetime) -> int:
    """How long it lasts by the clocks. An event without an end lasts a day when it has no time, otherwise nothing, which is an error."""
    if "DTEND" in component:
        length = _wall(component["DTEND"].dt, zone) - starts_local
    elif "DURATION" in component:
        length = component["DURATION"].dt
    else:
        length = timedelta(minutes=0 if isinstance(start, datetime) else DAY_MINUTES)
    if not timedelta(0) < length <= _LONGEST:
        raise BadCalendar(f"the event of {starts_local:%Y-%m-%d %H:%M} must end after it begins, and within a year")
    return max(int(length.total_seconds() // 60), 1)


def _recurrence(component: Any, starts_local: datetime, zone: str) -> str:
    rule = component.get("RRULE")
    if rule is None:
        return ""
    if isinstance(rule, list):
        raise BadCalendar(f"the event of {starts_local:%Y-%m-%d} has several RRULE: write one event for each")
    parts: dict[str, list[Any]] = {str(name).upper(): list(value) for name, value in rule.items()}
    frequency = str(parts.get("FREQ", [""])[0]).upper()
    unknown = [name for name in parts if name not in _PARTS]
    if frequency not in _FREQUENCIES or unknown or any(len(each) > _MOST_VALUES for each in parts.values()):
        what = ", ".join(unknown) or f"FREQ={frequency}"
        raise BadCalendar(
            f"the event of {starts_local:%Y-%m-%d} recurs by {what}: use {', '.join(_FREQUENCIES)} with {', '.join(_PARTS[1:])}"
        )
    if "BYSETPOS" in parts and frequency != "MONTHLY":
        raise BadCalendar(f"the event of {starts_local:%Y-%m-%d} recurs {frequency} by BYSETPOS: that works with FREQ=MONTHLY only")
    count, interval = int(parts.pop("COUNT", [0])[0]), int(parts.get("INTERVAL", [1])[0])
    if not 0 <= count <= _MOST_COUNT or not 1 <= interval <= _MOST_INTERVAL:
        raise BadCalendar(
            f"the event of {starts_local:%Y-%m-%d} recurs more than {_MOST_COUNT} times, or less often than can be reckoned with"
        )
    if "UNTIL" in parts:
        until = parts["UNTIL"][0]
        end = _wall(until, zone) if isinstance(until, datetime) else datetime.combine(until, time(23, 59, 59))
        parts["UNTIL"] = [f"{end:%Y%m%dT%H%M%S}"]
    text = ";".join(f"{name}={','.join(str(each).upper() for each in values)}" for name, values in parts.items())
    return _bounded(text, starts_local, count)


def _bounded(text: str, starts_local: datetime, count: int) -> str:
    """The rule with UNTIL in the place of COUNT: so any later day can be looked up without counting from the beginning."""
    frequency = recurrence.parsed(text).frequency
    if not count:
        return text
    days = 366 * _COUNTED_YEARS[frequency]
    first = list(islice(recurrence.occurrences(text, starts_local, starts_local.date(), days), count))
    rest = ";".join(part for part in text.split(";") if not part.startswith("UNTIL="))
    return f"{rest};UNTIL={(first[-1] if first else starts_local):%Y%m%dT%H%M%S}"


def _dates(component: Any, name: str, zone: str) -> tuple[datetime, ...]:
    listed = component.get(name)
    lists = listed if isinstance(listed, list) else [listed] if listed is not None else []
    found = [each.dt for several in lists for each in several.dts]
    if len(found) > _MOST_DATES:
        raise BadCalendar(f"an event has more than {_MOST_DATES} {name}")
    return tuple(_wall(each[0] if isinstance(each, tuple) else each, zone) for each in found)


def _who(component: Any) -> tuple[str, ...]:
    """The summary, then each attendee's name and address, each once."""
    attendees = component.get("ATTENDEE", [])
    names = [str(component.get("SUMMARY", ""))]
    for each in (attendees if isinstance(attendees, list) else [attendees])[:_MOST_PEOPLE]:
        address = str(each)
        names += [str(each.params.get("CN", "")), address[7:] if address.lower().startswith("mailto:") else address]
    return tuple(dict.fromkeys(name.strip()[:200] for name in names if name.strip()))
