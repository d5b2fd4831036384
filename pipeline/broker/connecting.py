"""Finding the broker, and saying clearly when it is not there."""

from __future__ import annotations

import socket
import time
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from pipeline.errors import Unreachable
from pipeline.settings import Kafka


def connect(kafka: Kafka, what: str, wait_seconds: float = 30) -> None:
    """Return once a broker answers. Raises Unreachable, naming the addresses, when none does within `wait_seconds`."""
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            _listening(kafka)
            KafkaAdminClient(bootstrap_servers=kafka.servers, bootstrap_timeout_ms=2_000, request_timeout_ms=5_000).close()
            return
        except (KafkaError, OSError) as error:
            if time.monotonic() > deadline:
                raise Unreachable(
                    f"Kafka does not answer at {', '.join(kafka.servers)} ({what} needs it): {error or type(error).__name__}"
                ) from error
            time.sleep(0.2)


def _listening(kafka: Kafka) -> None:
    """Return when somebody listens at one of the addresses. Raises OSError otherwise.

    Asked first, because a client that finds no broker leaves a thread behind (3.0.12), and a broker may be away for hours.
    """
    failed = OSError("no address is configured")
    for server in kafka.servers:
        host, _, port = server.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=2).close()
            return
        except (OSError, ValueError) as error:
            failed = OSError(str(error))
    raise failed


def admin_client(kafka: Kafka) -> Any:
    """An admin client for callers that ask often (the live page, the watchdog). The caller closes it."""
    return KafkaAdminClient(bootstrap_servers=kafka.servers, bootstrap_timeout_ms=5_000, request_timeout_ms=10_000)


# What other files must name although only this one imports kafka-python.
KafkaFault: type[Exception] = KafkaError
FAULTS: tuple[type[Exception], ...] = (KafkaError, OSError)
