"""The fields of our documents, as data, by the names that `documents.py` and `alerts.py` fill.

Only field types of the server's core are used, because small distributions lack the others (`wildcard`, `match_only_text`,
`constant_keyword`, …). Keywords longer than their limit are kept in the document, left out of the search and named in its `_ignored`; they
never reject a document.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pipeline.index import analysis

# Sub-field by language code, with the analyser that Elasticsearch has for it (Reference: "Language analyzers", 8.19 and 9.x have the same).
# Chinese is one sub-field for both scripts, because `cjk` treats them alike.
ANALYSERS = {
    "ar": "arabic",
    "bg": "bulgarian",
    "bn": "bengali",
    "ca": "catalan",
    "cs": "czech",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "et": "estonian",
    "eu": "basque",
    "fa": "persian",
    "fi": "finnish",
    "fr": "french",
    "ga": "irish",
    "gl": "galician",
    "hi": "hindi",
    "hu": "hungarian",
    "hy": "armenian",
    "id": "indonesian",
    "it": "italian",
    "ja": "cjk",
    "ko": "cjk",
    "lt": "lithuanian",
    "lv": "latvian",
    "nl": "dutch",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sr": "serbian",
    "sv": "swedish",
    "th": "thai",
    "tr": "turkish",
    "zh": "cjk",
}

Mapping = dict[str, Any]

# Lucene refuses terms above 32,766 bytes; a character takes at most four.
_LONGEST_TERM = 32_766 // 4

KEYWORD: Mapping = {"type": "keyword", "ignore_above": 1024}
URL: Mapping = {"type": "keyword", "ignore_above": _LONGEST_TERM}
# The lower-case normaliser lets a person write "Raketentest" where the stored form is "raketentest".
TERM: Mapping = {"type": "keyword", "ignore_above": _LONGEST_TERM, "normalizer": "lowercase"}
DATE: Mapping = {"type": "date"}
TEXT: Mapping = {"type": "text"}
TITLE: Mapping = {"type": "text", "fields": {"raw": {"type": "keyword", "ignore_above": 1024}}}
LONG: Mapping = {"type": "long"}
INTEGER: Mapping = {"type": "integer"}
FLOAT: Mapping = {"type": "float"}
BOOLEAN: Mapping = {"type": "boolean"}
# A place with impossible coordinates is left out of the map; its article stays.
PLACE: Mapping = {"type": "geo_point", "ignore_malformed": True}
# Kept for the page (offsets, evidence), never searched: any shape is taken.
KEPT: Mapping = {"type": "object", "enabled": False}
NAMED: Mapping = {
    "type": "nested",
    "properties": {name: KEYWORD for name in ("id", "type", "name", "country", "recogniser")}
    | {"mentions": INTEGER, "salience": FLOAT, "confidence": FLOAT, "location": PLACE},
}

_EVENT: Mapping = {"kind": KEYWORD, "dataset": KEYWORD, "id": KEYWORD, "action": KEYWORD, "created": DATE, "ingested": DATE}


def fields(tree: Mapping) -> Mapping:
    """`tree` as Elasticsearch writes it: a dict without a string under `type` is an object with these fields."""
    return {
        name: value if isinstance(value.get("type"), str) else {"properties": fields(value)}
        for name, value in sorted(tree.items())
        if value
    }


def subfield(language: str) -> str:
    """The sub-field for a language code of an article: "de", "zh" for both Chinese codes; "" where Elasticsearch has no analyser."""
    code = language.partition("-")[0]
    return code if code in ANALYSERS else ""


_NEWS: Mapping = {
    "authors": KEYWORD,
    "section": KEYWORD,
    "keywords": KEYWORD,
    "guid": URL,
    "source": {**dict.fromkeys(("id", "name", "site", "country", "owner", "connector"), KEYWORD), "tier": INTEGER},
    "language": {"code": KEYWORD, "confidence": FLOAT, "origin": KEYWORD, "declared": KEYWORD, "routing": KEYWORD},
    "dates": {
        "published_at": DATE,
        "updated_at": DATE,
        "precision": KEYWORD,
        "confidence": KEYWORD,
        "published_raw": KEYWORD,
        "updated_raw": KEYWORD,
    },
    "first_seen_at": DATE,
    "embargoed_at": DATE,
    "revision": INTEGER,
    "generation": INTEGER,
    "version": LONG,
    "replay": BOOLEAN,
    "backfill": BOOLEAN,
    "flags": KEYWORD,
    "pubstatus": KEYWORD,
    "encoding": KEYWORD,
    "content_hash": KEYWORD,
    "original_sha256": KEYWORD,
    "story": {
        "id": KEYWORD,
        "position": INTEGER,
        "opened_by": KEYWORD,
        "opened_at": DATE,
        "nearest": KEYWORD,
        "similarity": FLOAT,
        "containment": FLOAT,
    },
    "entity": {name: KEYWORD for name in ("name", "type", "id", "country", "person", "place", "organisation", "other")}
    | {"location": PLACE},
    "entities": KEPT,
    # The same once more as nested objects, which alone can say that one name has both this type and this country.
    "named": NAMED,
    "terms": TERM,
    "terms_added": TERM,
    "matches": {
        "id": KEYWORD,
        "rule_id": KEYWORD,
        "title": KEYWORD,
        "severity": KEYWORD,
        "terms": TERM,
        "surfaces": KEYWORD,
        "shadow": BOOLEAN,
    },
    "hits": KEPT,
    "added": KEPT,
    "clock": {name: DATE for name in ("published", "fetched", "collected", "identified", "deduplicated", "enriched", "indexed")},
    "lag": {"fetch_seconds": FLOAT, "index_seconds": FLOAT},
    "position": {"topic": KEYWORD, "partition": INTEGER, "offset": LONG},
}


def _texts(available: Collection[str]) -> Mapping:
    by_language = {code: {"type": "text", "analyzer": name if name in available else "standard"} for code, name in ANALYSERS.items()}
    if analysis.GERMAN in available:
        by_language["de"] = {"type": "text", "analyzer": analysis.GERMAN}
    return {
        "title": TITLE,
        "summary": TEXT,
        "body": TEXT,
        "title_by_language": by_language,
        "summary_by_language": by_language,
        "body_by_language": by_language,
    }


def article(available: Collection[str]) -> Mapping:
    return {
        "@timestamp": DATE,
        "event": _EVENT,
        "message": TEXT,
        "url": {"full": URL, "original": URL, "domain": KEYWORD},
        "news": {**_texts(available), **_NEWS},
    }


# Fields of episodes and notifications, and those of their `message` that people filter by. Whatever else they carry is kept under `other`.
# An episode's `verdict` is what people found, a notification's why it was not sent; `suppressed_by` is the first word of the latter.
ALERT_FIELDS: Mapping = {
    **dict.fromkeys(
        ("id", "episode_id", "rule_id", "rule_title", "severity", "group", "story_id", "state", "kind", "why", "sources", "article_id"),
        KEYWORD,
    ),
    **dict.fromkeys(("article_ids", "language", "source_id", "source_name", "country", "receiver", "route", "acknowledged_by"), KEYWORD),
    **dict.fromkeys(("rule_version", "tags", "situation_id", "merged_into", "assigned_to", "verdict", "verdict_by"), KEYWORD),
    **dict.fromkeys(("suppressed_by", "stands_in_for"), KEYWORD),
    **dict.fromkeys(("opened_at", "last_match_at", "updated_at", "acknowledged_at", "created_at", "next_at", "first_tried_at"), DATE),
    **dict.fromkeys(("sent_at", "alerted_at", "notified_at", "published_at", "first_seen_at", "fetched_at"), DATE),
    **dict.fromkeys(("last_rang_at", "escalated_at", "verdict_at", "not_before"), DATE),
    **dict.fromkeys(("opened_seq", "step", "article_count", "match_count", "folded", "held_back", "attempts", "revision"), INTEGER),
    **dict.fromkeys(("milestone", "repeated"), INTEGER),
    **dict.fromkeys(("shadow", "late", "possible_duplicate", "exercise", "old"), BOOLEAN),
    **dict.fromkeys(("headline", "lead", "snippet", "last_error", "note"), TEXT),
    "claimed_by": KEYWORD,
    "url": URL,
    "took_seconds": FLOAT,
}

# `matcher` holds each as `field:value`, with `not ` before a negative one.
SILENCE_FIELDS: Mapping = {
    **dict.fromkeys(("id", "author", "matcher", "ended_by", "episodes"), KEYWORD),
    **dict.fromkeys(("starts_at", "ends_at", "created_at", "ended_at"), DATE),
    **dict.fromkeys(("notice_sent", "summarised"), BOOLEAN),
    "reason": TEXT,
    "suppressed": INTEGER,
}

# One decision of a person; `said_at` is the time of their clock, `at` when it was carried out or refused.
DECISION_FIELDS: Mapping = {
    **dict.fromkeys(("id", "command_id", "kind", "by", "to", "verdict", "via", "episode_id", "silence_id", "rule_id"), KEYWORD),
    **dict.fromkeys(("at", "said_at"), DATE),
    **dict.fromkeys(("text", "outcome", "headline"), TEXT),
    "changed": BOOLEAN,
}

# How things stand with a feed's hub, by the names of `pipeline.sources.Push`.
_PUSH: Mapping = {
    **dict.fromkeys(("state", "hub"), KEYWORD),
    **dict.fromkeys(("until", "last_at"), DATE),
    **dict.fromkeys(("pushes", "ignored", "missed"), LONG),
    "why": TEXT,
}

# How a source is doing, by the names of `pipeline.sources.SourceHealth`; counts go beyond what 32 bits hold.
SOURCE_FIELDS: Mapping = {
    **dict.fromkeys(("source_id", "name", "connector", "state", "error_class", "complained_of"), KEYWORD),
    **dict.fromkeys(("last_fetch_at", "last_success_at", "last_article_at", "next_fetch_at", "updated_at", "first_article_at"), DATE),
    **dict.fromkeys(("last_loss_at", "complained_at", "losses_told_at"), DATE),
    **dict.fromkeys(("articles", "unreadable", "consecutive_failures", "fetches", "unchanged"), LONG),
    **dict.fromkeys(("possible_losses", "left_out", "losses_told"), LONG),
    **dict.fromkeys(("longest_gap_seconds", "silent_after_seconds"), FLOAT),
    **dict.fromkeys(("canary_sent_at", "canary_waiting_since", "canary_heard_at", "canary_told_at"), DATE),
    "canary_seconds": FLOAT,
    "note": TEXT,
    "is_unreadable": BOOLEAN,
    "last_error": TITLE,
    "unreadable_note": TEXT,
    "push": {"type": "object", "properties": _PUSH},
}


# One rejected record, by the names of `pipeline.outcome.Rejected`; `record_offset` is its place in `articles.rejected`.
REJECTED_FIELDS: Mapping = {
    **dict.fromkeys(("stage", "reason", "source_id", "article_id", "topic", "original_sha256", "subject"), KEYWORD),
    **dict.fromkeys(("offset", "original_bytes", "record_offset"), LONG),
    **dict.fromkeys(("partition", "attempts"), INTEGER),
    "truncated": BOOLEAN,
    "detail": TEXT,
}


def _strict(below: str, known: Mapping) -> Mapping:
    return {"@timestamp": DATE, "event": _EVENT, "message": TEXT, "news": {below: {**known, "other": KEPT}}}


ALERT: Mapping = _strict("alert", ALERT_FIELDS)
SILENCE: Mapping = _strict("silence", SILENCE_FIELDS)
DECISION: Mapping = _strict("decision", DECISION_FIELDS)
SOURCE: Mapping = _strict("source_health", SOURCE_FIELDS)
REJECTED: Mapping = _strict("rejected", REJECTED_FIELDS)
