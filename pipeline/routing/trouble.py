"""What the other receivers of a route are told when channels fail: one report for each receiver and failing period, about all channels that fail. Pure.

A report waits a moment for channels that fail with the first. What fails after it left is told in the next, which keeps its distance; so the number
of reports does not grow with that of the channels, of the alerts, or of the attempts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from pipeline.alerts import Alerts
from pipeline.episode import Notification, identity
from pipeline.routing.model import Routing
from pipeline.routing.sent import Sent
from pipeline.routing.wording import say

# Trying for so long without success is reported, before the last attempt has failed.
TROUBLE_AFTER = timedelta(seconds=45)
# Channels that share a cause fail within seconds of each other: the attempts of one second end within their time-outs of mostly ten.
_GATHER = timedelta(seconds=10)
_BETWEEN_REPORTS = timedelta(minutes=10)
# A channel that comes and goes is told again, but not more often than this; one that stays away once a day.
_COMES_AND_GOES = timedelta(hours=1)
_STAYS_AWAY = timedelta(hours=24)
_ERROR_CHARACTERS = 200


def reports(alerts: Alerts, notification: Notification, routing: Routing, now: datetime) -> Iterator[Notification]:
    """The reports to write after an attempt for `notification` ended; none when nothing is wrong, or when everybody knows.

    Receivers that are failing themselves get none: it would reach them when it is over.
    """
    if notification.kind == "channel" or not _is_trouble(notification, now):
        return
    others = {each: alerts.sent.reports(each) for each in notification.route if each != notification.receiver}
    unaware = [each for each, told in others.items() if not any(_tells(report, notification.receiver, alerts.sent, now) for report in told)]
    failing = _failing(alerts.sent) if unaware else set()
    for receiver in unaware:
        if receiver not in failing:
            yield _report(notification, receiver, others[receiver], routing, now)


def _is_trouble(notification: Notification, now: datetime) -> bool:
    tried_at = notification.first_tried_at
    return notification.state == "failed" or (notification.state == "pending" and tried_at is not None and now - tried_at > TROUBLE_AFTER)


def _failing(sent: Sent) -> set[str]:
    """The receivers that have taken nothing since a message was first tried with them."""
    tried = (sent.notifications[name] for name in sent.unsent)
    return {each.receiver for each in tried if each.last_error and not _worked_since(each.receiver, each.first_tried_at, sent)}


def _worked_since(receiver: str, at: datetime | None, sent: Sent) -> bool:
    worked_at = sent.last_sent_at.get(receiver)
    return worked_at is not None and at is not None and worked_at >= at


def _tells(report: Notification, channel: str, sent: Sent, now: datetime) -> bool:
    """Whether this report still speaks for the present failure of `channel`."""
    age = now - report.created_at
    if channel not in report.failing:
        return False
    return age < (_COMES_AND_GOES if _worked_since(channel, report.created_at, sent) else _STAYS_AWAY)


def _report(failed: Notification, receiver: str, earlier: list[Notification], routing: Routing, now: datetime) -> Notification:
    """A new report, or the one that has not left yet with one channel more."""
    failing = {failed.receiver: failed.last_error[:_ERROR_CHARACTERS]}
    language = routing.receiver(receiver).language or routing.language
    collecting = next((each for each in earlier if each.state == "pending" and not each.attempts), None)
    if collecting is not None:
        failing = {**collecting.failing, **failing}
        message = msgspec.structs.replace(collecting.message, text=_text(failing, language))
        return msgspec.structs.replace(collecting, failing=failing, message=message)
    report_id = identity("channel", receiver, now.isoformat())
    message = msgspec.structs.replace(
        failed.message,
        notification_id=report_id,
        kind="channel",
        why="channel_failed",
        text=_text(failing, language),
        alerted_at=now,
        reader_language=language,
    )
    newest_at = max((each.created_at for each in earlier), default=now - _BETWEEN_REPORTS)
    return Notification(
        id=report_id,
        episode_id=failed.episode_id,
        rule_id=failed.rule_id,
        receiver=receiver,
        kind="channel",
        step=failed.step,
        created_at=now,
        next_at=max(now + _GATHER, newest_at + _BETWEEN_REPORTS),
        message=message,
        route=failed.route,
        failing=failing,
    )


def _text(failing: Mapping[str, str], language: str) -> str:
    channels = "; ".join(f"{name} ({error})" if error else name for name, error in failing.items())
    return say("channel_failed" if len(failing) == 1 else "channels_failed", language, channels=channels)
