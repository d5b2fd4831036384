"""Limits on open files: ours, and those of Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, ok, problem

# A process of ours holds some connections to each broker, its sources and its page's readers: far below this, but not below 256.
OURS = 1_024
# Elasticsearch's own bootstrap check.
ELASTICSEARCH = 65_535


def limits(facts: Facts) -> Iterator[Finding]:
    ours = facts.machine.open_file_limit
    if ours < OURS:
        yield problem(
            "limits", f"a process may open {ours:,} files here", f"raise it to {OURS:,}: `ulimit -n`, or LimitNOFILE= of the systemd unit"
        )
    else:
        yield ok("limits", f"a process may open {ours:,} files here")
    for node in facts.elasticsearch.nodes if facts.elasticsearch else ():
        if 0 < node.open_file_limit < ELASTICSEARCH:
            # Elasticsearch itself lets a node that only this machine reaches start with less.
            yield (note if node.for_trying else problem)(
                "limits",
                f"Elasticsearch on {node.name} may open {node.open_file_limit:,} files",
                f"raise it to {ELASTICSEARCH:,} (LimitNOFILE= of its systemd unit, or nofile in limits.conf) and restart it",
            )
