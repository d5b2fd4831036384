"""What deciding returns: records to write, wishes to tell people, and a word for the log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.episode import Episode
from pipeline.episodes.memory import TriggerMemory
from pipeline.intent import Intent


@dataclass(frozen=True)
class Decision:
    """The records to write, newest of each id last, and what to tell, in order.

    `why` is first, new_facts, new_text, reopened, milestone, corrected, withdrawn; folded, joined, pending, waiting, seen_before, heard; known; or why it was
    withheld (shadow, replay, backfill, late). From the clock: quiet, closed, expired_pending, resolved, repeat, silent, first, milestone, new_facts.
    """

    records: tuple[Episode | TriggerMemory, ...] = ()
    intents: tuple[Intent, ...] = ()
    why: str = "known"

    @property
    def episode(self) -> Episode | None:
        """The episode that the match belongs to; None when it belongs to none."""
        return next((each for each in self.records if isinstance(each, Episode)), None)


def together(decisions: Iterable[Decision]) -> Decision:
    """Several decisions about one match as one; the first one's word stands unless only a later one rings or changes anything."""
    made = [each for each in decisions if each.records or each.intents or each.why != "known"]
    if len(made) == 1:
        return made[0]
    ringing = [each.why for each in made if each.intents]
    return Decision(
        records=tuple(record for each in made for record in each.records),
        intents=tuple(intent for each in made for intent in each.intents),
        why=next(iter([*ringing, *(each.why for each in made)]), "known"),
    )
