"""Index templates and indices against what this version writes."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, ok, problem

_FIXES = {
    "fields differ": "the index serves on as it is; new fields' searches miss in it: `lagebild index rebuild` into fresh indices settles it",
}


def templates(facts: Facts) -> Iterator[Finding]:
    if facts.elasticsearch is None:
        return
    drift = facts.elasticsearch.drift
    for name, change in drift.items():
        if change == "left alone":
            yield note("templates", f"the {name} was changed by somebody and is left as it is")
        else:
            yield problem("templates", f"the {name}: {change}, if it were applied", _FIXES.get(change, "run `lagebild index apply`"))
    if not drift:
        yield ok("templates", "templates and indices are as this version writes them")
