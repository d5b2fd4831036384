"""Finding the broker, and saying clearly when it is not there."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import structlog
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.broker.handshake import Greeted, greet, need_no_password
from pipeline.broker.security import client_options, credentials, tls_context
from pipeline.errors import Unreachable
from pipeline.sections import Kafka

log = structlog.get_logger()

# A wait that may be longer than this is announced after a second: who looks at a silent start gives up after a few.
SHORT_SECONDS = 3.0
SILENT_SECONDS = 1.0
ADVICE = "start Kafka there, or correct kafka.servers in the configuration"


def connect(kafka: Kafka, what: str, wait_seconds: float = 30, stop: threading.Event | None = None) -> None:
    """Return once a broker answers. Raises Unreachable, naming the addresses, when none does within `wait_seconds` or before `stop` is set.

    Raises Denied at once when TLS, our certificate or the password is wrong: waiting would not mend that.
    A wait of more than a few seconds is announced on stderr, with the addresses, its length and what to do.
    """
    with _announced(kafka, what, wait_seconds):
        _connect(kafka, what, wait_seconds, stop or threading.Event())


@contextmanager
def _announced(kafka: Kafka, what: str, wait_seconds: float) -> Iterator[None]:
    """Announce the wait once it is no longer short. By a clock of its own: one try at an address that swallows packets takes seconds."""
    if wait_seconds <= SHORT_SECONDS:
        yield
        return
    timer = threading.Timer(SILENT_SECONDS, _announce, (kafka, what, wait_seconds))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _announce(kafka: Kafka, what: str, wait_seconds: float) -> None:
    servers = ", ".join(kafka.servers)
    if structlog.is_configured():
        log.warning("waiting for Kafka", at=servers, needed_by=what, gives_up_after_seconds=wait_seconds, do=ADVICE)
    else:
        # A command: its stdout is for results, and the logger would write there.
        sys.stderr.write(f"Waiting for Kafka at {servers} ({what} needs it), for at most {wait_seconds:.0f} seconds: {ADVICE}.\n")


def _connect(kafka: Kafka, what: str, wait_seconds: float, stop: threading.Event) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            greeted(kafka)
            KafkaAdminClient(**client_options(kafka), bootstrap_timeout_ms=2_000, request_timeout_ms=5_000).close()
            return
        except (KafkaError, OSError) as error:
            if isinstance(error, KafkaError) and not kafka.uses_sasl:
                _need_no_password(kafka)
            if time.monotonic() > deadline or stop.wait(0.2):
                raise Unreachable(f"Kafka does not answer at {', '.join(kafka.servers)} ({what} needs it): {_plain(error)}") from error


def _need_no_password(kafka: Kafka) -> None:
    """Raises Denied when a broker that takes our words turns us away for want of a password: the client hears only that the line was cut."""
    for server in kafka.servers:
        with suppress(OSError):
            need_no_password(kafka, server, tls_context(kafka))


def _plain(error: Exception) -> str:
    """Without the numbers that systems give to errors."""
    reason = getattr(error, "strerror", None)
    return str(reason).lower() if reason else str(error) or type(error).__name__


def greeted(kafka: Kafka) -> Greeted:
    """The first of the configured brokers that answers. Raises OSError when none does, Denied when one does not let us in.

    Asked before a client is made: one that finds no broker leaves a thread behind (3.0.12), and a broker may be away for hours; and one that is not
    let in says no more than that it found none.
    """
    context, who = tls_context(kafka), credentials(kafka)
    failed = OSError("no address is configured")
    for server in kafka.servers:
        try:
            return greet(kafka, server, context, who)
        except OSError as error:
            failed = OSError(_plain(error))
    raise failed


def admin_client(kafka: Kafka) -> Any:
    """An admin client for callers that ask often (the live page, the watchdog). The caller closes it."""
    return KafkaAdminClient(**client_options(kafka), bootstrap_timeout_ms=5_000, request_timeout_ms=10_000)


# What other files must name although only this one imports kafka-python.
KafkaFault: type[Exception] = KafkaError
FAULTS: tuple[type[Exception], ...] = (KafkaError, OSError)
