"""What the stages remember, as functions in memory: bytes an article, and the story decision when one text comes again and again."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from time import process_time

from pipeline import topology
from pipeline.article import Article, Position, encode
from pipeline.runner import Work
from pipeline.stages.identify import Identify
from pipeline.stages.known import KnownArticles
from pipeline.stories import StoryTable
from pipeline.text.signature import sign
from pipeline.text.tokens import analyse

Figures = dict[str, float]


def measure_known(articles: Sequence[Article], identify: Identify) -> Figures:
    """Bytes of memory an article that identify knows, and records per second on restoring them."""
    identify.memories[0] = KnownArticles()
    now = datetime.now(UTC)
    records: list[tuple[str, bytes]] = []
    for offset, each in enumerate(articles):
        outs = identify.run(Work(each.id.encode(), encode(each), Position(topology.COLLECTED, 0, offset), now), now)
        records += [(out.key, out.value or b"") for out in outs if out.topic == topology.KNOWN]
    identify.memories.clear()
    memory = KnownArticles()
    started = process_time()
    for key, value in records:
        memory.apply(key, value)
    seconds = process_time() - started
    tracemalloc.start()
    try:
        held = KnownArticles()
        for key, value in records:
            held.apply(key, value)
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    return {
        "articles": len(held),
        "revisions": len(records),
        "memory_bytes_per_article": taken / max(len(held), 1),
        "restore_records_per_second": len(records) / max(seconds, 1e-9),
    }


def measure_hot_story(text: str, copies: int = 3_000) -> Figures:
    """Decisions per second (decided and taken in) over `copies` of one text in one story, and over the last tenth of them."""
    words = analyse(text).forms
    table, at = StoryTable(), datetime.now(UTC)
    began = late = process_time()
    for number in range(copies):
        if number == copies - copies // 10:
            late = process_time()
        # Each copy has a few words of its own, as a publisher's frame has.
        signature = sign([*words, *(f"x{number}y{word}" for word in range(6))])
        verdict = table.decide(f"copy-{number}", 1, "de", signature, len(words), at + timedelta(seconds=number))
        table.apply(verdict.record(Position(topology.COLLECTED, 0, number)))
    ended = process_time()
    return {
        "copies": copies,
        "decisions_per_second": copies / max(ended - began, 1e-9),
        "last_tenth_per_second": (copies // 10) / max(ended - late, 1e-9),
    }
