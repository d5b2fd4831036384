"""Episodes and notifications as documents. Pure, over the plain JSON objects of `alerts.episodes` and `alerts.notifications`.

Fields that `mappings.ALERT_FIELDS` names are indexed under `news.alert`, among them those of the record's `message` that people filter by; everything
else, and a known field of an unexpected shape, is kept as it is under `news.alert.other`. So a newer alerter's records are never refused.
An episode's working memory (`MEMORY`) is left out: it is for the alerter alone, large, and in the topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from pipeline.episode import Episode, Notification
from pipeline.index.mappings import ALERT_FIELDS

MEMORY = frozenset({"told", "readable", "sentences", "matches", "commands"})

_INTEGER_LIMIT = 2**31
_FROM_MESSAGE = ("why", "headline", "lead", "url", "article_id", "revision", "language", "first_seen_at", "alerted_at", "notified_at")
# Times that make the document's, the most telling first.
_TIMES = ("updated_at", "sent_at", "first_tried_at", "created_at", "opened_at")


def _defaults(record: type[msgspec.Struct]) -> dict[str, Any]:
    """What the encoder leaves out because it is the default: a search for `state : firing` must find it."""
    return {
        each.name: each.default
        for each in msgspec.structs.fields(record)
        if isinstance(each.default, (bool, int, str)) and each.default != ""
    }


_EPISODE, _NOTIFICATION = _defaults(Episode), _defaults(Notification)


def episode_document(episode: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of an episode; `id` is its record's key."""
    members = episode.get("members")
    named = [each.get("article_id") for each in members if isinstance(each, dict)] if isinstance(members, list) else []
    record = {**_EPISODE, **episode, "article_ids": list(dict.fromkeys(each for each in named if isinstance(each, str)))}
    return _document(record, id, "news.episode", "alert", indexed_at)


def notification_document(notification: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of a notification; `id` is its record's key."""
    return _document({**_NOTIFICATION, **notification}, id, "news.notification", "event", indexed_at)


def _document(record: Mapping[str, Any], id: str, dataset: str, kind: str, indexed_at: datetime | None) -> dict[str, Any]:
    known, other = sorted_out({**_said(record.get("message")), **record})
    known["id"] = id
    event = {
        "kind": kind,
        "dataset": dataset,
        "id": id,
        "created": known.get("opened_at") or known.get("created_at"),
        "ingested": indexed_at,
    }
    return {
        "@timestamp": next((known[name] for name in _TIMES if known.get(name)), indexed_at),
        "event": {name: value for name, value in event.items() if value is not None},
        "message": str(known.get("headline") or known.get("rule_title") or ""),
        "news": {"alert": {**known, **({"other": other} if other else {})}},
    }


def _said(message: Any) -> dict[str, Any]:
    """The fields of a message that people filter by; a message of another shape has none."""
    if not isinstance(message, dict):
        return {}
    found = {name: message[name] for name in (*_FROM_MESSAGE, "took_seconds", "late") if name in message}
    for below, names in (
        ("source", {"id": "source_id", "name": "source_name", "country": "country"}),
        ("snippet", {"text": "snippet"}),
        ("dates", {"published_at": "published_at"}),
        ("clock", {"fetched_at": "fetched_at"}),
    ):
        inner = message.get(below)
        if isinstance(inner, dict):
            found |= {ours: inner[theirs] for theirs, ours in names.items() if theirs in inner}
    return found


def sorted_out(record: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that can be indexed, and the rest without the working memory."""
    known: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in record.items():
        if value is None or value == "" or value == [] or name in MEMORY:
            continue
        field = ALERT_FIELDS.get(name)
        (known if field is not None and _fits(field, value) else other)[name] = value
    return known, other


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    check = _CHECKS[field["type"]]
    return all(check(each) for each in value) if isinstance(value, list) else check(value)


def _is_instant(value: Any) -> bool:
    """Whether it is an instant that the server's date format takes too: ISO 8601 with a time and an offset."""
    if not isinstance(value, str) or len(value) > 40 or "T" not in value:
        return False
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "keyword": _is_text,
    "text": _is_text,
    "date": _is_instant,
    "integer": _is_integer,
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
