"""A text through the weights: names with their probabilities, in about a millisecond an article.

What a word says is added up once and kept in one row of a table for each place it may have beside a label, so that a text costs one look-up a
word and one addition of rows. All sentences go forward and backward together, step by step.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from pipeline.entities.corpora import OUTSIDE
from pipeline.entities.features import BOUNDARY, hinted, word_of
from pipeline.entities.neighbours import Neighbours
from pipeline.entities.tokens import Tokens
from pipeline.entities.weights import Matrix, Weights

# Rows that are kept, of some 300 bytes each; then all are thrown away. 500 newspaper articles have 35,000 different words.
_MOST_ROWS = 60_000
# Longer sentences are tables or hostile; they are cut, so that the number of steps is bounded.
_LONGEST_SENTENCE = 120
_PLACES = 5
_PADS = 2
_RESCALE_EVERY = 8
Doubles = npt.NDArray[np.float64]


class Name(NamedTuple):
    """Tokens `first` to `last` (exclusive) are a name of this type, with the share of such names that were right in the corpus."""

    first: int
    last: int
    type: str
    confidence: float


class TagsNames(Protocol):
    """What finds names in tokens: the shipped models, or a pipeline of spaCy's."""

    recogniser: str

    def names(self, tokens: Tokens, hints: Sequence[str], sentences: Sequence[tuple[int, int]]) -> list[Name]:
        """The names among the tokens, in order."""
        ...


class _Rows:
    """Sums of weights, one row for each key, in a table that grows."""

    def __init__(self, weights: Weights, places: int) -> None:
        self._vectors = weights.vectors
        self._labels = len(weights.header.labels)
        self.table = np.zeros((256, places, self._labels), dtype=np.float32)
        self.numbers: dict[Hashable, int] = {}

    def add(self, key: Hashable, features: Sequence[Iterable[str]]) -> int:
        """The number of the new row for `key`; `features` are those of each place."""
        number = len(self.numbers)
        if number == len(self.table):
            self.table = np.concatenate([self.table, np.zeros_like(self.table)])
        for place, each in enumerate(features):
            self._sum(self.table[number, place], each)
        self.numbers[key] = number
        return number

    def _sum(self, row: Matrix, features: Iterable[str]) -> None:
        for feature in features:
            found = self._vectors.get(feature)
            if found is not None:
                for label, weight in zip(*found, strict=True):
                    row[label] += weight


