"""The end of a subscription whose feed is removed, paused, or only polled from now on: the hub is asked to stop, and may ask back."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from connectors._push import server
from connectors._websub import agreement, hub, memory
from connectors._websub.agreement import Verified
from connectors._websub.endpoint import HubEndpoint
from pipeline.errors import Transient
from pipeline.outgoing.address import without_query
from pipeline.plugins import Context

log = structlog.get_logger()

# Hubs ask back at once or within seconds. One that does not is asked again at the next start, until the lease has run out by itself.
CONFIRMED_WITHIN_SECONDS = 10.0
_MAX_BYTES = 1_000


def left(cursor: Mapping[str, Any], options: hub.Asking, context: Context) -> dict[str, Any] | None:
    """The cursor without its hub, once that has confirmed the end or its lease is over; None while it may still push."""
    known, rest = memory.parted(cursor)
    now = context.now()
    if not known.agreement.token or max(known.agreement.ends_at, known.agreement.verified_by) <= now.timestamp():
        return rest
    return rest if _is_ended(known.agreement, options, context, now) else None


def _is_ended(agreed: agreement.Agreement, options: hub.Asking, context: Context, now: datetime) -> bool:
    callback, told = context.callback, threading.Event()
    wanted = agreement.leaving(agreed, now.timestamp())
    if callback is None:
        why = "without collector.callback it cannot ask back; its lease ends by itself"
        log.warning("a hub was not asked to stop", source=context.name, hub=without_query(wanted.hub), why=why)
        return False
    endpoint = HubEndpoint(context.name, _MAX_BYTES, context.now, told.set)
    endpoint.expect(wanted)
    try:
        server.open_for(callback.host, callback.port, wanted.path, endpoint)
    except Transient as error:
        log.warning("a hub was not asked to stop", source=context.name, hub=without_query(wanted.hub), why=str(error))
        return False
    try:
        asked = hub.ask(wanted, options, now)
        is_ended = not asked.why and told.wait(CONFIRMED_WITHIN_SECONDS) and any(isinstance(each, Verified) for each in endpoint.events())
    finally:
        server.close_for(callback.host, callback.port, wanted.path, endpoint)
    log.info("a hub was asked to stop", source=context.name, hub=without_query(wanted.hub), confirmed=is_ended, why=asked.why)
    return is_ended
