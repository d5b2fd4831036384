"""Who is on duty."""

from __future__ import annotations

from datetime import datetime

from pipeline.routing.model import Event, Roster
from pipeline.routing.recurrence import around, overlapping


def on_duty(roster: Roster, at: datetime) -> tuple[str, ...]:
    """The receivers of everybody whose shift it is, each once; those of the default when it is nobody's."""
    found = [name for shift in roster.shifts if around(shift, at) for name in receivers_of(shift, roster)]
    return tuple(dict.fromkeys(found)) or roster.default


def who(roster: Roster, at: datetime) -> tuple[str, ...]:
    """The names in the calendar, for people to read; empty when nobody is on duty."""
    return tuple(dict.fromkeys(shift.who[0] for shift in roster.shifts if shift.who and around(shift, at)))


def receivers_of(shift: Event, roster: Roster) -> tuple[str, ...]:
    """The receivers of the people of one shift; names that the roster does not know stand for nobody."""
    return tuple(dict.fromkeys(name for person in shift.who for name in roster.people.get(person, ())))


def gaps(roster: Roster, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The times between `since` and `until` when nobody is on duty, in order."""
    shifts = [span for each in roster.shifts if receivers_of(each, roster) for span in overlapping(each, since, until)]
    found, covered_until = [], since
    for start, end in sorted(shifts):
        if start > covered_until:
            found.append((covered_until, start))
        covered_until = max(covered_until, end)
    return [*found, (covered_until, until)] if covered_until < until else found
