"""An article as its document in Elasticsearch. Pure: the fields are those of `mappings.py`, nothing else.

Operational facts stand under the names of the Elastic Common Schema, everything of ours below `news`. Empty values are left out. The
original bytes and the signature are not in the index; both are in the topics.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from pipeline.article import Article, Entity, Match, Story
from pipeline.errors import Permanent
from pipeline.index.mappings import subfield
from pipeline.index.templates import ARTICLES
from pipeline.outcome import Rejection
from pipeline.settings import Settings

# `message` is what a person scans in a list: the title and about two sentences.
LEAD_CHARACTERS = 300
# Each nested object is a document of its own for the server, which takes at most 10,000 in one article and is slow long before.
_MOST_NAMED = 100


def index_name(settings: Settings, article: Article) -> str:
    """The index of an article, named from the month (UTC) in which we first saw it, so that all its revisions meet in one index.

    Raises Permanent (`invalid`) when the article has no `first_seen_at`.
    """
    if article.first_seen_at is None:
        raise Permanent(Rejection.INVALID, f"article {article.id} has no first_seen_at: only identified articles can be indexed")
    return f"{settings.index(ARTICLES)}-{article.first_seen_at:%Y.%m}"


def document(article: Article, indexed_at: datetime | None = None) -> dict[str, Any]:
    """The document, as JSON values and records that msgspec encodes.

    `indexed_at` is when it is handed to Elasticsearch; None (a rebuild, a preview) leaves that time out, so that it enters no latency figure.
    """
    dates, clock = article.dates, article.clock
    url = article.canonical_url or article.url
    return _filled(
        {
            "@timestamp": dates.published_at or article.first_seen_at or clock.fetched_at,
            "event": _filled(
                {
                    "kind": "event",
                    "dataset": "news.article",
                    "id": article.id,
                    "created": clock.fetched_at,
                    "ingested": indexed_at,
                }
            ),
            "message": message(article),
            "url": _filled({"full": url, "original": article.url, "domain": article.source.site or _host(url)}),
            "news": _news(article, indexed_at),
        }
    )


def message(article: Article) -> str:
    """Title and lead. The lead is the summary, or the start of the body; a cut at `LEAD_CHARACTERS` is marked by "…"."""
    lead = (article.summary or article.body).strip()
    if len(lead) > LEAD_CHARACTERS:
        lead = (lead[:LEAD_CHARACTERS].rsplit(maxsplit=1) or [""])[0] + " …"
    return "\n".join(part for part in (article.title, lead) if part)


def _news(article: Article, indexed_at: datetime | None) -> dict[str, Any]:
    code = subfield(article.language.code)
    return _filled(
        {
            "title": article.title,
            "summary": article.summary,
            "body": article.body,
            "title_by_language": {code: article.title} if code and article.title else None,
            "summary_by_language": {code: article.summary} if code and article.summary else None,
            "body_by_language": {code: article.body} if code and article.body else None,
            "authors": article.authors,
            "section": article.section,
            "keywords": article.keywords,
            "guid": article.guid,
            "source": article.source,
            "language": _language(article),
            "dates": article.dates,
            "first_seen_at": article.first_seen_at,
            "embargoed_at": article.embargoed_at,
            "revision": article.revision,
            "generation": article.generation,
            "version": article.version,
            "replay": article.replay,
            "backfill": article.backfill,
            "flags": article.flags,
            "pubstatus": article.pubstatus,
            "encoding": article.encoding,
            "content_hash": article.content_hash,
            "original_sha256": article.original_sha256,
            "story": _story(article.story),
            "entity": _entity(article.entities),
            "entities": article.entities,
            "named": [_named(each) for each in article.entities[:_MOST_NAMED]],
            "terms": article.terms,
            "terms_added": article.terms_added,
            "matches": [_match(match) for match in article.matches],
            "hits": [{"match_id": match.id, "rule_id": match.rule_id, "hits": match.hits} for match in article.matches],
            "added": article.added,
            "clock": _clock(article, indexed_at),
            "lag": _lag(article, indexed_at),
            "position": article.position if article.position.topic else None,
        }
    )


def _language(article: Article) -> dict[str, Any]:
    language = article.language
    return _filled(
        {
            "code": language.code,
            "confidence": language.confidence,
            "origin": language.origin,
            "declared": language.declared,
            "routing": article.routing_language,
        }
    )


def _story(story: Story | None) -> dict[str, Any]:
    """Named one by one: the record's own encoding leaves out defaults, and the article that opened a story is at position 1."""
    if story is None:
        return {}
    return _filled(
        {
            "id": story.id,
            "position": story.position,
            "opened_by": story.opened_by,
            "opened_at": story.opened_at,
            "nearest": story.nearest,
            "similarity": story.similarity,
            "containment": story.containment,
        }
    )


