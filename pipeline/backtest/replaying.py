"""The alerter under a simulated clock: the classes that run live, a memory that begins empty, and a sender that takes everything at once.

Nothing is sent and nothing is written. The clock goes from match to match and, in between, in steps of five minutes, so that what time alone does
(pending episodes that expire, digests, repeats, escalations, hours that begin) happens before the match that comes after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipeline.alerting import Alerting
from pipeline.alerts import AlertRecord, Alerts
from pipeline.backtest.played import Replayed, Step
from pipeline.delivery import Result
from pipeline.episode import Episode, Notification
from pipeline.matched import Matched, decode
from pipeline.policies import Policies
from pipeline.rules.compiled import RuleSet
from pipeline.settings import Settings

# Live, time is looked at once a second. What falls due is dated by when it was due, so looking seldom changes nothing but the order of what
# nothing connects; and hours and calendars speak of full five minutes, at which the clock stops.
STEP = timedelta(minutes=5)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LEAST_STEP = timedelta(seconds=1)
_FORGET_EVERY = timedelta(hours=1)
PROCESS = "back-test"


class _Remembering(Alerts):
    """The alerter's memory; what is forgotten there after a month stays in `kept`."""

    def __init__(self, kept: Replayed) -> None:
        self._kept = kept
        super().__init__()

    def put(self, record: AlertRecord) -> None:
        super().put(record)
        if isinstance(record, Episode):
            self._kept.episodes[record.id] = record
        elif isinstance(record, Notification):
            self._kept.notifications[record.id] = record


class _Takes:
    """A sender that takes every message at once and tells nobody."""

    def __init__(self) -> None:
        self._results: dict[tuple[str, int], Result] = {}

    def room(self, receiver: str) -> int:
        return 1_000

    def submit(self, notification: Notification) -> None:
        self._results[(notification.id, notification.attempts)] = Result(notification.id, notification.attempts)

    def results(self) -> list[Result]:
        return list(self._results.values())

    def written(self, result: Result) -> None:
        self._results.pop((result.notification_id, result.attempt), None)

    def knows(self, notification: Notification) -> bool:
        return (notification.id, notification.attempts) in self._results

    @property
    def busy(self) -> bool:
        return bool(self._results)


class Replay:
    """Takes matches in the order in which the alerter takes them. `result` grows with each."""

    def __init__(self, settings: Settings, rules: RuleSet) -> None:
        self.result = Replayed()
        self._clock: datetime | None = None
        self._advanced_at: datetime | None = None
        self._forgot_at: datetime | None = None
        self._sender = _Takes()
        self.policies = Policies(settings, _Fixed(rules), self._now)
        self._alerting = Alerting(settings, _Remembering(self.result), self._sender, self.policies, self._now, PROCESS)

    def _now(self) -> datetime:
        assert self._clock is not None
        return self._clock

    def take(self, matched: Matched) -> Step:
        """Decide on one match, after everything that time did before it."""
        at = max(matched.matched_at, self._clock or matched.matched_at)
        self.advance(at)
        decision = self._alerting.decide(matched, self.policies.of(matched.match.rule_id))
        self._deliver()
        self.result.decided[(matched.match.rule_id, decision.why)] += 1
        return Step(matched, at, decision.why)

    def advance(self, until: datetime) -> None:
        """Let time pass up to `until`."""
        if self._clock is None or self._advanced_at is None or self._forgot_at is None:
            self._clock = self._advanced_at = self._forgot_at = until
            return
        while self._clock < until:
            stop = _next_stop(self._clock)
            self._clock = min(stop, until)
            if self._clock == stop or self._clock - self._advanced_at >= _LEAST_STEP:
                self._alerting.advance()
                self._deliver()
                self._advanced_at = self._clock
            if self._clock - self._forgot_at >= _FORGET_EVERY:
                self._alerting.forget()
                self._alerting.written()
                self._forgot_at = self._clock

    def _deliver(self) -> None:
        """Hand over what is due until nothing is: of one episode a receiver gets one message after the other."""
        while True:
            self._alerting.claim()
            self._alerting.written()
            if not self._sender.busy:
                return
            self._alerting.record_results()
            self._alerting.written()


def _next_stop(at: datetime) -> datetime:
    """The next full five minutes after `at`."""
    return at + STEP - (at - _EPOCH) % STEP


@dataclass(frozen=True)
class _Fixed:
    """Rules that do not change, in the place of those that a process follows."""

    rules: RuleSet

    def current(self) -> RuleSet:
        return self.rules


def replayed(
    matches: Iterable[bytes],
    settings: Settings,
    rules: RuleSet,
    since: datetime | None = None,
    until: datetime | None = None,
    see: Callable[[Step], None] | None = None,
) -> Replayed:
    """What becomes of the records of the topic `matches`, in their order, and of the time before and after them from `since` to `until`."""
    replay = Replay(settings, rules)
    if since is not None:
        replay.advance(since)
    for matched in _decoded(matches):
        step = replay.take(matched)
        if see is not None:
            see(step)
    if until is not None:
        replay.advance(until)
    return replay.result


def _decoded(matches: Iterable[bytes]) -> Iterator[Matched]:
    return (decode(each) for each in matches)
