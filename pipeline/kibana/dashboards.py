"""The source: the three dashboards. A new panel is an entry here; `check.py` says when its field does not exist.

A dashboard's time range is counted on `@timestamp`: when an article was published, when an episode or message last changed. What stands open
is asked over ninety days whatever the dashboard shows, because an episode that nobody touched since last week is open all the same.
"""

from __future__ import annotations

from pipeline.kibana.content import OPEN
from pipeline.kibana.declared import Dashboard, Measure, OverTime, Panel, SearchPanel, Terms

STANDING = "now-90d"
# Each source tells how it is doing at least once a minute while it is read: what was silent for a week is one that was taken away.
TOLD = "now-7d"

_FIRST_SENT = "news.alert.kind : first and news.alert.state : sent"
_ARTICLES = Measure("Articles")
_PUBLISHERS = Measure("Sources", "unique_count", "news.source.id")
_BY_RULE = Terms("Rule", "news.matches.rule_id", 10)
_BY_SOURCE = Terms("Source", "news.source.id", 10)

LAGE = Dashboard(
    "lage",
    "Lage",
    "What comes in: volume, languages, names, stories, and the latest articles.",
    since="now-24h",
    refresh_seconds=60,
    panels=(
        Panel("articles", "Articles", "metric", "articles", (_ARTICLES,), (0, 0, 12, 6)),
        Panel("publishers", "Sources with articles", "metric", "articles", (_PUBLISHERS,), (12, 0, 12, 6)),
        Panel("story-count", "Stories", "metric", "articles", (Measure("Stories", "unique_count", "news.story.id"),), (24, 0, 12, 6)),
        Panel(
            "matched", "Articles that matched a rule", "metric", "articles", (_ARTICLES,), (36, 0, 12, 6), where="news.matches.rule_id : *"
        ),
        Panel(
            "volume",
            "Volume by language",
            "stacked",
            "articles",
            (_ARTICLES,),
            (0, 6, 32, 12),
            by=(Terms("Language", "news.language.code", 8, others=True), OverTime()),
        ),
        Panel(
            "languages",
            "Languages",
            "donut",
            "articles",
            (_ARTICLES,),
            (32, 6, 16, 12),
            by=(Terms("Language", "news.language.code", 8, others=True),),
        ),
        Panel("people", "People", "bars", "articles", (_ARTICLES,), (0, 18, 12, 14), by=(Terms("Person", "news.entity.person", 12),)),
        Panel("places", "Places", "bars", "articles", (_ARTICLES,), (12, 18, 12, 14), by=(Terms("Place", "news.entity.place", 12),)),
        Panel(
            "countries", "Countries", "bars", "articles", (_ARTICLES,), (24, 18, 12, 14), by=(Terms("Country", "news.entity.country", 12),)
        ),
        Panel(
            "organisations",
            "Organisations",
            "bars",
            "articles",
            (_ARTICLES,),
            (36, 18, 12, 14),
            by=(Terms("Organisation", "news.entity.organisation", 12),),
        ),
        Panel(
            "stories",
            "Stories with the most articles",
            "table",
            "articles",
            (
                _ARTICLES,
                _PUBLISHERS,
                Measure("Newest title", "last_value", "news.title.raw"),
                Measure("Newest article", "max", "news.first_seen_at"),
            ),
            (0, 32, 48, 14),
            by=(Terms("Story", "news.story.id", 15),),
        ),
        SearchPanel("latest", "Latest articles", "latest", (0, 46, 48, 20)),
    ),
)

ALERTS = Dashboard(
    "alerts",
    "Alerts",
    "What is open, what matched where, who was told, and how long it took.",
    since="now-7d",
    refresh_seconds=30,
    panels=(
        Panel("open", "Open episodes", "metric", "alerts", (Measure("Open"),), (0, 0, 12, 6), where=OPEN, since=STANDING),
        Panel(
            "unacknowledged",
            "Open, acknowledged by nobody",
            "metric",
            "alerts",
            (Measure("Open"),),
            (12, 0, 12, 6),
            where=f"{OPEN} and not news.alert.acknowledged_by : *",
            since=STANDING,
        ),
        Panel(
            "typical-time",
            "Time to alert: half of them within",
            "metric",
            "notifications",
            (Measure("Seconds (median)", "median", "news.alert.took_seconds"),),
            (24, 0, 12, 6),
            where=_FIRST_SENT,
        ),
        Panel(
            "slowest-time",
            "Time to alert: 95 of 100 within",
            "metric",
            "notifications",
            (Measure("Seconds (95th percentile)", "percentile", "news.alert.took_seconds", percent=95),),
            (36, 0, 12, 6),
            where=_FIRST_SENT,
        ),
        SearchPanel("open-list", "Open episodes", "open", (0, 6, 48, 14), since=STANDING),
        Panel(
            "severities",
            "Open episodes by severity",
            "donut",
            "alerts",
            (Measure("Open"),),
            (0, 20, 12, 12),
            by=(Terms("Severity", "news.alert.severity", 5),),
            where=OPEN,
            since=STANDING,
        ),
        Panel("matches", "Matches over time by rule", "stacked", "articles", (_ARTICLES,), (12, 20, 36, 12), by=(_BY_RULE, OverTime())),
        Panel("rule-source", "Matches by rule and source", "table", "articles", (_ARTICLES,), (0, 32, 24, 14), by=(_BY_RULE, _BY_SOURCE)),
        Panel(
            "time-to-alert",
            "Time to alert in seconds, from fetching to the message",
            "lines",
            "notifications",
            (
                Measure("Median", "median", "news.alert.took_seconds"),
                Measure("95th percentile", "percentile", "news.alert.took_seconds", percent=95),
            ),
            (24, 32, 24, 14),
            by=(OverTime(),),
            where=_FIRST_SENT,
        ),
        Panel(
            "receivers",
            "Messages by receiver",
            "table",
            "notifications",
            (
                Measure("Messages"),
                Measure("Sent", where="news.alert.state : sent"),
                Measure("Failed", where="news.alert.state : failed"),
                Measure("Not sent on purpose", where="news.alert.state : suppressed"),
                Measure("Late", where="news.alert.late : true"),
            ),
            (0, 46, 32, 12),
            by=(Terms("Receiver", "news.alert.receiver", 15),),
        ),
        Panel(
            "suppressed",
            "Why messages were not sent",
            "bars",
            "notifications",
            (Measure("Messages"),),
            (32, 46, 16, 12),
            by=(Terms("Reason", "news.alert.suppressed_by", 10),),
        ),
    ),
)

