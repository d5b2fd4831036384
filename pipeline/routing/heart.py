"""The heartbeat to a dead-man receiver outside: as long as it comes, alerts come; when it stops, that receiver raises the alarm.

A heartbeat is sent by the loop that decides and sends, so a loop that hangs sends none. It says how far behind that loop is.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from pipeline.routing.sent import Sent
from pipeline.routing.wording import say

SCHEMA = "lagebild.heartbeat/1"


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """How alerting is at `at`. `oldest_unsent_seconds` is how long the message has waited that should have gone out first, 0 without one;
    `failing` are the receivers that have taken nothing since they were last tried."""

    at: datetime
    unsent: int
    oldest_unsent_seconds: float
    failing: tuple[str, ...]
    newest_match_at: datetime | None = None


def is_due(last_at: datetime | None, every_seconds: float, now: datetime) -> bool:
    """Whether it is time for the next heartbeat; at once after a start."""
    return last_at is None or now - last_at >= timedelta(seconds=every_seconds)


def pulse(sent: Sent, now: datetime, newest_match_at: datetime | None = None) -> Pulse:
    """How sending is doing, from the index over notifications."""
    waiting = [each for each in (sent.notifications[name] for name in sent.unsent) if each.attempts or each.next_at <= now]
    oldest = min((each.message.alerted_at for each in waiting), default=now)
    failing = {each.receiver for each in waiting if each.last_error}
    return Pulse(
        at=now,
        unsent=len(waiting),
        oldest_unsent_seconds=max((now - oldest).total_seconds(), 0.0),
        failing=tuple(sorted(failing)),
        newest_match_at=newest_match_at,
    )


def heartbeat(state: Pulse, every_seconds: float, process: str, language: str = "de") -> dict[str, Any]:
    """The JSON object that the notifier gets. It has the fields of an alert that every channel shows, and is none: its schema is another one.

    `next_before` is when the receiver may raise the alarm: three heartbeats later.
    """
    beat = f"heartbeat:{process}:{int(state.at.timestamp())}"
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(state))
    return {
        "schema": SCHEMA,
        "kind": "heartbeat",
        "why": "heartbeat",
        "notification_id": beat,
        "episode_id": "heartbeat",
        "rule_id": "",
        "rule_title": "",
        "severity": "info",
        "headline": say("heartbeat", language),
        "text": say(
            "heartbeat_state",
            language,
            unsent=state.unsent,
            seconds=round(state.oldest_unsent_seconds),
            failing=", ".join(state.failing) or "-",
        ),
        "alerted_at": found["at"],
        "notified_at": found["at"],
        "reader_language": language,
        "process": process,
        "every_seconds": every_seconds,
        "next_before": msgspec.to_builtins(state.at + timedelta(seconds=3 * every_seconds)),
        "state": found,
    }
