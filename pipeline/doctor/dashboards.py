"""What Kibana needs for alert rules."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, ok, problem


def dashboards(facts: Facts) -> Iterator[Finding]:
    kibana = facts.kibana
    if kibana is None:
        return
    if kibana.has_encryption_key is None:
        yield note(
            "Kibana",
            f"Kibana {kibana.version} does not say whether it has an encryption key: the user may not use alerting",
            "give the user or key of the section kibana the role lagebild_kibana of deploy/elasticsearch-roles.yml",
        )
    elif not kibana.has_encryption_key:
        yield problem(
            "Kibana",
            f"Kibana {kibana.version} has no lasting encryption key, so it cannot keep alert rules",
            "set xpack.encryptedSavedObjects.encryptionKey (32 characters or more) in kibana.yml and restart Kibana",
        )
    else:
        yield ok("Kibana", f"Kibana {kibana.version} has an encryption key")
