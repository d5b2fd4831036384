"""Entities from gazetteers, the team's watch lists and a statistical model that comes with the package: countries, places, organisations, people.

Needs no download.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

import msgspec
from pydantic import BaseModel, ConfigDict, Field

from pipeline.article import Article
from pipeline.enrichers._gazetteer import Gazetteer, key
from pipeline.enrichers._names import NameLanguage, first_names, packaged_names, persons
from pipeline.enrichers._recognise import recognise
from pipeline.enrichers._spacy import SpacyTagger
from pipeline.enrichers._statistical import Statistical, shipped_taggers
from pipeline.enrichers._watch_lists import WatchLists
from pipeline.entities.tag import TagsNames
from pipeline.errors import BadConfiguration, Problem
from pipeline.plugins import Context
from pipeline.section_types import Names


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid")

    watch_lists: Annotated[str, Names.FOLDER] = Field(
        "", description="folder with the team's own names (*.csv, *.yaml), relative to the configuration; read again when a file changes"
    )
    model: bool = Field(
        True, description="whether the statistical model adds names that no list has, in the languages it was trained for (de, en)"
    )
    least_confidence: float = Field(
        0.4, ge=0, le=1, description="names that the model is less sure of are left out: higher gives fewer wrong ones and more missed ones"
    )
    spacy: dict[str, str] = Field(
        default_factory=dict,
        description="installed spaCy pipelines by language, in place of the model: {fr: fr_core_news_sm}; needs lagebild[spacy]",
    )
    name_language: NameLanguage = Field("de", description="the language in which countries and cities are called in the result: de or en")


class Entities:
    """The enricher: `article.entities` holds each named thing once, with all its mentions."""

    def __init__(self, packaged: Gazetteer, lists: WatchLists | None, first_names: frozenset[str], statistical: Statistical) -> None:
        self._packaged = packaged
        self._lists = lists
        self._first_names = first_names
        self._statistical = statistical

    def enrich(self, article: Article) -> Article:
        """The article with its entities, the most salient first; those it had before are replaced."""
        return msgspec.structs.replace(article, entities=recognise(article, self._finders(), self._first_names, self._statistical))

    def known(self) -> dict[str, str]:
        """The names of everything that the lists know, by id."""
        return {each.id: each.name for finder in self._finders() for each in finder.subjects() if each.id}

    def called(self, name: str) -> dict[str, str]:
        """The same for what may be called so, by the list that is trusted most."""
        called = ({each.id: each.name for each in finder.called(name) if each.id} for finder in self._finders())
        return next(filter(None, called), {})

    def _finders(self) -> tuple[Gazetteer, ...]:
        return (self._lists.gazetteer, self._packaged) if self._lists else (self._packaged,)

    def reload(self) -> tuple[Problem, ...]:
        """The problems of the watch lists as they are on disk now; () when all are in use. A broken file keeps the names it had."""
        return self._lists.reload() if self._lists else ()


def create(options: Options, context: Context) -> Entities:
    """The enricher with all names loaded (about 0.6 s). Raises BadConfiguration with every problem of the watch lists."""
    lists = WatchLists(context.folder / Path(options.watch_lists)) if options.watch_lists else None
    if lists and (problems := lists.reload()):
        raise BadConfiguration(list(problems))
    packaged = packaged_names(options.name_language)
    taggers: dict[str, TagsNames] = {**shipped_taggers()} if options.model else {}
    taggers |= {language: SpacyTagger(language, pipeline) for language, pipeline in options.spacy.items()}
    return Entities(packaged, lists, frozenset(_first_names(packaged)), Statistical(options.least_confidence, taggers))


def recogniser_with(options: Options, packaged: Gazetteer, taggers: Mapping[str, TagsNames]) -> Entities:
    """The enricher with these models in place of the shipped ones and without watch lists: for asking how good a model is."""
    return Entities(packaged, None, frozenset(_first_names(packaged)), Statistical(options.least_confidence, taggers))


def _first_names(packaged: Gazetteer) -> Iterator[str]:
    """First names, folded, that are no well-known place: what follows them is a family name, whatever place is called the same."""
    yield from (name for name in first_names() if not packaged.is_plain(name))
    for subject in {sense.subject for _, sense in persons()}:
        first = key(subject.name)[0]
        comes_last = not any(key(family)[0] == first for family in subject.families)
        if comes_last and first not in packaged:
            yield first
