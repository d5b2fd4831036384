"""The mappings of our indices, as index templates.

* `news-articles-YYYY.MM`: articles, one index a month, read through the alias `news-articles`
* `news-alerts`: episodes; `news-notifications`: messages to people
* `news-silences`: silences; `news-audit`: what people decided, carried out or refused
* `news-sources`: how each source is doing, one document each
* `news-rejected-YYYY.MM`: what was rejected, where and why, one index a month, read through the alias `news-rejected`

All are strict: a field that `mappings.py` does not name is refused, so nothing appears in an index by accident.

Text in several languages. `news.title`, `news.summary` and `news.body` hold the text of every article and are searched as a whole, with the
analyser `standard`. `news.title_by_language.de`, `news.body_by_language.de`, … hold it a second time for articles in German only, with our German
analyser (`analysis.py`) where the server can build it, else the shipped one, else `standard`. These are fields of their own and not multi-fields `news.body.de`, because a multi-field
is filled for every article: a Finnish text would be stemmed in thirty wrong languages. A language
without an analyser in Elasticsearch is found through `news.body` and, by normalised form, through `news.terms`.
"""

from __future__ import annotations

from collections.abc import Collection

from pipeline.index import analysis, mappings
from pipeline.settings import Settings

ARTICLES = "news-articles"
ALERTS = "news-alerts"
NOTIFICATIONS = "news-notifications"
SILENCES = "news-silences"
AUDIT = "news-audit"
SOURCES = "news-sources"
REJECTED = "news-rejected"

# Those that come month by month; whole months are removed (`retention.py`, or the server's own lifecycle).
MONTHLY = (ARTICLES, REJECTED)

# Raised whenever a mapping changes; shown in the template's `_meta`.
VERSION = 3


def _template(pattern: str, mapping: mappings.Mapping, aliases: mappings.Mapping, settings: mappings.Mapping) -> mappings.Mapping:
    return {
        "index_patterns": [pattern],
        # Above the built-in templates (100) and what other products ship (200).
        "priority": 500,
        "_meta": {"managed_by": "lagebild", "version": VERSION},
        "composed_of": [],
        "template": {
            "aliases": aliases,
            # Written as the server gives them back, so that a comparison needs no rules. One shard of a month holds tens of millions of articles.
            "settings": {"index": {"number_of_shards": "1", "auto_expand_replicas": "0-1", "refresh_interval": "1s", **settings}},
            "mappings": {
                "dynamic": "strict",
                "_meta": {"managed_by": "lagebild", "version": VERSION},
                "properties": mappings.fields(mapping),
            },
        },
    }


def templates(settings: Settings, available: Collection[str], has_lifecycle: bool = False) -> dict[str, mappings.Mapping]:
    """Every index template by its real name. `available` are the analysers that the server has; with `has_lifecycle` it removes old months itself."""
    monthly = {ARTICLES: mappings.article(available), REJECTED: mappings.REJECTED}
    single = {
        ALERTS: mappings.ALERT,
        NOTIFICATIONS: mappings.ALERT,
        SILENCES: mappings.SILENCE,
        AUDIT: mappings.DECISION,
        SOURCES: mappings.SOURCE,
    }
    own = {ARTICLES: {"analysis": analysis.SETTINGS}} if analysis.GERMAN in available else {}
    found = {}
    for each in MONTHLY:
        name = settings.index(each)
        policy = {"lifecycle": {"name": name}} if has_lifecycle else {}
        found[name] = _template(f"{name}-*", monthly[each], {name: {}}, {**own.get(each, {}), **policy})
    return found | {settings.index(name): _template(settings.index(name), mapping, {}, {}) for name, mapping in single.items()}
