"""A plain connection to a checked address, for protocols other than HTTP (SMTP). The rules are those of `network`."""

from __future__ import annotations

import socket
import time

from pipeline.outgoing.address import Guard
from pipeline.outgoing.exchange import in_our_words
from pipeline.outgoing.network import Network


def connected(guard: Guard, host: str, port: int, within_seconds: float) -> socket.socket:
    """A connected socket, which the caller closes. Raises an OutgoingError: NotResolved, NotAllowed, TimeIsOver or NoAnswer."""
    with in_our_words():
        stream = Network(guard, time.monotonic() + within_seconds).connect_tcp(host, port, within_seconds)
    found: socket.socket = stream.get_extra_info("socket")
    return found
