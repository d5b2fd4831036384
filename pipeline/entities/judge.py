"""The recogniser and its baselines asked about the same sentences, none of which the models among them has seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.enrichers._gazetteer import Gazetteer
from pipeline.enrichers._names import packaged_names
from pipeline.enrichers.entities import Options, recogniser_with
from pipeline.entities import small_spacy
from pipeline.entities.asking import whole
from pipeline.entities.bare import bare
from pipeline.entities.card import Judged, card
from pipeline.entities.corpora import Sentence, read
from pipeline.entities.score import Recogniser, Score, scores
from pipeline.entities.speed import reads_texts, reads_with_model, tokens_a_second
from pipeline.entities.tag import Tagger
from pipeline.entities.train import FOLDS, RECIPES, SEED, Say, Trained, trained
from pipeline.entities.weights import unpacked

# A language, a model's file, the sentences it was trained on, the packaged names: a recogniser.
Made = Callable[[str, bytes, Sequence[Sentence], Gazetteer], Recogniser]


def judged(trained: Trained, gazetteer: Gazetteer, say: Say) -> Judged:
    """The whole recogniser and its baselines over all folds; without spaCy that one is left out, and `say` is told."""
    found = {name: _over_folds(trained, made, gazetteer) for name, made in _RECOGNISERS.items()}
    if not small_spacy.is_installed():
        say(f"{trained.recipe.language}: the baseline spaCy is left out: {small_spacy.INSTALL}")
        return Judged(found, {})
    pipelines = []
    for number, (known, _, _) in enumerate(trained.folds, 1):
        pipelines.append(small_spacy.trained_pipeline(known, trained.recipe.language, SEED))
        say(f"{trained.recipe.language}: fold {number} of {FOLDS} of the baseline spaCy trained")
    per_fold = [scores(unseen, small_spacy.recogniser_of(nlp)) for nlp, (_, unseen, _) in zip(pipelines, trained.folds, strict=True)]
    return Judged(found | {small_spacy.name(): _summed(per_fold)}, speeds(trained, gazetteer, pipelines[0]))


def _over_folds(trained: Trained, made: Made, gazetteer: Gazetteer) -> dict[str, Score]:
    language = trained.recipe.language
    return _summed([scores(unseen, made(language, content, known, gazetteer)) for known, unseen, content in trained.folds])


def _summed(per_fold: Sequence[Mapping[str, Score]]) -> dict[str, Score]:
    return {kind: Score(*map(sum, zip(*(each[kind] for each in per_fold), strict=True))) for kind in per_fold[0]}


def speeds(trained: Trained, gazetteer: Gazetteer, nlp: Any) -> dict[str, float]:
    """Tokens a second on the first fold: spaCy's pipeline first, then the model alone and the whole recogniser."""
    language, (_, unseen, content) = trained.recipe.language, trained.folds[0]
    tagger = Tagger(unpacked(content))
    readers = {
        small_spacy.name(): small_spacy.reader_of(nlp),
        "the model with the lists' hints": reads_with_model(tagger, gazetteer, language),
        "all of lagebild": reads_texts(recogniser_with(Options(), gazetteer, {language: tagger}), language),
    }
    return {name: tokens_a_second(reader, unseen) for name, reader in readers.items()}


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
            about.write_text(card(recipe, folder, made.content, judged(made, gazetteer, say), on), encoding="utf-8")
            yield from (model, about)


def baselines(sentences: Sequence[Sentence], language: str, folder: Path | None, say: Say) -> dict[str, dict[str, Score]]:
    """The scores of the gazetteers alone, and of the baselines trained on the corpus in `folder` when there is one."""
    gazetteer = packaged_names("de")
    found = {"gazetteers alone": scores(sentences, _gazetteers(language, b"", (), gazetteer))}
    recipe = next((each for each in RECIPES if each.language == language), None)
    if folder is not None and recipe is not None:
        known = read(folder / recipe.corpus)
        found["bare CRF"] = scores(sentences, bare(known, language, gazetteer))
        if small_spacy.is_installed():
            say("training the baseline spaCy; takes some minutes")
            found[small_spacy.name()] = scores(sentences, small_spacy.recogniser_of(small_spacy.trained_pipeline(known, language, SEED)))
        else:
            say(f"the baseline spaCy is left out: {small_spacy.INSTALL}")
    return found
