"""A watched folder of articles: plain text, HTML, JSON, NDJSON, and the formats of agencies."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from connectors._files import items
from connectors._files.folder import Found, Known, content_mark, listing, read
from connectors._wire.articles import article_from
from pipeline.article import Article
from pipeline.clock import utc_now
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context, Unreadable
from pipeline.section_types import Names

BATCH_ARTICLES = 200
BATCH_BYTES = 8_000_000
FIRST_BYTES = 1_000_000
# Whoever puts a file into a folder looks for it soon. A look at 10,000 files takes 0.14 s of a processor (measured 2026-11-21): with more than
# LOOK_FILES the pause grows, so that looking takes about half a percent.
LOOK_SECONDS = 5.0
LOOK_FILES = 2_000


class Options(BaseModel):
    """A folder that other programs put articles into."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Names.FOLDER] = Field(min_length=1, description="the folder, relative to the configuration file")
    patterns: list[str] = Field(list(items.PATTERNS), min_length=1, description="names of files to read, with * and ?")
    recursive: bool = Field(True, description="read the folders inside it too; links to folders are not followed")
    settle_seconds: float = Field(1.0, ge=0, le=3_600, description="a file that changed more recently is left for the next time")
    max_bytes: int = Field(
        10_000_000, ge=1_000, le=100_000_000, description="largest file; larger ones are reported with their first bytes"
    )
    site: str = Field(
        "", description="the publisher's host, within which ids in the files are unique; default: the host of the article's URL"
    )


def create(options: Options, context: Context) -> Directory:
    return Directory(options, context)


