"""Reads pages that matched again, beside the collector: what was withdrawn or corrected must reach those who were told.

What is to be read is in the topic `pages.rereads`, one record a page, so a restart goes on where it was. A reading counts once its article and its
next time are confirmed; killed in between, it is repeated, and identify drops what it knows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from connectors._collect.outbox import Outbox, Publishing, kafka_errors_are_transient
from connectors._collect.records import Outgoing
from connectors._collect.schedule import one_line
from connectors._http import Client
from connectors._page.article_page import ArticlePage, ArticlePages, is_gone, is_missing
from connectors._page.robots import Robots
from connectors._reread import schedule, verdict
from connectors._reread.schedule import Reread
from pipeline import article, broker, topology
from pipeline.article import Article
from pipeline.clock import utc_now
from pipeline.errors import Permanent, Transient, Unreachable
from pipeline.settings import Settings

log = structlog.get_logger()

GROUP = "collector"
LOOK_SECONDS = 5.0
AWAY_SECONDS = 15.0
END_SECONDS = 10.0
# Pages read between two looks at the evidence.
PAGES_AT_ONCE = 5

Read = Callable[[Article], ArticlePage]


class Evidence(Protocol):
    """The revisions that matched, as they come; `done` says that those handed over are safe."""

    def new(self) -> Iterable[Article]: ...
    def done(self) -> None: ...


@dataclass
class Rereading:
    """The readings. `waiting` is what the topic holds, by article id."""

    read: Read
    outbox: Outbox
    now: Callable[[], datetime]
    waiting: dict[str, Reread] = field(default_factory=dict)

    def step(self, evidence: Evidence) -> int:
        """Take in what matched, then read what is due; how many pages were read. Raises Transient when Kafka did not confirm."""
        self._note(evidence)
        read = 0
        for each in schedule.due(self.waiting, self.now())[:PAGES_AT_ONCE]:
            self._again(each)
            read += 1
        return read

    def _note(self, evidence: Evidence) -> None:
        changed: dict[str, Reread | None] = {}
        for each in evidence.new():
            known = changed.get(each.id, self.waiting.get(each.id))
            after = schedule.noted(each, known, self.now())
            if after is not None or known is not None:
                changed[each.id] = after
        self._keep(changed)
        evidence.done()

    def _again(self, reread: Reread) -> None:
        now = self.now()
        try:
            page = self.read(reread.article)
            said = verdict.said_now(reread.article, page.item, page.encoding, now)
        except Permanent as error:
            if is_missing(error) and (once_more := schedule.after_missing(reread, now)):
                self._keep({reread.article.id: once_more})
                return
            if not is_gone(error) and not is_missing(error):
                self._failed(reread, error, now)
                return
            said = verdict.gone(reread.article, now)
        except Transient as error:
            self._failed(reread, error, now)
            return
        except Exception as error:
            # What nobody foresaw about one page must not keep the others from being read.
            log.exception("a page broke its reading", article=reread.article.id, url=reread.article.url)
            self._failed(reread, error, now)
            return
        is_over = said is not None and said.pubstatus == "canceled"
        after = None if is_over else schedule.after_reading(reread, said, now)
        self._keep({reread.article.id: after}, said)
        log.info("read again", article=reread.article.id, url=reread.article.url, says="the same" if said is None else said.pubstatus)

    def _failed(self, reread: Reread, error: Exception, now: datetime) -> None:
        after = schedule.after_failure(reread, now)
        told = log.info if after else log.warning
        told("not read again", article=reread.article.id, url=reread.article.url, why=one_line(str(error)), gives_up=after is None)
        self._keep({reread.article.id: after})

    def _keep(self, changed: Mapping[str, Reread | None], said: Article | None = None) -> None:
        """What the page says, and then what is read next, in one confirmed batch."""
        if not changed:
            return
        records = [Outgoing(topology.REREADS, key, msgspec.json.encode(each) if each else None) for key, each in changed.items()]
        if said is not None:
            stamped = msgspec.structs.replace(said, revision=0, clock=msgspec.structs.replace(said.clock, collected_at=self.now()))
            self.outbox.publish([Outgoing(topology.COLLECTED, said.id, article.encode(stamped), source_id=said.source.id)])
        self.outbox.publish(records)
        for key, each in changed.items():
            if each is None:
                self.waiting.pop(key, None)
            else:
                self.waiting[key] = each


@contextmanager
def beside(settings: Settings, connect: Callable[[], Publishing], stop: threading.Event) -> Iterator[list[Exception]]:
    """Reads in a thread while the block lasts; a defect is put into the list and sets `stop`. Leaving the block sets it too."""
    defects: list[Exception] = []

    def reading() -> None:
        try:
            run(settings, connect, stop)
        except Exception as error:
            # The supervisor starts the process again; a thread that ended alone would be missed by nobody.
            log.exception("reading pages again failed")
            defects.append(error)
            stop.set()

    thread = threading.Thread(target=reading, name="reread", daemon=True)
    thread.start()
    try:
        yield defects
    finally:
        stop.set()
        thread.join(END_SECONDS)


def run(settings: Settings, connect: Callable[[], Publishing], stop: threading.Event) -> None:
    """Read pages again until `stop` is set. Kafka being away, or a defect in reading one page, never ends it."""
    outbox = Outbox(settings, connect, utc_now)
    reading = Rereading(_reader(settings), outbox, utc_now)
    while not stop.is_set():
        try:
            with kafka_errors_are_transient():
                outbox.open()
                reading.waiting = restored(settings)
                with closing(broker.group_consumer(settings, GROUP, [topology.EVIDENCE], max_records=100)) as consumer:
                    evidence = _Topic(consumer)
                    while not stop.is_set():
                        if not reading.step(evidence):
                            stop.wait(LOOK_SECONDS)
        except (Transient, Unreachable) as error:
            log.warning("pages are not read again for now", why=one_line(str(error)), again_in_seconds=AWAY_SECONDS)
            outbox.close()
            stop.wait(AWAY_SECONDS)
    outbox.close()


class _Topic:
    """The topic `evidence`, read as a group. What was handed over and not `done` comes again after a restart."""

    def __init__(self, consumer: object) -> None:
        self._consumer = consumer
        self._next: dict[tuple[str, int], int] = {}

    def new(self) -> Iterator[Article]:
        for record in broker.polled(self._consumer, 500):
            self._next[record.topic, record.partition] = record.offset + 1
            if record.value is not None:
                try:
                    yield article.decode(record.value)
                except (msgspec.DecodeError, msgspec.ValidationError) as error:
                    log.error("a page is not read again: its record cannot be read", offset=record.offset, why=one_line(str(error)))

    def done(self) -> None:
        if self._next:
            broker.commit(self._consumer, self._next)
            self._next = {}


def restored(settings: Settings) -> dict[str, Reread]:
    """What is to be read again, from its topic. Raises Transient and Unreachable like `broker.read_to_end`."""
    found: dict[str, Reread] = {}
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.REREADS)):
        key = (record.key or b"").decode("utf-8", "replace")
        found.pop(key, None)
        if record.value is not None:
            try:
                found[key] = msgspec.json.decode(record.value, type=Reread)
            except (msgspec.DecodeError, msgspec.ValidationError) as error:
                log.error("a page is not read again: its record cannot be read", article=key, why=one_line(str(error)))
    return found


def _reader(settings: Settings) -> Read:
    """Reads the page of an article with what the options of its source allow; robots.txt is obeyed."""
    options = {each.id: each.options for each in settings.sources}
    pages: dict[str, ArticlePages] = {}

    def read(wanted: Article) -> ArticlePage:
        source = wanted.source.id
        if source not in pages:
            allowed: Sequence[str] = options.get(source, {}).get("allow_private", ())
            client = Client(contact=settings.contact, max_bytes=5_000_000, allow_private=allowed)
            pages[source] = ArticlePages(client, Robots(client, utc_now), utc_now)
        return pages[source].read(wanted.url)

    return read
