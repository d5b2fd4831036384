"""JSON objects of other houses by configured paths: which value is the title, the text, the id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AfterValidator

from connectors import _json_article
from connectors._item import Item
from connectors._wire.documents import json_items
from pipeline.errors import Permanent, why_unreadable
from pipeline.outcome import Rejection

FieldName = Literal[
    "id", "url", "title", "summary", "body", "authors", "section", "keywords", "published", "updated", "language", "pubstatus", "embargoed"
]


def _has_title_or_body(value: dict[FieldName, str]) -> dict[FieldName, str]:
    if value and not {"title", "body"} & value.keys():
        raise ValueError("map at least title or body: an article without both is none")
    return value


Mapped = Annotated[dict[FieldName, str], AfterValidator(_has_title_or_body)]
PATHS_HELP = "paths are names with dots between, numbers count in lists: data.headline.0; default: the usual names are looked for"


def decoded(data: bytes) -> Any:
    """The JSON value in `data`. Raises Permanent."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Permanent(Rejection.UNREADABLE, f"not valid JSON: {why_unreadable(error)}") from error


def at_path(value: Any, path: str) -> Any:
    """The value at `path` ("" is the whole), or None where there is none."""
    for step in path.split(".") if path else ():
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isascii() and step.isdigit() and len(step) < 7:
            value = value[int(step)] if int(step) < len(value) else None
        else:
            return None
    return value


def items(data: bytes, fields: Mapping[FieldName, str]) -> list[Item]:
    """The articles in one JSON object. Without `fields` there may be several (a graph). Raises Permanent."""
    if not fields:
        return json_items(data)
    found = decoded(data)
    if not isinstance(found, dict):
        raise Permanent(Rejection.INVALID, f"an article is a JSON object, this is a {type(found).__name__}")
    named = {name: at_path(found, path) for name, path in fields.items()}
    return [replace(_json_article.read(msgspec.json.encode(named)), original=data)]
