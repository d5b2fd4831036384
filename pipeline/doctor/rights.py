"""Rights that the user of this configuration lacks."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, ok, problem


def rights(facts: Facts) -> Iterator[Finding]:
    lacking = (
        ("Kafka", facts.kafka and facts.kafka.missing_rights, f"run deploy/kafka-acls.sh with {facts.role.upper()} set to this user"),
        (
            "Elasticsearch",
            facts.elasticsearch and facts.elasticsearch.missing_rights,
            "give the user a role of deploy/elasticsearch-roles.yml",
        ),
    )
    for server, missing, fix in lacking:
        if missing is None:
            continue
        if missing:
            yield problem("rights", f"{server} does not allow the {facts.role}: {missing}", fix)
        else:
            yield ok("rights", f"{server} allows what the {facts.role} needs")
