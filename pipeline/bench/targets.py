"""What the project promises of its speed, and whether it was found. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Figures = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """One promise: `found` is None when it was not measured. `most` turns it round: reached when below."""

    what: str
    wanted: float
    found: float | None
    unit: str
    most: bool = False

    @property
    def verdict(self) -> str:
        if self.found is None:
            return "not measured"
        reached = self.found < self.wanted if self.most else self.found >= self.wanted
        return "reached" if reached else "not reached"

    @property
    def shown(self) -> tuple[str, str, str, str]:
        """The cells of a row: what, target, found, verdict."""
        sign = "<" if self.most else "≥"
        found = "–" if self.found is None else f"{number(self.found)} {self.unit}".strip()
        return self.what, f"{sign} {number(self.wanted)} {self.unit}".strip(), found, self.verdict


def number(value: float) -> str:
    """Three significant digits, thousands parted by commas."""
    if abs(value) >= 1_000:
        return f"{value:,.0f}"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}"


def targets(figures: Figures) -> list[Target]:
    """What the project promises for two cores with everything on one machine, and what was found."""
    return [
        Target("end to end", 300, dig(figures, "end_to_end", "articles_per_second"), "articles/s"),
        Target(
            "fetch to alert at half that rate, p95",
            2,
            dig(figures, "end_to_end", "latency", "fetch_to_alert_seconds", "p95"),
            "s",
            most=True,
        ),
        Target("story decision in memory", 5_000, dig(figures, "in_memory", "stories", "decisions_per_second"), "decisions/s"),
        Target("analysis and matching with the most rules", 1, _most_rules(figures), "ms an article", most=True),
        Target("matching with 100 times the rules", 1.3, dig(figures, "in_memory", "matching", "growth"), "times", most=True),
        Target(
            "memory of a worker with the most rules",
            600,
            _megabytes(dig(figures, "in_memory", "matching", "worker", "memory_bytes")),
            "MB",
            most=True,
        ),
        Target(
            "the most rules read from their records", 8, dig(figures, "in_memory", "matching", "worker", "load_seconds"), "s", most=True
        ),
        Target("back-test of a million articles", 20, dig(figures, "in_memory", "backtest", "minutes_per_million"), "min", most=True),
        Target("a changed rule with every follower", 5, dig(figures, "following", "change_seconds", "max"), "s", most=True),
        Target("entities, article of 2,600 characters", 2.5, dig(figures, "in_memory", "entities", "all_ms"), "ms", most=True),
        Target("watched names, added to that", 1, dig(figures, "in_memory", "entities", "watched_adds_ms"), "ms", most=True),
        Target("language against langdetect, warm", 10, _worst(figures, "times_langdetect_warm"), "times"),
        Target("same language, texts of 200 letters and more", 99.5, _percent(_worst(figures, "same_answer_share")), "%"),
        Target("items of plain feeds against feedparser", 20, dig(figures, "in_memory", "feeds", "times_feedparser"), "times"),
        Target("text of web pages, F1", 0.955, dig(figures, "in_memory", "extraction", "ours_f1"), ""),
        Target(
            "text of web pages against trafilatura's fast mode",
            1,
            dig(figures, "in_memory", "extraction", "times_trafilatura_fast"),
            "times",
        ),
    ]


def dig(figures: Any, *path: str) -> float | None:
    """The number at the end of the path, or None where something on the way is missing."""
    for name in path:
        if not isinstance(figures, Mapping) or name not in figures:
            return None
        figures = figures[name]
    return float(figures) if isinstance(figures, int | float) else None


def _most_rules(figures: Figures) -> float | None:
    sizes = figures.get("in_memory", {}).get("matching", {}).get("sizes", {})
    return max((each["ms_per_article"] for each in sizes.values()), default=None)


def _megabytes(size: float | None) -> float | None:
    return None if size is None else size / 1e6


def _worst(figures: Figures, name: str) -> float | None:
    """The smallest of a language figure over the corpora."""
    corpora = figures.get("in_memory", {}).get("language", {})
    return min((each[name] for each in corpora.values()), default=None)


def _percent(share: float | None) -> float | None:
    return None if share is None else share * 100
