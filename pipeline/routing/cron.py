"""Times of a calendar in five fields: minute, hour, day of the month, month, day of the week.

Written here because `croniter`, which is here only with Faust, reads more dialects than the rule files promise.
A time that clocks skip fires once, the moment after the gap; one that they show twice fires the first time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from pipeline.routing.wall_clock import instant, local

_MONTHS = {name: number for number, name in enumerate(str.split("jan feb mar apr may jun jul aug sep oct nov dec"), 1)}
_WEEKDAYS = {name: number for number, name in enumerate(str.split("sun mon tue wed thu fri sat"))}
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 0, 7, _WEEKDAYS),
)
_PART = re.compile(r"(\*|[a-z0-9]{1,3})(?:-([a-z0-9]{1,3}))?(?:/([0-9]{1,2}))?")
_MOST_CHARACTERS = 200
# A 29th of February that is a certain weekday comes back after 28 years at most, but for the turn of a century, when it takes 40.
_SEARCHED_DAYS = 366 * 41
# Clocks are put back by two hours at most in our days.
_MARGIN = timedelta(hours=3)


@dataclass(frozen=True)
class Cron:
    """The values that each field allows. With `either_day` one of the two fields for days is enough, as cron has had it since Unix V7."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    def has_day(self, day: date) -> bool:
        in_month, in_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and (in_month or in_week if self.either_day else in_month and in_week)


@lru_cache(maxsize=1_024)
def parsed(text: str) -> Cron:
    """The five fields of `text`. Raises ValueError that says which field is wrong and what is allowed."""
    fields = text.lower().split()
    if len(fields) != 5 or len(text) > _MOST_CHARACTERS:
        raise ValueError("a cron time has five fields: minute, hour, day of the month, month, day of the week, such as '0 7 * * 1-5'")
    allowed = [_values(field, *about) for field, about in zip(fields, _FIELDS, strict=True)]
    weekdays = frozenset(each % 7 for each in allowed[4])
    either_day = not fields[2].startswith("*") and not fields[4].startswith("*")
    return Cron(tuple(sorted(allowed[0])), tuple(sorted(allowed[1])), frozenset(allowed[2]), frozenset(allowed[3]), weekdays, either_day)


def _values(field: str, name: str, low: int, high: int, names: dict[str, int]) -> set[int]:
    found: set[int] = set()
    for part in field.split(","):
        read = _PART.fullmatch(part)
        if read is None:
            raise ValueError(f"{part!r} is no {name}: write a number, a range such as {low}-{high}, a list with commas, or */2 for steps")
        first = low if read[1] == "*" else _number(read[1], name, low, high, names)
        last = high if read[1] == "*" or (read[3] and not read[2]) else first
        if read[2]:
            last = _number(read[2], name, low, high, names)
            last += 7 if names is _WEEKDAYS and last == 0 < first else 0  # fri-sun
        step = int(read[3] or 1)
        if first > last or step < 1 or (read[1] == "*" and read[2]):
            raise ValueError(f"{part!r} is no {name}: a range goes from the lower to the higher number, a step is 1 or more")
        found.update(range(first, last + 1, step))
    return found


def _number(text: str, name: str, low: int, high: int, names: dict[str, int]) -> int:
    value = names.get(text, int(text) if text.isdigit() else -1)
    if not low <= value <= high:
        raise ValueError(f"{text!r} is no {name}: it is from {low} to {high}{' or a name such as ' + next(iter(names)) if names else ''}")
    return value


def following(text: str, zone: str, after: datetime) -> datetime | None:
    """The first time after `after`, in UTC; None for a cron that never fires, such as 31 February."""
    fires = parsed(text)
    start = local(after, zone) - _MARGIN
    days = (start.date() + timedelta(days=number) for number in range(_SEARCHED_DAYS))
    for day in days:
        for wall in _on(fires, day):
            if wall >= start and (at := instant(wall, zone)) > after:
                return at
    return None


def latest(text: str, zone: str, until: datetime, within: timedelta) -> datetime | None:
    """The last time up to `until`, in UTC, None when it is longer ago than `within`."""
    fires = parsed(text)
    end = local(until, zone) + _MARGIN
    for number in range((_MARGIN + within + _MARGIN).days + 2):
        for wall in reversed(list(_on(fires, end.date() - timedelta(days=number)))):
            if wall <= end and (at := instant(wall, zone)) <= until:
                return at if until - at <= within else None
    return None


def _on(fires: Cron, day: date) -> Iterator[datetime]:
    if fires.has_day(day):
        for hour in fires.hours:
            for minute in fires.minutes:
                yield datetime.combine(day, time(hour, minute))


def objection(text: str, zone: str) -> str:
    """What is wrong with a cron of the files, "" when nothing is. It is looked at from 2000 on, where every date comes."""
    try:
        fires = following(text, zone, datetime(2000, 1, 1, tzinfo=UTC))
    except ValueError as error:
        return str(error)
    return "" if fires else f"{text!r} never fires: there is no such day"
