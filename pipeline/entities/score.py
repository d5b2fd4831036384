"""How good a recogniser is on labelled sentences: strict precision, recall and F1 by type. A name counts when both its ends and its type are right.

What GermEval marks as derived from a name or holding one (suffixes `deriv` and `part`) is no name here, and what a recogniser finds inside a
hyphenated word is left out, so that both sides are asked the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from pipeline.entities.corpora import TYPES, Sentence, Span, spans_of

# The types that the targets speak of.
NAMED = ("PER", "ORG", "LOC")
Recogniser = Callable[[Sentence], Iterable[Span]]


class Score(NamedTuple):
    """Counts of names: in the corpus, found, and found rightly."""

    wanted: int
    found: int
    right: int

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.wanted if self.wanted else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.wanted + self.found) if self.wanted + self.found else 0.0


def scores(sentences: Sequence[Sentence], recogniser: Recogniser) -> dict[str, Score]:
    """The score of each type, of PER, ORG and LOC together ("PER/ORG/LOC"), and of all four ("all")."""
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for sentence in sentences:
        truth = {span for span in spans_of(sentence.labels) if span.type in TYPES}
        said = {span for span in recogniser(sentence) if span.type in TYPES}
        wanted.update(span.type for span in truth)
        found.update(span.type for span in said)
        right.update(span.type for span in truth & said)
    groups = {**{kind: (kind,) for kind in TYPES}, "/".join(NAMED): NAMED, "all": TYPES}
    return {name: Score(*(sum(counted[kind] for kind in kinds) for counted in (wanted, found, right))) for name, kinds in groups.items()}
