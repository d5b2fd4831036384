"""When a source is fetched next, and how it is doing: pure decisions."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from connectors._collect.rhythm import longest_gap_seconds, silent_after_seconds
from pipeline.errors import LagebildError
from pipeline.plugins import Batch
from pipeline.sources import SourceHealth, State

LONGEST_BACK_OFF_SECONDS = 3_600.0
# A source polled every second must not sleep for an hour because its server was restarted.
BACK_OFF_PAUSES = 12
SHORTEST_LONGEST_SECONDS = 60.0
FIRST_RETRY_SECONDS = 10.0
# A source that is gone (HTTP 410, so often in a row) is asked once a day: publishers do take it back, and nothing ends without a word.
GONE_AFTER = 3
GONE_PAUSE_SECONDS = 86_400.0
# No fetch of ours may take longer: the longest timeout that can be configured is five minutes.
HANGING_SECONDS = 600.0
# The times in a health record change at every fetch; that alone is told no more often than this.
TIMES_TOLD_EVERY = timedelta(seconds=5)
TOLD_AT_LEAST_EVERY = timedelta(seconds=60)


def pause_seconds(batch: Batch, every_seconds: float, roll: float) -> float:
    """How long after `batch` the source is fetched again. `roll` in [0, 1) spreads sources that started together by ±5 %."""
    if batch.more:
        return 0.0
    if batch.wait_seconds is not None:
        return max(batch.wait_seconds, 0.0)
    return every_seconds * (0.95 + 0.1 * roll)


def back_off_seconds(
    failures: int, every_seconds: float, roll: float, *, permanent: bool = False, after_seconds: float | None = None, kind: str = ""
) -> float:
    """How long to leave a source alone after its `failures`-th failure in a row (1 is the first).

    Doubles up to twelve pauses, at most an hour; `after_seconds`, which the server asked for, is a floor. A permanent failure starts at the
    normal pause, since nothing will change soon; any other at 10 seconds at most. What is gone for good is asked once a day.
    """
    if kind == "gone" and failures >= GONE_AFTER:
        return GONE_PAUSE_SECONDS * (0.95 + 0.1 * roll)
    longest = min(max(BACK_OFF_PAUSES * every_seconds, SHORTEST_LONGEST_SECONDS), LONGEST_BACK_OFF_SECONDS)
    first = every_seconds if permanent else min(every_seconds, FIRST_RETRY_SECONDS)
    wait = min(first * 2.0 ** min(failures - 1, 30), longest) * (0.7 + 0.3 * roll)
    return max(wait, after_seconds or 0.0)


def after_batch(health: SourceHealth, batch: Batch, now: datetime) -> SourceHealth:
    """The health after a batch that is safely in Kafka: that of a failing source when the batch has items and none could be read.

    What could not be read shows as the last error until the source brings something else. Connectors do not bring again what they could
    not read, so a batch without any item must not make the source look well.
    """
    note, is_unreadable = health.unreadable_note, health.is_unreadable
    if batch.articles or batch.unreadable:
        note, is_unreadable = _unreadable_note(batch), not batch.articles
    return replace(
        health,
        last_fetch_at=now,
        last_success_at=health.last_success_at if is_unreadable else now,
        last_article_at=now if batch.articles else health.last_article_at,
        first_article_at=health.first_article_at or (now if batch.articles else None),
        longest_gap_seconds=longest_gap_seconds(health, now) if batch.articles else health.longest_gap_seconds,
        fetches=health.fetches + 1,
        unchanged=health.unchanged + batch.unchanged,
        possible_losses=health.possible_losses + batch.possible_losses,
        last_loss_at=now if batch.possible_losses else health.last_loss_at,
        left_out=health.left_out + batch.left_out,
        note=one_line(batch.note),
        push=batch.push,
        error_class="unreadable" if is_unreadable else "",
        articles=health.articles + len(batch.articles),
        unreadable=health.unreadable + len(batch.unreadable),
        consecutive_failures=0,
        last_error=note,
        unreadable_note=note,
        is_unreadable=is_unreadable,
    )


def _unreadable_note(batch: Batch) -> str:
    """How many items of `batch` could not be read, and why the first of them; "" when all could."""
    if not batch.unreadable:
        return ""
    count = len(batch.articles) + len(batch.unreadable)
    return one_line(f"{len(batch.unreadable)} of {count} items could not be read: {batch.unreadable[0].detail}")


def after_failure(health: SourceHealth, error: BaseException, now: datetime) -> SourceHealth:
    failures, kind = health.consecutive_failures + 1, error_class(error)
    why = str(error) or type(error).__name__
    if kind == "gone" and failures >= GONE_AFTER:
        why += "; from now on it is asked once a day"
    return replace(
        health, last_fetch_at=now, fetches=health.fetches + 1, consecutive_failures=failures, last_error=one_line(why), error_class=kind
    )


def error_class(error: BaseException) -> str:
    """A short stable word for why a fetch failed: that of the error, `failed` for one without, `defect` for what nobody foresaw."""
    if not isinstance(error, LagebildError):
        return "defect"
    return str(getattr(error, "kind", "")) or "failed"


def overdue(health: SourceHealth, running_seconds: float) -> SourceHealth:
    """`health`, or that of a failing source when its fetch has been running for so long that it hangs."""
    if running_seconds < HANGING_SECONDS:
        return health
    error = f"its fetch has not come back for {running_seconds // 60:.0f} minutes: restart the collector if it stays so"
    return replace(health, consecutive_failures=max(health.consecutive_failures, 1), last_error=error, error_class="hanging")


def in_state(health: SourceHealth, *, paused: bool, every_seconds: float, started_at: datetime, now: datetime) -> SourceHealth:
    """`health` with the state that follows from it."""
    threshold = silent_after_seconds(health, every_seconds, now)
    return replace(health, state=_state(health, paused, threshold, started_at, now), silent_after_seconds=threshold)


def _state(health: SourceHealth, paused: bool, threshold_seconds: float, started_at: datetime, now: datetime) -> State:
    if paused:
        return "paused"
    if health.consecutive_failures or health.is_unreadable:
        return "failing"
    if health.last_success_at is None:
        return "starting"
    quiet = now - (health.last_article_at or started_at)
    return "silent" if quiet.total_seconds() > threshold_seconds else "ok"


def is_worth_telling(told: SourceHealth | None, health: SourceHealth, now: datetime) -> bool:
    """Whether `health` is published now, `told` being what was published last."""
    if told is None or told.updated_at is None:
        return True
    if now - told.updated_at >= TOLD_AT_LEAST_EVERY:
        return True
    if _urgent(told) != _urgent(health):
        return True
    return replace(told, updated_at=None) != replace(health, updated_at=None) and now - told.updated_at >= TIMES_TOLD_EVERY


def _urgent(health: SourceHealth) -> tuple[object, ...]:
    return (
        health.state,
        health.last_error,
        health.unreadable,
        health.possible_losses,
        health.left_out,
        health.note,
        health.complained_of,
        health.canary_sent_at,
        health.canary_heard_at,
        health.canary_told_at,
        _push_state(health),
    )


def _push_state(health: SourceHealth) -> object:
    return health.push and (health.push.state, health.push.ignored, health.push.missed)


def one_line(text: str) -> str:
    return " ".join(text.split())[:500]
