"""Episodes, notifications, silences and decisions as documents. Pure, over the plain JSON objects of the topics `alerts.*`.

Fields that `mappings.ALERT_FIELDS` names are indexed under `news.alert` (`news.silence`, `news.decision` alike), among them those of the record's `message` that people filter by; everything
else, and a known field of an unexpected shape, is kept as it is under `news.alert.other`. So a newer alerter's records are never refused.
An episode's working memory (`MEMORY`) is left out: it is for the alerter alone, large, and in the topic.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from pipeline.episode import Episode, Notification, Silence
from pipeline.index.mappings import ALERT_FIELDS, DECISION_FIELDS, SILENCE_FIELDS
from pipeline.message import DELAYED

MEMORY = frozenset({"told", "readable", "sentences", "matches", "commands"})

_INTEGER_LIMIT = 2**31
_FROM_MESSAGE = (
    "why",
    "headline",
    "lead",
    "url",
    "article_id",
    "revision",
    "language",
    "first_seen_at",
    "alerted_at",
    "notified_at",
    "old",
)
# Times that make the document's, the most telling first.
_TIMES = ("updated_at", "sent_at", "first_tried_at", "created_at", "opened_at")


def _defaults(record: type[msgspec.Struct]) -> dict[str, Any]:
    """What the encoder leaves out because it is the default: a search for `state : firing` must find it."""
    return {
        each.name: each.default
        for each in msgspec.structs.fields(record)
        if isinstance(each.default, (bool, int, str)) and each.default != ""
    }


_EPISODE, _NOTIFICATION, _SILENCE = _defaults(Episode), _defaults(Notification), _defaults(Silence)


def episode_document(episode: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of an episode; `id` is its record's key."""
    record = {**_EPISODE, **episode, "article_ids": list(dict.fromkeys(_each(episode.get("members"), "article_id")))}
    if notes := _each(episode.get("notes"), "text"):
        record["note"] = notes
    return _document(record, id, "news.episode", "alert", indexed_at)


