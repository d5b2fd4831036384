"""Fill an empty Elasticsearch from the topics. The indexer may run meanwhile: versions decide, whoever writes first.

The indexer's group and its offsets are not touched, and no outcomes are published: they were when the articles were first indexed. The
time of indexing is left out of the documents, because it would say when they were restored.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

import structlog

from pipeline import broker, search
from pipeline.broker import Record
from pipeline.index import queries
from pipeline.index.apply import apply_to
from pipeline.index.bulk import Next
from pipeline.index.entries import STAGE, prepare
from pipeline.index.writer import Writer, write_all
from pipeline.settings import Settings

log = structlog.get_logger()

# A year of articles takes hours; a rebuild that reads nothing new for this long would be noticed by its progress.
READ_SECONDS = 7 * 86_400.0


@dataclass(frozen=True)
class Counts:
    """How far a rebuild is. `older` are records that a newer revision had overtaken."""

    records: int = 0
    written: int = 0
    older: int = 0
    refused: int = 0
    topic: str = ""


def rebuild(settings: Settings, progress: Callable[[Counts], None] = lambda counts: None) -> Counts:
    """Write everything that the topics hold and return what that came to; `progress` hears at the start of each topic and after each request.

    Applies the templates first. Refused records are logged and counted. Raises Denied, or Transient when Kafka stops answering; waits
    while Elasticsearch takes nothing.
    """
    counts = Counts()
    limits = settings.elasticsearch
    search.wait_until_ready(settings, 60)
    with search.Server(settings) as server:
        apply_to(server, settings)
        writer = Writer(server.bulk, limits.bulk_documents, limits.bulk_bytes)
        for name in STAGE.reads:
            counts = replace(counts, topic=name)
            progress(counts)
            records = broker.read_to_end(settings.kafka, settings.topic(name), deadline_seconds=READ_SECONDS)
            for batch in _batches(records, limits.bulk_documents, limits.bulk_bytes):
                counts = _write(settings, server, writer, batch, counts)
                progress(counts)
        apply_to(server, settings)  # the end of each month is set on indices that are there
        queries.refresh(server, settings)
    return counts


def _batches(records: Iterable[Record], max_documents: int, max_bytes: int) -> Iterator[list[Record]]:
    """The records in order, in lists of about one request: bounded in number, and ended by the record that passes the bytes."""
    remaining = iter(records)
    while batch := list(islice(remaining, 1)):
        size = len(batch[0].value or b"")
        while len(batch) < max_documents and size < max_bytes and (more := next(remaining, None)) is not None:
            batch.append(more)
            size += len(more.value or b"")
        yield batch


def _write(settings: Settings, server: search.Server, writer: Writer, batch: list[Record], counts: Counts) -> Counts:
    entries = [prepare(record, settings, None) for record in batch]
    results = write_all(writer, [entry.operation for entry in entries if entry.operation], time.sleep)
    for operation, verdict in results:
        if verdict.next is Next.STOP:
            raise search.Denied(f"Elasticsearch at {server.url} refuses to take documents: {verdict.reason}")
        if verdict.next is Next.REFUSED:
            log.warning("refused", index=operation.index, document=operation.id, why=verdict.reason[:300])
    unwritable = [entry for entry in entries if entry.error]
    for entry in unwritable:
        log.warning("not writable", record=entry.name, why=str(entry.error)[:300])
    by_verdict = [verdict.next for _, verdict in results]
    return replace(
        counts,
        records=counts.records + len(batch),
        written=counts.written + by_verdict.count(Next.DONE),
        older=counts.older + by_verdict.count(Next.OLDER),
        refused=counts.refused + by_verdict.count(Next.REFUSED) + len(unwritable),
    )
