"""Time intervals: whether one is now, and when the next begins. All by wall-clock time in the zone of each interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime, time, timedelta

import msgspec

from pipeline.routing.model import Event, Interval, Routing, Times
from pipeline.routing.recurrence import between, whole_days
from pipeline.routing.wall_clock import instant, local

_SEARCHED_DAYS = 400
_WHOLE_DAY = (Times(0, 0),)


def named(names: Iterable[str], routing: Routing) -> tuple[Interval, ...]:
    """The intervals of these names; unknown names are passed over, the check of the files names them."""
    return tuple(interval for name in names for interval in routing.intervals.get(name, ()))


def holds(intervals: Sequence[Interval], at: datetime) -> bool:
    """Whether one of `intervals` is at `at`. No intervals is always."""
    return not intervals or any(_is_in(each, at) for each in intervals)


def missed(names: Sequence[str], routing: Routing, at: datetime) -> tuple[str, ...]:
    """The named intervals when none of them is at `at`, each with the holiday that takes the day out of it; none while one holds."""
    if holds(named(names, routing), at):
        return ()
    return tuple(_with_holiday(name, routing.intervals[name], at) for name in names if name in routing.intervals)


def _with_holiday(name: str, intervals: Sequence[Interval], at: datetime) -> str:
    kept_out = [each for each in intervals if each.on_holidays == "never" and _is_in(msgspec.structs.replace(each, holidays=()), at)]
    days = [(each, local(at, each.zone).date() - timedelta(days=back)) for each in kept_out for back in (0, 1)]
    holidays = [found.who[0] if found.who else "a holiday" for each, day in days if (found := _holiday_on(each, day))]
    return f"{name} (holiday: {holidays[0]})" if holidays else name


def begins(groups: Sequence[Sequence[Interval]], now: datetime) -> datetime | None:
    """The first instant from `now` on at which one interval of each group holds; None when there is none for more than a year."""

    def all_hold(at: datetime) -> bool:
        return all(holds(each, at) for each in groups)

    if all_hold(now):
        return now
    intervals = [interval for group in groups for interval in group]
    for number in range(-1, _SEARCHED_DAYS):
        days = (number, number + 1)  # two at once: days of far zones begin in another order
        starts = {
            start for each in intervals for day in days for start in _starts(each, local(now, each.zone).date() + timedelta(days=day))
        }
        for start in sorted(starts):
            if start > now and all_hold(start):
                return start
    return None


def _starts(interval: Interval, day: date) -> list[datetime]:
    """When the interval may begin on this day: at its times, whatever day it is."""
    return [instant(_at_minute(day, each.start), interval.zone) for each in interval.times or _WHOLE_DAY]


def _at_minute(day: date, minute: int) -> datetime:
    return datetime.combine(day, time()) + timedelta(minutes=minute)


def _is_in(interval: Interval, at: datetime) -> bool:
    here = local(at, interval.zone)
    minute = here.hour * 60 + here.minute
    today, yesterday = here.date(), here.date() - timedelta(days=1)
    return any(_covers(each, minute, today, yesterday, interval) for each in interval.times or _WHOLE_DAY)


def _covers(times: Times, minute: int, today: date, yesterday: date, interval: Interval) -> bool:
    if times.start < times.end:
        return times.start <= minute < times.end and _is_day(interval, today)
    return (minute >= times.start and _is_day(interval, today)) or (minute < times.end and _is_day(interval, yesterday))


def _is_day(interval: Interval, day: date) -> bool:
    if day.weekday() not in interval.weekdays:
        return False
    if interval.dates and not any(each.first <= day <= each.last for each in interval.dates):
        return False
    if interval.on_holidays == "too" or not interval.holidays:
        return True
    return is_holiday(interval, day) == (interval.on_holidays == "only")


def is_holiday(interval: Interval, day: date) -> bool:
    """Whether an event of the interval's holidays lasts over this day."""
    return _holiday_on(interval, day) is not None


def _holiday_on(interval: Interval, day: date) -> Event | None:
    last = datetime.combine(day, time(23, 59))
    lasts = (
        each for each in interval.holidays if between(each, datetime.combine(day, time()) - timedelta(days=whole_days(each) - 1), last)
    )
    return next(lasts, None)
