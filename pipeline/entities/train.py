"""From a folder of labelled corpora to the models that ship: `lagebild entities train FOLDER`.

Each model is trained once on all of its corpus, and five times on four fifths of it: asked about the fifth that it has not seen, these tell how good
the recipe is and how often it is right when it is so sure. The same files and versions give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.enrichers._gazetteer import Gazetteer, language_bit
from pipeline.entities.corpora import Sentence, Span, read, spans_of
from pipeline.entities.features import features_of
from pipeline.entities.fit import Example, Fitted, fit, labels_of
from pipeline.entities.hints import hints_in, joined
from pipeline.entities.tag import Tagger
from pipeline.entities.weights import packed, unpacked

SEED = 1
FOLDS = 5
_TENTHS = 10
Say = Callable[[str], None]


class Recipe(NamedTuple):
    """What a model is made of: a labelled corpus."""

    language: str
    corpus: str


# The DFKI SmartData Corpus is left out: it was published under CC BY 4.0, but each of its records still says "Research use only".
RECIPES = (Recipe("de", "germeval_2014.tsv"), Recipe("en", "uner_english_ewt_dev.iob2"))


class Trained(NamedTuple):
    """A model's file; and for each fold the sentences it has not seen, with the model that has seen the others."""

    recipe: Recipe
    content: bytes
    folds: tuple[tuple[list[Sentence], list[Sentence], bytes], ...]


def trained(recipe: Recipe, folder: Path, gazetteer: Gazetteer, say: Say) -> Trained:
    """The model of a recipe, calibrated. Raises BadConfiguration for files that are missing or in another format."""
    sentences = shuffled(read(folder / recipe.corpus))
    seen = examples(sentences, recipe.language, gazetteer)
    say(f"{recipe.language}: {len(seen):,} sentences of {recipe.corpus}")
    folds = []
    for fold in range(FOLDS):
        fitted = fit([each for number, each in enumerate(seen) if number % FOLDS != fold])
        known = [each for number, each in enumerate(sentences) if number % FOLDS != fold]
        folds.append((known, [each for number, each in enumerate(sentences) if number % FOLDS == fold], fitted))
        say(f"{recipe.language}: fold {fold + 1} of {FOLDS} trained")
    calibration = _calibration(_answers(recipe, [(unseen, fitted) for _, unseen, fitted in folds], gazetteer))
    final = fit(seen)
    say(f"{recipe.language}: trained on everything")
    return Trained(recipe, _file(recipe, final, calibration), tuple((a, b, _file(recipe, fitted, calibration)) for a, b, fitted in folds))


def shuffled(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The sentences in the order that decides which fold they are in: the place modulo the number of folds."""
    found = list(sentences)
    random.Random(SEED).shuffle(found)
    return found


def examples(sentences: Sequence[Sentence], language: str, gazetteer: Gazetteer) -> list[Example]:
    """The sentences as the model sees them."""
    bit = language_bit(language)
    return [Example(features_of(each.words, hints_in(each.words, gazetteer, bit), language), labels_of(each)) for each in sentences]


def _file(recipe: Recipe, fitted: Fitted, calibration: Iterable[float]) -> bytes:
    return packed(recipe.language, fitted.labels, fitted.states, fitted.steps, calibration)


def _answers(recipe: Recipe, folds: Sequence[tuple[list[Sentence], Fitted]], gazetteer: Gazetteer) -> Iterator[tuple[float, bool]]:
    """What models say of sentences they have not seen: how probable they find each name, and whether it is right."""
    for unseen, fitted in folds:
        tagger = Tagger(unpacked(_file(recipe, fitted, ())))
        for sentence in unseen:
            text, tokens = joined(sentence.words)
            right = set(spans_of(sentence.labels))
            for name in tagger.names(tokens, hints_in(sentence.words, gazetteer, language_bit(recipe.language)), [(0, len(text))]):
                yield name.confidence, Span(name.first, name.last, name.type) in right


def _calibration(answers: Iterable[tuple[float, bool]]) -> list[float]:
    """The share of right names in each tenth of probability; never less than in the tenth before."""
    counts = [[0, 0] for _ in range(_TENTHS)]
    for probability, right in answers:
        tenth = counts[min(int(probability * _TENTHS), _TENTHS - 1)]
        tenth[0] += right
        tenth[1] += 1
    shares: list[float] = []
    for true, asked in counts:
        shares.append(max(true / asked if asked else 0.0, shares[-1] if shares else 0.0))
    return shares
