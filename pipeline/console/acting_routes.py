"""What people decide on the page, and what they ask before: one episode, the rules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.console.acting import Act, decided
from pipeline.console.asked import NO_STORE, Fault, asked, who
from pipeline.console.desk import Desk
from pipeline.console.episode_view import EpisodeView, episode_view
from pipeline.console.rules_view import RuleView, rule_views
from pipeline.episode import Command, Episode
from pipeline.errors import Transient, Unreachable
from pipeline.settings import Settings

log = structlog.get_logger()

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
        try:
            await run_in_threadpool(say, settings, command)
        except (Transient, Unreachable) as error:
            log.warning("a decision did not reach Kafka", kind=command.kind, why=str(error)[:300])
            raise Fault(503, "not_sent", f"Kafka does not take it: {error}") from None
        return JSONResponse({"id": command.id, "by": command.by}, 202, headers=NO_STORE)

    @app.get("/api/episodes/{episode_id}")
    async def episode(episode_id: str) -> Response:
        return _json(await run_in_threadpool(_episode, settings, desk, episode_id))

    @app.get("/api/rules")
    async def rules() -> Response:
        return _json(await run_in_threadpool(_rules, desk))

    @app.get("/api/rules/{rule_id}")
    async def rule(rule_id: str) -> Response:
        with desk.lock:
            found = desk.rules.get(rule_id)
        if found is None:
            raise Fault(404, "no_rule", f"the rule {rule_id[:64]!r} is not active")
        return _json({"rule": {"id": rule_id, "title": found.rule.title, "version": found.version, "since": found.since}})


def _json(value: object) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json", headers=NO_STORE)


def _episode(settings: Settings, desk: Desk, episode_id: str) -> EpisodeView:
    with desk.lock:
        found = surviving(desk, episode_id)
        return episode_view(desk, found, datetime.now(UTC), settings.alerts.late_hours, tuple(settings.alerts.default_route))


def surviving(desk: Desk, episode_id: str) -> Episode:
    """The episode of this id. Raises Fault when the page does not know it."""
    found = desk.alerts.episodes.get(episode_id)
    if found is None:
        raise Fault(404, "no_episode", f"there is no episode {episode_id[:40]!r}: it may be forgotten by now, or has not arrived yet")
    return found


def _rules(desk: Desk) -> dict[str, tuple[RuleView, ...] | int]:
    with desk.lock:
        return {"rules": rule_views(desk, datetime.now(UTC)), "count": len(desk.rules)}
