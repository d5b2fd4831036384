"""`lagebild try`: files through the worker's own stages in memory, without any server.

Nothing here decides anything: it carries records from stage to stage as Kafka would, and collects what comes out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import plugins, topology
from pipeline.article import Article, Position, decode, encode
from pipeline.errors import Permanent
from pipeline.outcome import Outcome
from pipeline.plugins import Unreadable
from pipeline.rules.compiled import RuleSet
from pipeline.runner import Out, Work, rejection
from pipeline.settings import Settings
from pipeline.stages.known import KnownArticles
from pipeline.worker import Stages, remembered_stories, stages


@dataclass(frozen=True)
class Tried:
    """What became of the articles: those that went through, the outcomes of the others, and what could not be read at all."""

    articles: tuple[Article, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass
class Tryout:
    """One partition's worth of memory, filled by what is tried."""

    made: Stages
    settings: Settings
    _offset: int = 0
    _articles: list[Article] = field(default_factory=list)
    _outcomes: list[Outcome] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.made.identify.memories[0] = KnownArticles()
        self.made.deduplicate.memories[0] = remembered_stories(self.settings)

    def take(self, article: Article, now: datetime) -> None:
        """Carry one collected article through all stages."""
        self._offset += 1
        work = Work(article.id.encode(), encode(article), Position(topology.COLLECTED, 0, self._offset), now)
        for stage, output in (
            (self.made.identify, topology.IDENTIFIED),
            (self.made.deduplicate, topology.DEDUPLICATED),
            (self.made.enrich, topology.ENRICHED),
        ):
            try:
                outs = stage.run(work, now)
            except Permanent as error:
                outs = rejection(stage.name, work, error, now)
            self._outcomes += [msgspec.json.decode(out.value or b"", type=Outcome) for out in outs if out.topic == topology.OUTCOMES]
            passed = next((out for out in outs if out.topic == output), None)
            if passed is None:
                return
            work = _next(passed, self._offset)
        self._articles.append(decode(work.value))

    def result(self, unreadable: Sequence[Unreadable] = ()) -> Tried:
        return Tried(tuple(self._articles), tuple(self._outcomes), tuple(unreadable))


def _next(out: Out, offset: int) -> Work:
    return Work(out.key.encode(), out.value or b"", Position(out.topic, 0, offset), datetime.now(UTC))


def try_articles(articles: Iterable[Article], settings: Settings, rules: RuleSet) -> Tried:
    """These collected articles, in their order, through all stages."""
    tryout = Tryout(stages(settings, lambda: rules), settings)
    for article in articles:
        tryout.take(article, datetime.now(UTC))
    return tryout.result()


def try_files(paths: Iterable[Path], settings: Settings, rules: RuleSet) -> Tried:
    """The files (or all files of the folders) in `paths`, in order of their names, through all stages."""
    directory = plugins.load("connectors", "directory", settings.plugin_folders)
    tryout = Tryout(stages(settings, lambda: rules), settings)
    unreadable: list[Unreadable] = []
    for path in paths:
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for file in files:
            batch = directory.read_file(file, path if path.is_dir() else path.parent)
            unreadable += batch.unreadable
            for article in batch.articles:
                tryout.take(article, datetime.now(UTC))
    return tryout.result(unreadable)
