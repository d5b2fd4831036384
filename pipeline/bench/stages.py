"""The worker's stages and the indexer's document building as functions in memory: articles per second on one core, without any server.

It is the code of the processes, record by record as Kafka would carry them, so that what is missing from an end-to-end figure is the carrying.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from statistics import median
from time import process_time

from pipeline import topology
from pipeline.article import Article, Position, decode, encode
from pipeline.broker import Record
from pipeline.enriching import enrichers
from pipeline.errors import Permanent
from pipeline.index.entries import prepare
from pipeline.plugins import Enricher
from pipeline.rules.compiled import RuleSet
from pipeline.rules.match import analyse_fields, match
from pipeline.runner import Out, Stage, Work
from pipeline.settings import Settings
from pipeline.stages.known import KnownArticles
from pipeline.worker import Stages, remembered_stories, stages

FLOW = (("identify", topology.IDENTIFIED), ("deduplicate", topology.DEDUPLICATED), ("enrich", topology.ENRICHED))


@dataclass
class Round:
    """One pass: seconds and records taken in by each stage, and what came out of the last one."""

    seconds: dict[str, float] = field(default_factory=dict)
    records: dict[str, int] = field(default_factory=dict)
    bytes_out: dict[str, int] = field(default_factory=dict)

    def articles_per_second(self) -> dict[str, float]:
        return {name: self.records[name] / seconds for name, seconds in self.seconds.items() if seconds}


def measure_stages(articles: Sequence[Article], settings: Settings, rules: RuleSet, rounds: int = 3) -> dict[str, object]:
    """Articles per second and core of each stage: medians of the rounds, and the rounds themselves.

    Each round starts with empty memories; caches of words are warm from a pass before the first round. `worker` is the three stages in a row.
    """
    made = stages(settings, lambda: rules)
    _pass(articles, made, settings)
    measured = [_pass(articles, made, settings) for _ in range(rounds)]
    rates = [each.articles_per_second() for each in measured]
    per_second = {name: median(each[name] for each in rates) for name in rates[0]}
    per_second["worker"] = len(articles) / median(sum(each.seconds[name] for name, _ in FLOW) for each in measured)
    return {
        "articles": len(articles),
        "rules": len(rules.rules),
        "records": measured[0].records,
        "articles_per_second": per_second,
        "parts_ms_per_article": _parts(articles, settings, rules, made),
        "bytes_per_record": {name: measured[0].bytes_out[name] / measured[0].records[name] for name in measured[0].bytes_out},
        "rounds": [{"articles_per_second": each} for each in rates],
    }


def _pass(articles: Sequence[Article], made: Stages, settings: Settings) -> Round:
    """All articles through the first stage, then all of its records through the next, and so on."""
    found = Round()
    made.identify.memories[0] = KnownArticles()
    made.deduplicate.memories[0] = remembered_stories(settings)
    gc.collect()
    now = datetime.now(UTC)
    works = [Work(each.id.encode(), encode(each), Position(topology.COLLECTED, 0, offset), now) for offset, each in enumerate(articles)]
    for name, output in FLOW:
        stage: Stage = getattr(made, name)
        started = process_time()
        outs = [out for work in works for out in _run(stage, work, now)]
        found.seconds[name] = process_time() - started
        found.records[name] = len(works)
        found.bytes_out[name] = sum(len(out.value or b"") for out in outs)
        passed = [out for out in outs if out.topic == output]
        works = [_work(out, offset, now) for offset, out in enumerate(passed)]
    records = [Record(settings.topic(topology.ENRICHED), 0, work.position.offset, work.key, work.value, (), now) for work in works]
    started = process_time()
    entries = [prepare(record, settings, now) for record in records]
    found.seconds["index documents"] = process_time() - started
    found.records["index documents"] = len(records)
    found.bytes_out["index documents"] = sum(len(entry.operation.payload) for entry in entries if entry.operation)
    return found


def _run(stage: Stage, work: Work, now: datetime) -> Iterable[Out]:
    try:
        return stage.run(work, now)
    except Permanent:
        return ()


def _work(out: Out, offset: int, now: datetime) -> Work:
    return Work(out.key.encode(), out.value or b"", Position(out.topic, 0, offset), now)


def _enriched(enricher: Enricher, articles: Sequence[Article]) -> list[Article]:
    return [enricher.enrich(each) for each in articles]


def _parts(articles: Sequence[Article], settings: Settings, rules: RuleSet, made: Stages) -> dict[str, float]:
    """Milliseconds an article for single parts, each over all articles on its own. `match` is given the analysed text."""
    encoded = [encode(each) for each in articles]
    analysed = [analyse_fields(each) for each in articles]
    parts: dict[str, Callable[[], object]] = {
        "decode": lambda: [decode(each) for each in encoded],
        "encode": lambda: [encode(each) for each in articles],
        "analyse": lambda: [analyse_fields(each) for each in articles],
        "match": lambda: [match(rules, article, texts) for article, texts in zip(articles, analysed, strict=True)],
    }
    for name, enricher in enrichers(settings).items():
        parts[f"enricher {name}"] = partial(_enriched, enricher, articles)
    found = {}
    for name, run in parts.items():
        started = process_time()
        run()
        found[name] = (process_time() - started) / len(articles) * 1000
    return found