class Directory:
    """One folder. The cursor: what was read of each file that still exists, and how far a file with many articles was read."""

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._folder = context.folder / options.path
        self._rest: _Rest | None = None

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The articles of new and changed files, oldest file first, at most 200 at once (`more` tells of others)."""
        known = Known.unpacked(str(cursor.get("files", "")))
        if self._rest is None or self._rest.cursor != cursor:
            files = listing(self._folder, self._options.patterns, self._options.recursive)
            self._rest = _Rest(cursor, frozenset(found.key for found in files), [found for found in files if not known.has(found)])
        waiting = self._rest.files
        taking = _Taking(self._options, self._context.name, self._context.now(), known, cursor.get("at"))
        at = 0
        while at < len(waiting) and not taking.is_full:
            taking.take(waiting[at])
            at += 1
        if taking.is_partial:
            at -= 1
        taking.more = at < len(waiting)
        batch = self._paced(taking.batch(self._rest.present), len(self._rest.present))
        # The folder is not listed again between the parts of one look: with many files that would take most of the time.
        self._rest = _Rest(batch.cursor, self._rest.present, waiting[at:]) if batch.more else None
        return batch

    def _paced(self, batch: Batch, files: int) -> Batch:
        """The batch with a pause of ours, unless the configuration names one. What lies in very large folders is looked at less often."""
        if batch.wait_seconds is not None or self._context.every_seconds is not None:
            return batch
        return replace(batch, wait_seconds=LOOK_SECONDS * max(files / LOOK_FILES, 1.0))


@dataclass(frozen=True)
class _Rest:
    """What one look at the folder found and was not taken yet; it belongs to the cursor that went out with what was taken."""

    cursor: Mapping[str, Any]
    present: frozenset[bytes]
    files: list[Found]


class _Taking:
    """Gathers one batch."""

    def __init__(self, options: Options, name: str, now: datetime, known: Known, at: Any) -> None:
        self._options = options
        self._name = name
        self._now = now
        self._known = known
        self._files = dict(known.files)
        self._at: list[Any] = list(at) if isinstance(at, list | tuple) and len(at) == 3 else ["", "", 0]
        self._next_at: list[Any] | None = None
        self._articles: list[Article] = []
        self._unreadable: list[Unreadable] = []
        self._bytes = 0
        self._unsettled = False
        self.more = False

    @property
    def is_partial(self) -> bool:
        """Whether the file taken last has more articles than fitted."""
        return self._next_at is not None

    @property
    def is_full(self) -> bool:
        return len(self._articles) + len(self._unreadable) >= BATCH_ARTICLES or self._bytes >= BATCH_BYTES or self.is_partial

    def take(self, found: Found) -> None:
        if found.refused:
            return self._refuse(found, Rejection.INVALID, found.refused)
        if abs(self._now.timestamp() - found.changed_at) < self._options.settle_seconds:
            self._unsettled = True
            return None
        try:
            data = read(found, FIRST_BYTES if found.size_bytes > self._options.max_bytes else self._options.max_bytes)
        except FileNotFoundError:
            # Taken away since the folder was listed.
            return None
        except OSError as error:
            return self._refuse(found, Rejection.UNREADABLE, f"it cannot be opened ({error.strerror}): let the collector's user read it")
        if data is None:
            self._unsettled = True
        elif found.size_bytes > self._options.max_bytes:
            detail = f"it has {found.size_bytes:,} bytes and {self._options.max_bytes:,} are read at most: raise max_bytes, or split it"
            self._refuse(found, Rejection.TOO_LARGE, detail, data[:FIRST_BYTES])
        else:
            self._read(found, data)
        return None

    def _read(self, found: Found, data: bytes) -> None:
        self._bytes += len(data)
        content = content_mark(data)
        if self._known.has_content(found, content):
            # Touched, not changed.
            self._files[found.key] = found.mark + content
            return
        begin = int(self._at[2]) if self._at[:2] == [found.key.hex(), found.mark.hex()] else 0
        entries = items.entries(found.shown, data)
        end = min(len(entries), begin + max(1, BATCH_ARTICLES - len(self._articles)))
        for entry in entries[begin:end]:
            if isinstance(entry.found, Unreadable):
                self._unreadable.append(entry.found)
            else:
                self._articles.append(article_from(entry, "directory", self._name, self._now, site=self._options.site, file=found.shown))
        if end < len(entries):
            self._next_at = [found.key.hex(), found.mark.hex(), end]
        else:
            self._files[found.key] = found.mark + content

    def _refuse(self, found: Found, reason: str, why: str, data: bytes = b"") -> None:
        self._unreadable.append(Unreadable(found.shown, reason, f"{found.shown}: {why}", data))
        self._files[found.key] = found.mark + b"\0\0\0\0"

    def batch(self, present: Collection[bytes]) -> Batch:
        cursor: dict[str, Any] = {"files": Known({key: value for key, value in self._files.items() if key in present}).packed()}
        if self._next_at:
            cursor["at"] = self._next_at
        wait_seconds = max(self._options.settle_seconds, 0.2) if self._unsettled and not self.more else None
        return Batch(tuple(self._articles), cursor, wait_seconds, tuple(self._unreadable), self.more)


def read_file(
    path: Path,
    folder: Path | None = None,
    *,
    source_id: str = "files",
    site: str = "",
    max_bytes: int = 10_000_000,
    now: Callable[[], datetime] = utc_now,
) -> Batch:
    """All articles of one file, as a source that watches `folder` (default: the file's own) would deliver them. Raises OSError."""
    relative = os.path.relpath(path, folder or path.parent)
    shown = os.fsencode(relative).decode("utf-8", "replace")
    with path.open("rb") as file:
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        detail = f"{shown}: it has more than {max_bytes:,} bytes"
        return Batch(unreadable=(Unreadable(shown, Rejection.TOO_LARGE, detail, data[:FIRST_BYTES]),))
    found = items.entries(shown, data)
    return Batch(
        tuple(
            article_from(each, "directory", source_id, now(), site=site, file=shown)
            for each in found
            if not isinstance(each.found, Unreadable)
        ),
        unreadable=tuple(each.found for each in found if isinstance(each.found, Unreadable)),
    )
