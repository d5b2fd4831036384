"""What identify remembers: which articles and revisions it has seen, and which verdict each collected record got.

One record of `articles.known` is one revision, keyed `article id:revision`. It holds the position of the collected record, so that the
same record delivered again gets the same verdict again, while another record with the same text is a repeat.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from pipeline.article import Position

MEMORY_DAYS = 30


class Revision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One known revision. `sentences` holds 8 bytes for each sentence; `collected_at` orders revisions."""

    article_id: str
    revision: int
    content_hash: str
    sentences: bytes
    routing_language: str
    first_seen_at: datetime
    collected_at: datetime
    position: Position


@dataclass(frozen=True)
class Verdict:
    """What a collected record is. `revision` is the new (or stored) revision; `earlier` are the sentences that were known before it."""

    kind: Literal["new", "revision", "repeat", "superseded"]
    revision: int = 1
    first_seen_at: datetime | None = None
    routing_language: str = ""
    earlier: frozenset[bytes] = frozenset()
    stored: bool = False


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Revision, ...])
_json_decoder = msgspec.json.Decoder(Revision)


class KnownArticles:
    """The articles of one partition. Packed as bytes per article: a month of articles must stay small."""

    def __init__(self) -> None:
        self._revisions: OrderedDict[str, bytes] = OrderedDict()
        self._newest_at = datetime.min.replace(tzinfo=UTC)
        self.forgotten = 0

    def __len__(self) -> int:
        return len(self._revisions)

    def apply(self, key: str, value: bytes) -> None:
        self.remember(_json_decoder.decode(value))

    def remember(self, revision: Revision) -> None:
        """Take one revision in; the same one twice changes nothing."""
        known = {each.revision: each for each in self.revisions(revision.article_id)}
        known[revision.revision] = revision
        self._revisions[revision.article_id] = _encoder.encode(tuple(known[number] for number in sorted(known)))
        self._revisions.move_to_end(revision.article_id)
        self._newest_at = max(self._newest_at, revision.collected_at)
        self._forget()

    def revisions(self, article_id: str) -> tuple[Revision, ...]:
        """The known revisions of an article, oldest first; empty for an unknown one."""
        packed = self._revisions.get(article_id)
        return _decoder.decode(packed) if packed else ()

    def judge(self, article_id: str, content_hash: str, collected_at: datetime, position: Position) -> Verdict:
        """What a collected record is, given everything applied so far. Changes nothing."""
        known = self.revisions(article_id)
        if not known:
            return Verdict("new")
        for each in known:
            if each.position == position:
                return self._again(known, each)
        for each in known:
            if each.content_hash == content_hash:
                # Not the newest one: delivered again after further revisions, the record must get the same verdict.
                return Verdict("repeat", revision=each.revision)
        if collected_at < known[-1].collected_at:
            return Verdict("superseded", revision=known[-1].revision)
        return Verdict(
            "revision",
            revision=known[-1].revision + 1,
            first_seen_at=known[0].first_seen_at,
            routing_language=known[0].routing_language,
            earlier=_sentences(known),
        )

    @staticmethod
    def _again(known: tuple[Revision, ...], stored: Revision) -> Verdict:
        earlier = tuple(each for each in known if each.revision < stored.revision)
        return Verdict(
            "revision" if earlier else "new",
            revision=stored.revision,
            first_seen_at=stored.first_seen_at,
            routing_language=stored.routing_language,
            earlier=_sentences(earlier),
            stored=True,
        )

    def _forget(self) -> None:
        """Drop what was last changed more than `MEMORY_DAYS` before the newest record: record time, never the wall clock."""
        limit = self._newest_at - timedelta(days=MEMORY_DAYS)
        while self._revisions:
            article_id, packed = next(iter(self._revisions.items()))
            if _decoder.decode(packed)[-1].collected_at >= limit:
                return
            del self._revisions[article_id]
            self.forgotten += 1


def _sentences(revisions: tuple[Revision, ...]) -> frozenset[bytes]:
    return frozenset(each.sentences[at : at + 8] for each in revisions for at in range(0, len(each.sentences), 8))
