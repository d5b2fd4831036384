"""Where a back-test gets its articles from: the topic `articles.enriched`, or files that hold the same records."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, cast

from pipeline import broker, topology
from pipeline.errors import LagebildError
from pipeline.settings import Settings

# A record is written some time after it was enriched: while Kafka does not confirm, the worker tries again for as long as it takes.
_WRITTEN_WITHIN = timedelta(hours=1)
MAX_LINE_BYTES = 50_000_000


@dataclass(frozen=True)
class Stored:
    """One enriched article as it is stored. `place` names it to people; `partition` and `offset` say where it stands (file and line)."""

    value: bytes
    partition: int
    offset: int
    place: str = ""


@dataclass(frozen=True)
class Reading:
    """Articles to come; `expected` is how many there are at most, 0 where nobody knows before the end."""

    stored: Iterator[Stored]
    expected: int = 0


@contextmanager
def from_topic(settings: Settings, since: datetime, until: datetime) -> Iterator[Reading]:
    """The articles enriched between `since` and `until`, and some more at either end. Raises Unreachable without the topic."""
    name = settings.topic(topology.ENRICHED)
    with broker.window(settings.kafka, name, since, until + _WRITTEN_WITHIN) as found:
        yield Reading(
            (
                Stored(each.value, each.partition, each.offset, f"{name}/{each.partition}/{each.offset}")
                for each in found.records()
                if each.value is not None
            ),
            found.count,
        )


def from_files(paths: Iterable[Path]) -> Reading:
    """The articles in files with one JSON object a line, `.gz` or not, in the order given.

    Reading raises LagebildError for a file that cannot be read or a line that is too long.
    """
    return Reading(_lines(tuple(paths)))


def _lines(paths: tuple[Path, ...]) -> Iterator[Stored]:
    for number, path in enumerate(paths):
        try:
            with _opened(path) as file:
                yield from _records(file, number, path)
        except (OSError, EOFError) as error:
            raise LagebildError(f"{path} cannot be read: {error}: name a file with one article (JSON) a line") from error


def _opened(path: Path) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _records(file: IO[bytes], number: int, path: Path) -> Iterator[Stored]:
    line_number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        line_number += 1
        if len(line) > MAX_LINE_BYTES:
            raise LagebildError(f"{path}:{line_number}: a line is longer than {MAX_LINE_BYTES:,} bytes: there must be one article a line")
        if line.strip():
            yield Stored(line, number, line_number, f"{path}:{line_number}")
