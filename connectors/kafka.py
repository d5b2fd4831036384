"""Articles from another Kafka topic, that of another team or another product, with a mapping of its fields."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from connectors import _json_mapping
from connectors._json_mapping import Mapped
from connectors._wire import documents
from connectors._wire.articles import article_from
from connectors._wire.documents import Entry
from pipeline import broker
from pipeline.addresses import BrokerAddress
from pipeline.article import Article
from pipeline.broker import Record
from pipeline.connections import KafkaConnection
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context, Unreadable
from pipeline.sections import Kafka as Broker

BATCH_RECORDS = 200
POLL_SECONDS = 2.0
# A first poll joins nothing, but asks the broker for its partitions and their leaders.
PARTITIONS_EVERY_SECONDS = 60.0
_AWAY: tuple[type[Exception], ...] = (*broker.FAULTS, Unreachable)


class Options(KafkaConnection):
    """A topic whose records are articles: JSON with any names, or one of the formats of agencies. TLS and users as under `kafka`."""

    servers: list[BrokerAddress] = Field(min_length=1, description="addresses of the brokers, host:port")
    topic: str = Field(min_length=1, max_length=249, description="the topic")
    fields: Mapped = Field(default_factory=dict, description=f"where an article's values stand; {_json_mapping.PATHS_HELP}")
    site: str = Field(
        "", description="the publisher's host, within which ids are unique; default: the host of the article's URL, or else the source's id"
    )
    max_record_bytes: int = Field(4_000_000, ge=1_000, le=50_000_000, description="largest record")


def create(options: Options, context: Context) -> Kafka:
    return Kafka(options, context)


class Kafka:
    """One topic, read without a group. The cursor: the next offset of each partition."""

    # A poll waits for records.
    listens = True

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        reached = options.anchored(context.folder)
        connection = {name: getattr(reached, name) for name in KafkaConnection.model_fields}
        self._broker = Broker(**connection, max_record_bytes=max(options.max_record_bytes, 100_000))
        self._consumer: Any = None
        self._partitions: tuple[int, ...] = ()
        self._looked_at = 0.0
        self._next: dict[str, int] = {}

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next records, `BATCH_RECORDS` at most; waits for them up to two seconds. Records that the topic lost before they were read are reported.

        Raises Transient when the broker is away or the topic does not exist.
        """
        wanted = {str(partition): int(offset) for partition, offset in dict(cursor.get("offsets", {})).items()}
        try:
            lost = self._seek(wanted)
            found = broker.polled(self._consumer, int(POLL_SECONDS * 1_000), BATCH_RECORDS)
        except _AWAY as error:
            self.close()
            raise Transient(
                f"the topic {self._options.topic} at {', '.join(self._options.servers)} cannot be read: {error or type(error).__name__}"
            ) from error
        articles: list[Article] = []
        unreadable = list(lost)
        for record in found:
            self._next[str(record.partition)] = record.offset + 1
            self._read(record, articles, unreadable)
        return Batch(tuple(articles), {"offsets": dict(self._next)} if self._next else cursor, 0, tuple(unreadable))

    def close(self) -> None:
        """Let go of the broker."""
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            consumer.close()

    def _seek(self, wanted: dict[str, int]) -> list[Unreadable]:
        """Stand where the cursor says. What it says and the topic no longer has is lost, and told."""
        if self._consumer is None or time.monotonic() - self._looked_at > PARTITIONS_EVERY_SECONDS:
            broker.connect(self._broker, f"the source {self._context.name}", wait_seconds=0)
            self._looked_at = time.monotonic()
            partitions = tuple(broker.partitions_of(self._broker, self._options.topic))
            if self._consumer is None or partitions != self._partitions:
                self.close()
                self._partitions = partitions
                self._consumer = broker.assigned_consumer(self._broker, self._named())
                self._next = {}
        if self._next and self._next == wanted:
            return []
        begins = self._consumer.beginning_offsets(self._named(), timeout_ms=10_000)
        lost = []
        for each in self._named():
            at = max(wanted.get(str(each.partition), 0), begins[each])
            self._consumer.seek(each, at)
            self._next[str(each.partition)] = at
            if 0 < wanted.get(str(each.partition), 0) < begins[each]:
                lost.append(self._lost(each.partition, wanted[str(each.partition)], begins[each]))
        return lost

    def _named(self) -> list[broker.Partition]:
        return [broker.Partition(self._options.topic, number) for number in self._partitions]

    def _lost(self, partition: int, begin: int, end: int) -> Unreadable:
        subject = f"{self._options.topic}/{partition}/{begin}"
        why = f"the topic no longer has the records {begin:,} to {end - 1:,} of partition {partition}: they aged out before they were read"
        return Unreadable(subject, Rejection.INVALID, why, f"{begin}-{end - 1}".encode())

    def _read(self, record: Record, articles: list[Article], unreadable: list[Unreadable]) -> None:
        subject = f"{record.topic}/{record.partition}/{record.offset}"
        if record.value is None:
            return  # a compacted topic forgets a key: nothing was said
        for entry in self._entries(subject, record.value):
            if isinstance(entry.found, Unreadable):
                unreadable.append(entry.found)
            else:
                articles.append(self._article(entry))

    def _entries(self, subject: str, value: bytes) -> list[Entry]:
        if len(value) > self._options.max_record_bytes:
            why = f"{subject}: the record has {len(value):,} bytes; {self._options.max_record_bytes:,} are read at most"
            return [Entry(Unreadable(subject, Rejection.TOO_LARGE, why, value[:100_000]))]
        if not self._options.fields:
            return documents.entries(subject, value)
        try:
            found = [Entry(each, "utf-8") for each in _json_mapping.items(value, self._options.fields)]
        except Permanent as error:
            return [Entry(Unreadable(subject, error.reason, f"{subject}: {error}", value))]
        return [documents.not_empty(subject, each) for each in found]

    def _article(self, entry: Entry) -> Article:
        return article_from(entry, "kafka", self._context.name, self._context.now(), site=self._options.site)
