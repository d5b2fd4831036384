"""Index templates, policies and indices against what this version writes."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, ok, problem

# What `index apply` would do, as a fault.
_FAULTS = {
    "created": "missing",
    "replaced": "otherwise than this version writes",
    "fields added": "without fields that this version writes",
    "alias added": "without its alias",
    "lifecycle set": "without the end from which its age is counted",
}


def templates(facts: Facts) -> Iterator[Finding]:
    if facts.elasticsearch is None:
        return
    drift = facts.elasticsearch.drift
    if not drift:
        yield ok("templates", "templates and indices are as this version writes them")
    for change, fault in _FAULTS.items():
        if named := [name for name, each in drift.items() if each == change]:
            yield problem("templates", f"{fault}: {', '.join(named)}", "run `lagebild index apply`")
    for name in (name for name, each in drift.items() if each == "fields differ"):
        yield problem(
            "templates",
            f"the {name} has fields of another kind than this version searches: searches in them miss what stands there",
            "delete that index and run `lagebild index rebuild`, which fills it anew from the topics",
        )
    for name in (name for name, each in drift.items() if each == "left alone"):
        yield note(
            "templates",
            f"the {name} was changed by somebody and is left as it is",
            "nothing, when that is meant; else delete it and run `lagebild index apply`",
        )
