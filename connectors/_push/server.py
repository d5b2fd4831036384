"""The HTTP server for what others send: one for each address, in a thread of its own, shared by all sources that name the address.

Push sources take articles, feeds with a hub what that sends (WebSub); each has its own path.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from connectors._push.openapi import document
from connectors._push.paths import articles_path, hub_path
from connectors._push.request import RETRY_AFTER_SECONDS, Endpoint, Reply, refused
from pipeline.errors import Transient

log = structlog.get_logger()

HEAD_SECONDS = 10.0
BODY_SECONDS = 30.0
MAX_CONNECTIONS = 200
MAX_HEAD_BYTES = 16_384


class _Listening:
    """One address with its sources."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=128)
        except (OSError, OverflowError) as error:
            raise Transient(f"the push endpoint cannot listen on {host}:{port}: {error}; name another port, or end what uses it") from error
        self.endpoints: dict[str, Endpoint] = {}
        config = uvicorn.Config(
            _application(self.endpoints),
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            ws="none",
            http=_Impatient,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]}, name=f"push {host}:{port}", daemon=True)
        self._listener = listener
        self._thread.start()
        log.info("listening for what others send", host=host, port=port)

    def end(self) -> None:
        self._server.should_exit = True
        self._thread.join(5)
        self._listener.close()


class _Impatient(H11Protocol):
    """Closes a connection that has not sent a whole request head within `HEAD_SECONDS`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(HEAD_SECONDS, self._close_without_request)

    def _close_without_request(self) -> None:
        if self.cycle is None and not self.transport.is_closing():
            self.transport.close()


_open: dict[tuple[str, int], _Listening] = {}
_turn = threading.Lock()


def open_for(host: str, port: int, path: str, endpoint: Endpoint) -> None:
    """Take requests at the path from now on; the newest endpoint of a path counts. Raises Transient when the address cannot be had."""
    with _turn:
        if (host, port) not in _open:
            _open[host, port] = _Listening(host, port)
        _open[host, port].endpoints[path] = endpoint


def close_for(host: str, port: int, path: str, endpoint: Endpoint) -> None:
    """Take no requests for this endpoint any more; the last one of an address closes it."""
    with _turn:
        listening = _open.get((host, port))
        if listening and listening.endpoints.get(path) is endpoint:
            del listening.endpoints[path]
            if not listening.endpoints:
                del _open[host, port]
                listening.end()


def _application(endpoints: dict[str, Endpoint]) -> Starlette:
    async def push(request: Request) -> Response:
        return await taken(articles_path(request.path_params["source_id"]), request)

    async def hub(request: Request) -> Response:
        return await taken(hub_path(request.path_params["token"]), request)

    async def taken(path: str, request: Request) -> Response:
        endpoint = endpoints.get(path)
        if endpoint is None:
            return _response(refused(404, "there is no source of this name here"))
        if request.method != "POST":
            return _response(endpoint.asked(request.query_params))
        return _response(await _answered(endpoint, request))

    async def described(_request: Request) -> Response:
        return JSONResponse(document())

    async def alive(_request: Request) -> Response:
        return JSONResponse({"ok": True})

    routes = [
        Route(articles_path("{source_id}"), push, methods=["POST"]),
        Route(hub_path("{token}"), hub, methods=["GET", "POST"]),
        Route("/openapi.json", described),
        Route("/healthz", alive),
    ]
    return Starlette(routes=routes, exception_handlers={500: _broken})


def _broken(_request: Request, error: Exception) -> Response:
    log.error("a pushed request broke its reader", why=f"{type(error).__name__}: {error}"[:300])
    return _response(refused(503, "it could not be taken: send it again later", {"Retry-After": str(RETRY_AFTER_SECONDS)}))


async def _answered(endpoint: Endpoint, request: Request) -> Reply:
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return refused(415, "send it without a content-encoding")
    headers = {name.lower(): value for name, value in request.headers.items()}
    # Who has no token and no signature of now is answered before a body is taken.
    if reply := endpoint.refusal(headers, None):
        return reply
    body = _announced(headers, endpoint.max_bytes) or await _body(request, endpoint.max_bytes)
    if isinstance(body, Reply):
        return body
    return endpoint.refusal(headers, body) or await endpoint.answer(headers, body)


def _announced(headers: Mapping[str, str], max_bytes: int) -> Reply | None:
    """The refusal of a request that says itself that it is too large: nobody waits for it."""
    length = headers.get("content-length", "")
    return _too_large(max_bytes) if length.isascii() and length.isdigit() and int(length[:20]) > max_bytes else None


def _too_large(max_bytes: int) -> Reply:
    return refused(413, f"the request is larger than {max_bytes:,} bytes: split it", {"Connection": "close"})


async def _body(request: Request, max_bytes: int) -> bytes | Reply:
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    return _too_large(max_bytes)
    except TimeoutError:
        return refused(408, f"the request did not arrive in full within {BODY_SECONDS:g} s", {"Connection": "close"})
    except ClientDisconnect:
        return refused(400, "the connection ended before the request did")
    return bytes(body)


def _response(reply: Reply) -> Response:
    headers: dict[str, Any] = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **reply.headers}
    if isinstance(reply.body, str):
        return Response(reply.body, reply.status, headers, media_type="text/plain")
    return Response(json.dumps(reply.body, ensure_ascii=False), reply.status, headers, media_type="application/json")
