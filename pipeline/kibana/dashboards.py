"""The source: the three dashboards. A new panel is an entry here; `check.py` says when its field does not exist.

A dashboard's time range is counted on `@timestamp`: when an article was published, when an episode or message last changed. What stands open
is asked over ninety days whatever the dashboard shows, because an episode that nobody touched since last week is open all the same.
"""

from __future__ import annotations

from pipeline.kibana.content import OPEN
from pipeline.kibana.declared import Dashboard, Measure, OverTime, Panel, SearchPanel, Terms

STANDING = "now-90d"

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
    "What is open, what matched where, and who was told.",
    since="now-7d",
    refresh_seconds=30,
    panels=(
        Panel("open", "Open episodes", "metric", "alerts", (Measure("Open"),), (0, 0, 24, 6), where=OPEN, since=STANDING),
        Panel(
            "unacknowledged",
            "Open, acknowledged by nobody",
            "metric",
            "alerts",
            (Measure("Open"),),
            (24, 0, 24, 6),
            where=f"{OPEN} and not news.alert.acknowledged_by : *",
            since=STANDING,
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
        Panel("rule-source", "Matches by rule and source", "table", "articles", (_ARTICLES,), (0, 32, 48, 14), by=(_BY_RULE, _BY_SOURCE)),
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

SOURCES = Dashboard(
    "sources",
    "Sources",
    "Which sources bring articles, and which have fallen silent.",
    since="now-24h",
    refresh_seconds=60,
    panels=(
        Panel("publishers", "Sources with articles", "metric", "articles", (_PUBLISHERS,), (0, 0, 16, 6)),
        Panel("articles", "Articles", "metric", "articles", (_ARTICLES,), (16, 0, 16, 6)),
        Panel(
            "doubtful",
            "Articles with doubts about date or text",
            "metric",
            "articles",
            (_ARTICLES,),
            (32, 0, 16, 6),
            where="news.flags : *",
        ),
        Panel(
            "by-source",
            "Articles by source",
            "stacked",
            "articles",
            (_ARTICLES,),
            (0, 6, 48, 12),
            by=(Terms("Source", "news.source.id", 10, others=True), OverTime()),
        ),
        Panel(
            "silence",
            "Longest without an article first",
            "table",
            "articles",
            (
                Measure("Last article", "max", "news.first_seen_at"),
                Measure("Articles"),
                Measure("With doubts", where="news.flags : *"),
            ),
            (0, 18, 32, 16),
            by=(Terms("Source", "news.source.id", 50, rising=True),),
            since="now-30d",
        ),
        Panel("flags", "Doubts", "bars", "articles", (_ARTICLES,), (32, 18, 16, 16), by=(Terms("Doubt", "news.flags", 10),)),
    ),
)

DASHBOARDS = (LAGE, ALERTS, SOURCES)
