"""From a folder of labelled corpora to the models that ship: `python -m pipeline.entities.train FOLDER`, or `lagebild entities train FOLDER`.

Each model is trained twice: on four fifths of its leading corpus, to learn from the last fifth how good it is and how sure it may be, and then on
all of it. The card tells the first model's scores. The same files and versions give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.enrichers._gazetteer import Gazetteer, language_bit
from pipeline.entities.corpora import Sentence, read
from pipeline.entities.features import features_of
from pipeline.entities.fit import Example, Fitted, labels_of
from pipeline.entities.hints import hints_in
from pipeline.entities.weights import packed

SEED = 1
FOLDS = 5
_SHORTEST_SENTENCE = 5
Say = Callable[[str], None]


class Recipe(NamedTuple):
    """What a model is made of: the corpus whose guidelines it follows, and others that help."""

    language: str
    leading: str
    helping: tuple[str, ...] = ()


RECIPES = (
    Recipe("de", "germeval_2014.tsv", ("smartdata_v1_train.json.gz", "smartdata_v1_test.json.gz")),
    Recipe("en", "uner_english_ewt_dev.iob2"),
)


def shuffled(sentences: Iterable[Sentence]) -> list[Sentence]:
    """The sentences in the order that decides which fifth is held out."""
    found = list(sentences)
    random.Random(SEED).shuffle(found)
    return found


def is_held_out(number: int) -> bool:
    """Whether the sentence of this number in the shuffled order is not trained on when the card's scores are taken."""
    return number % FOLDS == 0


def examples(sentences: Sequence[Sentence], language: str, gazetteer: Gazetteer, elsewhere: str = "") -> list[Example]:
    """The sentences as the model sees them."""
    bit = language_bit(language)
    return [
        Example(features_of(each.words, hints_in(each.words, gazetteer, bit), language), labels_of(each), elsewhere) for each in sentences
    ]


def model(recipe: Recipe, fitted: Fitted, calibration: Iterable[float]) -> bytes:
    """The file of the model."""
    return packed(recipe.language, fitted.labels, fitted.states, fitted.steps, calibration)


def helping_examples(recipe: Recipe, folder: Path, gazetteer: Gazetteer) -> list[Example]:
    """What the helping corpora give; their shortest lines are headings and hashtags."""
    sentences = [each for name in recipe.helping for each in read(folder / name) if len(each.words) >= _SHORTEST_SENTENCE]
    return examples(sentences, recipe.language, gazetteer, "elsewhere")
