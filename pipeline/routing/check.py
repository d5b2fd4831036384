"""What is allowed in the files and yet hardly meant: routes that nothing reaches, receivers that nobody names, times when nobody is on duty."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from pipeline.episode import Matcher
from pipeline.routing import hours, silences
from pipeline.routing.model import Interval, Roster, Route, Routing
from pipeline.routing.roster import gaps
from pipeline.routing.wall_clock import local
from pipeline.rules.model import Notify

LOOKS_AHEAD = timedelta(days=14)
_MOST_GAPS = 5


def remarks(routing: Routing, rules: Iterable[Notify], receivers: Collection[str], now: datetime) -> list[str]:
    """Everything worth a remark, in words; `receivers` are those of the configuration, `rules` what the rules say about telling people."""
    said = list(rules)
    return [
        *_shadowed(routing.routes, "routes"),
        *_unused_receivers(routing, said, receivers),
        *_unused_intervals(routing, said),
        *_never(routing, now),
        *(each for name, roster in routing.rosters.items() for each in _roster(name, roster, routing, now)),
        *_silences(routing, now),
    ]


def _shadowed(routes: Sequence[Route], path: str) -> Iterator[str]:
    """Routes behind one that takes everything they could take and does not let it go on."""
    for number, each in enumerate(routes):
        for earlier_number, earlier in enumerate(routes[:number]):
            if not earlier.proceed and not earlier.hours and _takes_all(earlier.matchers, each.matchers):
                yield f"{path}[{number}] is never reached: {path}[{earlier_number}] takes all that it could take. Move it up, or add `continue: true` there"
                break
        yield from _shadowed(each.routes, f"{path}[{number}].routes")


def _takes_all(wider: Sequence[Matcher], narrower: Sequence[Matcher]) -> bool:
    """Whether whatever fits `narrower` fits `wider` as well."""
    return all(any(_implies(each, wanted) for each in narrower) for wanted in wider)


def _implies(given: Matcher, wanted: Matcher) -> bool:
    if given.field != wanted.field or given.negative != wanted.negative:
        return False
    few, many = (given, wanted) if not given.negative else (wanted, given)
    return all(_covered(each, many.values) for each in few.values)


def _covered(value: str, values: Sequence[str]) -> bool:
    return any(value == each or (each.endswith("*") and value.startswith(each[:-1])) for each in values)


def _unused_receivers(routing: Routing, rules: Sequence[Notify], receivers: Collection[str]) -> Iterator[str]:
    named = {name for each in rules for name in (*each.route, *(each.escalate.to if each.escalate else ()))}
    named |= {*routing.default, *_named_in(routing.routes)}
    named |= {name for each in routing.receivers.values() for name in each.fallback}
    for name in sorted(set(routing.rosters) - named):
        yield f"the roster {name!r} is used by no route"
    for name, roster in routing.rosters.items():
        if name in named:
            named |= {*roster.default, *(each for people in roster.people.values() for each in people)}
    for name in sorted(set(receivers) - named):
        yield f"no rule, route, fallback or roster leads to the receiver {name!r}"


def _named_in(routes: Sequence[Route]) -> set[str]:
    return {name for each in routes for name in (*each.to, *_named_in(each.routes))}


def _unused_intervals(routing: Routing, rules: Sequence[Notify]) -> Iterator[str]:
    named = {name for each in rules for name in each.hours} | {name for each in routing.receivers.values() for name in each.hours}
    for name in sorted(set(routing.intervals) - named - _hours_in(routing.routes)):
        yield f"the time interval {name!r} is used by no rule, receiver or route"


def _hours_in(routes: Sequence[Route]) -> set[str]:
    return {name for each in routes for name in (*each.hours, *_hours_in(each.routes))}


def _never(routing: Routing, now: datetime) -> Iterator[str]:
    for name, intervals in routing.intervals.items():
        if not _comes(intervals, now):
            yield f"the time interval {name!r} does not come within a year: what has these hours rings at any time"


def _comes(intervals: tuple[Interval, ...], now: datetime) -> bool:
    return hours.begins((intervals,), now) is not None


def _roster(name: str, roster: Roster, routing: Routing, now: datetime) -> Iterator[str]:
    found = gaps(roster, now, now + LOOKS_AHEAD)
    shown = [
        f"{local(start, routing.zone):%Y-%m-%d %H:%M} to {local(end, routing.zone):%Y-%m-%d %H:%M}" for start, end in found[:_MOST_GAPS]
    ]
    if found:
        more = f" and {len(found) - _MOST_GAPS} more times" if len(found) > _MOST_GAPS else ""
        yield f"the roster {name!r} has nobody on duty {', '.join(shown)}{more}: the default is told ({', '.join(roster.default) or 'nobody'})"
    strangers = sorted(
        {shift.who[0] if shift.who else "(no summary)" for shift in roster.shifts if not set(shift.who) & set(roster.people)}
    )
    if strangers:
        yield f"the roster {name!r} does not know {', '.join(strangers[:_MOST_GAPS])}: add them under `people`"


def _silences(routing: Routing, now: datetime) -> Iterator[str]:
    for each in routing.silences:
        if silences.has_ended(each, now):
            yield f"the silence {each.id.removeprefix(silences.FROM_FILES)!r} is over: remove it"
