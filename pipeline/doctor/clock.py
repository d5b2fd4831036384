"""This machine's clock against those of the Elasticsearch nodes. Kafka tells nobody its time, so brokers are not compared."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, ok, problem

# Latency figures and "minutes ago" are wrong by as much; certificates and silences by minutes become faults.
MOST_SECONDS = 2.0


def clock(facts: Facts) -> Iterator[Finding]:
    nodes = facts.elasticsearch.nodes if facts.elasticsearch else ()
    skewed = [each for each in nodes if abs(each.skew_seconds) > MOST_SECONDS]
    for each in skewed:
        side = "ahead of" if each.skew_seconds > 0 else "behind"
        yield problem(
            "clock",
            f"the clock of {each.name} is {abs(each.skew_seconds):,.1f} s {side} this machine's",
            "let chrony or systemd-timesyncd set the clocks of both machines",
        )
    if nodes and not skewed:
        yield ok("clock", f"{len(nodes)} {'node' if len(nodes) == 1 else 'nodes'} within {MOST_SECONDS:g} s of this machine")
