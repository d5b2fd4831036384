"""What is wrong between files: names that nobody declares, fallbacks that go in circles. For rule files, too."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Protocol

from pipeline.errors import Problem
from pipeline.located import Located, nearest
from pipeline.routing import cron
from pipeline.routing.model import Routing
from pipeline.routing.reading import Reference
from pipeline.rules.model import Notify

# `escalation.LONGEST`, which stands above the alerts that this module knows nothing of.
LONGEST_SECONDS = 86_400


class Declared(Protocol):
    """One file that has been read."""

    @property
    def source(self) -> Located: ...

    @property
    def references(self) -> tuple[Reference, ...]: ...


def problems_of_references(parts: Iterable[Declared], routing: Routing, receivers: Collection[str] | None) -> list[Problem]:
    """The names that nobody declares. Receivers are those of the configuration; None leaves them unchecked."""
    return [
        part.source.problem(each.path, objection)
        for part in parts
        for each in part.references
        if (objection := _unknown(each, routing, receivers))
    ]


def _unknown(reference: Reference, routing: Routing, receivers: Collection[str] | None) -> str:
    if reference.sort == "interval":
        return unknown_interval(reference.name, routing)
    if reference.sort == "receiver" and reference.name in routing.rosters:
        return f"{reference.name!r} is a roster: here a receiver must stand"
    known = None if receivers is None else {*receivers, *(routing.rosters if reference.sort == "receiver or roster" else ())}
    return _unknown_receiver(reference.name, known)


def _unknown_receiver(name: str, known: Collection[str] | None) -> str:
    if known is None or name in known:
        return ""
    return f"there is no receiver {name!r}: name one of the configuration.{nearest(name, known)}"


def unknown_interval(name: str, routing: Routing) -> str:
    """What is wrong with a time interval that nobody declares, "" when there is one."""
    return (
        ""
        if name in routing.intervals
        else f"there is no time interval {name!r}: declare it in a file of `kind: time_intervals`.{nearest(name, routing.intervals)}"
    )


def rule_objections(notify: Notify, routing: Routing, receivers: Collection[str] | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """What is wrong with a rule's `notify` as far as these files decide it: where (below `notify`), and what."""
    known = None if receivers is None else {*receivers, *routing.rosters}
    listed = [(("route", number), name) for number, name in enumerate(notify.route)]
    listed += [(("escalate", "to", number), name) for number, name in enumerate(notify.escalate.to if notify.escalate else ())]  # type: ignore[misc]
    for path, name in listed:
        if objection := _unknown_receiver(name, known):
            yield path, objection
    for number, name in enumerate(notify.hours):
        if objection := unknown_interval(name, routing):
            yield ("hours", number), objection
    if notify.escalate and notify.escalate.after_seconds > LONGEST_SECONDS:
        yield ("escalate", "after"), "who waits longer than a day for an answer does not escalate: at most 1d is allowed"
    if notify.digest and (objection := cron.objection(notify.digest.cron, notify.digest.tz)):
        yield ("digest", "cron"), objection


def circles(parts: Iterable[Declared], routing: Routing) -> list[Problem]:
    """Fallbacks that lead back to where they began, each once, at the receiver that is first in the alphabet."""
    found = {}
    for name in sorted(routing.receivers):
        circle = _circle(name, routing, (name,))
        if circle and min(circle) == name:
            found[name] = circle
    return [
        part.source.problem(each.path[:-1], f"the fallbacks go in a circle: {' → '.join((*found[each.name], each.name))}. Let one end it")
        for part in parts
        for each in part.references
        if each.path[0] == "receivers" and each.path[-1] == "name" and each.name in found
    ]


def _circle(start: str, routing: Routing, walked: Sequence[str]) -> tuple[str, ...]:
    """The way from `start` over fallbacks back to it, () when there is none."""
    for name in routing.receiver(walked[-1]).fallback:
        if name == start:
            return tuple(walked)
        if name not in walked and (way := _circle(start, routing, (*walked, name))):
            return way
    return ()
