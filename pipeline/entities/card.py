"""The card of a model: what it was made of, under which licences, and how good the recipe is on sentences it has not seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from pipeline.entities.corpora import read
from pipeline.entities.score import Score
from pipeline.entities.train import FOLDS, SEED, Recipe


class Origin(NamedTuple):
    """Where a stranger finds a corpus, and what its licence asks for."""

    title: str
    public: str
    licence: str
    authors: str


_CC_BY = "CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/)"
_CC_BY_SA = "CC BY-SA 4.0 (https://creativecommons.org/licenses/by-sa/4.0/)"
_SMARTDATA = "https://github.com/DFKI-NLP/smartdata-corpus, commit 796c8b8f, `v1_20180119/{}.json.gz`"
_SCHIERSCH = "Schiersch, Mironova, Schmitt, Thomas, Gabryszak, Hennig 2018"
ORIGINS = {
    "germeval_2014.tsv": Origin(
        "GermEval 2014 Named Entity Recognition Shared Task",
        "the development part and half of the test part, as in https://github.com/LSX-UniWue/SuperGLEBer, commit 5d3c59a9, `data/NER/Wiki_News`",
        _CC_BY,
        "Benikova, Biemann, Reznicek 2014",
    ),
    "smartdata_v1_train.json.gz": Origin("DFKI SmartData Corpus", _SMARTDATA.format("train"), _CC_BY, _SCHIERSCH),
    "smartdata_v1_test.json.gz": Origin("DFKI SmartData Corpus", _SMARTDATA.format("test"), _CC_BY, _SCHIERSCH),
    "uner_english_ewt_dev.iob2": Origin(
        "Universal NER, English EWT",
        "https://github.com/UniversalNER/UNER_English-EWT, `en_ewt-ud-dev.iob2`",
        _CC_BY_SA,
        "Mayhew et al. 2024",
    ),
}


def card(recipe: Recipe, folder: Path, content: bytes, scored: Mapping[str, Mapping[str, Score]], on: date) -> str:
    """The card as Markdown. `scored` has the scores by type of each recogniser, the shipped one first."""
    names = (recipe.leading, *recipe.helping)
    return "\n".join(
        [
            f"# Names in {({'de': 'German', 'en': 'English'}).get(recipe.language, recipe.language)} texts\n",
            f"A linear-chain conditional random field: persons, organisations, locations and other names. {_licence(names)}\n",
            f"Made on {on.isoformat()} with `lagebild entities train FOLDER` (python-crfsuite {version('python-crfsuite')}, seed {SEED}).",
            f"`{recipe.language}.model.gz`: {len(content):,} bytes, SHA-256 `{hashlib.sha256(content).hexdigest()}`.\n",
            "## Made of\n",
            *_sources(folder, names),
            *_method(recipe),
            "## How good it is\n",
            f"{FOLDS}-fold cross-validation on `{recipe.leading}`: its sentences in the order of Python's `random.Random({SEED}).shuffle`, fold = place "
            f"modulo {FOLDS}. Strict spans: both ends and the type are right. The model that ships was trained on all of it.\n",
            *score_rows(scored),
            "",
        ]
    )


def _licence(names: Sequence[str]) -> str:
    if any(ORIGINS[name].licence == _CC_BY_SA for name in names):
        return f"The model is licensed under {_CC_BY_SA}, as its corpus is; the code that reads it is not affected."
    return f"The corpora are licensed under {_CC_BY}; the attribution below is to be kept with the model."


def _sources(folder: Path, names: Sequence[str]) -> list[str]:
    rows = ["| corpus | from | licence, attribution | file | SHA-256 | sentences |", "|---|---|---|---|---|---|"]
    for name in names:
        origin = ORIGINS[name]
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        count = len(read(folder / name))
        rows.append(f"| {origin.title} | {origin.public} | {origin.licence}; {origin.authors} | `{name}` | `{digest}` | {count:,} |")
    return [*rows, ""]


def _method(recipe: Recipe) -> list[str]:
    helping = (
        [
            "The leading corpus is the first one; the others follow other guidelines (companies named by common nouns, streets and stops, no other names). "
            "Their features are given twice, as they are and marked as being from elsewhere, and only the unmarked weights ship.\n",
            'Each record of the SmartData files carries the remark "Research use only" of the time of annotation; the corpus was published under the '
            "licence named above.\n",
        ]
        if recipe.helping
        else []
    )
    return [
        *helping,
        "What it sees of a word: spelling, shape, affixes, what simplemma's dictionaries know of it (looked up on the machine, nothing of them is in the "
        "file), what the packaged gazetteers know, two neighbours on each side. The sentence alone decides; agreement over the article is added when tagging.\n",
    ]


def score_rows(scored: Mapping[str, Mapping[str, Score]]) -> list[str]:
    """Precision, recall and F1 by recogniser and type, as a Markdown table."""
    rows = ["| recogniser | type | names | precision | recall | F1 |", "|---|---|---|---|---|---|"]
    for recogniser, by_type in scored.items():
        for kind, score in by_type.items():
            if score.wanted:
                rows.append(f"| {recogniser} | {kind} | {score.wanted:,} | {score.precision:.3f} | {score.recall:.3f} | {score.f1:.3f} |")
    return rows
