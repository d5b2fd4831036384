"""Whether the demonstration did what the samples declare: expected beside found, row by row. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.demo.ledger import Ledger
from pipeline.demo.tally import Tally


@dataclass(frozen=True)
class Row:
    """One line of the summary. `at_least`: more is right too, because a source may deliver an unchanged item again."""

    what: str
    expected: int
    found: int
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.found >= self.expected if self.at_least else self.found == self.expected


def summary(expected: Ledger, tally: Tally) -> list[Row]:
    """The summary table, in the order of the flow."""
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
    ]
