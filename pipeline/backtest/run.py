"""A back-test in one go: read, match, put in order, replay, count, compare."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from pipeline.backtest.difference import Difference, Side, difference, picked, wanted
from pipeline.backtest.figures import SAMPLE, Counting, RuleFigures, violations
from pipeline.backtest.looking import Asked, Looked, looked
from pipeline.backtest.ordering import Arrivals, Spool
from pipeline.backtest.played import Replayed, Step
from pipeline.backtest.replaying import replayed
from pipeline.backtest.stored import Reading
from pipeline.enriching import Recogniser
from pipeline.errors import LagebildError
from pipeline.rules.check import failing_tests
from pipeline.rules.compiled import RuleSet
from pipeline.settings import Settings

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
_TOLD_COMPLAINTS = 20
_LEAST_DAYS = 1 / 24
_TELL_EVERY = 500


@dataclass(frozen=True)
class Wish:
    """What is to be tested. Articles from `since` to `until` are counted; those of `warm_seconds` before only set the scene: stories that are
    under way then do not ring as new. `against` are the rules to compare with."""

    settings: Settings
    rules: RuleSet
    against: RuleSet | None = None
    since: datetime = EARLIEST
    until: datetime = LATEST
    warm_seconds: float = 0
    seed: int = 1
    sample: int = SAMPLE
    processes: int = 1

    @property
    def warm_since(self) -> datetime:
        return EARLIEST if self.since == EARLIEST else self.since - timedelta(seconds=self.warm_seconds)


@dataclass(frozen=True)
class Progress:
    """`expected` is 0 while nobody knows."""

    doing: str
    done: int
    expected: int = 0


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a back-test says. `since` is the first article where there were none before; `articles` lay between `since` and `until`.

    `lost` counts matches that a worker found and died with; it handed them over again later, and they are counted then.
    """

    since: datetime | None
    until: datetime | None
    warm_since: datetime | None
    days: float
    articles: int
    read: int
    unreadable: int
    complaints: tuple[str, ...]
    lost: int
    seconds: float
    articles_a_second: float
    rules: tuple[RuleFigures, ...]
    tests: int = 0
    failing: tuple[str, ...] = ()
    violations: tuple[str, ...] = ()
    difference: Difference | None = None

    @property
    def is_fine(self) -> bool:
        return not self.violations and not self.failing


Tell = Callable[[Progress], None]


@dataclass(frozen=True)
class Outcome:
    """The report, and every episode and notification of the rules that were tested (and of those they were compared to, after them)."""

    report: Report
    replays: tuple[Replayed, ...]


@dataclass(frozen=True)
class _Played:
    """One rule set after its matches went by."""

    spool: Spool
    side: Side
    replay: Replayed


def run(reading: Reading, wish: Wish, arrived: Arrivals, tell: Tell = lambda progress: None) -> Outcome:
    """The back-test. Raises LagebildError when none of the records that were read is an article."""
    began = time.monotonic()
    sets = (wish.rules,) if wish.against is None else (wish.rules, wish.against)
    asked = Asked(sets, wish.settings.alerts.late_hours, wish.warm_since, wish.since, wish.until)
    counting = Counting(wish.since, wish.seed, wish.sample)
    with ExitStack() as stack:
        spools = [stack.enter_context(closing(Spool())) for _ in sets]
        total = _put_aside(looked(reading.stored, asked, wish.processes), spools, arrived, reading.expected, tell)
        if total.read and total.unreadable == total.read:
            raise LagebildError(f"none of the {total.read:,} records is an enriched article; the first: {total.complaints[0]}")
        played = [
            _played(wish, rules, spool, total, tell, counting if rules is wish.rules else None)
            for rules, spool in zip(sets, spools, strict=True)
        ]
        changed = _compared(*played) if len(played) == 2 else None
    report = _report(wish, total, played[0], counting, changed, time.monotonic() - began)
    return Outcome(report, tuple(each.replay for each in played))


def _put_aside(pieces: Iterable[Looked], spools: Sequence[Spool], arrived: Arrivals, expected: int, tell: Tell) -> Looked:
    """Keep all matches in the spools of their rule sets; the sums of everything else."""
    total = Looked()
    for each in pieces:
        for found in each.found:
            spools[found.side].put(found, arrived)
        total = Looked(
            read=total.read + each.read,
            within=total.within + each.within,
            first_at=min((at for at in (total.first_at, each.first_at) if at), default=None),
            last_at=max((at for at in (total.last_at, each.last_at) if at), default=None),
            unreadable=total.unreadable + each.unreadable,
            complaints=(*total.complaints, *each.complaints)[:_TOLD_COMPLAINTS],
        )
        tell(Progress("matching", total.read, expected))
    return total


def _played(wish: Wish, rules: RuleSet, spool: Spool, total: Looked, tell: Tell, counting: Counting | None) -> _Played:
    side = Side(wish.since)

    def see(step: Step) -> None:
        if wish.against is not None:
            side.see(step)
        if counting is not None:
            counting.see(step)

    matches = _told(spool, "replaying" if counting is not None else "replaying the rules compared to", tell)
    since = wish.warm_since if wish.warm_since != EARLIEST else total.first_at
    until = wish.until if wish.until != LATEST else total.last_at
    return _Played(spool, side, replayed(matches, wish.settings, rules, since, until, see))


def _told(spool: Spool, doing: str, tell: Tell) -> Iterator[bytes]:
    for number, each in enumerate(spool.in_order(), 1):
        yield each
        if not number % _TELL_EVERY or number == len(spool):
            tell(Progress(doing, number, len(spool)))


def _compared(mine: _Played, theirs: _Played) -> Difference:
    return difference(
        (mine.side, theirs.side),
        (mine.replay, theirs.replay),
        coming=picked(mine.spool.in_order(), wanted(mine.side, theirs.side)),
        going=picked(theirs.spool.in_order(), wanted(theirs.side, mine.side)),
    )


def _report(wish: Wish, total: Looked, played: _Played, counting: Counting, changed: Difference | None, seconds: float) -> Report:
    since = max((at for at in (total.first_at, wish.since) if at and at != EARLIEST), default=None)
    until = wish.until if wish.until != LATEST else total.last_at
    days = max((until - since) / timedelta(days=1), _LEAST_DAYS) if since and until else _LEAST_DAYS
    compiled = list(wish.rules.rules.values())
    recogniser = Recogniser(wish.settings)
    figures = counting.figures([(each.rule, each.version) for each in compiled], played.replay, days)
    return Report(
        since=since,
        until=until,
        warm_since=wish.warm_since if wish.warm_since != EARLIEST else None,
        days=round(days, 3),
        articles=total.within,
        read=total.read,
        unreadable=total.unreadable,
        complaints=total.complaints,
        lost=played.spool.lost,
        seconds=round(seconds, 3),
        articles_a_second=round(total.read / seconds, 1) if seconds else 0.0,
        rules=figures,
        tests=sum(len(each.rule.tests) for each in compiled),
        failing=tuple(str(problem) for each in compiled for problem in failing_tests(each, recogniser=recogniser)),
        violations=violations(figures, [each.rule for each in compiled]),
        difference=changed,
    )
