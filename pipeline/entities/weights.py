"""The file of a model: what each feature says for each label, what follows what, and how sure a name is when the model says so.

Text inside gzip, one feature a line, weights in thousandths: small, readable, and the same bytes for the same weights.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

FORMAT = 1
_SCALE = 1_000
Matrix = npt.NDArray[np.float32]
# For each feature its labels, by number, and their weights.
Vectors = dict[str, tuple[tuple[int, ...], tuple[float, ...]]]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What the first line says. `calibration`: how often a name was right, for each tenth of the probability that the model gave it."""

    format: int
    language: str
    labels: tuple[str, ...]
    transitions: tuple[tuple[int, ...], ...]
    calibration: tuple[float, ...]


class Weights(NamedTuple):
    """A model. `transitions[a, b]` is the weight of label b behind label a."""

    header: Header
    vectors: Vectors
    transitions: Matrix


def packed(
    language: str,
    labels: tuple[str, ...],
    states: Mapping[str, Mapping[str, float]],
    steps: Mapping[tuple[str, str], float],
    calibration: Iterable[float],
) -> bytes:
    """The file for these weights. Weights below half a thousandth are left out."""
    rows = []
    for feature in sorted(states):
        cells = [
            f"{labels.index(label)}:{scaled}" for label, weight in sorted(states[feature].items()) if (scaled := round(weight * _SCALE))
        ]
        if cells:
            rows.append("\t".join((feature, *cells)))
    table = tuple(tuple(round(steps.get((a, b), 0.0) * _SCALE) for b in labels) for a in labels)
    header = Header(
        format=FORMAT, language=language, labels=labels, transitions=table, calibration=tuple(round(each, 3) for each in calibration)
    )
    content = b"\n".join([msgspec.json.encode(header), *(row.encode() for row in rows)]) + b"\n"
    return gzip.compress(content, 9, mtime=0)


def unpacked(content: bytes) -> Weights:
    """The model of a file. Raises ValueError for a file of another format."""
    first, _, rest = gzip.decompress(content).decode().partition("\n")
    header = msgspec.json.decode(first, type=Header)
    if header.format != FORMAT:
        raise ValueError(f"the model has format {header.format}, this version reads {FORMAT}: install the model that belongs to it")
    vectors: Vectors = {}
    for line in rest.splitlines():
        feature, *cells = line.split("\t")
        pairs = [cell.split(":") for cell in cells]
        vectors[feature] = tuple(int(label) for label, _ in pairs), tuple(int(weight) / _SCALE for _, weight in pairs)
    return Weights(header, vectors, np.array(header.transitions, dtype=np.float32) / np.float32(_SCALE))


def shipped_languages() -> tuple[str, ...]:
    """The languages for which a model comes with the package."""
    return tuple(
        sorted(
            each.name.removesuffix(".model.gz")
            for each in files("pipeline.entities").joinpath("models").iterdir()
            if each.name.endswith(".model.gz")
        )
    )


@cache
def shipped(language: str) -> Weights:
    """The model for `language` that comes with the package. Raises FileNotFoundError when there is none."""
    return unpacked(files("pipeline.entities").joinpath("models", f"{language}.model.gz").read_bytes())
