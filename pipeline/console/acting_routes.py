"""What people decide on the page, and what they ask before: one episode, the rules."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.console import handover
from pipeline.console.acting import Act, decided
from pipeline.console.asked import NO_STORE, Fault, answered, asked, who
from pipeline.console.desk import Desk
from pipeline.console.episode_view import EpisodeView, episode_view
from pipeline.console.page import chosen_language
from pipeline.console.rules_view import rule_views
from pipeline.episode import Command, Episode
from pipeline.errors import Transient, Unreachable
from pipeline.located import closest, nearest
from pipeline.settings import Settings

log = structlog.get_logger()

_LISTED_SECONDS = 1.0

Say = Callable[[Settings, Command], None]


def add_to(app: FastAPI, settings: Settings, desk: Desk, say: Say) -> None:
    """The routes of this module; `say` publishes a command."""

    @app.exception_handler(Fault)
    async def faulty(_: Request, fault: Exception) -> JSONResponse:
        assert isinstance(fault, Fault)
        return fault.answer()

    @app.post("/api/act")
    async def act(request: Request) -> Response:
        wanted = await asked(request, Act)
        command = decided(wanted, who(request, settings, wanted.by), datetime.now(UTC))
        if wanted.kind == "silence" and wanted.scope == "rule":
            _rule_is_active(desk, wanted.episode)
        try:
            await run_in_threadpool(say, settings, command)
        except (Transient, Unreachable) as error:
            log.warning("a decision did not reach Kafka", kind=command.kind, why=str(error)[:300])
            raise Fault(503, "not_sent", f"Kafka does not take it: {error}") from None
        return JSONResponse({"id": command.id, "by": command.by}, 202, headers=NO_STORE)

    @app.get("/api/episodes/{episode_id}")
    async def episode(episode_id: str) -> Response:
        return answered(await run_in_threadpool(_episode, settings, desk, episode_id))

    @app.get("/handover", response_class=HTMLResponse)
    async def shift(request: Request) -> HTMLResponse:
        query = request.query_params
        language = chosen_language(query.get("lang", ""), request.headers.get("accept-language", ""), settings.language)
        theme = query.get("theme", "")
        asked_hours = query.get("hours", "")
        hours = float(asked_hours) if re.fullmatch(r"[0-9]{1,3}", asked_hours) else handover.HOURS
        known = await run_in_threadpool(handover.known, desk, datetime.now(UTC), hours)
        text = handover.handover(known, language, settings.time_zone, theme if theme in ("dark", "light") else "auto", hours)
        return HTMLResponse(text, headers=NO_STORE)

    listed = _Listed(desk)

    @app.get("/api/rules")
    async def rules() -> Response:
        return Response(await run_in_threadpool(listed), media_type="application/json", headers=NO_STORE)

    @app.get("/api/rules/{rule_id}")
    async def rule(rule_id: str) -> Response:
        with desk.lock:
            found = desk.rules.get(rule_id)
        if found is None:
            raise Fault(404, "no_rule", f"the rule {rule_id[:64]!r} is not active", rule=rule_id[:64])
        return answered({"rule": {"id": rule_id, "title": found.rule.title, "version": found.version, "since": found.since}})


def _rule_is_active(desk: Desk, episode_id: str) -> None:
    """Nothing when the episode's rule is active, or its episode or every rule is still unknown here. Raises Fault: such a silence would hold back nothing."""
    with desk.lock:
        found, known = desk.alerts.episodes.get(episode_id), frozenset(desk.rules)
    if found is None or not known or found.rule_id in known:
        return
    message = f"there is no active rule {found.rule_id!r}.{nearest(found.rule_id, known)}"
    raise Fault(409, "no_rule", message, rule=found.rule_id, nearest=closest(found.rule_id, known))


def _episode(settings: Settings, desk: Desk, episode_id: str) -> EpisodeView:
    with desk.lock:
        found = surviving(desk, episode_id)
        return episode_view(desk, found, datetime.now(UTC), settings)


def surviving(desk: Desk, episode_id: str) -> Episode:
    """The episode of this id. Raises Fault when the page does not know it."""
    found = desk.alerts.episodes.get(episode_id)
    if found is None:
        raise Fault(404, "no_episode", f"there is no episode {episode_id[:40]!r}: it may be forgotten by now, or has not arrived yet")
    return found


class _Listed:
    """The rules as JSON, made anew once a second at most: every open page asks for them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._made = b""
        self._made_at_seconds = float("-inf")
        self._lock = threading.Lock()

    def __call__(self) -> bytes:
        with self._lock, self._desk.lock:
            if time.monotonic() - self._made_at_seconds > _LISTED_SECONDS:
                found = {"rules": rule_views(self._desk, datetime.now(UTC)), "count": len(self._desk.rules)}
                self._made, self._made_at_seconds = msgspec.json.encode(found), time.monotonic()
            return self._made
