"""What every answer of the page has in common: who may ask, and what the browser may do with it.

The page has no login: it is meant for this machine, or for a network behind one's own proxy. A foreign site must not reach it through the browser of
somebody who may (DNS rebinding), so the Host header has to be a name we go by. An IP address is always one: rebinding needs a name.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
_REFUSAL = b"This address is not one the live page goes by. Open it by its IP address, as localhost, or under the name in console.host of the configuration.\n"


def names(configured_host: str) -> frozenset[str]:
    """The host names under which the page may be asked for, besides every IP address."""
    return frozenset({"localhost", configured_host.lower(), socket.gethostname().lower()} - {""})


def is_ours(host_header: str, known: Iterable[str]) -> bool:
    """Whether a Host header names this page: one of the names, or an IP address, with any port."""
    try:
        host = urlsplit(f"//{host_header}").hostname or ""
    except ValueError:
        return False
    if host in known:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware: refuses foreign hosts and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, known_hosts: frozenset[str]) -> None:
        self._app = app
        self._known_hosts = known_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *HEADERS]
            await send(message)

        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not is_ours(hosts[0], self._known_hosts):
            await guarded({"type": "http.response.start", "status": 421, "headers": [(b"content-type", b"text/plain; charset=utf-8")]})
            await send({"type": "http.response.body", "body": _REFUSAL})
            return
        await self._app(scope, receive, guarded)