def _clock(article: Article, indexed_at: datetime | None) -> dict[str, Any]:
    """When each stage was done. A publishing date without a time has no place among instants and is left out."""
    clock, dates = article.clock, article.dates
    return _filled(
        {
            "published": dates.published_at if dates.precision == "second" else None,
            "fetched": clock.fetched_at,
            "collected": clock.collected_at,
            "identified": clock.identified_at,
            "deduplicated": clock.deduplicated_at,
            "enriched": clock.enriched_at,
            "indexed": indexed_at,
        }
    )


def _lag(article: Article, indexed_at: datetime | None) -> dict[str, Any]:
    """Seconds from publishing to fetching, and from there into the index. None where an instant is missing, for archives, and for dates in the future."""
    clock, dates = article.clock, article.dates
    published = dates.published_at if dates.precision == "second" and not article.backfill else None
    indexed = indexed_at if not article.replay else None
    found = {"fetch_seconds": _seconds(published, clock.fetched_at), "index_seconds": _seconds(clock.fetched_at, indexed)}
    return {name: value for name, value in found.items() if value is not None and value >= 0}


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    return round((end - start).total_seconds(), 3) if start and end else None


def _entity(entities: tuple[Entity, ...]) -> dict[str, Any]:
    """Flat lists, because charts cannot use nested ones: all names, types, ids and ISO country codes, the names by type, and the places."""
    by_type = {
        kind: _distinct(each.name for each in entities if each.type == kind) for kind in ("person", "place", "organisation", "other")
    }
    return _filled(
        {
            "name": _distinct(each.name for each in entities),
            "type": _distinct(each.type for each in entities),
            "id": _distinct(each.id for each in entities),
            "country": _distinct(each.country for each in entities),
            **by_type,
            "location": [{"lat": each.latitude, "lon": each.longitude} for each in entities if _on_earth(each.latitude, each.longitude)],
        }
    )


def _named(entity: Entity) -> dict[str, Any]:
    """One entity as a nested object, with its place on the map and how often it is mentioned."""
    located = _on_earth(entity.latitude, entity.longitude)
    return _filled(
        {
            "id": entity.id,
            "type": entity.type,
            "name": entity.name,
            "country": entity.country,
            "recogniser": entity.recogniser,
            "mentions": len(entity.mentions),
            "salience": entity.salience,
            "confidence": entity.confidence,
            "location": {"lat": entity.latitude, "lon": entity.longitude} if located else None,
        }
    )


def _on_earth(latitude: float | None, longitude: float | None) -> bool:
    """Whether the coordinates are a place; Elasticsearch would fold a longitude of 200 to -160 without a word."""
    if latitude is None or longitude is None or not math.isfinite(latitude) or not math.isfinite(longitude):
        return False
    return abs(latitude) <= 90 and abs(longitude) <= 180


def _match(match: Match) -> dict[str, Any]:
    return _filled(
        {
            "id": match.id,
            "rule_id": match.rule_id,
            "title": match.title,
            "severity": match.severity,
            "terms": _distinct(hit.term for hit in match.hits),
            "surfaces": _distinct(hit.surface for hit in match.hits),
            "shadow": match.shadow,
        }
    )


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _distinct(values: Iterable[str]) -> list[str]:
    return [value for value in dict.fromkeys(values) if value]


def _filled(fields: dict[str, Any]) -> dict[str, Any]:
    """`fields` without None, empty texts and empty collections; zero and False stay."""
    return {
        name: value for name, value in fields.items() if value is not None and value != "" and value != () and value != [] and value != {}
    }
