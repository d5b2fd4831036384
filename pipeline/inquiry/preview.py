"""What a receiver would get if a rule matched a text now: made by the same functions as the live message."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from pydantic import BaseModel

from pipeline.article import Article, Clock, Dates, Language, Source
from pipeline.errors import LagebildError
from pipeline.links import links
from pipeline.matched import matched
from pipeline.message import Message, as_json, message, on_sending
from pipeline.rendering.template import prepared
from pipeline.rules.compile import rule_set
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.match import analyse_fields, match
from pipeline.sections import Alerts

_ID = "preview"


class NothingToShow(LagebildError):
    """The rule does not match the text, or the channel has nothing to show."""


def sample(text: str, title: str, language: str, now: datetime) -> Article:
    """An article with this text, published and seen at `now`."""
    return Article(
        id=_ID,
        source=Source(id=_ID, name="Example source"),
        url="https://news.example.org/preview",
        title=title or text[:120],
        body=text,
        language=Language(code=language, confidence=1.0, origin="declared"),
        dates=Dates(published_at=now, precision="second", confidence="exact"),
        first_seen_at=now,
        revision=1,
        clock=Clock(fetched_at=now, enriched_at=now),
    )


def first_message(compiled: CompiledRule, article: Article, now: datetime, settings: Alerts, language: str) -> Message:
    """The first message about the article. Raises NothingToShow when the rule does not match it, whatever the rule's status is."""
    live = msgspec.structs.replace(compiled, rule=msgspec.structs.replace(compiled.rule, status="live", expires_at=None))
    found = match(rule_set([live]), article, analyse_fields(article))
    if not found:
        raise NothingToShow(f"the rule {compiled.rule.id} does not match this text; `lagebild rules explain` says why")
    rule = compiled.rule
    about = matched(article, found[0], now)
    made = message(
        about,
        kind="first",
        why="first",
        alerted_at=now,
        episode_id=_ID,
        step=1,
        rule_version=compiled.version,
        tags=rule.tags,
        template=rule.notify.template,
        include=rule.notify.include,
        reader_language=language,
    )
    made = msgspec.structs.replace(made, notification_id=_ID)
    return msgspec.structs.replace(made, links=links(made, settings, rule.runbook))


def sent_as(found: Message, module: ModuleType, options: BaseModel, templates: Path, time_zone: str, now: datetime) -> str:
    """What the notifier of this module would send, as text: JSON where it sends JSON. Raises NothingToShow when it cannot say.

    `templates` is the folder of the rules' templates, `time_zone` that of the readers.
    """
    payload = getattr(module, "payload", None)
    if payload is None:
        name = module.__name__.rpartition(".")[2]
        raise NothingToShow(f"the notifier {name!r} does not say what it would send: it has no function payload(alert, options)")
    return _shown(payload(prepared(as_json(on_sending(found, now, 1, False)), templates, time_zone), options))


def _shown(payload: Any) -> str:
    if isinstance(payload, (str, bytes)):
        return payload if isinstance(payload, str) else payload.decode("utf-8", "replace")
    if isinstance(payload, (dict, list)):
        return msgspec.json.format(msgspec.json.encode(payload), indent=2).decode()
    return str(payload)
