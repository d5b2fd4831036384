"""What two or three neighbours say together, looked up for a whole text at once.

Every text brings new neighbours, so that keeping what was asked before would not pay: the features of the model are numbers in order instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.entities.weights import Matrix, Vectors

Numbers = npt.NDArray[np.int64]

_WIDTH = 20  # bits of a part's number: a model has some ten thousand different parts
_UNKNOWN = 0


class _Table(NamedTuple):
    """Keys in order and the weights of each; the last row is nought, for keys that are not there."""

    keys: Numbers
    rows: Matrix

    def add_to(self, scores: Matrix, keys: Numbers) -> None:
        if not len(self.keys):
            return
        places = np.searchsorted(self.keys, keys)
        places[places == len(self.keys)] = 0
        scores += self.rows[np.where(self.keys[places] == keys, places, len(self.keys))]


class Neighbours:
    """The conjunctions of one model. Numbers of words and groups are given by `number_of`; what the model never saw is nought."""

    def __init__(self, vectors: Vectors, labels: int) -> None:
        self._numbers: dict[str, int] = {"": _UNKNOWN}
        found: dict[str, dict[int, str]] = {name: {} for name in ("before", "after", "both", "left", "right")}
        for feature in vectors:
            if parts := _parts(feature):
                found[parts[0]][self._key([self._numbers.setdefault(part, len(self._numbers)) for part in parts[1:]])] = feature
        self._tables = {name: _table(features, vectors, labels) for name, features in found.items()}

    def number_of(self, part: str) -> int:
        """The number of a small word or a group."""
        return self._numbers.get(part, _UNKNOWN)

    @staticmethod
    def _key(numbers: Iterable[int]) -> int:
        key = 0
        for number in numbers:
            key = (key << _WIDTH) | number
        return key

    def add_to(self, scores: Matrix, smalls: tuple[Numbers, Numbers], groups: tuple[Numbers, Numbers, Numbers]) -> None:
        """Adds what is said of each token; `smalls` are the words left and right of it, `groups` those of left, itself and right."""
        (left, right), (before, here, after) = smalls, groups
        tables = self._tables
        tables["before"].add_to(scores, (before << _WIDTH) | here)
        tables["after"].add_to(scores, (here << _WIDTH) | after)
        tables["both"].add_to(scores, (((before << _WIDTH) | here) << _WIDTH) | after)
        tables["left"].add_to(scores, (left << _WIDTH) | here)
        tables["right"].add_to(scores, (here << _WIDTH) | right)


def _parts(feature: str) -> tuple[str, ...]:
    """The kind and the parts of a feature that `features.between`, `with_left` or `with_right` wrote; () for any other. A part is at least
    one character, which may be one of those that part them."""
    if feature.startswith(">"):
        cut = feature.rfind("=", 0, len(feature) - 1)
        return ("right", feature[1:cut], feature[cut + 1 :]) if cut > 1 else ()
    if feature.endswith(">") and not feature.startswith("<"):
        cut = feature.rfind("<", 0, len(feature) - 2)
        return ("after", feature[:cut], feature[cut + 1 : -1]) if cut > 0 else ()
    if not feature.startswith("<"):
        return ()
    cut = feature.find(">", 2)
    # Only groups of capitalised words hold "=", and small words hold no capital.
    if cut < 0 or (feature[1] != "X" and 0 < feature.find("=", 2) < cut):
        cut = feature.find("=", 2)
        return ("left", feature[1:cut], feature[cut + 1 :]) if cut > 0 else ()
    rest = feature[cut + 1 :]
    inner = rest.rfind("<", 1, len(rest) - 2)
    if rest.endswith(">") and inner > 0:
        return ("both", feature[1:cut], rest[:inner], rest[inner + 1 : -1])
    return ("before", feature[1:cut], rest)


def _table(features: dict[int, str], vectors: Vectors, labels: int) -> _Table:
    keys = sorted(features)
    rows = np.zeros((len(keys) + 1, labels), dtype=np.float32)
    for row, key in enumerate(keys):
        numbers, weights = vectors[features[key]]
        rows[row, list(numbers)] = weights
    return _Table(np.array(keys, dtype=np.int64), rows)
