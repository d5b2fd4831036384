"""Asks hubs, one request a second to each at most: one hub may push thousands of our feeds, and all of them begin at once.

One that does not answer is left alone for a minute: every request to it holds up a fetch.
"""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from connectors._http import Client
from connectors._websub import agreement
from connectors._websub.agreement import Agreement
from pipeline.errors import Permanent, Transient

PAUSE_SECONDS = 1.0
UNANSWERED_PAUSE_SECONDS = 60.0
_MAX_ANSWER_BYTES = 10_000
_MOST_HOSTS = 10_000
_free_at: dict[str, float] = {}
_turn = threading.Lock()


class Asking(Protocol):
    """The options of the feed under which its hub is asked."""

    def client(self, max_bytes: int | None = None) -> Client: ...


def is_free(url: str) -> bool:
    """Whether the hub may be asked now; the caller does so then, or comes back at its next poll."""
    now = time.monotonic()
    with _turn:
        if now < _free_at.get(_host(url), now):
            return False
        if len(_free_at) >= _MOST_HOSTS:
            _free_at.clear()
        _free_at[_host(url)] = now + PAUSE_SECONDS
        return True


def ask(wanted: Agreement, options: Asking, now: datetime) -> Agreement:
    """`wanted` after its request was sent: as it is when the hub has taken it, or with the reason why not. Raises nothing."""
    try:
        options.client(_MAX_ANSWER_BYTES).post(wanted.hub, agreement.form(wanted), now)
    except (Transient, Permanent) as error:
        if isinstance(error, Transient):
            with _turn:
                _free_at[_host(wanted.hub)] = time.monotonic() + UNANSWERED_PAUSE_SECONDS
        return agreement.refused(wanted, f"the hub cannot be asked: {error}")
    return wanted


def _host(url: str) -> str:
    return urlsplit(url).netloc.lower()
