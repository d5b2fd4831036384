"""Sends notifications through the notifier plug-ins, in threads of its own. It knows no Kafka: what was sent is written by the alerter's loop.

A plug-in that never returns costs a thread, not the alerter: after a deadline its attempt counts as failed, with an unknown effect.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from pipeline import plugins
from pipeline.delivery import LONGEST_ASKED_SECONDS, Result
from pipeline.episode import Notification
from pipeline.errors import GiveUp, TryAgain
from pipeline.message import as_json, on_sending
from pipeline.plugins import Context, Notifier
from pipeline.settings import Settings

log = structlog.get_logger()

AT_ONCE_PER_RECEIVER = 4
SEND_SECONDS = 90.0


def notifiers(settings: Settings) -> dict[str, Notifier]:
    """The configured receivers by name."""
    made: dict[str, Notifier] = {}
    for each in settings.receivers:
        module = plugins.load("notifiers", each.notifier, settings.plugin_folders)
        options = module.Options.model_validate(each.options)
        made[each.name] = plugins.make(module, options, Context(each.name, settings.folder))
    return made


class Sender:
    """Attempts in flight and their results. Called by one thread; only `_attempt` runs in others."""

    def __init__(
        self,
        receivers: Mapping[str, Notifier],
        now: Callable[[], datetime],
        send_seconds: float = SEND_SECONDS,
        prepare: Callable[[dict[str, Any]], dict[str, Any]] = dict,
    ) -> None:
        """`prepare` completes the JSON object that a notifier gets: with the rule's template and the zone of the readers."""
        self._receivers = receivers
        self._prepare = prepare
        self._now = now
        self._send_seconds = send_seconds
        self._in_flight: dict[tuple[str, int], tuple[str, float]] = {}  # (notification, attempt) → receiver, start
        self._unwritten: dict[tuple[str, int], Result] = {}
        self._finished: queue.SimpleQueue[Result] = queue.SimpleQueue()
        self._closed_until: dict[str, datetime] = {}

    def room(self, receiver: str) -> int:
        """How many more attempts `receiver` takes now: none while it has asked to be left alone."""
        if self._now() < self._closed_until.get(receiver, self._now()):
            return 0
        return AT_ONCE_PER_RECEIVER - sum(name == receiver for name, _ in self._in_flight.values())

    def submit(self, notification: Notification) -> None:
        """Begin the attempt that `notification` was claimed for."""
        key = (notification.id, notification.attempts)
        self._in_flight[key] = (notification.receiver, time.monotonic())
        threading.Thread(target=self._attempt, args=(notification,), name=f"send to {notification.receiver}", daemon=True).start()

    def results(self) -> list[Result]:
        """What ended and is not `written` yet, attempts beyond their deadline among it."""
        while True:
            try:
                self._end(self._finished.get_nowait())
            except queue.Empty:
                break
        late = time.monotonic() - self._send_seconds
        for (notification_id, attempt), (receiver, started) in list(self._in_flight.items()):
            if started < late:
                error = TryAgain(f"{receiver} did not answer within {self._send_seconds:.0f} s")
                self._end(Result(notification_id, attempt, error, uncertain=True))
        return list(self._unwritten.values())

    def written(self, result: Result) -> None:
        """The result stands in Kafka, or is of no use any more."""
        self._unwritten.pop((result.notification_id, result.attempt), None)

    def knows(self, notification: Notification) -> bool:
        """Whether this process is making the attempt, or made it and has not written how it ended."""
        key = (notification.id, notification.attempts)
        return key in self._in_flight or key in self._unwritten

    @property
    def busy(self) -> bool:
        return bool(self._in_flight)

    def wait(self, seconds: float) -> None:
        """Return when an attempt ends, or after `seconds`."""
        try:
            self._end(self._finished.get(timeout=seconds))
        except queue.Empty:
            return

    def _end(self, result: Result) -> None:
        flight = self._in_flight.pop((result.notification_id, result.attempt), None)
        if flight is None:
            return  # its deadline passed before: what it says now is too late
        self._unwritten[(result.notification_id, result.attempt)] = result
        asked = result.error.after_seconds if isinstance(result.error, TryAgain) else None
        if asked:
            self._closed_until[flight[0]] = self._now() + timedelta(seconds=min(asked, LONGEST_ASKED_SECONDS))

    def _attempt(self, notification: Notification) -> None:
        now = self._now()
        message = on_sending(notification.message, now, notification.attempts, notification.possible_duplicate)
        error: TryAgain | GiveUp | None = None
        answer: str | None = None
        try:
            receiver = self._receivers.get(notification.receiver)
            if receiver is None:
                raise GiveUp(f"the configuration has no receiver {notification.receiver!r}: add it, or change the rule's route")
            answer = receiver.notify(self._prepare(as_json(message)))
        except (TryAgain, GiveUp) as raised:
            error = raised
        except Exception as raised:  # a defect of one plug-in must not keep the other receivers from being told
            log.exception("notifier failed", receiver=notification.receiver, notification=notification.id)
            error = TryAgain(f"the notifier failed: {type(raised).__name__}: {raised}")
        self._finished.put(Result(notification.id, notification.attempts, error, answer=answer if isinstance(answer, str) else ""))
