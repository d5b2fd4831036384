"""Sending without losing or doubling.

A `send` that failed says so only through its future, and kafka-python 3.0.12 has no limit on what waits to be sent.
`Publisher` therefore bounds what is outstanding, and `confirm()` looks at every future.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from typing import Any

from kafka import KafkaProducer
from kafka.errors import InvalidProducerEpochError, KafkaError, MessageSizeTooLargeError, ProducerFencedError

from pipeline.broker.records import Headers
from pipeline.broker.rights import in_words
from pipeline.broker.security import client_options
from pipeline.errors import Permanent, Transient
from pipeline.sections import Kafka

# Bounds on what one publisher holds in memory while the broker does not confirm.
MAX_OUTSTANDING_RECORDS = 2_000


MAX_OUTSTANDING_BYTES = 32_000_000


BATCH_BYTES = 262_144


# A transaction that begins while the broker still completes the one before is asked to come again. kafka-python 3.0.12 then sleeps this long, and not
# the 20 ms that its own transaction manager wants: with 100 ms, its default, the second of two took 0.13 s instead of 0.02 (measured 2026-11-21).
_TRANSACTION_RETRY_MS = 20


def batch_bytes(kafka: Kafka) -> int:
    """How many bytes of records a producer may send together: a topic's limit is for a batch, and would refuse small records with it."""
    return min(BATCH_BYTES, kafka.max_record_bytes // 2)


def producer(kafka: Kafka, *, transactional_id: str | None = None, linger_ms: int = 0) -> Any:
    """A KafkaProducer that neither loses nor doubles a record within its lifetime; `transactional_id` makes it transactional."""
    return KafkaProducer(
        **client_options(kafka),
        # Passed explicitly: with a conflicting acks or retries value kafka-python would otherwise switch idempotence off in silence.
        enable_idempotence=True,
        acks="all",
        transactional_id=transactional_id,
        linger_ms=linger_ms,
        batch_size=batch_bytes(kafka),
        compression_type="zstd",
        max_request_size=kafka.max_record_bytes + 200_000,
        retry_backoff_ms=100 if transactional_id is None else _TRANSACTION_RETRY_MS,
        delivery_timeout_ms=120_000,
        request_timeout_ms=15_000,
        allow_auto_create_topics=False,
        # KIP-98: how long the broker waits for a dead owner's transaction before it aborts it.
        transaction_timeout_ms=30_000,
    )


class Publisher:
    """Sends records, remembers which are not confirmed yet, and never holds more than its bounds."""

    def __init__(self, kafka: Kafka, *, linger_ms: int = 5) -> None:
        self._producer = producer(kafka, linger_ms=linger_ms)
        self._outstanding: list[tuple[Any, str]] = []
        self._bytes = 0

    def send(self, topic: str, key: str, value: bytes | None, *, headers: Headers = (), partition: int | None = None) -> None:
        """Hand one record over. Blocks in `confirm()` when the bounds are reached.

        Raises Permanent (`too_large`) for a record that the broker would never take, Transient when earlier ones fail.
        """
        size = len(value or b"")
        if len(self._outstanding) >= MAX_OUTSTANDING_RECORDS or self._bytes + size > MAX_OUTSTANDING_BYTES:
            self.confirm()
        try:
            future = self._producer.send(topic, value, key.encode(), headers=list(headers), partition=partition)
        except MessageSizeTooLargeError as error:
            raise Permanent("too_large", f"a record of {size:,} bytes for {topic} is larger than kafka.max_record_bytes") from error
        except KafkaError as error:
            raise Transient(f"Kafka did not take a record for {topic}: {in_words(error)}") from error
        self._outstanding.append((future, topic))
        self._bytes += size

    def confirm(self, timeout_seconds: float = 130) -> None:
        """Return once the broker has confirmed everything sent so far.

        Raises Transient when a record failed: the caller sends its whole batch again. The default outlasts the delivery timeout.
        """
        outstanding, self._outstanding, self._bytes = self._outstanding, [], 0
        deadline = time.monotonic() + timeout_seconds
        for future, topic in outstanding:
            try:
                future.get(timeout=max(deadline - time.monotonic(), 0.001))
            except MessageSizeTooLargeError as error:
                raise Permanent("too_large", "the broker refused a record as too large: raise its message.max.bytes") from error
            except KafkaError as error:
                raise Transient(f"Kafka did not confirm a record for {topic}: {in_words(error)}") from error

    def close(self) -> None:
        """Give the producer back; what is not confirmed within 5 seconds is given up. Raises nothing of Kafka's."""
        try:
            self._producer.close(timeout=5)
        except KafkaError:
            # It flushes first, and when the broker is away that raises and leaves its thread and its records behind (3.0.12).
            self._producer._sender.force_close()
            with contextlib.suppress(KafkaError):
                self._producer.close(timeout=5)


FENCED: tuple[type[Exception], ...] = (ProducerFencedError, InvalidProducerEpochError)


# Well within the time after which the broker aborts a transaction, on a slow machine too: 10,000 rules and their history took 13 s (2026-11-21).
TRANSACTION_RECORDS = 4_000


def publish_in_transactions(kafka: Kafka, transactional_id: str, records: Callable[[], Sequence[tuple[str, str, bytes | None]]]) -> None:
    """Publish `records` (topic, key, value) in order to partition 0 of their topics: up to TRANSACTION_RECORDS of them all or none, more in several
    transactions, so that who needs them all must look for the last one.

    They are asked for when every earlier publisher of this id has been fenced, so that what they are made from is what is there. Raises Transient when
    Kafka does not take them, or when a later publisher has fenced this one.
    """
    sender = producer(kafka, transactional_id=transactional_id, linger_ms=5)
    try:
        sender.init_transactions()
        wanted = records()
        for start in range(0, len(wanted), TRANSACTION_RECORDS):
            sender.begin_transaction()
            part = wanted[start : start + TRANSACTION_RECORDS]
            futures = [sender.send(topic, value, key.encode(), partition=0) for topic, key, value in part]
            for future in futures:
                future.get(timeout=60)
            sender.commit_transaction()
    except KafkaError as error:
        raise Transient(f"Kafka did not take the records: {in_words(error)}") from error
    finally:
        sender.close(timeout=5)
