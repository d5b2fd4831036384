"""What every request and answer of the page has in common: who may ask, and what the browser may do with the answer.

The page has no login: it is meant for this machine, or for a network behind one's own proxy. A foreign site must not reach it through the browser of
somebody who may (DNS rebinding), so the Host header has to be a name we go by. An IP address is always one: rebinding needs a name.

What changes something is JSON and comes from a page of ours. A foreign page can make a browser send forms without asking, but neither JSON nor an
`Origin` of ours; programs that are no browsers send no `Origin`, and nobody can misuse them.
"""

from __future__ import annotations

import ipaddress
import json
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
Headers = Iterable[tuple[bytes, bytes]]
_HARMLESS = ("GET", "HEAD", "OPTIONS")
_REFUSAL = b"This address is not one the live page goes by. Open it by its IP address, as localhost, or under the name in console.host of the configuration.\n"


def names(configured_host: str, page_url: str = "") -> frozenset[str]:
    """The host names under which the page may be asked for, besides every IP address; `page_url` is the address that people use."""
    return frozenset({"localhost", configured_host.lower(), socket.gethostname().lower(), (urlsplit(page_url).hostname or "")} - {""})


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


def origin(page_url: str) -> str:
    """The origin of the address that people use; "" for none."""
    found = urlsplit(page_url)
    return f"{found.scheme}://{found.netloc}".lower() if found.hostname else ""


def refusal(headers: Headers, page_origin: str = "") -> str:
    """Why a request that would change something is refused; "" when it may pass. `headers` have lower-case names."""
    found: dict[bytes, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value.decode("latin-1"))
    kinds = [each.partition(";")[0].strip().lower() for each in found.get(b"content-type", [])]
    if kinds != ["application/json"]:
        return "what changes something is sent as application/json"
    if any(each != "same-origin" for each in found.get(b"sec-fetch-site", [])):
        return "this came from another site"
    host = found.get(b"host", [""])[0]
    # Where a proxy asks by another name, the page's own address is the name that people see.
    if any(each.lower() not in (f"http://{host}", f"https://{host}", page_origin or "-") for each in found.get(b"origin", [])):
        return "this came from another site"
    return ""


class Guard:
    """ASGI middleware: refuses foreign hosts and foreign pages' wishes, and puts the security headers on every answer."""

    def __init__(self, app: ASGIApp, known_hosts: frozenset[str], page_origin: str = "") -> None:
        self._app = app
        self._page_origin = page_origin
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
        why = refusal(scope["headers"], self._page_origin) if scope["method"] not in _HARMLESS else ""
        if why:
            body = json.dumps({"error": why, "code": "foreign"}).encode()
            headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
            await guarded({"type": "http.response.start", "status": 403, "headers": headers})
            await send({"type": "http.response.body", "body": body})
            return
        await self._app(scope, receive, guarded)
