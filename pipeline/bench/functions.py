"""The pure parts side by side with what they replace: language detection, signatures, the story decision.

All figures of one call come from one process and one run, round by round in turn, and are medians of the rounds; ratios are what to trust.
Peers that are not installed are left out.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from statistics import median
from time import perf_counter, process_time
from typing import Any

from pipeline.article import Position, Signature
from pipeline.bench.corpus import STARTED_AT, GeneratedArticle, Shares, generate
from pipeline.stories import StoryRecord, StoryTable
from pipeline.text.language import CHARACTERS, Detector, reference
from pipeline.text.signature import MINIMA, sign
from pipeline.text.tokens import analyse

Figures = dict[str, float]

ROUNDS = 5
LONG_TEXT_LETTERS = 200


def measure_language(texts: Sequence[str], rounds: int = ROUNDS) -> Figures:
    """Milliseconds per text and ratios: our detector against langdetect with a fixed seed, which gets the whole text.

    `cold` is a first pass with an empty cache of words, `warm` the second pass over the same texts; `same_characters` gives langdetect only the
    characters that ours looks at. `same_answer_share` counts texts of 200 letters and more.
    """
    reference(texts[0])
    detectors: list[Detector] = []
    seconds = _interleaved(
        {
            "langdetect": lambda: [reference(text) for text in texts],
            "langdetect_same_characters": lambda: [reference(text[:CHARACTERS]) for text in texts],
            "cold": lambda: _detect_all(_fresh(detectors), texts),
            "warm": lambda: _detect_all(detectors[-1], texts),
        },
        rounds,
    )
    figures = {f"{name}_ms_per_text": value / len(texts) * 1000 for name, value in seconds.items()}
    for name in ("cold", "warm"):
        figures[f"times_langdetect_{name}"] = seconds["langdetect"] / seconds[name]
        figures[f"times_langdetect_same_characters_{name}"] = seconds["langdetect_same_characters"] / seconds[name]
    long = [text for text in texts if sum(map(str.isalpha, text)) >= LONG_TEXT_LETTERS]
    same = sum(detectors[-1].detect("", text).code == reference(text) for text in long)
    figures |= {"texts": len(texts), "long_texts": len(long), "same_answer_share": same / len(long) if long else 0.0}
    return figures | _about(texts, rounds)


def measure_signature(texts: Sequence[str], rounds: int = ROUNDS) -> Figures:
    """Milliseconds per text for signing its tokens (warm cache of tokens; `first_pass` is the first), against datasketch with as many hashes."""
    forms = [analyse(text).forms for text in texts]
    started = perf_counter()
    for each in forms:
        sign(each)
    figures = {"first_pass_ms_per_text": (perf_counter() - started) / len(forms) * 1000}
    peers: dict[str, Callable[[], object]] = {"ours": lambda: [sign(each) for each in forms]}
    if datasketch := _installed("datasketch"):
        peers["datasketch"] = lambda: [_datasketch_minhash(datasketch, each) for each in forms]
    seconds = _interleaved(peers, rounds)
    figures |= {f"{name}_ms_per_text": value / len(forms) * 1000 for name, value in seconds.items()}
    if "datasketch" in seconds:
        figures["times_datasketch"] = seconds["datasketch"] / seconds["ours"]
    return figures | {"texts": len(texts), "tokens_per_text": sum(map(len, forms)) / len(forms)} | _about(texts, rounds)


def measure_stories(table_size: int = 100_000, decisions: int = 2_000, rounds: int = ROUNDS, seed: int = 1) -> Figures:
    """Decisions per second (each decided and applied) in a table of `table_size` generated articles, its size and its restore time.

    Rates per CPU second are those of a machine that does nothing else.
    `false_joins` are originals of the last rounds that were put into another article's story, `missed_reprints` re-prints that were not found.
    """
    shares = Shares(repeats=0.0, english=0.0)
    signed = [(article, sign(analyse(article.body).forms)) for article in generate(seed, table_size + decisions * rounds, shares)]
    table, records = StoryTable(), list[StoryRecord]()
    _decide_all(table, signed[:table_size], records)
    state_bytes = (table.state_bytes + sum(sys.getsizeof(record.article_id) for record in records)) / table_size
    seconds, cpu_seconds = [], []
    for start in range(table_size, len(signed), decisions):
        started, cpu_started = perf_counter(), process_time()
        _decide_all(table, signed[start : start + decisions], records)
        seconds.append(perf_counter() - started)
        cpu_seconds.append(process_time() - cpu_started)
    return {
        "table_articles": table_size,
        "decisions_per_second": decisions / median(seconds),
        "decisions_per_cpu_second": decisions / median(cpu_seconds),
        "state_bytes_per_article": state_bytes,
        **_restore(records),
        **_truth(signed[table_size:], records),
        "rounds": rounds,
    }


def _restore(records: Sequence[StoryRecord]) -> Figures:
    """How fast a table takes its records in again, up to its first decision."""
    started, cpu_started, table = perf_counter(), process_time(), StoryTable()
    for record in records:
        table.apply(record)
    table.decide("", 0, "de", records[0].signature, 0, STARTED_AT)
    return {
        "restore_records_per_second": len(records) / (perf_counter() - started),
        "restore_records_per_cpu_second": len(records) / (process_time() - cpu_started),
    }


def _decide_all(table: StoryTable, signed: Iterable[tuple[GeneratedArticle, Signature | None]], records: list[StoryRecord]) -> None:
    for article, signature in signed:
        at = STARTED_AT + timedelta(seconds=article.number)
        verdict = table.decide(article.article_id, article.revision, article.language, signature, 0, at)
        record = verdict.record(Position("articles.collected", article.number % 4, article.number))
        table.apply(record)
        records.append(record)


def _truth(signed: Sequence[tuple[GeneratedArticle, Signature | None]], records: Sequence[StoryRecord]) -> Figures:
    """How the last decisions compare with what the generator knows."""
    story = {(record.article_id, record.revision): record.story for record in records}
    by_article = {record.article_id: record.story for record in records}
    reprints = [article for article, _ in signed if article.kind == "reprint"]
    missed = [each for each in reprints if (found := story[each.article_id, 0]) is None or found.position == 1]
    originals = [story[article.article_id, 0] for article, _ in signed if article.kind == "original"]
    return {
        "reprints": len(reprints),
        "missed_reprints": len(missed),
        "originals": len(originals),
        "false_joins": sum(each is not None and each.position > 1 for each in originals),
        "stories": len({each.id for each in by_article.values() if each}),
    }


def _interleaved(passes: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The median seconds of each pass, run in turn `rounds` times."""
    seconds: dict[str, list[float]] = {name: [] for name in passes}
    for _ in range(rounds):
        for name, run in passes.items():
            started = perf_counter()
            run()
            seconds[name].append(perf_counter() - started)
    return {name: median(values) for name, values in seconds.items()}


def _fresh(detectors: list[Detector]) -> Detector:
    detectors[:] = [Detector()]
    return detectors[-1]


def _detect_all(detector: Detector, texts: Sequence[str]) -> None:
    for text in texts:
        detector.detect("", text)


def _installed(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


def _datasketch_minhash(datasketch: Any, forms: Sequence[str]) -> object:
    minhash = datasketch.MinHash(num_perm=MINIMA)
    minhash.update_batch([" ".join(forms[place : place + 3]).encode() for place in range(len(forms) - 2)])
    return minhash


def _about(texts: Sequence[str], rounds: int) -> Figures:
    return {"characters_per_text": sum(map(len, texts)) / len(texts), "rounds": rounds}
