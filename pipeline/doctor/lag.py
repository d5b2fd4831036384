"""How far the processes are behind."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts, GroupLag
from pipeline.doctor.finding import Finding, note, ok, problem

# The threshold of Strimzi's alert rule for consumer lag; here some seconds of work for one worker.
BEHIND_RECORDS = 1_000


def lag(facts: Facts) -> Iterator[Finding]:
    for each in facts.kafka.lags if facts.kafka else ():
        yield _judged(each)


def _judged(each: GroupLag) -> Finding:
    if each.behind is None:
        return note(
            "lag", f"the {each.group} has never read anything here", f"start it: `lagebild run {each.group}`, or `lagebild run` for all"
        )
    if each.behind > BEHIND_RECORDS:
        return problem(
            "lag",
            f"the {each.group} is {each.behind:,} records behind",
            f"see whether `lagebild run {each.group}` runs and what its log says; when it works and does not keep up, start a second one",
        )
    return ok("lag", f"the {each.group} is {each.behind:,} records behind")
