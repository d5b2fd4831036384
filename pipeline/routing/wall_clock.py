"""From wall-clock time to instants, where clocks are put forward and back as well."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

# The widest change of an offset that has been decreed in one night is a day (Samoa, 2011); the usual one is an hour.
_WIDEST_SECONDS = 86_400


@lru_cache(maxsize=256)
def zone(name: str) -> ZoneInfo:
    """The zone `name`. Raises `zoneinfo.ZoneInfoNotFoundError` or ValueError for what is none."""
    return ZoneInfo(name)


def is_zone(name: str) -> bool:
    try:
        zone(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def local(at: datetime, zone_name: str) -> datetime:
    """What clocks in the zone show at `at`, without a zone."""
    return at.astimezone(zone(zone_name)).replace(tzinfo=None)


def instant(wall: datetime, zone_name: str) -> datetime:
    """When clocks in the zone show `wall`, in UTC: the first time where they show it twice, the moment after the gap where they skip it."""
    place = zone(zone_name)
    first = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if first.astimezone(place).replace(tzinfo=None) == wall:
        return first
    later = wall.replace(tzinfo=place, fold=1).astimezone(UTC)
    return _end_of_gap(min(first, later), wall, zone_name)


def _end_of_gap(before: datetime, wall: datetime, zone_name: str) -> datetime:
    """The first instant after `before` at which clocks show `wall` or later, to the second."""
    low, high = 0, _WIDEST_SECONDS
    while low < high:
        middle = (low + high) // 2
        if local(before + timedelta(seconds=middle), zone_name) >= wall:
            high = middle
        else:
            low = middle + 1
    return before + timedelta(seconds=low)
