"""Rejected records: read from `articles.rejected`, and sent back to the stage that rejected them once the cause is mended.

A record that a stage rejected re-enters the topic it came from. What a connector could not read has no topic to go back to: mend the source, and
it is collected again. An article that the index refused re-enters `articles.enriched` with a higher generation, so that it wins.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pipeline import broker, topology
from pipeline.article import decode, encode
from pipeline.errors import LagebildError
from pipeline.outcome import Rejected, rejected_from
from pipeline.settings import Settings


@dataclass(frozen=True)
class RejectedRecord:
    """One record of `articles.rejected`: its offset there, what its headers say, its bytes and its other headers."""

    offset: int
    about: Rejected
    value: bytes
    key: str = ""
    headers: tuple[tuple[str, bytes], ...] = ()


def newest(settings: Settings, count: int) -> list[RejectedRecord]:
    """The newest `count` rejected records, newest first."""
    found: deque[RejectedRecord] = deque(maxlen=count)
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.REJECTED)):
        each = _read(record)
        if each is not None:
            found.append(each)
    return list(reversed(found))


def at(settings: Settings, offset: int) -> RejectedRecord:
    """The rejected record at `offset`. Raises LagebildError when there is none."""
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.REJECTED)):
        if record.offset == offset:
            each = _read(record)
            if each is not None:
                return each
    raise LagebildError(f"there is no rejected record at offset {offset}; `lagebild rejected list` names them")


def _read(record: broker.Record) -> RejectedRecord | None:
    try:
        about = rejected_from(record.headers)
    except msgspec.ValidationError:
        return None
    headers = tuple(header for header in record.headers if not header[0].startswith("rejected."))
    return RejectedRecord(record.offset, about, record.value or b"", (record.key or b"").decode("utf-8", "replace"), headers)


def replay(settings: Settings, records: Sequence[RejectedRecord]) -> tuple[list[int], dict[int, str]]:
    """The offsets that were sent back, and why the others were not. Oldest first, so that revisions keep their order."""
    sent: list[int] = []
    refused: dict[int, str] = {}
    publisher = broker.Publisher(settings.kafka)
    try:
        for each in sorted(records, key=lambda record: record.offset):
            why = not_replayable(each)
            if why:
                refused[each.offset] = why
                continue
            publisher.send(settings.topic(each.about.topic), _key(each), _value(each), headers=each.headers)
            sent.append(each.offset)
        publisher.confirm()
    finally:
        publisher.close()
    return sent, refused


def not_replayable(each: RejectedRecord) -> str:
    """Why the record cannot be sent back, or an empty string."""
    readers = {name for stage in topology.STAGES for name in stage.reads}
    if each.about.topic not in readers:
        return f"{each.about.stage} could not read it at the source: mend the source, and it is collected again"
    if not each.about.was_collected and not _is_article(each.value):
        return f"{each.about.stage} could not read it as an article, so no stage can: mend the source, and it is collected again"
    if each.about.truncated:
        return "only its beginning was kept"
    return ""


def _is_article(value: bytes) -> bool:
    try:
        decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True


def _key(each: RejectedRecord) -> str:
    """The key by which the topic is partitioned."""
    if each.about.topic == topology.IDENTIFIED:
        return decode(each.value).routing_language
    return each.key


def _value(each: RejectedRecord) -> bytes:
    """The bytes to send: untouched but for what the index needs to let a later try win."""
    if each.about.topic != topology.ENRICHED:
        return each.value
    article = decode(each.value)
    return encode(msgspec.structs.replace(article, generation=article.generation + 1))
