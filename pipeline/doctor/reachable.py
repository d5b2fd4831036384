"""Who does not answer. Kibana is optional: without one this is a note."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts, Unanswered
from pipeline.doctor.finding import Finding, note, problem

_FOLLOWS = {"Elasticsearch": " (until then alerts still come, and the index catches up)"}


def reachable(facts: Facts) -> Iterator[Finding]:
    for server, found in facts.unreachable.items():
        if server == "Kibana":
            yield note("Kibana", found.why, f"nothing, when you do not use Kibana; else {_fix(server, found)}")
        else:
            yield problem(server, found.why, _fix(server, found) + _FOLLOWS.get(server, ""))


def _fix(server: str, found: Unanswered) -> str:
    """What to do; starting it helps only where nothing is."""
    return found.fix or f"start it, or correct the section {server.lower()} of the configuration"