def notification_document(notification: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of a notification; `id` is its record's key."""
    record = {**_NOTIFICATION, **notification, **_when_sent(notification)}
    verdict = record.get("verdict")
    if record["state"] == "suppressed" and isinstance(verdict, str):
        record["suppressed_by"] = verdict.partition(":")[0]
    return _document(record, id, "news.notification", "event", indexed_at)


def _when_sent(notification: Mapping[str, Any]) -> dict[str, Any]:
    """How long a sent message took from fetching, and whether it was late. Its record is written before it leaves, so only its times tell."""
    message = notification.get("message")
    clock = message.get("clock") if isinstance(message, dict) else None
    sent, fetched, alerted = (
        _instant(each)
        for each in (
            notification.get("sent_at"),
            clock.get("fetched_at") if isinstance(clock, dict) else None,
            message.get("alerted_at") if isinstance(message, dict) else None,
        )
    )
    found: dict[str, Any] = {}
    if sent and fetched:
        found["took_seconds"] = round((sent - fetched).total_seconds(), 3)
    if sent and alerted:
        found["late"] = sent - alerted > DELAYED
    return found


def silence_document(silence: Mapping[str, Any], id: str, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of a silence; `id` is its record's key."""
    record = {**_SILENCE, **silence}
    if matchers := _matchers(silence.get("matchers")):
        record["matcher"] = matchers
    known, other = sorted_out(record, SILENCE_FIELDS)
    known["id"] = id
    at = known.get("ended_at") or known.get("created_at") or known.get("starts_at")
    return _stamped("silence", known, other, at, str(known.get("reason") or ""), known.get("created_at"), "state", indexed_at)


def decision_document(audit: Mapping[str, Any], indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document of what somebody decided, whether it was carried out or refused."""
    command = audit.get("command")
    said: dict[str, Any] = {
        {"id": "command_id", "at": "said_at"}.get(str(name), str(name)): value
        for name, value in (command.items() if isinstance(command, dict) else ())
        if name not in ("silence", "schema")
    }
    known, other = sorted_out({**said, **{name: value for name, value in audit.items() if name != "command"}}, DECISION_FIELDS)
    if isinstance(command, dict) and command.get("silence"):
        other["silence"] = command["silence"]
    words = [str(known.get(name) or "") for name in ("by", "kind", "headline")]
    text = f"{words[0]}: {words[1].replace('_', ' ')}" + (f" “{words[2]}”" if words[2] else "")
    return _stamped("decision", known, other, known.get("at"), text, known.get("said_at"), "event", indexed_at)


def decision_id(audit: Mapping[str, Any]) -> str:
    """The id of the decision's document; "" when the record has none. The record's key is what it is about, and so is many decisions'."""
    found = audit.get("id")
    return found if isinstance(found, str) else ""


def _each(listed: Any, name: str) -> list[str]:
    """The texts under `name` in a list of objects; what has another shape is passed over."""
    found = [each.get(name) for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    return [each for each in found if isinstance(each, str)]


def _matchers(listed: Any) -> list[str]:
    found = []
    for each in listed if isinstance(listed, list) else ():
        values = each.get("values") if isinstance(each, dict) else None
        before = "not " if isinstance(each, dict) and each.get("negative") else ""
        found += [f"{before}{each.get('field')}:{value}" for value in (values if isinstance(values, list) else ())]
    return found


def _document(record: Mapping[str, Any], id: str, dataset: str, kind: str, indexed_at: datetime | None) -> dict[str, Any]:
    known, other = sorted_out({**_said(record.get("message")), **record})
    known["id"] = id
    at = next((known[name] for name in _TIMES if known.get(name)), None)
    text = str(known.get("headline") or known.get("rule_title") or "")
    made = _stamped("alert", known, other, at, text, known.get("opened_at") or known.get("created_at"), kind, indexed_at)
    made["event"]["dataset"] = dataset
    return made


def _stamped(
    below: str,
    known: dict[str, Any],
    other: dict[str, Any],
    at: Any,
    text: str,
    created: Any,
    kind: str,
    indexed_at: datetime | None,
) -> dict[str, Any]:
    """The document around the fields of ours, with what the Elastic Common Schema has a name for."""
    event = {"kind": kind, "dataset": f"news.{below}", "id": known.get("id"), "created": created, "ingested": indexed_at}
    if below == "decision":
        event["action"] = known.get("kind")
    return {
        "@timestamp": at or indexed_at,
        "event": {name: value for name, value in event.items() if value is not None},
        "message": text,
        "news": {below: {**known, **({"other": other} if other else {})}},
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


def sorted_out(record: Mapping[str, Any], fields: Mapping[str, Any] = ALERT_FIELDS) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields that can be indexed, and the rest without the working memory."""
    known: dict[str, Any] = {}
    other: dict[str, Any] = {}
    for name, value in record.items():
        if value is None or value == "" or value == [] or name in MEMORY:
            continue
        field = fields.get(name)
        (known if field is not None and _fits(field, value) else other)[name] = value
    return known, other


def _fits(field: Mapping[str, Any], value: Any) -> bool:
    if inner := field.get("properties"):
        return isinstance(value, dict) and all(name in inner and _fits(inner[name], each) for name, each in value.items())
    check = _CHECKS[field["type"]]
    return all(check(each) for each in value) if isinstance(value, list) else check(value)


def _is_instant(value: Any) -> bool:
    """Whether it is an instant that the server's date format takes too: ISO 8601 with a time and an offset."""
    return _instant(value) is not None


def _instant(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) > 40 or "T" not in value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -_INTEGER_LIMIT <= value < _INTEGER_LIMIT


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_CHECKS: dict[str, Callable[[Any], bool]] = {
    "keyword": _is_text,
    "text": _is_text,
    "date": _is_instant,
    "integer": _is_integer,
    "long": lambda value: isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63,
    "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
}
