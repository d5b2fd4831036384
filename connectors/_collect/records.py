"""What a batch becomes in Kafka: pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

import msgspec
from msgspec.structs import replace

from pipeline import article, topology
from pipeline.article import Article, Position, Source
from pipeline.outcome import Exit, Outcome, Rejected, Rejection
from pipeline.plugins import Batch, Unreadable
from pipeline.sections import SourceSettings

STAGE = "collect"
MAX_ORIGINAL_BYTES = 1_000_000
# What the keys, headers and framing of a record may need beside its value.
_OVERHEAD_BYTES = 8_000


@dataclass(frozen=True)
class Outgoing:
    """One record to send. `source_id` and `article_id` name it if the broker refuses it."""

    topic: str
    key: str
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    source_id: str = ""


def of_batch(batch: Batch, settings: SourceSettings, now: datetime, max_bytes: int) -> list[Outgoing]:
    """The records of all that a batch brought: first its articles, in its order, then what could not be read."""
    articles = [outgoing for each in batch.articles for outgoing in of_article(each, settings, now, max_bytes)]
    return articles + [outgoing for each in batch.unreadable for outgoing in of_unreadable(each, settings, now, max_bytes)]


def of_article(each: Article, settings: SourceSettings, now: datetime, max_bytes: int) -> list[Outgoing]:
    """The record of one article: collected, held while its embargo lasts, or rejected when Kafka could not take it."""
    stamped = _stamped(each, settings, now)
    try:
        value = article.encode(stamped)
    except (UnicodeEncodeError, TypeError, ValueError, OverflowError) as error:
        detail = f"the connector {settings.connector} delivered a record that cannot be written: {error}"
        return rejection(each.id, settings.id, Rejection.INVALID, detail, each.original, now, max_bytes, each.guid or each.url)
    if len(value) + _OVERHEAD_BYTES > max_bytes:
        detail = f"the article needs {len(value):,} bytes, more than kafka.max_record_bytes: {each.url or each.title[:100]}"
        return rejection(each.id, settings.id, Rejection.TOO_LARGE, detail, value, now, max_bytes, each.guid or each.url)
    topic = topology.HELD if is_held(stamped, now) else topology.COLLECTED
    return [Outgoing(topic, each.id, value, source_id=settings.id)]


def is_held(each: Article, now: datetime) -> bool:
    """Whether its source does not want it read yet: until a time, or until a later version of it says otherwise."""
    return each.pubstatus == "withheld" or (each.embargoed_at is not None and each.embargoed_at > now)


def _stamped(each: Article, settings: SourceSettings, now: datetime) -> Article:
    source = Source(
        id=settings.id,
        name=settings.name or each.source.name,
        connector=settings.connector,
        site=each.source.site,
        country=settings.country or each.source.country,
        owner=settings.owner or each.source.owner,
        tier=settings.tier or each.source.tier,
    )
    language = each.language if each.language.declared else replace(each.language, declared=settings.language)
    backfill = each.backfill and not settings.backfill_alerts
    return replace(each, source=source, language=language, backfill=backfill, clock=replace(each.clock, collected_at=now))


def of_unreadable(each: Unreadable, settings: SourceSettings, now: datetime, max_bytes: int) -> list[Outgoing]:
    """The rejection of something that is no article. Its id comes from its subject and its bytes, so that each content is reported once."""
    subject = f"{each.subject}\x00{hashlib.sha256(each.original).hexdigest()}"
    reason = Rejection(each.reason) if each.reason in set(Rejection) else Rejection.UNREADABLE
    id = article.identity(settings.id, subject, "")
    return rejection(id, settings.id, reason, each.named_detail, each.original, now, max_bytes, each.subject)


def rejection(
    article_id: str, source_id: str, reason: Rejection, detail: str, original: bytes, now: datetime, max_bytes: int, subject: str = ""
) -> list[Outgoing]:
    """The bytes (the first of them when they are many) and the outcome. Nothing was collected, so the position names the id instead of an offset."""
    kept = original[: min(MAX_ORIGINAL_BYTES, max_bytes - _OVERHEAD_BYTES)]
    rejected = Rejected(
        stage=STAGE,
        reason=reason,
        detail=detail[:1_500],
        source_id=source_id,
        article_id=article_id,
        topic=topology.COLLECTED,
        partition=-1,
        offset=-1,
        at=now,
        original_bytes=len(original),
        original_sha256=hashlib.sha256(original).hexdigest(),
        truncated=len(kept) < len(original),
        subject=subject[:500].encode("utf-8", "replace").decode(),
    )
    outcome = Outcome(
        article_id=article_id,
        position=Position(topic=f"{STAGE}/{article_id}"),
        exit=Exit.REJECTED,
        stage=STAGE,
        at=now,
        reason=reason.value,
        detail=detail[:500],
    )
    headers = tuple((name, value) for name, value in rejected.headers())
    return [
        Outgoing(topology.REJECTED, article_id, kept, headers, source_id),
        Outgoing(topology.OUTCOMES, article_id, msgspec.json.encode(outcome), source_id=source_id),
    ]


def refused_by_broker(each: Outgoing, now: datetime, max_bytes: int) -> list[Outgoing]:
    """The rejection of a record that the broker itself found too large."""
    detail = f"the broker refused {len(each.value or b''):,} bytes for {each.topic}: raise its message.max.bytes to kafka.max_record_bytes"
    return rejection(each.key, each.source_id, Rejection.TOO_LARGE, detail, each.value or b"", now, min(max_bytes, 100_000))


def cursor_value(connector: str, cursor: object) -> bytes:
    """The record of a cursor. Raises TypeError, ValueError or UnicodeEncodeError when it holds more than JSON values."""
    return msgspec.json.encode({"connector": connector, "cursor": cursor})


def cursor_of(value: bytes, connector: str) -> dict[str, object]:
    """The cursor in a record; {} when another connector wrote it, or nobody can read it: then the source is read from its beginning."""
    try:
        found = msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    if not isinstance(found, dict) or found.get("connector") != connector or not isinstance(found.get("cursor"), dict):
        return {}
    cursor: dict[str, object] = found["cursor"]
    return cursor
