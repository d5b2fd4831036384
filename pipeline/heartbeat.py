"""Sends the heartbeat to the receiver outside: asked by the alerter's loop, so that a loop that hangs sends none."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from pipeline.errors import GiveUp, TryAgain
from pipeline.plugins import Notifier
from pipeline.routing.heart import heartbeat, is_due, pulse
from pipeline.routing.sent import Sent
from pipeline.settings import Settings

log = structlog.get_logger()


class Heartbeat:
    """Does nothing unless `alerts.heartbeat` names a receiver. While one is being sent the next one is left out."""

    def __init__(self, settings: Settings, receivers: Mapping[str, Notifier], process: str) -> None:
        self._wanted = settings.alerts.heartbeat
        self._language = settings.language
        self._receiver = receivers.get(self._wanted.receiver) if self._wanted else None
        self._process = process
        self._last_at: datetime | None = None
        self._under_way: threading.Thread | None = None

    def look(self, sent: Sent, now: datetime) -> None:
        """Begin to send one when it is time."""
        if self._wanted is None or self._receiver is None or not is_due(self._last_at, self._wanted.every_seconds, now):
            return
        if self._under_way is not None and self._under_way.is_alive():
            return
        self._last_at = now
        beat = heartbeat(pulse(sent, now), self._wanted.every_seconds, self._process, self._language)
        self._under_way = threading.Thread(target=self._send, args=(self._receiver, beat), name="heartbeat", daemon=True)
        self._under_way.start()

    def _send(self, receiver: Notifier, beat: dict[str, Any]) -> None:
        try:
            receiver.notify(beat)
        except (TryAgain, GiveUp) as error:
            log.warning("the heartbeat was not taken", why=str(error)[:300])
        except Exception:  # a defect of a plug-in must not end the thread without a word
            log.exception("the heartbeat could not be sent")
