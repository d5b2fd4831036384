"""Signatures of texts, small enough to keep for every article, from which the overlap of two texts can be estimated.

Shingles are runs of three word tokens, each hashed to 32 bits. `Signature.values` holds little-endian uint32:

* `MINIMA` minima, one for each of as many permutations of the hashes: two texts agree in a place with the probability of their
  Jaccard similarity (shared shingles over all shingles), so its standard error is at most 0.044;
* then the `SMALLEST` smallest distinct hashes in ascending order (fewer where the text has fewer): a part of a text shares some of
  them with the whole even where their Jaccard similarity is low.

The parameters are those of the design, section 4. They and the hashing are named by `SCHEME` and `SEED`; change either with any of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import xxhash

from pipeline.article import Signature

SCHEME = "minhash-3w-128+12/1"
SEED = 0x4C616765
MINIMA = 128
SMALLEST = 12
SHINGLE_TOKENS = 3
MINIMUM_TOKENS = 30
MAXIMUM_TOKENS = 50_000  # an article has some hundreds; what follows does not count

Hashes = npt.NDArray[np.uint32]

_BLOCK = 4_096  # shingles per step: 128 permutations of them fill 2 MB
_KEPT_HASHES = 65_536
_POSITIONS = [np.uint64(odd) for odd in (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)]
_MIX = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def _constants(name: str) -> Hashes:
    """`MINIMA` fixed odd numbers as a column."""
    drawn = [xxhash.xxh3_64_intdigest(f"{name} {place}".encode(), SEED) >> 32 | 1 for place in range(MINIMA)]
    return np.array(drawn, np.uint32)[:, np.newaxis]


_FACTORS, _MASKS = _constants("factor"), _constants("mask")


class _TokenHashes(dict[str, int]):
    """64-bit hashes of tokens, computed on first use."""

    def __missing__(self, token: str) -> int:
        if len(self) >= _KEPT_HASHES:
            self.clear()
        value = self[token] = xxhash.xxh3_64_intdigest(token.encode("utf-8", "surrogatepass"), SEED)
        return value


_token_hashes = _TokenHashes()


def sign(forms: Sequence[str]) -> Signature | None:
    """The signature of a text given as its folded word tokens in order; None under `MINIMUM_TOKENS` tokens."""
    if len(forms) < MINIMUM_TOKENS:
        return None
    hashes = _shingle_hashes(forms[:MAXIMUM_TOKENS])
    values = np.concatenate([_minima(hashes), hashes[:SMALLEST]]).astype("<u4", copy=False).tobytes()
    return Signature(scheme=SCHEME, seed=SEED, values=values, shingles=len(hashes), tokens=len(forms))


def _shingle_hashes(forms: Sequence[str]) -> Hashes:
    """The distinct shingle hashes, ascending."""
    tokens = np.fromiter(map(_token_hashes.__getitem__, forms), np.uint64, len(forms))
    last = len(forms) - SHINGLE_TOKENS + 1
    mixed = tokens[:last] * _POSITIONS[0]
    for place, odd in enumerate(_POSITIONS[1:], start=1):
        mixed += tokens[place : last + place] * odd
    mixed ^= mixed >> _HALF
    mixed *= _MIX
    return np.unique((mixed >> _HALF).astype(np.uint32))


def _minima(hashes: Hashes) -> Hashes:
    lowest = np.full(MINIMA, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(hashes), _BLOCK):
        block = (hashes[np.newaxis, start : start + _BLOCK] ^ _MASKS) * _FACTORS
        np.minimum(lowest, block.min(axis=1), out=lowest)
    return lowest


def minima(signature: Signature) -> Hashes:
    """The minima of a signature of this scheme, shape (`MINIMA`,). Raises ValueError for another scheme or seed, or a damaged one."""
    return _values(signature)[:MINIMA]


def smallest(signature: Signature) -> Hashes:
    """The smallest shingle hashes of a signature of this scheme, ascending, at most `SMALLEST`. Raises as `minima` does."""
    return _values(signature)[MINIMA:]


def _values(signature: Signature) -> npt.NDArray[Any]:
    if (signature.scheme, signature.seed) != (SCHEME, SEED):
        raise ValueError(
            f"a signature of the scheme {signature.scheme!r} with seed {signature.seed} cannot be compared with {SCHEME!r} and seed {SEED}: "
            "sign the text again"
        )
    count = MINIMA + min(signature.shingles, SMALLEST)
    if signature.shingles < 1 or len(signature.values) != 4 * count:
        raise ValueError(
            f"a signature of {signature.shingles} shingles has {len(signature.values)} bytes instead of {4 * count}: it is damaged"
        )
    return np.frombuffer(signature.values, "<u4")


def similarity(one: Signature, other: Signature) -> float:
    """The estimated Jaccard similarity of two texts, from 0 to 1. Raises ValueError for signatures of another scheme or seed."""
    return float((minima(one) == minima(other)).mean())


def containment(similarity: float, shingles: int, other_shingles: int) -> float:
    """How much of the shorter text stands in the longer one, from 0 to 1, by their Jaccard similarity and numbers of distinct shingles."""
    shared = similarity * (shingles + other_shingles) / (1 + similarity)
    return min(1.0, shared / min(shingles, other_shingles))
