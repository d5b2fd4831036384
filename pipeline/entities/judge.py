"""The recogniser and its baselines asked about the same sentences, none of which the models among them has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from pipeline.enrichers._gazetteer import Gazetteer
from pipeline.enrichers._names import packaged_names
from pipeline.enrichers.entities import Options, recogniser_with
from pipeline.entities.asking import whole
from pipeline.entities.bare import bare
from pipeline.entities.card import card
from pipeline.entities.corpora import Sentence, read
from pipeline.entities.score import Recogniser, Score, scores
from pipeline.entities.tag import Tagger
from pipeline.entities.train import RECIPES, Say, Trained, trained
from pipeline.entities.weights import unpacked

# A language, a model's file, the sentences it was trained on, the packaged names: a recogniser.
Made = Callable[[str, bytes, Sequence[Sentence], Gazetteer], Recogniser]


def judged(trained: Trained, gazetteer: Gazetteer) -> dict[str, dict[str, Score]]:
    """The scores by type of the whole recogniser and of its baselines, over all folds."""
    return {name: _over_folds(trained, gazetteer, made) for name, made in _RECOGNISERS.items()}


def _over_folds(trained: Trained, gazetteer: Gazetteer, made: Made) -> dict[str, Score]:
    language = trained.recipe.language
    found = [scores(unseen, made(language, content, known, gazetteer)) for known, unseen, content in trained.folds]
    return {kind: Score(*map(sum, zip(*(each[kind] for each in found), strict=True))) for kind in found[0]}


def _shipped(language: str, content: bytes, known: Sequence[Sentence], gazetteer: Gazetteer) -> Recogniser:
    return whole(recogniser_with(Options(), gazetteer, {language: Tagger(unpacked(content))}), language)


def _gazetteers(language: str, content: bytes, known: Sequence[Sentence], gazetteer: Gazetteer) -> Recogniser:
    return whole(recogniser_with(Options(model=False), gazetteer, {}), language)


def _bare(language: str, content: bytes, known: Sequence[Sentence], gazetteer: Gazetteer) -> Recogniser:
    return bare(known, language, gazetteer)


_RECOGNISERS: Mapping[str, Made] = {"lagebild": _shipped, "gazetteers alone": _gazetteers, "bare CRF": _bare}


def train_into(into: Path, folder: Path, language: str, on: date, say: Say) -> Iterator[Path]:
    """Trains the model of `language`, or all of them for "", and writes each with its card; yields the files as they are written."""
    gazetteer = packaged_names("de")
    into.mkdir(parents=True, exist_ok=True)
    for recipe in RECIPES:
        if language in ("", recipe.language):
            made = trained(recipe, folder, gazetteer, say)
            model, about = into / f"{recipe.language}.model.gz", into / f"{recipe.language}.md"
            model.write_bytes(made.content)
            about.write_text(card(recipe, folder, made.content, judged(made, gazetteer), on), encoding="utf-8")
            yield from (model, about)


def baselines(sentences: Sequence[Sentence], language: str, folder: Path | None) -> dict[str, dict[str, Score]]:
    """The scores of the gazetteers alone, and of the bare reference trained on the leading corpus in `folder` when there is one."""
    gazetteer = packaged_names("de")
    found = {"gazetteers alone": scores(sentences, _gazetteers(language, b"", (), gazetteer))}
    recipe = next((each for each in RECIPES if each.language == language), None)
    if folder is not None and recipe is not None:
        found["bare CRF"] = scores(sentences, bare(read(folder / recipe.leading), language, gazetteer))
    return found
