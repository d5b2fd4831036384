"""Everything the page shows, as one immutable value, and how records change it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from pipeline import article as articles
from pipeline import sources, topology
from pipeline.broker import Record
from pipeline.console.alert_view import AlertView, alert_view, is_open
from pipeline.console.article_view import ArticleView, article_view
from pipeline.console.rates import NO_RATES, Rates
from pipeline.console.source_view import SourceView, source_view
from pipeline.console.view_decisions import AnswerView, SilenceView, answer_view, silence_view
from pipeline.episode import Audit, Episode, Silence
from pipeline.outcome import Dropped, Exit, Outcome

# More open alerts than this are not read by anybody: the newest are kept.
MAX_ALERTS = 100
MAX_SOURCES = 2_000
MAX_SILENCES = 200
# Answers to commands are for the page that waits for one of them.
MAX_ANSWERS = 50
MAX_TOUCHED = 200
# A record from a clock that runs ahead must not stand above everything else for hours.
AHEAD = timedelta(minutes=1)


class Board(msgspec.Struct, frozen=True):
    """`articles` newest first, `alerts` the open ones, last rung first; `unreadable` counts records that are not what their topic promises."""

    articles: tuple[ArticleView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    sources: tuple[SourceView, ...] = ()
    silences: tuple[SilenceView, ...] = ()
    answers: tuple[AnswerView, ...] = ()
    rates: Rates = NO_RATES
    unreadable: int = 0


class _About(msgspec.Struct, frozen=True):
    """Of a notification the board needs to know only which episode it is about."""

    episode_id: str


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is new on the board: views to put in place of those with the same id, and ids that are gone.

    `touched` are episodes about which something is new, open or not ("*": more than can be named); `rules`: the active rules changed.
    """

    articles: tuple[ArticleView, ...] = ()
    alerts: tuple[AlertView, ...] = ()
    sources: tuple[SourceView, ...] = ()
    gone_alerts: tuple[str, ...] = ()
    gone_sources: tuple[str, ...] = ()
    silences: tuple[SilenceView, ...] = ()
    gone_silences: tuple[str, ...] = ()
    answers: tuple[AnswerView, ...] = ()
    touched: tuple[str, ...] = ()
    rules: bool = False

    def __bool__(self) -> bool:
        return any(getattr(self, name) for name in self.__struct_fields__)


class Limits(msgspec.Struct, frozen=True):
    """How much is kept, and what counts as late (`alerts.late_hours`)."""

    articles: int = 500
    late_hours: float = 6.0


def take(board: Board, records: Iterable[Record], limits: Limits, name_of: Callable[[str], str] = str) -> tuple[Board, Change]:
    """The board after `records`, and what is new on it. `name_of` tells the name in `pipeline.topology` of a real topic.

    A record that cannot be read is counted and passed over: the page goes on.
    """
    fresh = _Fresh(board, limits)
    for record in records:
        try:
            fresh.readers[name_of(record.topic)](record)
        except (msgspec.MsgspecError, KeyError, ValueError, OverflowError):
            fresh.unreadable += 1
    return fresh.result()


