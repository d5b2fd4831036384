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
        # Onward in the upper left corner, back in the lower right one: one product for both.
        self._both_steps = np.kron(np.diag([1.0, 0.0]), self._steps) + np.kron(np.diag([0.0, 1.0]), self._steps.T)
        self._neighbours = Neighbours(weights.vectors, len(self._labels))
        self._forget()

    def _forget(self) -> None:
        self._words, self._hints = _Rows(self._weights, _PLACES), _Rows(self._weights, 1)
        self._parts: list[tuple[str, str]] = []
        self._codes = np.zeros((256, 2), dtype=np.int64)
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
        if len(self._parts) == len(self._codes):
            self._codes = np.concatenate([self._codes, np.zeros_like(self._codes)])
        self._codes[len(self._parts)] = self._neighbours.number_of(word.small), self._neighbours.number_of(word.group)
        self._parts.append((word.small, word.group))
        around = [["+2" + each for each in word.far], ["+1" + each for each in word.near], word.here]
        around += [["-1" + each for each in word.near], ["-2" + each for each in word.far]]
        return self._words.add(form, around)

    def _scores(self, forms: list[str], hints: Sequence[str], ranges: Sequence[tuple[int, int]]) -> Matrix:
        """What all features say for each token and label, without what stands beside it being decided."""
        known = self._words.numbers
        words = [number if (number := known.get(form)) is not None else self._word_number(form) for form in forms]
        # Each sentence stands between boundaries, so that no word sees one of another sentence.
        lengths = [last - first for first, last in ranges]
        at = np.arange(len(words)) + np.repeat(np.arange(_PADS, 2 * _PADS * len(ranges), 2 * _PADS), lengths)
        row = np.full(len(words) + 2 * _PADS * len(ranges), self._boundary, dtype=np.intp)
        row[at] = words
        # Every place of every word in one piece, then each sum is of slices that are shifted against each other.
        said = self._words.table.take(row, axis=0)
        summed: Matrix = said[2:-2, 2] + said[4:, 0]
        summed += said[3:-1, 1]
        summed += said[1:-3, 3]
        summed += said[:-4, 4]
        scores: Matrix = summed.take(at - _PADS, axis=0)
        small, group = self._codes.take(row, axis=0).T
        self._neighbours.add_to(scores, (small[at - 1], small[at + 1]), (group[at - 1], group[at], group[at + 1]))
        if any(hints):
            self._add_hints(scores, words, hints, {first for first, _ in ranges})
        return scores

    def _add_hints(self, scores: Matrix, words: Sequence[int], hints: Sequence[str], firsts: set[int]) -> None:
        """Adds what the hints say of their own tokens and of those beside them in the same sentence."""
        targets, rows = [], []
        for at in [at for at, hint in enumerate(hints) if hint]:
            hint, (small, group) = hints[at], self._parts[words[at]]
            targets.append(at)
            rows.append(self._hint_number((hint, small, group)))
            if at + 1 < len(words) and at + 1 not in firsts:
                targets.append(at + 1)
                rows.append(self._hint_number(("-1", hint)))
            if at not in firsts:
                targets.append(at - 1)
                rows.append(self._hint_number(("+1", hint)))
        np.add.at(scores, targets, self._hints.table.take(rows, axis=0)[:, 0])

    def _hint_number(self, key: tuple[str, ...]) -> int:
        """The row of a hint at its own token, (hint, small, group), or of one beside, (offset, hint)."""
        number = self._hints.numbers.get(key)
        if number is not None:
            return number
        return self._hints.add(key, [hinted(*key) if len(key) == len(("hint", "small", "group")) else (f"{key[0]}g={key[1]}",)])

    def _probabilities(self, scores: Matrix, ranges: Sequence[tuple[int, int]]) -> Doubles:
        """The probability of each label at each token, given the whole sentence."""
        lengths = np.array([last - first for first, last in ranges])
        sentence = np.repeat(np.arange(len(ranges)), lengths)
        place = np.arange(len(scores)) - np.repeat(np.array([first for first, _ in ranges]), lengths)
        place_back = lengths.take(sentence) - 1 - place
        likely = np.exp(scores - scores.max(axis=1, keepdims=True)).astype(np.float64)
        labels = len(self._labels)
        # Sentences side by side, step by step; behind the end of the shorter ones stands what changes nothing.
        steps = np.ones((int(lengths.max()), len(ranges), 2 * labels))
        steps[place, sentence, :labels] = likely
        steps[place_back, sentence, labels:] = likely
        both = self._both_ways(steps)
        rest = both[np.maximum(place_back - 1, 0), sentence, labels:] @ self._steps.T
        rest[place_back == 0] = 1
        found: Doubles = both[place, sentence, :labels]
        found *= rest
        found /= found.sum(axis=1, keepdims=True)
        return found

    def _both_ways(self, likely: Doubles) -> Doubles:
        """Sums over all that may stand before each token, and beside them those over all that may stand behind it, counted from the end."""
        found = np.empty_like(likely)
        found[0] = likely[0]
        for step in range(1, len(likely)):
            now = np.dot(found[step - 1], self._both_steps, out=found[step])
            now *= likely[step]
            if step % _RESCALE_EVERY == 0:
                sides = now.reshape(-1, 2, len(self._labels))
                sides /= sides.sum(axis=2, keepdims=True)
        return found

    def _decoded(self, probabilities: Doubles, ranges: Sequence[tuple[int, int]]) -> list[Name]:
        """The names that the most probable labels describe; one that does not begin with B- begins all the same."""
        best = probabilities.argmax(axis=1)
        sure = probabilities.max(axis=1)
        firsts = {first for first, _ in ranges}
        names: list[Name] = []
        after = 0
        for at in np.flatnonzero(best != self._labels.index(OUTSIDE)).tolist():
            if at < after:
                continue
            kind = self._labels[best[at]][2:]
            after = at + 1
            while after < len(best) and after not in firsts and self._labels[best[after]] == f"I-{kind}":
                after += 1
            if kind.isupper():
                names.append(Name(at, after, kind, self._calibrated(float(sure[at:after].min()))))
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
