"""Rights that the user of this configuration lacks."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, ok, problem
from pipeline.privileges import OPERATOR

# The role of deploy/elasticsearch-roles.yml; whoever is not here only reads.
_ROLES = {OPERATOR: "lagebild_setup", "indexer": "lagebild_indexer"}


def rights(facts: Facts) -> Iterator[Finding]:
    lacking = (
        ("Kafka", facts.kafka and facts.kafka.missing_rights, f"run deploy/kafka-acls.sh with {facts.role.upper()} set to this user"),
        (
            "Elasticsearch",
            facts.elasticsearch and facts.elasticsearch.missing_rights,
            f"give the user the role {_ROLES.get(facts.role, 'lagebild_reader')} of deploy/elasticsearch-roles.yml",
        ),
    )
    for server, missing, fix in lacking:
        if missing is None:
            continue
        if missing:
            yield problem("rights", f"{server} does not allow the {facts.role}: {missing}", fix)
        else:
            yield ok("rights", f"{server} allows what the {facts.role} needs")