class _Fresh:
    """The records of one batch, sorted by what they change."""

    def __init__(self, board: Board, limits: Limits) -> None:
        self._before = board
        self._limits = limits
        self._articles: dict[str, ArticleView] = {}
        self._alerts: dict[str, AlertView | None] = {}
        self._sources: dict[str, SourceView | None] = {}
        self._silences: dict[str, SilenceView | None] = {}
        self._answers: dict[str, AnswerView] = {}
        self._touched: dict[str, None] = {}
        self._rules = False
        self._known = {each.id: each for each in board.articles}
        self._counted: list[tuple[datetime, str]] = []
        self.unreadable = board.unreadable
        self.readers: Mapping[str, Callable[[Record], None]] = {
            topology.ENRICHED: self._article,
            topology.EPISODES: self._episode,
            topology.HEALTH: self._health,
            topology.OUTCOMES: self._outcome,
            topology.NOTIFICATIONS: self._notification,
            topology.SILENCES: self._silence,
            topology.AUDIT: self._audit,
            topology.RULES: self._rule,
            # These two are for `desk` alone.
            topology.RULE_VERSIONS: lambda record: None,
            topology.MATCHES: lambda record: None,
        }

    def _article(self, record: Record) -> None:
        article = articles.decode(record.value or b"")
        view = article_view(article, record.at, self._limits.late_hours)
        self._counted.append((record.at, "enriched"))
        known = self._articles.get(view.id) or self._known.get(view.id)
        if known and known.version > view.version:
            return
        if known and known.revision == view.revision:
            # The same text once more, after a restart or enriched again: it keeps its place.
            view = msgspec.structs.replace(view, at=known.at)
        self._articles[view.id] = msgspec.structs.replace(view, at=min(view.at, record.at + AHEAD))

    def _episode(self, record: Record) -> None:
        if record.value is None:
            self._alerts[(record.key or b"").decode()] = None
            return
        episode = msgspec.json.decode(record.value, type=Episode)
        self._touched[episode.id] = None
        self._alerts[episode.id] = alert_view(episode, self._limits.late_hours) if is_open(episode) else None

    def _health(self, record: Record) -> None:
        if record.value is None:
            self._sources[(record.key or b"").decode()] = None
            return
        view = source_view(sources.decode(record.value))
        self._sources[view.id] = view

    def _notification(self, record: Record) -> None:
        if record.value is not None:
            self._touched[msgspec.json.decode(record.value, type=_About).episode_id] = None

    def _silence(self, record: Record) -> None:
        silence = msgspec.json.decode(record.value, type=Silence) if record.value is not None else None
        key = (record.key or b"").decode()
        self._silences[key] = silence_view(silence) if silence is not None and silence.ended_at is None else None

    def _audit(self, record: Record) -> None:
        audit = msgspec.json.decode(record.value or b"", type=Audit)
        self._answers[audit.command.id] = answer_view(audit)
        if audit.command.episode_id:
            self._touched[audit.command.episode_id] = None

    def _rule(self, record: Record) -> None:
        self._rules = True

    def _outcome(self, record: Record) -> None:
        outcome = msgspec.json.decode(record.value or b"", type=Outcome)
        if outcome.reason == Dropped.CANARY:
            return
        if outcome.exit is Exit.DROPPED:
            self._counted.append((record.at, "repeats" if outcome.reason in list(Dropped) else "dropped"))
        else:
            self._counted.append((record.at, "indexed" if outcome.exit is Exit.PASSED else "rejected"))

    def result(self) -> tuple[Board, Change]:
        kept = _newest({**self._known, **self._articles}.values(), self._limits.articles)
        alerts, gone_alerts = _replaced(self._before.alerts, self._alerts)
        found_sources, gone_sources = _replaced(self._before.sources, self._sources)
        silences, gone_silences = _replaced(self._before.silences, self._silences)
        answers = {**{each.id: each for each in self._before.answers}, **self._answers}
        board = Board(
            articles=kept if self._articles else self._before.articles,
            silences=tuple(sorted(silences, key=lambda each: (each.ends_at, each.id))[-MAX_SILENCES:]),
            answers=tuple(answers.values())[-MAX_ANSWERS:],
            alerts=tuple(sorted(alerts, key=lambda each: (each.rang_at, each.id), reverse=True))[:MAX_ALERTS],
            sources=tuple(sorted(found_sources, key=lambda each: each.id))[:MAX_SOURCES],
            rates=self._before.rates.counted(self._counted),
            unreadable=self.unreadable,
        )
        listed = {each.id for each in kept}
        change = Change(
            articles=tuple(each for each in self._articles.values() if each.id in listed),
            alerts=tuple(each for each in self._alerts.values() if each is not None),
            sources=tuple(each for each in self._sources.values() if each is not None),
            gone_alerts=gone_alerts,
            gone_sources=gone_sources,
            silences=tuple(each for each in self._silences.values() if each is not None),
            gone_silences=gone_silences,
            answers=tuple(self._answers.values())[-MAX_ANSWERS:],
            touched=tuple(self._touched) if len(self._touched) <= MAX_TOUCHED else ("*",),
            rules=self._rules,
        )
        return board, change


def _newest(views: Iterable[ArticleView], limit: int) -> tuple[ArticleView, ...]:
    return tuple(sorted(views, key=lambda each: (each.at, each.id), reverse=True)[:limit])


def _replaced(before: tuple[Any, ...], fresh: Mapping[str, Any]) -> tuple[list[Any], tuple[str, ...]]:
    """The views with the fresh ones in place, and the ids of those that were there and are gone."""
    if not fresh:
        return list(before), ()
    after = {each.id: each for each in before}
    gone = tuple(name for name, view in fresh.items() if view is None and after.pop(name, None))
    after |= {name: view for name, view in fresh.items() if view is not None}
    return list(after.values()), gone


class GroupLag(msgspec.Struct, frozen=True):
    """How many records one process has still to read; None when its group has never committed anything.

    `committed` is how far it is, over all its partitions; `stands_since` since when it has had records to read and has not moved.
    """

    process: str
    records: int | None
    committed: int = 0
    stands_since: datetime | None = None


def standing(before: tuple[GroupLag, ...], now_read: tuple[GroupLag, ...], now: datetime) -> tuple[GroupLag, ...]:
    """What was read now, with the instant since when each process stands still; `before` is what this returned the last time."""
    known = {each.process: each for each in before if each.stands_since}
    found = []
    for each in now_read:
        earlier = known.get(each.process)
        same = earlier is not None and earlier.committed == each.committed
        since = (earlier.stands_since if earlier and same else now) if each.records else None
        found.append(msgspec.structs.replace(each, stands_since=since))
    return tuple(found)


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """What every open page hears every two seconds.

    `as_of` is the newest instant at which everything in Kafka was on the board; `problem` says why it does not advance.
    """

    now: datetime
    as_of: datetime | None
    started_at: datetime
    problem: str = ""
    lag: tuple[GroupLag, ...] = ()
    counts: dict[str, int] = {}
    minutes: tuple[int, ...] = ()
    took_seconds: float | None = None
    newest_at: datetime | None = None
    unreadable: int = 0


def status(
    board: Board, now: datetime, *, as_of: datetime | None, started_at: datetime, problem: str = "", lag: tuple[GroupLag, ...] = ()
) -> Status:
    """The status at `now` (aware UTC): counts of the last full minute, articles per minute of the last half hour, the median time an article took."""
    recent = sorted(each.took_seconds for each in board.articles[:50] if each.took_seconds is not None)
    return Status(
        now=now,
        as_of=as_of,
        started_at=started_at,
        problem=problem,
        lag=lag,
        counts=board.rates.last_minute(now),
        minutes=board.rates.minutes(now),
        took_seconds=recent[len(recent) // 2] if recent else None,
        newest_at=max((each.first_seen_at or datetime.min.replace(tzinfo=UTC) for each in board.articles), default=None),
        unreadable=board.unreadable,
    )
