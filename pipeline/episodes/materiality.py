"""Which new facts of a running situation matter enough to wake somebody. The reasons stand in `situations`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from pipeline.episode import Episode
from pipeline.episodes.profile import kilometres, of_kind, spots_of
from pipeline.matched import Matched

FACTOR = 3.0
FAR_KM = 50.0
ANOTHER_TIME = timedelta(minutes=20)
QUIET_BEFORE_SECOND = timedelta(hours=2)
_AGREED_KINDS = ("country", "person", "date", "weekday", "name")
_WHEN = ("date", "weekday", "time")


def material(leader: Episode, matched: Matched, facts: Sequence[str], agreed: Sequence[str]) -> tuple[str, ...]:
    """Those of the new `facts` that matter. `agreed` are those that another publisher brought as well."""
    told = tuple(leader.told)
    first_place = not any(each.startswith("place:") for each in told)
    return tuple(
        each for each in facts if (first_place and each.startswith("place:")) or (each in agreed and _matters(leader, matched, told, each))
    )


def _matters(leader: Episode, matched: Matched, told: Sequence[str], fact: str) -> bool:
    kind, _, value = fact.partition(":")
    if kind == "number":
        return _is_another_order(value, told)
    if kind == "place":
        return _is_far(fact, leader, matched)
    if kind == "time":
        return all(_minutes_apart(value, each.partition(":")[2]) >= ANOTHER_TIME for each in told if each.startswith("time:"))
    return kind in _AGREED_KINDS


def _is_another_order(value: str, told: Sequence[str]) -> bool:
    """Whether the number is three times as large or as small as every one that was told."""
    amount = _amount(value)
    others = [_amount(each.partition(":")[2]) for each in told if each.startswith("number:")]
    return all(max(amount, each) >= FACTOR * min(amount, each) for each in others)


def _amount(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        return 0.0


def _is_far(place: str, leader: Episode, matched: Matched) -> bool:
    """Whether it is far from all places of the situation that were told; a place that is on no map is."""
    situation = leader.situation
    spot = spots_of(matched).get(place)
    if situation is None or spot is None:
        return True
    told = of_kind(tuple(leader.told), "place")
    return all(kilometres(spot, other) > FAR_KM for name, other in situation.spots.items() if name in told)


def _minutes_apart(one: str, other: str) -> timedelta:
    """How far two times of day lie apart, the shorter way round the clock."""
    try:
        first, second = (int(each[:2]) * 60 + int(each[3:5]) for each in (one, other))
    except ValueError:
        return timedelta(hours=12)
    apart = abs(first - second)
    return timedelta(minutes=min(apart, 1_440 - apart))


def is_second_event(leader: Episode, facts: Sequence[str], now: datetime) -> bool:
    """Whether one report is enough: nobody was told anything for two hours, and it says another date, weekday or time of day."""
    last = leader.last_rang_at or leader.opened_at
    return now - last >= QUIET_BEFORE_SECOND and any(each.partition(":")[0] in _WHEN for each in facts)
