"""How far the processes are behind."""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.doctor.facts import Facts
from pipeline.doctor.finding import Finding, note, ok, problem

# The threshold of Strimzi's alert rule for consumer lag; here some seconds of work for one worker.
BEHIND_RECORDS = 1_000


def lag(facts: Facts) -> Iterator[Finding]:
    lags = facts.kafka.lags if facts.kafka else ()
    if never := [each.group for each in lags if each.behind is None]:
        fix = f"start it: `lagebild run {never[0]}`" if len(never) == 1 else "start them: `lagebild run`"
        yield note("lag", f"never read anything here: {', '.join(never)}", fix)
    for each in lags:
        if each.behind is None:
            continue
        if each.behind > BEHIND_RECORDS:
            yield problem(
                "lag",
                f"the {each.group} is {each.behind:,} records behind",
                f"see whether `lagebild run {each.group}` runs and what its log says; when it works and does not keep up, start a second one",
            )
        else:
            yield ok("lag", f"the {each.group} is {each.behind:,} records behind")
