"""deduplicate: which story does the article belong to? Near-duplicates of one another share a story; the first one opens it.

Nothing is dropped here: copies are indexed with their story, and hidden or folded by the reader's choice.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline import topology
from pipeline.article import encode
from pipeline.runner import Out, Work
from pipeline.stages.reading import read
from pipeline.stories import StoryRecord, StoryTable

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(StoryRecord)


class Stories:
    """The story table of one partition, as the records of the topic `stories` make it."""

    def __init__(self, table: StoryTable) -> None:
        self.table = table

    def apply(self, key: str, value: bytes) -> None:
        self.table.apply(_decoder.decode(value))


class Deduplicate:
    """The stage. `memories` holds the stories of each partition."""

    name = "deduplicate"

    def __init__(self) -> None:
        self.memories: dict[int, Stories] = {}

    def run(self, work: Work, now: datetime) -> list[Out]:
        article = read(work)
        table = self.memories[work.position.partition].table
        tokens = article.signature.tokens if article.signature else 0
        # Record time, never the wall clock: the verdict must be the same when the record is delivered again.
        at = article.clock.fetched_at or work.at
        record = table.stored(article.id, article.revision)
        if record is None:
            decided = table.decide(article.id, article.revision, article.routing_language, article.signature, tokens, at)
            record = decided.record(article.position)
            table.apply(record)
        clock = msgspec.structs.replace(article.clock, deduplicated_at=now)
        deduplicated = msgspec.structs.replace(article, story=record.story, signature=None, clock=clock)
        return [
            Out(topology.STORIES, record.key, _encoder.encode(record), work.position.partition),
            Out(topology.DEDUPLICATED, article.id, encode(deduplicated)),
        ]
