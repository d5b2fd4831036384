"""What recognising names costs an article: gazetteers, the model, and long watch lists."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import msgspec

from pipeline.article import Article, Language
from pipeline.enrichers.entities import Entities, Options, create
from pipeline.plugins import Context
from pipeline.text.language import Detector
from pipeline.text.tokens import analyse

Figures = dict[str, float]

WATCHED = 100_000
# What the target of the project speaks of.
ARTICLE_CHARACTERS = 2_600
_SYLLABLES = tuple(str.split("ka lo mi nu re sa to vi wo xe ya zu ber gen dor fel hin mar pet ros"))


def measure_entities(articles: Sequence[Article], seed: int, rounds: int, watched: int = WATCHED) -> Figures:
    """CPU milliseconds for an article of 2,600 characters, warm, one thread: the packaged names alone, all of it, and what `watched` names add."""
    detector = Detector()
    read = [_in_its_language(each, detector) for each in articles]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "watched.csv").write_text(_names(seed, watched), encoding="utf-8")
        recognisers = {
            "gazetteers": create(Options(model=False), Context(name="entities")),
            "all": create(Options(), Context(name="entities")),
            "watched": create(Options(model=False, watch_lists=folder), Context(name="entities")),
        }
    characters = sum(len(each.title) + len(each.body) for each in read)
    seconds: dict[str, list[float]] = {name: [] for name in recognisers}
    for number in range(rounds + 1):
        for name, recogniser in recognisers.items():
            taken = _seconds(recogniser, read)
            if number:  # the first round fills the caches
                seconds[name].append(taken)
    found = {f"{name}_ms": median(values) / characters * ARTICLE_CHARACTERS * 1000 for name, values in seconds.items()}
    return found | {
        "watched_adds_ms": found["watched_ms"] - found["gazetteers_ms"],
        "watched": watched,
        "articles": len(read),
        "rounds": rounds,
    }


def _in_its_language(article: Article, detector: Detector) -> Article:
    found = detector.detect(article.title, article.body, "")
    return msgspec.structs.replace(article, language=Language(code=found.code))


def _seconds(recogniser: Entities, articles: Sequence[Article]) -> float:
    """CPU seconds for all articles; their tokens are known already, as they are to the rules that come after."""
    taken = 0.0
    for article in articles:
        analyse(article.title), analyse(article.body)
        began = process_time()
        recogniser.enrich(article)
        taken += process_time() - began
    return taken


def _names(seed: int, count: int) -> str:
    chosen = random.Random(seed)
    names: dict[str, None] = {}
    while len(names) < count:
        words = ("".join(chosen.choices(_SYLLABLES, k=chosen.randint(2, 4))).capitalize() for _ in range(2))
        names[" ".join(words)] = None
    return "name,type\n" + "".join(f"{name},person\n" for name in names)
