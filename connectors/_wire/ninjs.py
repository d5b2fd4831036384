"""ninjs 2 and 3: news as JSON, with lists of headlines, bodies and descriptions where ninjs 1 has one of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._canonical import shown
from connectors._item import Item, as_html, clean, looks_like_html
from connectors._wire.instants import embargo
from connectors._wire.statuses import pubstatus, withdrawn_text

_LISTS = ("headlines", "bodies", "descriptions")


def is_ninjs(found: Mapping[str, Any]) -> bool:
    """Whether the object is of version 2 or 3. Objects of version 1 are read by the names that they share with other JSON."""
    standard = found.get("standard")
    named = (
        isinstance(standard, dict) and clean(standard.get("name")).lower() == "ninjs" and not clean(standard.get("version")).startswith("1")
    )
    return "uri" in found and (named or any(isinstance(found.get(name), list) for name in _LISTS))


def read(found: Mapping[str, Any], data: bytes) -> Item:
    """The article in one object. Raises Permanent when its status or its embargo cannot be read; every version has the same `uri`."""
    html, text = _body(found)
    status = pubstatus(clean(found.get("pubstatus")))
    title, body = withdrawn_text(
        status, _value(found, "headlines", ("main",)) or clean(found.get("headline")), html or as_html(text), clean(found.get("ednote"))
    )
    summary = _value(found, "descriptions", ("summary", "lead"))
    return Item(
        guid=clean(found.get("uri")),
        url=shown(clean(found.get("url")) or clean(found.get("uri"))),
        title=title if looks_like_html(title) else as_html(title),
        summary=summary if looks_like_html(summary) else as_html(summary),
        body=body,
        markup="html",
        authors=_names(found.get("people"), "author", "creator") or _names(found.get("infosources"), "author") or _byline(found),
        section=_first_name(found.get("genres")),
        keywords=_names(found.get("subjects")) + _keywords(found),
        published=clean(found.get("firstcreated")) or clean(found.get("contentcreated")) or clean(found.get("versioncreated")),
        updated=clean(found.get("versioncreated")),
        language=clean(found.get("language")),
        pubstatus=status,
        embargoed_at=embargo(clean(found.get("embargoed"))),
        original=data,
        flags=("correction",) if any("correct" in _word(each) for each in _listed(found.get("signals"))) else (),
    )


def _listed(value: Any) -> list[Any]:
    return value[:100] if isinstance(value, list) else []


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in _listed(value) if isinstance(each, dict)]


def _word(value: Any) -> str:
    return (clean(value.get("name")) or clean(value.get("uri")) if isinstance(value, dict) else clean(value)).lower()


def _value(found: Mapping[str, Any], name: str, roles: tuple[str, ...]) -> str:
    """The text with one of the roles, or else the first."""
    texts = [(clean(each.get("role")).rpartition("/")[2].lower(), clean(each.get("value"))) for each in _objects(found.get(name))]
    return next((text for wanted in roles for role, text in texts if role == wanted and text), "") or next(
        (text for _, text in texts if text), ""
    )


def _body(found: Mapping[str, Any]) -> tuple[str, str]:
    """The body as HTML and as text; one of them may be empty."""
    bodies = [(clean(each.get("contenttype")).lower(), clean(each.get("value"))) for each in _objects(found.get("bodies"))]
    html = next((text for kind, text in bodies if "html" in kind and text), clean(found.get("body_xhtml")))
    text = next((text for kind, text in bodies if "html" not in kind and text), clean(found.get("body_text")))
    return (text, "") if not html and looks_like_html(text) else (html, text)


def _names(value: Any, *roles: str) -> tuple[str, ...]:
    found = [(clean(each.get("role")).lower(), clean(each.get("name"))) for each in _objects(value)]
    return tuple(name for role, name in found if name and (not roles or role.rpartition("/")[2] in roles))


def _first_name(value: Any) -> str:
    return next(iter(_names(value)), "")


def _keywords(found: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(clean(each) for each in _listed(found.get("keywords")))


def _byline(found: Mapping[str, Any]) -> tuple[str, ...]:
    byline = clean(found.get("by")) or clean(found.get("byline"))
    return (byline,) if byline else ()
