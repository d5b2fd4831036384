"""Who does not answer. Kibana is optional: without one this is a note."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, problem

_FIXES = {
    "Kafka": "start it, or correct the section kafka of the configuration",
    "Elasticsearch": "start it, or correct the section elasticsearch of the configuration; until then alerts still come, and the index catches up",
}


def reachable(facts: Facts) -> Iterator[Finding]:
    for server, why in facts.unreachable.items():
        if server == "Kibana":
            yield note("Kibana", why, "nothing, when you do not use Kibana; else correct the section kibana of the configuration")
        else:
            yield problem(server, why, _FIXES[server])
