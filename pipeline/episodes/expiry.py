"""What can be forgotten.

Safe while `retention` is longer than the topic `matches` is kept (7 days): every match that could still be delivered again belongs to an episode that
was touched within that time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from pipeline.alerts import Alerts
from pipeline.episode import Episode, Notification, Silence
from pipeline.episodes.memory import TriggerMemory

RETENTION = timedelta(days=30)


def expired(alerts: Alerts, now: datetime, retention: timedelta = RETENTION) -> list[Episode | Notification | Silence | TriggerMemory]:
    """Closed episodes, settled notifications and ended silences untouched for `retention`, and memories that no trigger looks back to.

    What still waits for a digest is kept, however rare the digest is.
    """
    before = now - retention
    found: list[Episode | Notification | Silence | TriggerMemory] = []
    found += [each for each in alerts.episodes.values() if each.state == "closed" and each.updated_at < before]
    settled = ("sent", "failed", "suppressed")
    found += [
        each
        for each in alerts.sent.notifications.values()
        if each.state in settled and each.created_at < before and not alerts.sent.is_waiting(each)
    ]
    found += [each for each in alerts.silences.values() if each.summarised and (each.ended_at or each.ends_at) < before]
    found += [each for each in alerts.memories.values() if each.updated_at < before - timedelta(seconds=each.keep_seconds)]
    return found
