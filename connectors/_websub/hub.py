"""Asks hubs, one request a second to each at most: one hub may push thousands of our feeds, and all of them begin at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from connectors._http import Client
from connectors._websub import agreement
from connectors._websub.agreement import Agreement
from pipeline.errors import Permanent, Transient

PAUSE_SECONDS = 1.0
_TIMEOUT_SECONDS = 20.0
_MAX_ANSWER_BYTES = 10_000
_asked: dict[str, float] = {}
_turn = threading.Lock()


class Asking(Protocol):
    """The options of the feed that matter to its hub."""

    @property
    def contact(self) -> str: ...
    @property
    def allow_private(self) -> Sequence[str]: ...
    @property
    def timeout_seconds(self) -> float: ...


def is_free(url: str) -> bool:
    """Whether the hub may be asked now; the caller does so then."""
    host, now = urlsplit(url).netloc.lower(), time.monotonic()
    with _turn:
        if now - _asked.get(host, float("-inf")) < PAUSE_SECONDS:
            return False
        _asked[host] = now
        return True


def ask(wanted: Agreement, options: Asking, now: datetime) -> Agreement:
    """`wanted` after its request was sent: as it is when the hub has taken it, or with the reason why not. Raises nothing."""
    client = Client(
        contact=options.contact,
        timeout_seconds=min(options.timeout_seconds, _TIMEOUT_SECONDS),
        max_bytes=_MAX_ANSWER_BYTES,
        allow_private=options.allow_private,
    )
    try:
        client.post(wanted.hub, agreement.form(wanted), now)
    except (Transient, Permanent) as error:
        return agreement.refused(wanted, f"the hub cannot be asked: {error}")
    return wanted