_FAILING = "news.source_health.state : failing"
_SILENT = "news.source_health.state : silent"
_UNREADABLE = Measure("Items", "sum", "news.source_health.unreadable")
_STAGE = Terms("Stage", "news.rejected.stage", 10)

SOURCES = Dashboard(
    "sources",
    "Sources",
    "Which sources bring articles, which fail or have fallen silent, how late they are, and what of them was rejected.",
    since="now-24h",
    refresh_seconds=60,
    panels=(
        Panel("known", "Sources", "metric", "sources", (Measure("Sources"),), (0, 0, 8, 6), since=TOLD),
        Panel("failing", "Failing", "metric", "sources", (Measure("Sources"),), (8, 0, 8, 6), where=_FAILING, since=TOLD),
        Panel("silent", "Silent", "metric", "sources", (Measure("Sources"),), (16, 0, 8, 6), where=_SILENT, since=TOLD),
        Panel(
            "lag",
            "Published to fetched: half within",
            "metric",
            "articles",
            (Measure("Seconds (median)", "median", "news.lag.fetch_seconds"),),
            (24, 0, 8, 6),
        ),
        Panel("rejected", "Rejected records", "metric", "rejected", (Measure("Records"),), (32, 0, 8, 6)),
        Panel("unreadable-ever", "Items not readable, ever", "metric", "sources", (_UNREADABLE,), (40, 0, 8, 6), since=TOLD),
        SearchPanel("troubled", "Failing, silent or unreadable", "troubled", (0, 6, 48, 12), since=TOLD),
        Panel(
            "health",
            "Longest without an article first",
            "table",
            "sources",
            (
                Measure("Last article", "max", "news.source_health.last_article_at"),
                Measure("Last success", "max", "news.source_health.last_success_at"),
                Measure("State", "last_value", "news.source_health.state"),
                Measure("Failures in a row", "max", "news.source_health.consecutive_failures"),
                Measure("Articles", "sum", "news.source_health.articles"),
                Measure("Not readable", "sum", "news.source_health.unreadable"),
                Measure("Last error", "last_value", "news.source_health.last_error.raw"),
            ),
            (0, 18, 48, 16),
            by=(Terms("Source", "news.source_health.source_id", 100, rising=True),),
            since=TOLD,
        ),
        Panel(
            "by-source",
            "Articles by source",
            "stacked",
            "articles",
            (_ARTICLES,),
            (0, 34, 48, 12),
            by=(Terms("Source", "news.source.id", 10, others=True), OverTime()),
        ),
        Panel(
            "lag-by-source",
            "How late articles come, by source",
            "table",
            "articles",
            (
                _ARTICLES,
                Measure("Published to fetched, median (s)", "median", "news.lag.fetch_seconds"),
                Measure("95 of 100 within (s)", "percentile", "news.lag.fetch_seconds", percent=95),
                Measure("Fetched to indexed, median (s)", "median", "news.lag.index_seconds"),
            ),
            (0, 46, 32, 14),
            by=(Terms("Source", "news.source.id", 50),),
        ),
        Panel(
            "flags", "Doubts about date or text", "bars", "articles", (_ARTICLES,), (32, 46, 16, 14), by=(Terms("Doubt", "news.flags", 10),)
        ),
        Panel(
            "rejected-over-time",
            "Rejected, by stage",
            "stacked",
            "rejected",
            (Measure("Records"),),
            (0, 60, 24, 12),
            by=(_STAGE, OverTime()),
        ),
        Panel(
            "rejected-why",
            "Rejected, by stage and reason",
            "table",
            "rejected",
            (
                Measure("Records"),
                Measure("Sources", "unique_count", "news.rejected.source_id"),
                Measure("Newest", "max", "@timestamp"),
            ),
            (24, 60, 24, 12),
            by=(_STAGE, Terms("Reason", "news.rejected.reason", 10)),
        ),
        SearchPanel("rejected-list", "Rejected records: look at one with `lagebild rejected show OFFSET`", "rejected", (0, 72, 48, 12)),
    ),
)

DASHBOARDS = (LAGE, ALERTS, SOURCES)
