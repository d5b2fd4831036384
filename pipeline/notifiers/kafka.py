"""Publishes each alert to a Kafka topic for other systems. The key is the episode, so that its messages stay in order.

The value is the alert as JSON; the headers are those of a CloudEvent (Kafka binding, binary mode). The servers are taken as the configuration
names them, also in the own network: a broker names further brokers itself, so there is nothing that could be checked beforehand.

=============================================  ==========
what happens                                   effect
=============================================  ==========
the broker confirmed the record                taken
it is not there, or does not confirm in time   again
the record is larger than it takes             given up
=============================================  ==========
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from pydantic import Field

from pipeline import broker
from pipeline.connections import KafkaConnection
from pipeline.errors import GiveUp, Permanent, Transient, TryAgain, Unreachable
from pipeline.located import ALLOWED
from pipeline.notifiers._post import json_body
from pipeline.plugins import Context
from pipeline.rendering import fitted
from pipeline.sections import Kafka

_CONNECT_SECONDS = 2.0

EXAMPLE = {"topic": "alerts"}


class Options(KafkaConnection):
    """The connection is configured as in the section `kafka`: TLS, user and password."""

    topic: str = Field(
        pattern=r"^[A-Za-z0-9._-]{1,249}$",
        examples=["alerts"],
        description="the topic's full name; it must be there already",
        json_schema_extra={ALLOWED: "it must be letters, digits, dots, underscores and hyphens, for example alerts"},
    )
    timeout_seconds: float = Field(30, gt=0, le=80, description="how long to wait for the broker's confirmation")
    max_record_bytes: int = Field(
        1_000_000, ge=10_000, le=50_000_000, description="largest record; longer messages lose their snippet first"
    )


class Publishing(Protocol):
    """What this notifier needs of `pipeline.broker.Publisher`."""

    def send(self, topic: str, key: str, value: bytes | None, *, headers: broker.Headers = ()) -> None: ...

    def confirm(self, timeout_seconds: float = ...) -> None: ...

    def close(self) -> None: ...


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The record's value, as JSON."""
    whole = {name: value for name, value in alert.items() if name != "template_source"}
    return fitted(whole, lambda each: len(json_body(each)) <= options.max_record_bytes)


class KafkaNotifier:
    def __init__(self, options: Options, context: Context, publisher: Callable[[], Publishing] | None = None) -> None:
        """`publisher` makes what publishes; without it that is a Publisher to the options' servers."""
        self._options = options
        self._context = context
        self._make = publisher or self._connected
        self._lock = threading.Lock()
        self._publisher: Publishing | None = None

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Publish the record and wait for its confirmation. Raises TryAgain or GiveUp as the module's table says."""
        value = json_body(payload(alert, self._options))
        if len(value) > self._options.max_record_bytes:
            raise GiveUp(
                f"the alert has {len(value):,} bytes without its snippet, max_record_bytes allows {self._options.max_record_bytes:,}"
            )
        with self._lock:
            try:
                self._publisher = self._publisher or self._make()
                self._publisher.send(self._options.topic, _key(alert), value, headers=self._headers(alert))
                self._publisher.confirm(self._options.timeout_seconds)
            except Permanent as error:
                raise GiveUp(str(error)) from error
            except (Transient, Unreachable) as error:
                raise self._later(error) from error
            except broker.FAULTS as error:
                raise self._later(error) from error

    def _connected(self) -> Publishing:
        connection = self._options.anchored(self._context.folder).model_dump(include=set(KafkaConnection.model_fields))
        kafka = Kafka(**connection, max_record_bytes=max(self._options.max_record_bytes, 100_000))
        broker.connect(kafka, f"receiver {self._context.name}", _CONNECT_SECONDS)
        # Asked for first: a producer waits a minute for a topic that is not there, and says so in its log only.
        broker.partitions_of(kafka, self._options.topic)
        return broker.Publisher(kafka, linger_ms=0)

    def _later(self, error: Exception) -> TryAgain:
        """The error to raise. What failed is not asked again: a record that it still holds would come a second time."""
        publisher, self._publisher = self._publisher, None
        if publisher is not None:
            publisher.close()
        return TryAgain(f"the topic {self._options.topic} did not take the alert: {error or type(error).__name__}")

    def _headers(self, alert: Mapping[str, Any]) -> broker.Headers:
        texts = {
            "ce_specversion": "1.0",
            "ce_id": alert.get("notification_id", ""),
            "ce_type": f"lagebild.alert.{alert.get('kind', '')}",
            "ce_source": f"lagebild/{self._context.name}",
            "ce_subject": alert.get("episode_id", ""),
            "content-type": "application/json",
        }
        return tuple((name, str(text).encode("utf-8", "replace")) for name, text in texts.items())


def _key(alert: Mapping[str, Any]) -> str:
    return str(alert.get("episode_id") or alert.get("notification_id") or "")


def create(options: Options, context: Context) -> KafkaNotifier:
    return KafkaNotifier(options, context)
