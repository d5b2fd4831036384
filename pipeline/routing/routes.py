"""Which receivers an alert goes to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.policy import RulePolicy
from pipeline.routing import hours
from pipeline.routing.labels import Labels
from pipeline.routing.model import Route, Routing
from pipeline.routing.roster import on_duty


def receivers(policy: RulePolicy, alert: Labels, routing: Routing, now: datetime) -> tuple[str, ...]:
    """The receivers of an alert, each once: those the rule names, else those of the tree, else the default ones. Rosters stand for who is on duty."""
    return resolved(policy.notify.route or taken(routing.routes, alert, routing, now) or routing.default, routing, now)


def resolved(names: Iterable[str], routing: Routing, now: datetime) -> tuple[str, ...]:
    """Receivers for names of receivers and rosters, each once."""
    found = [name for each in names for name in (on_duty(routing.rosters[each], now) if each in routing.rosters else (each,))]
    return tuple(dict.fromkeys(found))


def taken(routes: Sequence[Route], alert: Labels, routing: Routing, now: datetime) -> tuple[str, ...]:
    """The names at the nodes that take the alert, empty when none does."""
    found: list[str] = []
    for each in routes:
        if not alert.fit(each.matchers) or not _is_open(each, routing, now):
            continue
        found += taken(each.routes, alert, routing, now) or each.to
        if not each.proceed:
            break
    return tuple(dict.fromkeys(found))


def _is_open(route: Route, routing: Routing, now: datetime) -> bool:
    return hours.holds(hours.named(route.hours, routing), now)
