"""schema.org articles as JSON-LD, as pages carry them: one object, a list, or a graph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._canonical import shown
from connectors._item import Item, as_html, clean, looks_like_html
from connectors._wire.statuses import Status, withdrawn_text

_KINDS = ("article", "blogposting", "liveblogposting", "report", "specialannouncement")
_WITHDRAWN = ("withdrawn", "retracted", "cancelled", "canceled", "deleted")


def is_article(found: Mapping[str, Any]) -> bool:
    """Whether the object says that it is an article: `NewsArticle`, `ReportageNewsArticle`, `BlogPosting`, …"""
    return any(kind.endswith(_KINDS) for kind in _kinds(found))


def articles_in(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The object itself when it is an article, or the articles of its graph; others (breadcrumbs, organisations) are none."""
    if is_article(found):
        return [found]
    graph = found.get("@graph")
    return [each for each in graph if isinstance(each, dict) and is_article(each)] if isinstance(graph, list) else []


def read(found: Mapping[str, Any], data: bytes) -> Item:
    """The article in one object."""
    url = _address(found.get("url")) or _address(found.get("mainEntityOfPage"))
    status: Status = "canceled" if clean(found.get("creativeWorkStatus")).lower() in _WITHDRAWN else "usable"
    text = clean(found.get("articleBody")) or clean(found.get("text"))
    title, body = withdrawn_text(status, clean(found.get("headline")) or clean(found.get("name")), text)
    is_html = looks_like_html(body)
    summary = clean(found.get("description")) or clean(found.get("abstract"))
    return Item(
        guid=_identifier(found),
        url=shown(url),
        title=as_html(title) if is_html and not looks_like_html(title) else title,
        summary=as_html(summary) if is_html and not looks_like_html(summary) else summary,
        body=body,
        markup="html" if is_html else "text",
        authors=_names(found.get("author")) or _names(found.get("creator")),
        section=next(iter(_names(found.get("articleSection"))), ""),
        keywords=_keywords(found.get("keywords")),
        published=clean(found.get("datePublished")) or clean(found.get("dateCreated")),
        updated=clean(found.get("dateModified")),
        language=next(iter(_names(found.get("inLanguage"))), ""),
        pubstatus=status,
        original=data,
        flags=_flags(found),
    )


def _kinds(found: Mapping[str, Any]) -> list[str]:
    kinds = found.get("@type")
    return [clean(each).lower() for each in (kinds if isinstance(kinds, list) else [kinds])]


def _flags(found: Mapping[str, Any]) -> tuple[str, ...]:
    is_free = found.get("isAccessibleForFree")
    paid = is_free is False or clean(is_free).lower() in ("false", "http://schema.org/false", "https://schema.org/false")
    return (*(("paid_content",) if paid else ()), *(("correction",) if found.get("correction") else ()))


def _identifier(found: Mapping[str, Any]) -> str:
    """An id of the publisher's own. `@id` is one only when it is an address: others are local to the page."""
    value = found.get("identifier")
    if isinstance(value, dict):
        value = value.get("value")
    at = clean(found.get("@id"))
    return clean(value) or (at if at.startswith(("http://", "https://", "urn:", "tag:")) and "#" not in at else "")


def _address(value: Any) -> str:
    return clean(value.get("@id") or value.get("url")) if isinstance(value, dict) else clean(value)


def _names(value: Any) -> tuple[str, ...]:
    values = value[:100] if isinstance(value, list) else [value]
    found = (clean(each.get("name") or each.get("alternateName") if isinstance(each, dict) else each) for each in values)
    return tuple(each for each in found if each)


def _keywords(value: Any) -> tuple[str, ...]:
    return tuple(each.strip() for each in value.split(",")) if isinstance(value, str) else _names(value)
