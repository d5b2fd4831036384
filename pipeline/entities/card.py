"""The card of a model: what it was made of, under which licences, and how good the recipe is on sentences it has not seen."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pipeline.entities.corpora import read
from pipeline.entities.score import Score
from pipeline.entities.speed import SENTENCES_A_TEXT
from pipeline.entities.train import FOLDS, SEED, Recipe


class Origin(NamedTuple):
    """Where a stranger finds a corpus, and what its licence asks for."""

    title: str
    public: str
    licence: str
    authors: str


class Judged(NamedTuple):
    """Scores by type of each recogniser, the shipped one first; and tokens a second of those whose speed was measured, spaCy's pipeline first."""

    scores: dict[str, dict[str, Score]]
    tokens_a_second: dict[str, float]


_CC_BY = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
_CC_BY_SA = "CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)"
_LEFT_OUT = (
    "Left out: the DFKI SmartData Corpus (https://github.com/DFKI-NLP/smartdata-corpus). It was published under CC BY 4.0, but each of its records still "
    'carries the remark "Research use only" of the time of annotation; nothing of this model is derived from it.\n'
)
_METHOD = (
    "What it sees of a word: spelling, shape, affixes, what simplemma's dictionaries know of it (looked up on the machine, nothing of them is in the "
    "file), what the packaged gazetteers, first names and nouns of role and kind say, two neighbours on each side. The sentence alone decides; agreement "
    "over the article is added when tagging.\n"
)
ORIGINS = {
    "germeval_2014.tsv": Origin(
        "GermEval 2014 Named Entity Recognition Shared Task",
        "the development part and half of the test part, as in https://github.com/LSX-UniWue/SuperGLEBer, commit 5d3c59a9, `data/NER/Wiki_News`",
        _CC_BY,
        "Benikova, Biemann, Reznicek 2014",
    ),
    "uner_english_ewt_dev.iob2": Origin(
        "Universal NER, English EWT",
        "https://github.com/UniversalNER/UNER_English-EWT, `en_ewt-ud-dev.iob2`",
        _CC_BY_SA,
        "Mayhew et al. 2024",
    ),
}


def card(recipe: Recipe, folder: Path, content: bytes, judged: Judged, on: date) -> str:
    """The card as Markdown."""
    return "\n".join(
        [
            f"# Names in {({'de': 'German', 'en': 'English'}).get(recipe.language, recipe.language)} texts\n",
            f"A linear-chain conditional random field: persons, organisations, locations and other names. {_licence(recipe)}\n",
            f"Made on {on.isoformat()} with `lagebild entities train FOLDER` (python-crfsuite {version('python-crfsuite')}, seed {SEED}).",
            f"`{recipe.language}.model.gz`: {len(content):,} bytes, SHA-256 `{hashlib.sha256(content).hexdigest()}`.\n",
            "## Made of\n",
            *_source(folder, recipe),
            _LEFT_OUT if recipe.language == "de" else "",
            _METHOD,
            "## How good it is\n",
            f"{FOLDS}-fold cross-validation on `{recipe.corpus}`: its sentences in the order of Python's `random.Random({SEED}).shuffle`, fold = place "
            f"modulo {FOLDS}. Strict spans: both ends and the type are right. The model that ships was trained on all of it.\n",
            *score_rows(judged.scores),
            "",
            *speed_lines(judged.tokens_a_second),
        ]
    )


def _licence(recipe: Recipe) -> str:
    if ORIGINS[recipe.corpus].licence == _CC_BY_SA:
        return f"The model is licensed under {_CC_BY_SA}, as its corpus is; the code that reads it is not affected."
    return f"The corpus is licensed under {_CC_BY}; the attribution below is to be kept with the model."


def _source(folder: Path, recipe: Recipe) -> list[str]:
    origin, file = ORIGINS[recipe.corpus], folder / recipe.corpus
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    return [
        "| corpus | from | licence, attribution | file | SHA-256 | sentences |",
        "|---|---|---|---|---|---|",
        f"| {origin.title} | {origin.public} | {origin.licence}; {origin.authors} | `{recipe.corpus}` | `{digest}` | {len(read(file)):,} |",
        "",
    ]


def speed_lines(tokens_a_second: Mapping[str, float]) -> list[str]:
    """How fast recognisers are beside the first of them, on the same texts and the same processor."""
    if not tokens_a_second:
        return ["The baseline spaCy was left out.", ""]
    (baseline, slowest), *others = tokens_a_second.items()
    faster = "; ".join(f"{name} {speed:,.0f}, {speed / slowest:.1f} times as fast" for name, speed in others)
    return [
        f"Speed on the sentences of the first fold, {SENTENCES_A_TEXT} to a text, warm, in tokens a CPU second: {baseline} {slowest:,.0f}; {faster}. "
        f"Python {platform.python_version()}, numpy {version('numpy')}, {platform.machine()}.",
        "",
    ]


def score_rows(scored: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Precision, recall and F1 by recogniser and type, as a Markdown table."""
    rows = ["| recogniser | type | names | precision | recall | F1 |", "|---|---|---|---|---|---|"]
    for recogniser, by_type in scored.items():
        for kind, score in by_type.items():
            if score.wanted:
                rows.append(f"| {recogniser} | {kind} | {score.wanted:,} | {score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f} |")
    return rows
