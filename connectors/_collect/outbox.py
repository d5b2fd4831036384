"""The collector's way to Kafka: sends, has it confirmed, and starts afresh when the broker was away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

import structlog

from connectors._collect import records
from connectors._collect.records import Outgoing
from pipeline.broker import Headers
from pipeline.errors import LagebildError, Permanent, Transient
from pipeline.settings import Settings

log = structlog.get_logger()

# Kafka restarts within seconds; what is confirmed later than this is fetched and sent again.
CONFIRM_SECONDS = 30.0


class Publishing(Protocol):
    """What is needed of `broker.Publisher`."""

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Headers = ()) -> None: ...
    def confirm(self, timeout_seconds: float = 130) -> None: ...
    def close(self) -> None: ...


class Outbox:
    """One publisher at a time; `connect` gives a fresh one, or raises Transient or Unreachable."""

    def __init__(self, settings: Settings, connect: Callable[[], Publishing], now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._connect = connect
        self._now = now
        self._publisher: Publishing | None = None

    @property
    def is_open(self) -> bool:
        return self._publisher is not None

    def open(self) -> None:
        if self._publisher is None:
            self._publisher = self._connect()

    def close(self) -> None:
        """Forget the publisher with all it still holds: sending again over a new one keeps memory bounded."""
        publisher, self._publisher = self._publisher, None
        if publisher:
            publisher.close()

    def send(self, each: Outgoing) -> None:
        """Hand over one record that is known to be small; `confirm` says whether it arrived."""
        assert self._publisher is not None
        self._publisher.send(self._settings.topic(each.topic), each.key, each.value, headers=each.headers)

    def confirm(self) -> None:
        """Return once all that was sent is confirmed. Raises Transient when it was not."""
        assert self._publisher is not None
        self._publisher.confirm(CONFIRM_SECONDS)

    def publish(self, records: Sequence[Outgoing]) -> None:
        """Return once the broker has confirmed these records. Raises Transient otherwise; one that it refuses as too large is rejected instead."""
        try:
            for each in records:
                self.send(each)
            self.confirm()
        except Permanent:
            # One of them is too large for the broker, and the answer does not say which.
            for each in records:
                self._publish_alone(each)

    def _publish_alone(self, each: Outgoing) -> None:
        try:
            self.send(each)
            self.confirm()
        except Permanent as error:
            log.error("kafka refused a record", source=each.source_id, article=each.key, topic=each.topic, why=str(error))
            for record in records.refused_by_broker(each, self._now(), self._settings.kafka.max_record_bytes):
                self.send(record)
            self.confirm()


@contextmanager
def kafka_errors_are_transient() -> Iterator[None]:
    """A broker that goes away between two answers shows as one of the client's own errors; any other error is a defect and passes."""
    try:
        yield
    except LagebildError:
        raise
    except Exception as error:
        if isinstance(error, OSError) or type(error).__module__.partition(".")[0] == "kafka":
            raise Transient(f"Kafka does not answer: {error or type(error).__name__}") from error
        raise
