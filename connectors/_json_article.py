"""Articles as JSON objects whose field names differ from house to house."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, cast

import msgspec

from connectors._canonical import shown
from connectors._item import Item, as_html, clean, looks_like_html
from connectors._wire.instants import embargo
from connectors._wire.statuses import withdrawn_text
from pipeline.errors import Permanent, why_unreadable
from pipeline.outcome import Rejection

# Lower case, without `_` and `-`; the first that is filled wins. ninjs names stand among them (headline, description_text, body_text, uri).
_NAMES = {
    "guid": ("guid", "id", "uuid", "articleid"),
    "url": ("url", "link", "uri", "canonicalurl", "permalink", "weburl", "href"),
    "title": ("title", "headline", "heading"),
    "summary": ("summary", "description", "teaser", "abstract", "lead", "standfirst", "descriptiontext", "excerpt"),
    "html": ("bodyhtml", "contenthtml", "html", "bodyxhtml"),
    "text": ("body", "text", "content", "bodytext", "contenttext", "articlebody", "fulltext", "maintext"),
    "section": ("section", "category", "ressort", "rubric"),
    "published": (
        "publishedat",
        "published",
        "datepublished",
        "publishdate",
        "pubdate",
        "publicationdate",
        "firstcreated",
        "date",
        "created",
        "createdat",
    ),
    "updated": ("updatedat", "updated", "datemodified", "modified", "modifiedat", "versioncreated", "lastmodified"),
    "language": ("language", "lang", "inlanguage", "languagecode"),
    "authors": ("authors", "author", "byline", "creator", "creators"),
    "keywords": ("keywords", "tags", "categories", "topics"),
    "pubstatus": ("pubstatus",),
}


def split(data: bytes) -> list[bytes]:
    """The bytes of each article in a JSON document: one object, a list, or an object with a list `articles` or `items`. Raises Permanent."""
    try:
        if data.lstrip()[:1] == b"[":
            return [bytes(each) for each in msgspec.json.decode(data, type=list[msgspec.Raw])]
        outer = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        for name in ("articles", "items"):
            if name in outer and bytes(outer[name]).lstrip()[:1] == b"[":
                return [bytes(each) for each in msgspec.json.decode(outer[name], type=list[msgspec.Raw])]
        return [data.strip()]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Permanent(Rejection.UNREADABLE, _no_json(error)) from error


def read(data: bytes) -> Item:
    """The article in one JSON object. Raises Permanent when it is none, or when its embargo cannot be read (it might come out too early)."""
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Permanent(Rejection.UNREADABLE, _no_json(error)) from error
    if not isinstance(found, dict):
        raise Permanent(Rejection.INVALID, f"an article is a JSON object, this is a {type(found).__name__}")
    fields = {str(name).lower().replace("_", "").replace("-", ""): value for name, value in found.items()}
    html, text = _first(fields, "html"), _first(fields, "text")
    is_html = bool(html) or looks_like_html(text)

    def written(value: str) -> str:
        return as_html(value) if is_html and not looks_like_html(value) else value

    status = _pubstatus(fields)
    title, body = withdrawn_text(status, written(_first(fields, "title")), html or text)
    return Item(
        guid=_first(fields, "guid") or _urn(fields),
        url=shown(_first(fields, "url")),
        title=title,
        summary=written(_first(fields, "summary")),
        body=body,
        markup="html" if is_html else "text",
        authors=_names(fields, "authors"),
        section=_first(fields, "section"),
        keywords=_names(fields, "keywords"),
        published=_date(fields, "published"),
        updated=_date(fields, "updated"),
        language=_first(fields, "language"),
        pubstatus=status,
        embargoed_at=embargo(_embargo_text(fields)),
        original=data,
    )


def _no_json(error: Exception) -> str:
    return f"{'this JSON is' if isinstance(error, RecursionError) else 'not valid JSON:'} {why_unreadable(error)}"


def _date(fields: Mapping[str, Any], field: str) -> str:
    """The date as it was written. A list or an object is shown as JSON: no date, and seen by the stage that reads dates."""
    return _first(fields, field) or next(
        (str(msgspec.json.encode(fields[name]), "utf-8") for name in _NAMES[field] if _is_wrong(fields.get(name))), ""
    )


def _is_wrong(value: object) -> bool:
    return value not in (None, [], {}) and not isinstance(value, str)


def _first(fields: Mapping[str, Any], field: str) -> str:
    return next((text for name in _NAMES[field] if (text := clean(fields.get(name)))), "")


def _names(fields: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """Names from a text, an object with a name, or a list of either."""
    for name in _NAMES[field]:
        value = fields.get(name)
        values = value if isinstance(value, list) else [value]
        found = [clean(each.get("name") if isinstance(each, dict) else each) for each in values[:100]]
        if any(found):
            return tuple(each for each in found if each)
    return ()


def _pubstatus(fields: Mapping[str, Any]) -> Literal["usable", "withheld", "canceled"]:
    value = _first(fields, "pubstatus").lower() or "usable"
    if value not in ("usable", "withheld", "canceled"):
        raise Permanent(Rejection.INVALID, f"pubstatus is {value[:40]!r}; it is one of usable, withheld, canceled")
    return cast(Literal["usable", "withheld", "canceled"], value)


def _urn(fields: Mapping[str, Any]) -> str:
    """The `uri` of ninjs 1 where it is a name and no address: every version of an article has the same."""
    uri = clean(fields.get("uri"))
    return "" if uri.lower().startswith(("http://", "https://")) else uri


def _embargo_text(fields: Mapping[str, Any]) -> str:
    """What any field says whose name begins with "embargo": one that we do not know by name must not come out too early either.
    One of blanks alone is quoted, for it is no empty one."""
    found = (value for name, value in fields.items() if name.startswith("embargo") and value)
    return next((clean(value) or repr(value)[:100] for value in found), "")
