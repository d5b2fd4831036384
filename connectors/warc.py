"""Archives of web pages (WARC, as CC-NEWS has them), to fill in what was published before Lagebild watched. Nobody is alerted."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

from msgspec.structs import replace
from pydantic import BaseModel, ConfigDict, Field

from connectors._canonical import canonical, host_of
from connectors._files.folder import Found, Known, content_mark, listing
from connectors._item import article_of
from connectors._page import html
from connectors._warc.page import Page, page_of
from connectors._warc.records import Record, records
from connectors._wire.instants import instant
from pipeline.article import Article, Source
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context, Unreadable
from pipeline.section_types import Names

BATCH_ARTICLES = 100
BATCH_SECONDS = 30.0
FIRST_BYTES = 100_000
# Whoever writes an archive pauses for seconds, not for minutes: one that ends within a record and has been still for so long is cut.
STILL_SECONDS = 180.0


class Options(BaseModel):
    """A folder of WARC files. Each is read once; what it holds is marked as back-fill."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Names.FOLDER] = Field(min_length=1, description="the folder, relative to the configuration file")
    patterns: list[str] = Field(["*.warc", "*.warc.gz"], min_length=1, description="names of files to read, with * and ?")
    hosts: list[str] = Field(
        default_factory=list, description="only pages of these hosts and of those below them, such as example.org; default: all"
    )
    max_bytes: int = Field(5_000_000, ge=1_000, le=100_000_000, description="largest page; larger ones are reported")


def create(options: Options, context: Context) -> Warc:
    return Warc(options, context)


@dataclass
class _Reading:
    articles: list[Article] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    deadline: float = 0.0

    @property
    def is_full(self) -> bool:
        return len(self.articles) + len(self.unreadable) >= BATCH_ARTICLES or time.monotonic() > self.deadline


class Warc:
    """One folder. The cursor: which files were read, and how far the one that is being read."""

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._folder = context.folder / options.path

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next articles, at most `BATCH_ARTICLES` and for about `BATCH_SECONDS`; `more` while there are others.

        A file that is still being written is read up to its last whole record, and on from there when it has changed.
        """
        known = Known.unpacked(str(cursor.get("files", "")))
        found_now = listing(self._folder, self._options.patterns, True)
        present = {each.key for each in found_now}
        waiting = [each for each in found_now if not known.has(each)]
        reading = _Reading(deadline=time.monotonic() + BATCH_SECONDS)
        files = {key: value for key, value in known.files.items() if key in present}
        offsets = {key.hex(): int(dict(cursor.get("offsets", {})).get(key.hex(), 0)) for key in sorted(present)}
        for number, found in enumerate(waiting):
            name = found.key.hex()
            offset, is_read = self._read(found, offsets[name], reading)
            offsets[name] = offset
            if is_read:
                files[found.key] = found.mark + content_mark(str(offset).encode())
            if reading.is_full:
                more = not is_read or number + 1 < len(waiting)
                return self._batch(reading, files, offsets, more)
        return self._batch(reading, files, offsets, False)

    def _batch(self, reading: _Reading, files: Mapping[bytes, bytes], offsets: Mapping[str, int], more: bool) -> Batch:
        cursor = {"files": Known(files).packed(), "offsets": dict(offsets)}
        return Batch(tuple(reading.articles), cursor, None, tuple(reading.unreadable), more, note="; ".join(reading.notes))

    def _read(self, found: Found, offset: int, reading: _Reading) -> tuple[int, bool]:
        """How far the file was read, and whether that is all there is now."""
        if found.refused:
            reading.unreadable.append(Unreadable(found.shown, Rejection.INVALID, f"{found.shown}: {found.refused}", found.shown.encode()))
            return offset, True
        try:
            with open(found.path, "rb") as file:
                for record in records(file, offset, self._options.max_bytes + 100_000):
                    self._take(found, record, reading)
                    offset = record.end
                    if reading.is_full:
                        return offset, False
        except Permanent as error:
            reading.unreadable.append(Unreadable(found.shown, error.reason, f"{found.shown}: {error}", _bytes_at(found, offset)))
        except Transient as error:
            return offset, self._is_cut(found, offset, str(error), reading)
        except OSError as error:
            why = f"{found.shown}: it cannot be opened ({error.strerror}): let the collector's user read it"
            reading.unreadable.append(Unreadable(found.shown, Rejection.UNREADABLE, why, found.shown.encode()))
        return offset, True

    def _is_cut(self, found: Found, offset: int, why: str, reading: _Reading) -> bool:
        """Whether nobody writes the file any more, which is reported then; read on from `offset` when it changes all the same."""
        if abs(self._context.now().timestamp() - found.changed_at) < STILL_SECONDS:
            reading.notes.append(f"{found.shown}: {why}, and the rest is waited for: it changed less than {STILL_SECONDS:.0f} s ago")
            return False
        detail = f"{found.shown}: {why} and is written no more: fetch it again; what stands before was read"
        reading.unreadable.append(Unreadable(found.shown, Rejection.UNREADABLE, detail, _bytes_at(found, offset)))
        return True

    def _take(self, found: Found, record: Record, reading: _Reading) -> None:
        subject = f"{found.shown}@{record.offset}"
        try:
            if record.is_cut:
                self._refuse_size(record)
            elif (page := page_of(record, self._options.max_bytes)) and self._is_wanted(page.url):
                reading.articles.append(self._article(page, record))
        except Permanent as error:
            reading.unreadable.append(Unreadable(subject, error.reason, f"{subject}: {error}", record.content or subject.encode()))

    def _refuse_size(self, record: Record) -> None:
        url = record.headers.get("warc-target-uri", "").strip("<>")
        if record.headers.get("warc-type") == "response" and self._is_wanted(url):
            size = int(record.headers["content-length"])
            raise Permanent(
                Rejection.TOO_LARGE, f"{url[:500]} has {size:,} bytes and {self._options.max_bytes:,} are read at most: raise max_bytes"
            )

    def _is_wanted(self, url: str) -> bool:
        host = host_of(url)
        wanted = [each.lower().removeprefix("www.") for each in self._options.hosts]
        return bool(host) and (not wanted or any(host == each or host.endswith(f".{each}") for each in wanted))

    def _article(self, page: Page, record: Record) -> Article:
        item, encoding = html.read(page.body)
        if item.is_empty:
            raise Permanent(Rejection.EMPTY, f"{page.url[:500]} has neither a title nor a text")
        # The address is that of the archive: what a page says of itself may name another host.
        source = Source(id=self._context.name, connector="warc", site=host_of(page.url))
        found = article_of(
            dataclasses.replace(item, url=page.url),
            source,
            guid="",
            url=canonical(page.url),
            encoding=encoding,
            fetched_at=self._fetched_at(record),
        )
        return replace(found, backfill=True)

    def _fetched_at(self, record: Record) -> datetime:
        """When the archive fetched it: so that an old version never replaces a newer one that is known."""
        now = self._context.now()
        return min(instant(record.headers.get("warc-date", "")) or now, now)


def _bytes_at(found: Found, offset: int) -> bytes:
    try:
        with open(found.path, "rb") as file:
            file.seek(offset)
            return file.read(FIRST_BYTES) or found.shown.encode()
    except OSError:
        return found.shown.encode()
