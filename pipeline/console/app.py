"""The page's HTTP side: the page, its files, its stream of events, and what machines ask."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from pipeline import say
from pipeline.backtest.last_day import of_today
from pipeline.console import acting_routes, guard, rule_routes
from pipeline.console.asked import NO_STORE, named_by_proxy
from pipeline.console.feed import Feed
from pipeline.console.hub import Client, Hub, TooManyClients
from pipeline.console.page import page
from pipeline.console.watching import Day
from pipeline.settings import Settings

STATIC = Path(__file__).parent / "static"
# Data older than this are said to be old in large letters, and the process is not ready.
STALE_SECONDS = 10
_VARIES = {**NO_STORE, "Vary": "Accept-Language"}


class _Stream(StreamingResponse):
    """A stream that gives its place back however it ends, also when the page went away before the first byte."""

    def __init__(self, hub: Hub, client: Client, last_id: str) -> None:
        headers = {**NO_STORE, "X-Accel-Buffering": "no"}
        super().__init__(hub.stream(client, last_id), media_type="text/event-stream", headers=headers)
        self._hub = hub
        self._client = client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._hub.leave(self._client)


def make_app(settings: Settings, feed: Feed, hub: Hub, said: acting_routes.Say = say.say, day: Day = of_today) -> FastAPI:
    """The application; starting it starts `feed`, which publishes to `hub`.

    `said` brings what people decide to the alerter, `day` reads the articles of the last 24 hours.
    """

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        hub.open(asyncio.get_running_loop())
        feed.start(hub.publish)
        beat = asyncio.create_task(hub.beat())
        try:
            yield
        finally:
            beat.cancel()
            hub.close()
            feed.stop(0.2)

    app = FastAPI(title="Lagebild", openapi_url=None, docs_url=None, redoc_url=None, lifespan=running)
    page_url = settings.alerts.page_url
    app.add_middleware(guard.Guard, known_hosts=guard.names(settings.console.host, page_url), page_origin=guard.origin(page_url))
    _add_page(app, settings, hub)
    acting_routes.add_to(app, settings, feed.desk, said)
    rule_routes.add_to(app, settings, feed.desk, said, day)
    _add_answers_for_machines(app, feed, hub)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app


def _add_page(app: FastAPI, settings: Settings, hub: Hub) -> None:
    @app.get("/", response_class=HTMLResponse)
    async def root(request: Request) -> HTMLResponse:
        accepted = request.headers.get("accept-language", "")
        return HTMLResponse(page(settings, request.query_params, accepted, named_by_proxy(request, settings)), headers=_VARIES)

    @app.get("/favicon.ico")
    async def favicon() -> Response:
        return Response((STATIC / "mark.svg").read_bytes(), media_type="image/svg+xml", headers={"Cache-Control": "max-age=86400"})

    @app.get("/events")
    async def events(request: Request) -> Response:
        last_id = request.headers.get("last-event-id") or request.query_params.get("after", "")
        try:
            client = hub.join()
        except TooManyClients:
            return JSONResponse(
                {"error": "too many pages are open at once: close one, or try again"}, 503, headers={**NO_STORE, "Retry-After": "5"}
            )
        return _Stream(hub, client, last_id)


def _add_answers_for_machines(app: FastAPI, feed: Feed, hub: Hub) -> None:
    @app.get("/api/state.json")
    async def state() -> Response:
        body = b'{"status":' + msgspec.json.encode(feed.status()) + b',"board":' + hub.state() + b"}"
        return Response(body, media_type="application/json", headers=NO_STORE)

    @app.get("/healthz")
    async def healthz() -> JSONResponse:
        alive = feed.alive
        return JSONResponse({"ok": alive}, 200 if alive else 503, headers=NO_STORE)

    @app.get("/readyz")
    async def readyz() -> JSONResponse:
        now = feed.status()
        ready = now.as_of is not None and now.now - now.as_of < timedelta(seconds=STALE_SECONDS)
        answer = {"ok": ready, "as_of": now.as_of.isoformat() if now.as_of else None, "problem": now.problem}
        return JSONResponse(answer, 200 if ready else 503, headers=NO_STORE)
