"""Server certificates that end soon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, ok, problem

SOON = timedelta(days=21)


def certificates(facts: Facts) -> Iterator[Finding]:
    for server, found in (("Kafka", facts.kafka), ("Elasticsearch", facts.elasticsearch)):
        if found is not None and found.certificate_ends_at is not None:
            yield _judged(server, found.certificate_ends_at, facts.machine.now)


def _judged(server: str, ends_at: datetime, now: datetime) -> Finding:
    what = f"the certificate of {server} ends on {ends_at:%Y-%m-%d} (in {(ends_at - now).days} days)"
    if ends_at - now < SOON:
        return problem("certificates", what, "have it renewed on the server: when it has ended nothing of ours connects any more")
    return ok("certificates", what)
