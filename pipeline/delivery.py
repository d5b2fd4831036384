"""What becomes of a notification, step by step: pending → sending → sent, or pending again, or failed. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Notification
from pipeline.errors import GiveUp, TryAgain
from pipeline.naming import cleaned

# Waits of 2, 6, 18, 50, 50, … seconds, spread by a fifth: quick for a hiccup, and a receiver that is back is used within a minute.
FIRST_WAIT_SECONDS = 2.0
WAIT_FACTOR = 3.0
LONGEST_WAIT_SECONDS = 50.0
# How long it is tried in all is set by `alerts: {attempts}`, as if the waits went on growing up to this: eight attempts span 36 minutes of outage.
_LONGEST_COUNTED_SECONDS = 1_800.0
# What a receiver may ask for at most; a larger Retry-After is a fault of its own.
LONGEST_ASKED_SECONDS = 6 * 3600.0
_ERROR_CHARACTERS = 500
_ANSWER_CHARACTERS = 200


@dataclass(frozen=True)
class Result:
    """How one attempt ended; `error` None means that the receiver took it, and `answer` is what it said then. `uncertain`: it may have taken it all the same."""

    notification_id: str
    attempt: int
    error: TryAgain | GiveUp | None = None
    uncertain: bool = False
    answer: str = ""


def due(alerts: Alerts, now: datetime, room: Callable[[str], int]) -> list[Notification]:
    """The pending notifications to send now, oldest first; `room` says how many more a receiver takes at once.

    One receiver gets the messages about one episode one after the other, in their order: while one waits for its next attempt, later ones wait with it.
    """
    found: list[Notification] = []
    taken: dict[str, int] = {}
    under_way: set[tuple[str, str]] = set()
    for each in (alerts.sent.notifications[notification_id] for notification_id in alerts.sent.unsent):
        thread = (each.receiver, each.episode_id)
        if each.state == "pending" and (each.next_at > now or thread in under_way):
            if each.attempts:
                under_way.add(thread)
            continue
        under_way.add(thread)
        if each.state == "pending" and taken.setdefault(each.receiver, 0) < room(each.receiver):
            taken[each.receiver] += 1
            found.append(each)
    return found


def claimed(notification: Notification, now: datetime, process: str) -> Notification:
    """The notification as it is written before an attempt."""
    return msgspec.structs.replace(
        notification,
        state="sending",
        attempts=notification.attempts + 1,
        claimed_by=process,
        first_tried_at=notification.first_tried_at or now,
    )


def concluded(notification: Notification, result: Result, most_attempts: int, now: datetime, chance: float) -> Notification:
    """The notification after an attempt. `chance` in [0, 1) spreads the waits, so that many do not come back at once."""
    error = result.error
    if error is None:
        answer = " ".join(cleaned(result.answer[: 2 * _ANSWER_CHARACTERS]).split())[:_ANSWER_CHARACTERS]
        return msgspec.structs.replace(notification, state="sent", sent_at=now, last_error="", answer=answer)
    changes = {"last_error": str(error)[:_ERROR_CHARACTERS], "possible_duplicate": notification.possible_duplicate or result.uncertain}
    if isinstance(error, GiveUp) or _is_spent(notification, most_attempts, now):
        return msgspec.structs.replace(notification, state="failed", **changes)
    asked = min(error.after_seconds or 0.0, LONGEST_ASKED_SECONDS)
    wait_seconds = min(FIRST_WAIT_SECONDS * WAIT_FACTOR ** (notification.attempts - 1), LONGEST_WAIT_SECONDS) * (0.8 + 0.4 * chance)
    return msgspec.structs.replace(
        notification,
        state="pending",
        next_at=now + timedelta(seconds=max(wait_seconds, asked)),
        not_before=now + timedelta(seconds=asked) if asked else None,
        **changes,
    )


def patience_seconds(most_attempts: int) -> float:
    """How long a message is tried: the sum of growing waits between so many attempts; 0 for one."""
    return sum(min(FIRST_WAIT_SECONDS * WAIT_FACTOR**number, _LONGEST_COUNTED_SECONDS) for number in range(most_attempts - 1))


def _is_spent(notification: Notification, most_attempts: int, now: datetime) -> bool:
    """Whether it was tried often enough, and for long enough: attempts that others hurried do not shorten the patience."""
    tried_for = now - (notification.first_tried_at or now)
    return notification.attempts >= most_attempts and tried_for >= timedelta(seconds=patience_seconds(most_attempts))


def orphaned(notification: Notification, now: datetime) -> Notification:
    """A notification found in `sending` whose process is gone: sent again, and marked, because nobody knows whether it went out."""
    return msgspec.structs.replace(notification, state="pending", next_at=now, possible_duplicate=True)


def hurried(alerts: Alerts, receiver: str, most_attempts: int, now: datetime, worked_at: datetime | None = None) -> list[Notification]:
    """The notifications that waited for `receiver` to come back, due at once now that it took another one; `worked_at` is when it had taken one before.

    What it refuses while it takes others is hurried only so often, and then waits like the rest.
    """
    found = []
    for each in (alerts.sent.notifications[notification_id] for notification_id in alerts.sent.unsent):
        wanted = max(now, each.not_before or now)
        is_back = worked_at is None or each.first_tried_at is None or worked_at < each.first_tried_at
        waits = each.receiver == receiver and each.state == "pending" and each.attempts and each.next_at > wanted
        if waits and (is_back or each.attempts < most_attempts):
            found.append(msgspec.structs.replace(each, next_at=wanted))
    return found
