"""Whether the demonstration did what the samples declare: expected beside found, row by row. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.demo.ledger import Ledger
from pipeline.demo.tally import Tally


@dataclass(frozen=True)
class Row:
    """One line of the summary. `at_least`: more is right too, because a source may deliver an unchanged item again.

    `aside`: counted for information, because it is not of the samples; nothing is expected of it.
    """

    what: str
    expected: int
    found: int
    at_least: bool = False
    aside: bool = False

    @property
    def holds(self) -> bool:
        if self.aside:
            return True
        return self.found >= self.expected if self.at_least else self.found == self.expected


def summary(expected: Ledger, everything: Tally, rules: Collection[str], documents: int) -> list[Row]:
    """The summary table, in the order of the flow. `rules` are the ids of the samples' rules, `documents` how many articles the index holds.

    The check is about the samples: what people put beside them stands in a row of its own, and only when there is any.
    """
    tally = everything.of_samples(rules)
    others_indexed = {each.rpartition(":")[0] for each in everything.indexed} & everything.others
    totals = expected.totals
    firsts = [each for each in tally.alerts if each.get("kind") == "first"]
    agains = [each for each in tally.alerts if each.get("kind") == "update"]
    empty = [reason for reason in tally.rejected.values() if reason == "empty"]
    unreadable = [reason for reason in tally.rejected.values() if reason == "unreadable"]
    return [
        # A connector refuses an empty item itself: it never becomes a collected record.
        Row("items seen at the sources", totals["collected_at_least"], len(tally.collected) + len(tally.rejected), at_least=True),
        Row("repeats dropped", totals["repeats_at_least"], len(tally.repeats), at_least=True),
        Row("article states passed on", totals["passed_on"], len(tally.identified)),
        Row("articles", totals["articles"], len(tally.articles)),
        Row("article states indexed", totals["passed_on"], len(tally.indexed)),
        Row("story members", totals["story_members"], len(tally.members)),
        Row("empty items rejected", totals["rejected"], len(empty), at_least=True),
        Row("unreadable feeds rejected", totals["broken_feeds"], len(unreadable), at_least=True),
        Row("alert episodes", totals["episodes"], len(tally.episodes)),
        Row("alerts: first", totals["episodes"], len(firsts)),
        Row("alerts: again, for new facts", totals["rings_again"], len(agains)),
        Row("documents in Elasticsearch", totals["articles"], documents - len(others_indexed)),
        *([Row("other articles, not of the samples", 0, len(everything.others), aside=True)] if everything.others else []),
    ]
