"""What the commands and the live page ask of the index. Each returns plain JSON values; a missing index is an empty answer.

An article comes back as its document (`documents.py`) without the copies by language, with `_index`, `_version` and, where asked for,
`highlight` beside it. All raise Transient, Denied or Refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pipeline.index import templates
from pipeline.search import Server
from pipeline.settings import Settings

MAX_ARTICLES = 10_000
_COPIES = "news.*_by_language"
# The server fails a whole search when a marked text is longer than this (index.highlight.max_analyzed_offset), unless told to stop there.
_MARKED_CHARACTERS = 900_000
# An index that does not exist yet is empty.
_LENIENT = {"ignore_unavailable": "true", "allow_no_indices": "true"}
_TEXTS = ("news.title", "news.summary", "news.body")


def newest(server: Server, settings: Settings, count: int = 50, before: datetime | None = None) -> list[dict[str, Any]]:
    """The articles we saw last (by `first_seen_at`), newest first; with `before`, those seen earlier than that."""
    limit = {"range": {"news.first_seen_at": {"lt": before.isoformat()}}} if before else {"match_all": {}}
    return _articles(server, settings, {"query": limit, "sort": [{"news.first_seen_at": "desc"}, {"event.id": "asc"}]}, count)


def by_id(server: Server, settings: Settings, article_id: str) -> dict[str, Any] | None:
    """The article as the index holds it, or None."""
    return next(iter(_articles(server, settings, {"query": {"ids": {"values": [article_id]}}}, 1)), None)


def find(server: Server, settings: Settings, id_or_url: str, count: int = 20) -> list[dict[str, Any]]:
    """The articles with this id, or with this address as the publisher wrote it or in its canonical form."""
    wanted = [{"ids": {"values": [id_or_url]}}, {"term": {"url.full": id_or_url}}, {"term": {"url.original": id_or_url}}]
    return _articles(server, settings, {"query": {"bool": {"should": wanted}}, "sort": [{"news.first_seen_at": "desc"}]}, count)


def by_term(server: Server, settings: Settings, term: str, count: int = 50) -> list[dict[str, Any]]:
    """The articles whose normalised terms have `term` ("Raketentest" finds "Mittelstreckenraketentests"), newest first.

    `highlight` names the words that contain it as `<em>…</em>` in fragments of title, summary and body; the text is escaped as HTML.
    """
    pattern = "*" + "".join("\\" + letter if letter in "\\*?" else letter for letter in term) + "*"
    marks = {
        name: {"highlight_query": {"wildcard": {name: {"value": pattern, "case_insensitive": True}}}, "number_of_fragments": 3}
        for name in _TEXTS
    }
    body = {
        "query": {"term": {"news.terms": term}},
        "sort": [{"news.first_seen_at": "desc"}, {"event.id": "asc"}],
        "highlight": {"encoder": "html", "max_analyzed_offset": _MARKED_CHARACTERS, "fields": marks},
    }
    return _articles(server, settings, body, count)


def story(server: Server, settings: Settings, story_id: str, count: int = 200) -> list[dict[str, Any]]:
    """The members of a story in order."""
    return _articles(server, settings, {"query": {"term": {"news.story.id": story_id}}, "sort": [{"news.story.position": "asc"}]}, count)


def alerts(server: Server, settings: Settings, count: int = 100) -> list[dict[str, Any]]:
    """The episodes, newest first."""
    return _search(server, settings.index(templates.ALERTS), {"query": {"match_all": {}}, "sort": [{"@timestamp": "desc"}]}, count)


def counts(server: Server, settings: Settings) -> dict[str, int]:
    """How many documents each of our indices holds, by name; refreshed, so that everything written is counted. Nested objects count, too."""
    refresh(server, settings)
    found: dict[str, int] = {}
    for name in _names(settings):
        answer = server.found(f"/{name}/_stats/docs", _LENIENT)
        found.update({index: each["primaries"]["docs"]["count"] for index, each in (answer or {}).get("indices", {}).items()})
    return dict(sorted(found.items()))


def article_count(server: Server, settings: Settings) -> int:
    """How many articles the index holds; refreshed. Raises Transient while its newest month is being made."""
    refresh(server, settings)
    answer = server.found(f"/{settings.index(templates.ARTICLES)}/_count")
    return int((answer or {}).get("count", 0))


def refresh(server: Server, settings: Settings) -> None:
    """Make everything written so far visible to searches."""
    for name in _names(settings):
        server.request("POST", f"/{name}/_refresh", None, _LENIENT)


def _names(settings: Settings) -> tuple[str, ...]:
    single = (templates.ALERTS, templates.NOTIFICATIONS, templates.SILENCES, templates.AUDIT, templates.SOURCES)
    return *(f"{settings.index(name)}-*" for name in templates.MONTHLY), *(settings.index(name) for name in single)


def _articles(server: Server, settings: Settings, body: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    return _search(server, settings.index(templates.ARTICLES), {**body, "_source": {"excludes": [_COPIES]}}, count)


def _search(server: Server, index: str, body: Mapping[str, Any], count: int) -> list[dict[str, Any]]:
    """Sorting fields may be missing from an index that is still empty, hence `unmapped_type`."""
    sort = [{name: {"order": order, "unmapped_type": "date"}} for each in body.get("sort", ()) for name, order in each.items()]
    wanted = {**body, "sort": sort, "size": min(count, MAX_ARTICLES), "version": True}
    answer = server.request("POST", f"/{index}/_search", wanted, _LENIENT)
    return [_shown(hit) for hit in answer["hits"]["hits"]]


def _shown(hit: Mapping[str, Any]) -> dict[str, Any]:
    beside = {name: hit[name] for name in ("highlight", "_ignored") if name in hit}
    return {**hit["_source"], "_id": hit["_id"], "_index": hit["_index"], "_version": hit.get("_version"), **beside}
