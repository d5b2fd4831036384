"""What the collector remembers over restarts, read from its compacted topics."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec
import structlog

from connectors._collect.records import cursor_of
from pipeline import article, broker, sources, topology
from pipeline.article import Article
from pipeline.settings import Settings
from pipeline.sources import SourceHealth

log = structlog.get_logger()


@dataclass
class Memory:
    """Cursors and health by source id, embargoed articles by article id; `left` are the records of cursors of sources that are configured no more."""

    cursors: dict[str, dict[str, object]] = field(default_factory=dict)
    health: dict[str, SourceHealth] = field(default_factory=dict)
    held: dict[str, Article] = field(default_factory=dict)
    left: dict[str, bytes] = field(default_factory=dict)


def restored(settings: Settings) -> Memory:
    """The newest record of each key. Raises Transient when Kafka takes too long, Unreachable when a topic is missing."""
    connectors = {each.id: each.connector for each in settings.sources}
    memory = Memory()
    for key, value in _newest(broker.read_to_end(settings.kafka, settings.topic(topology.CURSORS))):
        if key in connectors:
            memory.cursors[key] = cursor_of(value, connectors[key])
        else:
            memory.left[key] = value
    for key, value in _newest(broker.read_to_end(settings.kafka, settings.topic(topology.HEALTH))):
        if key in connectors:
            try:
                memory.health[key] = sources.decode(value)
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                log.warning("health not restored", source=key, why=str(error))
    for key, value in _newest(broker.read_to_end(settings.kafka, settings.topic(topology.HELD))):
        try:
            memory.held[key] = article.decode(value)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            log.error("held article not restored", article=key, why=str(error))
    return memory


def _newest(records: Iterable[broker.Record]) -> list[tuple[str, bytes]]:
    found: dict[str, bytes] = {}
    for record in records:
        key = (record.key or b"").decode("utf-8", "replace")
        if record.value is None:
            found.pop(key, None)
        else:
            found[key] = record.value
    return list(found.items())
