"""Certificates that end soon: those of the servers, and ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, ok, problem

SOON = timedelta(days=21)


def certificates(facts: Facts) -> Iterator[Finding]:
    for server, found in (("Kafka", facts.kafka), ("Elasticsearch", facts.elasticsearch)):
        if found is not None and found.certificate_ends_at is not None:
            yield _judged(
                f"the certificate of {server}",
                found.certificate_ends_at,
                facts.machine.now,
                "have it renewed on the server: when it has ended nothing of ours connects any more",
            )
    if facts.kafka is not None and facts.kafka.own_certificate_ends_at is not None:
        yield _judged(
            "our certificate for Kafka",
            facts.kafka.own_certificate_ends_at,
            facts.machine.now,
            "have a new one issued, put it where kafka.certificate_file and kafka.key_file say, and restart our processes",
        )


def _judged(certificate: str, ends_at: datetime, now: datetime, fix: str) -> Finding:
    what = f"{certificate} ends on {ends_at:%Y-%m-%d} (in {(ends_at - now).days} days)"
    if ends_at - now < SOON:
        return problem("certificates", what, fix)
    return ok("certificates", what)
