"""The source: data views and saved searches. The dashboards made of them are in `dashboards.py`."""

from __future__ import annotations

from pipeline.index import templates
from pipeline.kibana.declared import Search, View

VIEWS = (
    View("articles", templates.ARTICLES, "News articles", links=("url.full",)),
    View("alerts", templates.ALERTS, "News alerts: episodes", links=("news.alert.url",)),
    View("sources", templates.SOURCES, "News sources: how they are doing"),
    View("rejected", templates.REJECTED, "News: rejected records"),
    View("notifications", templates.NOTIFICATIONS, "News alerts: messages", links=("news.alert.url",)),
)

# Shadow rules and exercises are recorded like others, and nobody is meant to act on them.
REAL = "news.alert.shadow : false and news.alert.exercise : false"
OPEN = f"news.alert.state : (firing or reopened) and {REAL}"

SEARCHES = (
    Search(
        "latest",
        "News: latest articles",
        "articles",
        ("news.title", "news.source.name", "news.language.code", "news.entity.place", "news.matches.rule_id", "url.full"),
        sort="@timestamp",
    ),
    Search(
        "matched",
        "News: articles that matched a rule",
        "articles",
        ("news.title", "news.source.name", "news.matches.rule_id", "news.matches.surfaces", "news.matches.severity", "url.full"),
        sort="@timestamp",
        where="news.matches.rule_id : *",
    ),
    Search(
        "open",
        "Alerts: open episodes",
        "alerts",
        (
            "news.alert.severity",
            "news.alert.headline",
            "news.alert.rule_title",
            "news.alert.opened_at",
            "news.alert.article_count",
            "news.alert.acknowledged_by",
            "news.alert.url",
        ),
        sort="news.alert.opened_at",
        where=OPEN,
    ),
    Search(
        "troubled",
        "Sources: failing or silent",
        "sources",
        (
            "news.source_health.source_id",
            "news.source_health.state",
            "news.source_health.last_error",
            "news.source_health.consecutive_failures",
            "news.source_health.last_success_at",
            "news.source_health.last_article_at",
            "news.source_health.next_fetch_at",
        ),
        sort="@timestamp",
        where="news.source_health.state : (failing or silent) or news.source_health.unreadable_note : *",
    ),
    Search(
        "rejected",
        "News: rejected records",
        "rejected",
        (
            "news.rejected.stage",
            "news.rejected.reason",
            "news.rejected.source_id",
            "news.rejected.detail",
            "news.rejected.subject",
            "news.rejected.article_id",
            "news.rejected.record_offset",
        ),
        sort="@timestamp",
    ),
    Search(
        "messages",
        "Alerts: messages to people",
        "notifications",
        (
            "news.alert.receiver",
            "news.alert.kind",
            "news.alert.state",
            "news.alert.headline",
            "news.alert.took_seconds",
            "news.alert.last_error",
        ),
        sort="@timestamp",
    ),
)
