"""One record of a topic on its way into the index: what to write, what to publish about it, what may be committed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from pipeline import topology
from pipeline.article import Article, Position
from pipeline.broker import Record
from pipeline.errors import Permanent, why_unreadable
from pipeline.index import bulk, rejections, templates
from pipeline.index.alerts import decision_document, decision_id, episode_document, notification_document, silence_document
from pipeline.index.bulk import Next, Operation, Verdict
from pipeline.index.documents import document, index_name
from pipeline.index.sources import source_document
from pipeline.outcome import Exit, Outcome, Rejection
from pipeline.runner import Out, Work, rejection
from pipeline.settings import Settings

STAGE = topology.stage("index")

_article = msgspec.json.Decoder(Article)
_object = msgspec.json.Decoder(dict)
_encode = msgspec.json.Encoder().encode


@dataclass(slots=True)
class Entry:
    """One record. `operation` is None where nothing can be written: then `error` says why, and the verdict stands already."""

    record: Record
    article: Article | None = None
    operation: Operation | None = None
    error: Permanent | None = None
    verdict: Verdict | None = None

    @property
    def partition(self) -> tuple[str, int]:
        return self.record.topic, self.record.partition

    @property
    def name(self) -> str:
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"


def prepare(record: Record, settings: Settings, indexed_at: datetime | None) -> Entry:
    """The record with the operation that brings it into the index, or with the reason why there is none.

    `indexed_at` None (a rebuild) leaves the time of indexing out of the document.
    """
    try:
        if record.topic == settings.topic(topology.ENRICHED):
            article = _article.decode(record.value or b"")
            operation = bulk.write(index_name(settings, article), article.id, article.version, document(article, indexed_at))
            return Entry(record, article, operation)
        if record.topic == settings.topic(topology.REJECTED):
            about = rejections.read(record)
            made = rejections.document(about, record.offset, indexed_at)
            index, id = rejections.index_name(settings, about), rejections.document_id(about)
            return Entry(record, operation=bulk.write(index, id, record.offset + 1, made))
        return Entry(record, operation=_alert(record, settings, indexed_at))
    except Permanent as error:
        return _refused(record, error)
    except msgspec.ValidationError as error:
        return _refused(record, Permanent(Rejection.INVALID, f"not a record of {record.topic}: {error}"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return _refused(record, Permanent(Rejection.UNREADABLE, f"not readable as JSON: {why_unreadable(error)}"))


def _refused(record: Record, error: Permanent) -> Entry:
    return Entry(record, error=error, verdict=Verdict(Next.REFUSED, str(error)))


_DOCUMENTS = {
    topology.EPISODES: (templates.ALERTS, episode_document),
    topology.NOTIFICATIONS: (templates.NOTIFICATIONS, notification_document),
    topology.SILENCES: (templates.SILENCES, silence_document),
    topology.HEALTH: (templates.SOURCES, source_document),
}


def _alert(record: Record, settings: Settings, indexed_at: datetime | None) -> Operation:
    """Alerts and sources have topics of one partition, written in order, so the record's place there is the version of its document."""
    topic = record.topic.removeprefix(settings.kafka.topic_prefix)
    version = record.offset + 1
    if topic == topology.AUDIT:
        audit = _object.decode(record.value or b"")
        made = decision_document(audit, indexed_at)
        made["@timestamp"] = made["@timestamp"] or record.at
        return bulk.write(settings.index(templates.AUDIT), decision_id(audit) or f"offset-{record.offset}", version, made)
    id = (record.key or b"").decode()
    if not id:
        raise Permanent(Rejection.INVALID, f"a record of {record.topic} has no key: it cannot be told from others")
    name, make = _DOCUMENTS[topic]
    index = settings.index(name)
    if record.value is None:
        return bulk.deletion(index, id, version)
    made = make(_object.decode(record.value), id, indexed_at)
    made["@timestamp"] = made["@timestamp"] or record.at
    return bulk.write(index, id, version, made)


def effects(entry: Entry, settings: Settings, now: datetime) -> list[Out]:
    """The records to publish before a settled entry is committed; their topics are real names.

    Articles have an outcome each. Of alerts only refused ones leave a record, because outcomes are about collected records. A rejection that
    the index refuses leaves none: it stands in its topic already, and would come back for ever.
    """
    verdict = entry.verdict
    assert verdict is not None
    if entry.record.topic == settings.topic(topology.REJECTED):
        return []
    if verdict.next is Next.REFUSED:
        made = rejection(
            STAGE.name, _work(entry.record, settings), entry.error or Permanent(Rejection.REFUSED_BY_INDEX, verdict.reason), now
        )
        outs = made if entry.record.topic == settings.topic(topology.ENRICHED) else made[:1]
    elif entry.article is None:
        outs = []
    else:
        outs = [Out(topology.OUTCOMES, entry.article.id, _encode(_outcome(entry.article, entry.operation, verdict, now)))]
    return [Out(settings.topic(out.topic), out.key, out.value, out.partition, out.headers) for out in outs]


def _outcome(article: Article, operation: Operation | None, verdict: Verdict, now: datetime) -> Outcome:
    index = operation.index if operation else ""
    return Outcome(
        article_id=article.id,
        position=article.position,
        exit=Exit.PASSED,
        stage=STAGE.name,
        at=now,
        detail=f"in {index}" if verdict.next is Next.DONE else f"in {index} stands a newer revision",
        revision=article.revision,
        url=article.canonical_url or article.url,
        story_id=article.story.id if article.story else "",
        generation=article.generation,
    )


def _work(record: Record, settings: Settings) -> Work:
    topic = record.topic.removeprefix(settings.kafka.topic_prefix)
    return Work(record.key, record.value or b"", Position(topic, record.partition, record.offset), record.at, record.headers)


def committable(entries: Sequence[Entry]) -> dict[tuple[str, int], int]:
    """The next offset to read per partition: after the last entry before which nothing is unsettled."""
    ready: dict[tuple[str, int], int] = {}
    held: set[tuple[str, int]] = set()
    for entry in entries:
        if entry.verdict is None:
            held.add(entry.partition)
        elif entry.partition not in held:
            ready[entry.partition] = entry.record.offset + 1
    return ready


def without(entries: Iterable[Entry], revoked: set[tuple[str, int]]) -> list[Entry]:
    """The entries of other partitions than the revoked ones."""
    return [entry for entry in entries if entry.partition not in revoked]