class Tagger:
    """Tags with one model. Not safe for several threads at once."""

    def __init__(self, weights: Weights) -> None:
        self.language = weights.header.language
        self.recogniser = f"model:{self.language}"
        self._weights = weights
        self._labels = weights.header.labels
        self._steps = np.exp(weights.transitions).astype(np.float64)
        self._neighbours = Neighbours(weights.vectors, len(self._labels))
        self._forget()

    def _forget(self) -> None:
        self._words, self._hints = _Rows(self._weights, _PLACES), _Rows(self._weights, 1)
        self._parts: list[tuple[str, str]] = []
        self._numbers: list[tuple[int, int]] = []
        self._boundary = self._word_number(BOUNDARY)

    def names(self, tokens: Tokens, hints: Sequence[str], sentences: Sequence[tuple[int, int]]) -> list[Name]:
        """The names among the tokens, in order; `sentences` are the ranges of the text, `hints` has one for each token."""
        if not tokens.forms:
            return []
        if len(self._words.numbers) + len(self._hints.numbers) > _MOST_ROWS:
            self._forget()
        ranges = token_ranges(tokens, sentences)
        scores = self._scores(tokens.forms, hints, ranges)
        return self._decoded(self._probabilities(scores, ranges), ranges)

    def _word_number(self, form: str) -> int:
        number = self._words.numbers.get(form)
        if number is not None:
            return number
        word = word_of(form, self.language)
        self._parts.append((word.small, word.group))
        self._numbers.append((self._neighbours.number_of(word.small), self._neighbours.number_of(word.group)))
        around = [["+2" + each for each in word.far], ["+1" + each for each in word.near], word.here]
        around += [["-1" + each for each in word.near], ["-2" + each for each in word.far]]
        return self._words.add(form, around)

    def _scores(self, forms: list[str], hints: Sequence[str], ranges: Sequence[tuple[int, int]]) -> Matrix:
        """What all features say for each token and label, without what stands beside it being decided."""
        numbers = self._words.numbers
        pads = [self._boundary] * _PADS
        row: list[int] = []
        places: list[int] = []
        for first, last in ranges:
            row += pads
            places += range(len(row), len(row) + last - first)
            row += [number if (number := numbers.get(form)) is not None else self._word_number(form) for form in forms[first:last]]
            row += pads
        at, ids = np.array(places, dtype=np.intp), np.array(row, dtype=np.intp)
        table = self._words.table
        scores: Matrix = table[ids[at], 2]
        for place, offset in ((0, 2), (1, 1), (3, -1), (4, -2)):
            scores += table[ids[at + offset], place]
        small, group = np.array([self._numbers[each] for each in row], dtype=np.int64).T
        self._neighbours.add_to(scores, (small[at - 1], small[at + 1]), (group[at - 1], group[at], group[at + 1]))
        if any(hints):
            self._add_hints(scores, row, places, hints, ranges)
        return scores

    def _add_hints(
        self, scores: Matrix, row: list[int], places: list[int], hints: Sequence[str], ranges: Sequence[tuple[int, int]]
    ) -> None:
        known = self._hints.numbers
        for first, last in ranges:
            for at in range(first, last):
                if not (hint := hints[at]):
                    continue
                small, group = self._parts[row[places[at]]]
                for target, key, features in (
                    (at, (hint, small, group), hinted(hint, small, group)),
                    (at + 1, ("-1", hint), (f"-1g={hint}",)),
                    (at - 1, ("+1", hint), (f"+1g={hint}",)),
                ):
                    if first <= target < last:
                        number = known.get(key)
                        number = self._hints.add(key, [features]) if number is None else number
                        scores[target] += self._hints.table[number, 0]

    def _probabilities(self, scores: Matrix, ranges: Sequence[tuple[int, int]]) -> Doubles:
        """The probability of each label at each token, given the whole sentence."""
        firsts, lengths = np.array([first for first, _ in ranges]), np.array([last - first for first, last in ranges])
        places = np.arange(int(lengths.max()))
        inside = places < lengths[:, None]
        onward = np.where(inside, firsts[:, None] + places, 0)
        back = np.where(inside, firsts[:, None] + lengths[:, None] - 1 - places, 0)
        likely = np.exp(scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
        forward, backward = self._both_ways(np.ascontiguousarray(likely[np.stack([onward, back])].transpose(2, 0, 1, 3)))
        behind = np.maximum(lengths[:, None] - 2 - places, 0).T
        rest = backward[behind, np.arange(len(ranges))] @ self._steps.T
        rest[(places[:, None] == lengths - 1)] = 1
        both = forward * rest
        found: Doubles = both.transpose(1, 0, 2)[inside]
        found /= found.sum(axis=1, keepdims=True)
        return found

    def _both_ways(self, likely: Doubles) -> tuple[Doubles, Doubles]:
        """Sums over all that may stand before each token, and over all that may stand behind it; `likely` has both directions side by side."""
        found = np.empty_like(likely)
        found[0] = likely[0]
        steps = np.stack([self._steps, self._steps.T])
        for step in range(1, len(likely)):
            np.matmul(found[step - 1], steps, out=found[step])
            found[step] *= likely[step]
            if step % _RESCALE_EVERY == 0:
                found[step] /= found[step].sum(axis=2, keepdims=True)
        return found[:, 0], found[:, 1]

    def _decoded(self, probabilities: Doubles, ranges: Sequence[tuple[int, int]]) -> list[Name]:
        best = probabilities.argmax(axis=1).tolist()
        sure = probabilities.max(axis=1)
        names: list[Name] = []
        outside = self._labels.index(OUTSIDE)
        for first, last in ranges:
            at = first
            while at < last:
                if best[at] == outside:
                    at += 1
                    continue
                end = at + 1
                kind = self._labels[best[at]][2:]
                while end < last and self._labels[best[end]] == f"I-{kind}":
                    end += 1
                certainty = float(sure[at:end].min())
                if kind.isupper():
                    names.append(Name(at, end, kind, self._calibrated(certainty)))
                at = end
        return names

    def _calibrated(self, certainty: float) -> float:
        """The share of right names at this probability: between the middles of two tenths in proportion."""
        table = self._weights.header.calibration
        if not table:
            return certainty
        place = certainty * len(table) - 0.5
        lower = max(0, min(int(place), len(table) - 2)) if place > 0 else 0
        share = table[lower] + (table[lower + 1] - table[lower]) * (place - lower)
        return min(1.0, max(0.0, share))


def token_ranges(tokens: Tokens, sentences: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The sentences as ranges of tokens, none longer than the limit."""
    bounds = sorted({0, *(bisect_left(tokens.starts, start) for start, _ in sentences), len(tokens.forms)})
    ranges = []
    for first, last in zip(bounds, bounds[1:], strict=False):
        ranges += [(at, min(at + _LONGEST_SENTENCE, last)) for at in range(first, last, _LONGEST_SENTENCE)]
    return ranges
