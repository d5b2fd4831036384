"""Everything that needs no server: the stages, the functions beside what they replace, what the stages remember. On each corpus that is there."""

from __future__ import annotations

import gzip
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from pipeline.article import Article, Clock, Dates, Source, identity
from pipeline.bench.backtests import measure_backtest
from pipeline.bench.corpus import generate
from pipeline.bench.entities import WATCHED, measure_entities
from pipeline.bench.extraction import measure_extraction
from pipeline.bench.feed_reading import measure_feeds
from pipeline.bench.functions import measure_language, measure_signature, measure_stories
from pipeline.bench.matching import SIZES, measure_matching
from pipeline.bench.memories import measure_hot_story, measure_known
from pipeline.bench.stages import measure_stages
from pipeline.bench.system import KEYWORD, Tell
from pipeline.enriching import enrichers
from pipeline.rules.compiled import RuleSet
from pipeline.settings import Settings
from pipeline.worker import stages

GENERATED = "generated"
NEWSPAPERS = "newspapers"
# Below the shared data folder: 514 German newspaper articles, the first sentence is the headline.
_NEWSPAPER_FILE = Path("de_news") / "articles.jsonl.gz"
_STAGE_ARTICLES = 2_000
_FUNCTION_TEXTS = 900
_STORY_TABLE = 100_000
# A short run measures with fewer rules, too: 100,000 of them take a minute to compile.
_RULES_PER_ARTICLE = 50
_STORY_DECISIONS = 2_000

Figures = dict[str, Any]


def measure(articles: int, seed: int, data_folder: Path, settings: Settings, rules: RuleSet, rounds: int, tell: Tell) -> Figures:
    """The figures by corpus, and of the functions that have one corpus only. `articles` bounds all sizes."""
    found: Figures = {"stages": {}, "language": {}, "signature": {}}
    corpora = corpora_of(seed, min(articles, _STAGE_ARTICLES), data_folder)
    for name, corpus in corpora.items():
        tell(f"stages in memory: {len(corpus):,} articles, {name}")
        found["stages"][name] = measure_stages(corpus, settings, rules, rounds)
        texts = [each.body for each in corpus[:_FUNCTION_TEXTS]]
        tell(f"language and signature: {len(texts):,} texts, {name}")
        found["language"][name] = measure_language(texts, rounds)
        found["signature"][name] = measure_signature(texts, rounds)
    sizes = [size for size in SIZES if size <= max(SIZES[0], articles * _RULES_PER_ARTICLE)]
    corpus = corpora.get(NEWSPAPERS, corpora[GENERATED])
    tell(f"matching with {', '.join(f'{size:,}' for size in sizes)} rules: {len(corpus):,} articles")
    found["matching"] = measure_matching(corpus, seed, rounds, sizes)
    tell(f"back-test: {len(corpus):,} articles")
    found["backtest"] = measure_backtest(corpus, seed, settings, enrichers(settings), rounds)
    watched = min(WATCHED, articles * _RULES_PER_ARTICLE)
    tell(f"entities with {watched:,} watched names: {len(corpus[:_FUNCTION_TEXTS]):,} articles")
    found["entities"] = measure_entities(corpus[:_FUNCTION_TEXTS], seed, rounds, watched)
    table = min(_STORY_TABLE, articles * 5)
    tell(f"story decisions in a table of {table:,}")
    found["stories"] = measure_stories(table, min(_STORY_DECISIONS, articles), rounds, seed)
    found["hot_story"] = measure_hot_story(corpora[GENERATED][0].body, min(3_000, articles))
    found["known"] = measure_known(corpora[GENERATED], stages(settings, lambda: rules).identify)
    tell("feeds beside feedparser")
    found["feeds"] = measure_feeds(rounds)
    tell("extraction: web pages, where they are there")
    if (extraction := measure_extraction(data_folder, rounds)) is not None:
        found["extraction"] = extraction
    return found


def corpora_of(seed: int, count: int, data_folder: Path) -> Mapping[str, Sequence[Article]]:
    """The corpora to measure on, by name: the generated one, and the newspapers' where their file is there."""
    now = datetime.now(UTC)
    made = [_fresh(each.collected(now), now) for each in generate(seed, count, keyword=KEYWORD)]
    found: dict[str, Sequence[Article]] = {GENERATED: made}
    path = data_folder / _NEWSPAPER_FILE
    if path.is_file():
        found[NEWSPAPERS] = newspapers(path, now)[:count]
    return found


def newspapers(path: Path, now: datetime) -> list[Article]:
    """The articles of the file as a connector would deliver them at `now`."""
    source = Source(id="newspapers", connector="file", site="newspapers.example")
    with gzip.open(path, "rb") as file:
        lines = [msgspec.json.decode(line) for line in file]
    found = []
    for each in lines:
        title, _, body = each["text"].partition(". ")
        id = identity(source.site, each["id"], "")
        found.append(_fresh(Article(id=id, source=source, guid=each["id"], title=title, body=body, clock=Clock(fetched_at=now)), now))
    return found


def _fresh(article: Article, now: datetime) -> Article:
    """Published just now, so that no article is late."""
    return msgspec.structs.replace(article, dates=Dates(published_raw=now.isoformat()))
