"""Rules made and mended on the page: trying a draft, saving it, and tightening the rule behind a false alarm. Nothing here rings."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import msgspec
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from pipeline.console import tightening, watching
from pipeline.console.acting import VIA
from pipeline.console.acting_routes import Say, surviving
from pipeline.console.asked import NO_STORE, Fault, answered, asked, who
from pipeline.console.desk import Desk
from pipeline.console.rule_file import rule_file
from pipeline.console.watching import Day, Draft
from pipeline.errors import LagebildError
from pipeline.rules.compiled import CompiledRule
from pipeline.say import command
from pipeline.settings import Settings

log = structlog.get_logger()


class About(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which false alarm is meant; and, to save, which proposal about which state of the file."""

    episode: str
    proposal: str = ""
    digest: str = ""
    by: str = ""


# Reading a day of articles costs a processor for seconds: one after the other.
_reading = threading.Lock()


def add_to(app: FastAPI, settings: Settings, desk: Desk, say: Say, day: Day) -> None:
    """The routes of this module; `day` reads the articles of the last 24 hours."""
    _add_drafts(app, settings, day)
    _add_tightening(app, settings, desk, say, day)


def _add_drafts(app: FastAPI, settings: Settings, day: Day) -> None:
    @app.post("/api/rules/try")
    async def on_text(request: Request) -> Response:
        draft = await asked(request, Draft)
        return answered(await run_in_threadpool(lambda: watching.on_text(_rule(draft, settings), draft)))

    @app.post("/api/rules/day")
    async def on_day(request: Request) -> Response:
        draft = await asked(request, Draft)
        return answered(await run_in_threadpool(_on_day, draft, settings, day))

    @app.post("/api/rules/save")
    async def save(request: Request) -> Response:
        draft = await asked(request, Draft)
        by = who(request, settings, draft.by)
        made = await run_in_threadpool(watching.saved, draft, settings, by, datetime.now(UTC))
        log.info("a rule was made on the live page", rule=made["id"], by=by)
        return JSONResponse(made, 201, headers=NO_STORE)


def _add_tightening(app: FastAPI, settings: Settings, desk: Desk, say: Say, day: Day) -> None:
    @app.post("/api/rules/tighten")
    async def tighten(request: Request) -> Response:
        about = await asked(request, About)
        return answered(await run_in_threadpool(_proposals, about, settings, desk, day))

    @app.post("/api/rules/tighten/save")
    async def save(request: Request) -> Response:
        about = await asked(request, About)
        by = who(request, settings, about.by)
        return JSONResponse(await run_in_threadpool(_tightened, about, by, settings, desk, say), headers=NO_STORE)


@contextmanager
def _alone() -> Iterator[None]:
    if not _reading.acquire(timeout=watching.READ_SECONDS):
        raise Fault(503, "busy", "others are trying rules: try again in a minute")
    try:
        yield
    except LagebildError as error:
        raise Fault(503, "not_read", f"the articles of the last 24 hours cannot be read: {error}") from None
    finally:
        _reading.release()


def _rule(draft: Draft, settings: Settings) -> CompiledRule:
    return watching.compiled(watching.file_text(draft, settings, datetime.now(UTC)))


def _on_day(draft: Draft, settings: Settings, day: Day) -> watching.OnDay:
    rule = _rule(draft, settings)
    with _alone():
        return watching.on_day(rule, settings, day, datetime.now(UTC))


def _proposals(about: About, settings: Settings, desk: Desk, day: Day) -> tightening.Tightening:
    with desk.lock:
        episode = surviving(desk, about.episode)
        confirmed = [each for each in desk.alerts.episodes.values() if each.verdict == "confirmed"]
    file = rule_file(settings, episode.rule_id)
    with _alone():
        return tightening.tightening(settings, file, episode, confirmed, day, datetime.now(UTC))


def _tightened(about: About, by: str, settings: Settings, desk: Desk, say: Say) -> dict[str, str]:
    with desk.lock:
        episode = surviving(desk, about.episode)
    name, version = tightening.tighten(settings, episode, about.proposal, about.digest)
    log.info("a rule was tightened on the live page", rule=episode.rule_id, by=by, proposal=about.proposal)
    noted = ""
    try:
        text = f"{name}: {about.proposal.partition(':')[0]} “{about.proposal.partition(':')[2]}”"
        say(settings, command("note", by, datetime.now(UTC), episode_id=episode.id, text=text[:500], via=VIA))
    except LagebildError as error:
        # The file is changed all the same; only the note about who did it is missing.
        noted = str(error)
    return {"id": episode.rule_id, "version": version, "file": name, "not_noted": noted}
