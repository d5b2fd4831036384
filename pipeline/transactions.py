"""Consume, write and commit as one: either all of it is in Kafka or none, and a former owner is shut out.

Tried on Kafka 4.3.0 with kafka-python 3.0.12: the group's offsets move with the transaction only when `group_metadata()` is passed, not with
the group's name as a string; a second producer with the same transactional id fences the first. After any other failure the outcome of the
transaction is unknown, so the caller drops what it holds in memory and reads it again: opening the next `Transactions` ends the old one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any

from pipeline import broker
from pipeline.errors import LagebildError, Transient
from pipeline.runner import Out
from pipeline.settings import Settings

_CONFIRM_SECONDS = 60.0


class Fenced(LagebildError):
    """Another process has taken over; whatever this one still holds is out of date."""


class Transactions:
    """The right to write as `name`. Opening it takes the right from whoever had it. One thread only."""

    def __init__(self, settings: Settings, name: str) -> None:
        """Raises Transient when the broker does not answer in time."""
        self._settings = settings
        self._name = settings.topic(name)
        try:
            self._producer = broker.producer(settings.kafka, transactional_id=self._name)
        except broker.FAULTS as error:
            raise Transient(f"Kafka does not answer: {error or type(error).__name__}") from error
        try:
            self._producer.init_transactions()
        except broker.FAULTS as error:
            self.close()
            raise Transient(f"the transactional id {self._name} could not be taken over: {broker.in_words(error)}") from error

    def write(self, outs: Sequence[Out], consumer: Any, next_offsets: Mapping[tuple[str, int], int]) -> None:
        """Write `outs` and commit `next_offsets` ((real topic, partition) → next offset) for the consumer's group, in one transaction.

        Raises Fenced when another process has taken over, Transient when the outcome is unknown.
        """
        try:
            self._producer.begin_transaction()
            futures = [self._send(out) for out in outs]
            for future in futures:
                future.get(timeout=_CONFIRM_SECONDS)
            if next_offsets:
                self._producer.send_offsets_to_transaction(broker.group_offsets(next_offsets), consumer.group_metadata())
            self._producer.commit_transaction()
        except broker.FAULTS as error:
            if _is_fenced(error):
                raise Fenced(
                    f"another process writes as {self._name} now (it was started later, or this one was thought dead): this one ends"
                ) from error
            raise Transient(f"a transaction of {self._name} failed: {broker.in_words(error)}") from error

    def _send(self, out: Out) -> Any:
        topic = self._settings.topic(out.topic)
        return self._producer.send(topic, out.value, out.key.encode(), headers=list(out.headers), partition=out.partition)

    def close(self) -> None:
        with contextlib.suppress(*broker.FAULTS):
            self._producer.close(timeout=2)


def _is_fenced(error: BaseException | None) -> bool:
    """Whether `error` or what caused it says that the producer was fenced; the client wraps it in later calls, some only by name."""
    while error is not None:
        if isinstance(error, broker.FENCED) or "ProducerFenced" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False
