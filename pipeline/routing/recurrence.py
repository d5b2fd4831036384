"""When an event of a calendar happens: its occurrences near a day.

`recurring-ical-events` would do this, and is under the LGPL. `dateutil`, which icalendar brings, looks for an occurrence that never comes (30 February)
until the year 9999, 6 seconds long (measured 2026-11-21). So each day is asked by itself whether it belongs: looking up a day costs
the same wherever it is. Tests compare it with `dateutil`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from pipeline.routing.model import DAY_MINUTES, Event
from pipeline.routing.wall_clock import instant, local

_BLOCK_DAYS = 32
_MARGIN = timedelta(days=1)  # clocks are put forward and back
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(frozen=True)
class Recurrence:
    """RRULE by its parts. `days` are weekdays with their number in the month or year, 0 for each; `positions` choose from the days of a month."""

    frequency: str
    interval: int
    until: datetime | None
    months: frozenset[int]
    month_days: frozenset[int]
    days: frozenset[tuple[int, int]]
    positions: tuple[int, ...]
    week_start: int

    def has(self, day: date, start: date) -> bool:
        """Whether an event that began on `start` recurs on this day."""
        if day < start or (self.months and day.month not in self.months) or self._period(day, start) % self.interval:
            return False
        if not self.positions:
            return self._fits(day, start)
        days = [each for each in _days_of_month(day) if self._fits(each, start)]
        return any(-len(days) <= each - (each > 0) < len(days) and days[each - (each > 0)] == day for each in self.positions)

    def _period(self, day: date, start: date) -> int:
        """How many days, weeks, months or years lie between."""
        if self.frequency == "DAILY":
            return (day - start).days
        if self.frequency == "WEEKLY":
            first, last = ((each.toordinal() - 1 - self.week_start) // 7 for each in (start, day))
            return last - first
        years = day.year - start.year
        return years if self.frequency == "YEARLY" else 12 * years + day.month - start.month

    def _fits(self, day: date, start: date) -> bool:
        """Whether the day is one of those that the rule names or, where it names none, is like `start`."""
        if not self.month_days and not self.days:
            return self._is_like(day, start)
        last = _last_of_month(day)
        in_month = not self.month_days or day.day in self.month_days or day.day - last - 1 in self.month_days
        return in_month and (not self.days or any(self._is_weekday(day, each, number) for each, number in self.days))

    def _is_like(self, day: date, start: date) -> bool:
        if self.frequency == "WEEKLY":
            return day.weekday() == start.weekday()
        if self.frequency == "YEARLY" and not self.months and day.month != start.month:
            return False
        return self.frequency == "DAILY" or day.day == start.day

    def _is_weekday(self, day: date, weekday: int, number: int) -> bool:
        if day.weekday() != weekday:
            return False
        if not number:
            return True
        in_year = self.frequency == "YEARLY" and not self.months
        place = day.timetuple().tm_yday if in_year else day.day
        length = date(day.year, 12, 31).timetuple().tm_yday if in_year else _last_of_month(day)
        return number in ((place - 1) // 7 + 1, -((length - place) // 7 + 1))


@lru_cache(maxsize=4_096)
def parsed(text: str) -> Recurrence:
    """The parts of `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,-1FR`. Raises KeyError or ValueError for what is none."""
    parts = dict(part.split("=", 1) for part in text.split(";"))

    def numbers(name: str) -> list[int]:
        return [int(each) for each in parts[name].split(",")] if name in parts else []

    until = parts.get("UNTIL")
    days = [(WEEKDAYS.index(each[-2:]), int(each[:-2] or "0")) for each in parts["BYDAY"].split(",")] if "BYDAY" in parts else []
    return Recurrence(
        frequency=parts["FREQ"],
        interval=int(parts.get("INTERVAL", "1")),
        until=datetime.fromisoformat(until) if until else None,
        months=frozenset(numbers("BYMONTH")),
        month_days=frozenset(numbers("BYMONTHDAY")),
        days=frozenset(days),
        positions=tuple(numbers("BYSETPOS")),
        week_start=WEEKDAYS.index(parts.get("WKST", "MO")),
    )


def _last_of_month(day: date) -> int:
    return ((day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day


def _days_of_month(day: date) -> Iterator[date]:
    return (day.replace(day=number) for number in range(1, _last_of_month(day) + 1))


def around(event: Event, at: datetime) -> list[tuple[datetime, datetime]]:
    """The occurrences that hold at `at`, as start and end in UTC, in order."""
    return [(start, end) for start, end in overlapping(event, at, at + timedelta(seconds=1)) if start <= at < end]


def overlapping(event: Event, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    """The occurrences that hold at some time from `since` to `until`, as start and end in UTC, in order."""
    length = timedelta(minutes=event.minutes)
    if _is_far(event, since, until, length):
        return []
    starts = between(event, local(since, event.zone) - length - _MARGIN, local(until, event.zone) + _MARGIN)
    spans = [(instant(start, event.zone), instant(start + length, event.zone)) for start in starts]
    return [(start, end) for start, end in spans if start < until and end > since]


def _is_far(event: Event, since: datetime, until: datetime, length: timedelta) -> bool:
    """Whether the one occurrence of an event lies days away in any zone: most shifts of a calendar, at any time."""
    once = not event.recurrence and not event.extra
    start, margin = event.starts_local, 2 * _MARGIN
    return once and (start - margin > until.replace(tzinfo=None) or start + length + margin < since.replace(tzinfo=None))


def between(event: Event, first: datetime, last: datetime) -> list[datetime]:
    """The starts from `first` to `last` in wall-clock time, both included, in order."""
    if not event.recurrence and not event.extra:
        return [event.starts_local] if first <= event.starts_local <= last and event.starts_local not in event.without else []
    blocks = range(first.toordinal() // _BLOCK_DAYS, last.toordinal() // _BLOCK_DAYS + 1)
    starts = {start for block in blocks for start in _in_block(event, block)}
    return sorted(each for each in starts if first <= each <= last)


@lru_cache(maxsize=4_096)
def _in_block(event: Event, block: int) -> tuple[datetime, ...]:
    """The starts within 32 days: those of the recurrence and the extra ones, without those that are left out."""
    begin = datetime.fromordinal(max(block * _BLOCK_DAYS, 1))
    extra = {each for each in (event.starts_local, *event.extra) if begin <= each < begin + timedelta(days=_BLOCK_DAYS)}
    found = set(occurrences(event.recurrence, event.starts_local, begin.date(), _BLOCK_DAYS)) if event.recurrence else set()
    return tuple(sorted((extra | found) - set(event.without)))


def occurrences(recurrence: str, starts_local: datetime, first: date, days: int) -> Iterator[datetime]:
    """The occurrences on `days` days from `first` on, in order; the event's own start is one only if the rule names its day."""
    rule, start = parsed(recurrence), starts_local.date()
    for number in range(days):
        day = first + timedelta(days=number)
        if rule.has(day, start):
            at = datetime.combine(day, starts_local.time())
            if rule.until and at > rule.until:
                return
            yield at


def whole_days(event: Event) -> int:
    """How many days an all-day event lasts."""
    return max(event.minutes // DAY_MINUTES, 1)
