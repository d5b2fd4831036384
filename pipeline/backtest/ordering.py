"""The order in which the alerter takes matches.

Live it is the order of the topic `matches`, which several workers fill: two matches found within milliseconds of each other may stand there in
either order, and the clock by which the alerter decides never goes back. Where the topic still holds a match (it is kept for a week), its place
there is taken; everything else is placed by the instant at which the article met the rules, which is stored with it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline import broker, topology
from pipeline.article import Match
from pipeline.backtest.looking import Found
from pipeline.settings import Settings

# The match of an article may be on its way to the topic when the article can be read already.
_ON_ITS_WAY = timedelta(minutes=2)
_EARLIEST = datetime.min.replace(tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _MatchOnly(msgspec.Struct):
    """What of a `Matched` tells it from the others."""

    match: Match
    article_id: str
    revision: int
    matched_at: datetime


_decoder = msgspec.json.Decoder(_MatchOnly)


class Arrivals:
    """Where matches stand in the topic `matches`: fed with its records in order."""

    def __init__(self, covers_since: datetime = _EARLIEST, covers_until: datetime = _EARLIEST) -> None:
        self.covers_since = covers_since
        self.covers_until = covers_until
        self._placed: dict[int, tuple[int, int]] = {}
        self._latest = 0

    def take(self, value: bytes, offset: int) -> None:
        """One record. What cannot be read has no place; the alerter rejects it, too."""
        try:
            read = _decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        self._latest = max(self._latest, microseconds(read.matched_at))
        # Of two records of the same match the first decides: the alerter knows the second already.
        self._placed.setdefault(_key(read.match.rule_id, read.article_id, read.revision, read.matched_at), (self._latest, offset))

    def of(self, found: Found) -> tuple[int, int] | None:
        """The instant at which the alerter decided it, and its offset; None when the topic does not hold it."""
        return self._placed.get(_key(found.rule_id, found.article_id, found.revision, found.at))

    def lost(self, found: Found) -> bool:
        """Whether the worker found the match and died before it could hand it over.

        The article was then taken again, stands a second time in `articles.enriched`, and the match was handed over under the later instant.
        """
        return found.live and self.covers_since <= found.at < self.covers_until and self.of(found) is None


def _key(rule_id: str, article_id: str, revision: int, at: datetime) -> int:
    return hash((rule_id, article_id, revision, microseconds(at)))


def microseconds(at: datetime) -> int:
    """Whole microseconds since 1970: what JSON keeps of an instant."""
    return (at - _EPOCH) // _MICROSECOND


def arrivals(settings: Settings, since: datetime, now: datetime) -> Arrivals:
    """What the topic `matches` holds of the time from `since` on. Raises Unreachable without the topic."""
    with broker.window(settings.kafka, settings.topic(topology.MATCHES), since) as found:
        cut = any(start > 0 for start, _ in found.spans.values())
        made = Arrivals(now if cut else _EARLIEST, now - _ON_ITS_WAY)
        for record in found.records():
            if record.value is not None:
                made.take(record.value, record.offset)
                made.covers_since = min(made.covers_since, record.at)
    return made


class _Line(NamedTuple):
    """Sorts as the alerter takes them. `later` is 1 for what the topic does not hold: after what it holds of the same instant."""

    at: int
    later: int
    first: int
    second: int
    number: int
    place: int
    length: int


class Spool:
    """Matches of one rule set, put aside in a file and given back in order: there may be more of them than memory holds."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="lagebild-backtest-")  # noqa: SIM115 - closed by `close`
        self._lines: list[_Line] = []
        self._end = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._lines)

    def put(self, found: Found, arrived: Arrivals) -> None:
        """Keep the match, unless the worker died before it handed it over."""
        if arrived.lost(found):
            self.lost += 1
            return
        live = arrived.of(found)
        at, later, first, second = (live[0], 0, live[1], 0) if live else (microseconds(found.at), 1, found.partition, found.offset)
        self._file.write(found.matched)
        self._lines.append(_Line(at, later, first, second, found.number, self._end, len(found.matched)))
        self._end += len(found.matched)

    def in_order(self) -> Iterator[bytes]:
        """Every match, in the order in which the alerter takes them."""
        self._lines.sort()
        for line in self._lines:
            self._file.seek(line.place)
            yield self._file.read(line.length)

    def close(self) -> None:
        self._file.close()
