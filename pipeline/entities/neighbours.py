"""What two or three neighbours say together, looked up for a whole text at once.

Every text brings new neighbours, so that keeping what was asked before would not pay: the features of the model are numbers in order instead.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from pipeline.entities.weights import Matrix, Vectors

Numbers = npt.NDArray[np.int64]

_WIDTH = 20  # bits of a part's number: a model has some ten thousand different parts
_UNKNOWN = 0
# The kinds of conjunctions, told by the bits above three parts.
_BEFORE, _AFTER, _BOTH, _LEFT, _RIGHT = range(5)


class Neighbours:
    """The conjunctions of one model. Numbers of words and groups are given by `number_of`; what the model never saw is nought."""

    def __init__(self, vectors: Vectors, labels: int) -> None:
        self._numbers: dict[str, int] = {"": _UNKNOWN}
        found: dict[int, str] = {}
        for feature in vectors:
            if parts := _parts(feature):
                kind, *rest = parts
                found[_key(kind, *(self._numbers.setdefault(part, len(self._numbers)) for part in rest))] = feature
        # The last key is above all others, and its row is nought, for keys that are not there.
        self._keys = np.array([*sorted(found), np.iinfo(np.int64).max], dtype=np.int64)
        self._rows = np.zeros((len(self._keys), labels), dtype=np.float32)
        for row, key in enumerate(sorted(found)):
            numbers, weights = vectors[found[key]]
            self._rows[row, list(numbers)] = weights

    def number_of(self, part: str) -> int:
        """The number of a small word or a group."""
        return self._numbers.get(part, _UNKNOWN)

    def add_to(self, scores: Matrix, smalls: tuple[Numbers, Numbers], groups: tuple[Numbers, Numbers, Numbers]) -> None:
        """Adds what is said of each token; `smalls` are the words left and right of it, `groups` those of left, itself and right."""
        (left, right), (before, here, after) = smalls, groups
        keys = np.concatenate(
            [
                _key(_BEFORE, before, here),
                _key(_AFTER, here, after),
                _key(_BOTH, before, here, after),
                _key(_LEFT, left, here),
                _key(_RIGHT, here, right),
            ]
        )
        places = self._keys.searchsorted(keys)
        places[self._keys.take(places) != keys] = len(self._keys) - 1
        for said in self._rows.take(places, axis=0).reshape(len((_BEFORE, _AFTER, _BOTH, _LEFT, _RIGHT)), *scores.shape):
            scores += said


_Number = TypeVar("_Number", int, Numbers)


def _key(kind: int, *numbers: _Number) -> _Number:
    """One number for a kind and its parts."""
    key = numbers[0]
    for number in numbers[1:]:
        key = (key << _WIDTH) | number
    return key | (kind << 3 * _WIDTH)


def _parts(feature: str) -> tuple[Any, ...]:
    """The kind and the parts of a feature that `features.between`, `with_left` or `with_right` wrote; () for any other. A part is at least
    one character, which may be one of those that part them."""
    if feature.startswith(">"):
        cut = feature.rfind("=", 0, len(feature) - 1)
        return (_RIGHT, feature[1:cut], feature[cut + 1 :]) if cut > 1 else ()
    if feature.endswith(">") and not feature.startswith("<"):
        cut = feature.rfind("<", 0, len(feature) - 2)
        return (_AFTER, feature[:cut], feature[cut + 1 : -1]) if cut > 0 else ()
    if not feature.startswith("<"):
        return ()
    cut = feature.find(">", 2)
    # Only groups of capitalised words hold "=", and small words hold no capital.
    if cut < 0 or (feature[1] != "X" and 0 < feature.find("=", 2) < cut):
        cut = feature.find("=", 2)
        return (_LEFT, feature[1:cut], feature[cut + 1 :]) if cut > 0 else ()
    rest = feature[cut + 1 :]
    inner = rest.rfind("<", 1, len(rest) - 2)
    if rest.endswith(">") and inner > 0:
        return (_BOTH, feature[1:cut], rest[:inner], rest[inner + 1 : -1])
    return (_BEFORE, feature[1:cut], rest)
