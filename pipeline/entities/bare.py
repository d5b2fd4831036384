"""The reference to beat: a plain conditional random field with the features of a textbook, trained in seconds.

Words, shapes, affixes, neighbours and gazetteer hints; no dictionaries, no other corpora, nothing decided over the article. Kept so that every
training says how much the rest is worth.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from pipeline.enrichers._gazetteer import Gazetteer, language_bit
from pipeline.entities.corpora import OUTSIDE, Sentence, Span, spans_of
from pipeline.entities.features import Features
from pipeline.entities.hints import hints_in
from pipeline.entities.score import Recogniser
from pipeline.entities.signs import shape

_AFFIX_LENGTHS = (2, 3, 4)
_PARAMETERS = {"c1": 0.05, "c2": 0.05, "max_iterations": 80, "feature.possible_transitions": True}


def bare(sentences: Sequence[Sentence], language: str, gazetteer: Gazetteer) -> Recogniser:
    """A recogniser trained on the sentences alone."""
    import pycrfsuite

    features = _features_with(gazetteer, language_bit(language))
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.select("lbfgs")
    trainer.set_params(_PARAMETERS)
    for sentence in sentences:
        trainer.append(features(sentence), [OUTSIDE if label.endswith(("deriv", "part")) else label for label in sentence.labels])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bare"
        trainer.train(str(path))
        tagger = pycrfsuite.Tagger()
        tagger.open(str(path))

    def recognise(sentence: Sentence) -> Iterator[Span]:
        yield from spans_of(tagger.tag(features(sentence)))

    return recognise


def _features_with(gazetteer: Gazetteer, bit: int) -> Callable[[Sentence], list[Features]]:
    def features(sentence: Sentence) -> list[Features]:
        own = [_of_word(word) for word in sentence.words]
        hints = hints_in(sentence.words, gazetteer, bit)
        return [[*own[at], f"g={hints[at]}", *_beside(own, at, -1), *_beside(own, at, 1)] for at in range(len(own))]

    return features


def _of_word(word: str) -> Features:
    small = word.lower()
    affixes = [f"{side}{length}={small[:length] if side == 'p' else small[-length:]}" for side in "pe" for length in _AFFIX_LENGTHS]
    return [f"w={small}", f"s={shape(word)}", *affixes]


def _beside(own: Sequence[Features], at: int, offset: int) -> Features:
    return [f"{offset}{each}" for each in own[at + offset][:2]] if 0 <= at + offset < len(own) else [f"{offset}w=^"]
