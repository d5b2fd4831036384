"""Weights from labelled sentences. The only file that imports pycrfsuite, which trains and is not needed to tag.

Several corpora with differing guidelines teach one model: each feature of a sentence from elsewhere is given twice, once as it is and once marked
with the corpus, so that what only holds there is learnt by the marked one (Daumé 2007, "Frustratingly easy domain adaptation"). Only the
unmarked weights are kept: they speak as the leading corpus does.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.entities.corpora import OUTSIDE, Sentence
from pipeline.entities.features import Features

_MARK = "\x1f"
# Chosen in November 2026 on one fold of the German data: with six times the penalty on large weights F1 rose from 0.684 to 0.692.
_PARAMETERS = {"c1": 0.02, "c2": 0.3, "max_iterations": 60, "feature.possible_transitions": True}


class Example(NamedTuple):
    """A sentence as the model sees it. `elsewhere` is the corpus whose guidelines differ from those of the leading one, or ""."""

    features: list[Features]
    labels: list[str]
    elsewhere: str = ""


class Fitted(NamedTuple):
    """Weights by feature and label, and by pair of labels."""

    labels: tuple[str, ...]
    states: Mapping[str, Mapping[str, float]]
    steps: Mapping[tuple[str, str], float]


def labels_of(sentence: Sentence) -> list[str]:
    """The labels to learn. What GermEval marks as derived from a name ("russisch") or holding one ("EU-Budget") is one class each:
    it is no name, and knowing it keeps the model from taking it for one."""
    return [_merged(label) for label in sentence.labels]


def _merged(label: str) -> str:
    for suffix in ("deriv", "part"):
        if label.endswith(suffix):
            return label[:2] + suffix
    return label


def fit(examples: Iterable[Example]) -> Fitted:
    """The weights that fit the examples best; the same for the same examples in the same order. Takes minutes."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params(_PARAMETERS)
    for example in examples:
        trainer.append(_marked(example), example.labels)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        known = tagger.info()
        tagger.close()
    states: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (feature, label), weight in known.state_features.items():
        if not feature.startswith(_MARK):
            states[feature][label] = weight
    return Fitted(_ordered(known.labels), states, known.transitions)


def _marked(example: Example) -> Sequence[Features]:
    if not example.elsewhere:
        return example.features
    mark = f"{_MARK}{example.elsewhere}"
    return [[*each, *(mark + feature for feature in each)] for each in example.features]


def _ordered(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(labels, key=lambda label: (label != OUTSIDE, label)))
