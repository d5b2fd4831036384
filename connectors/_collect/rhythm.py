"""How long a source is usually quiet, learned from its own past, and when a quiet time is silence: pure.

The longest gap between two batches of articles that was usual says more than an average: news rests at night and on Sundays.
"""

from __future__ import annotations

import math
from datetime import datetime

from pipeline.sources import SourceHealth

# Twice the longest gap of the last weeks is not the night, nor the weekend.
TIMES_LONGEST_GAP = 2.0
GAP_HALF_LIFE_SECONDS = 14 * 86_400.0
# Until a week has been seen nothing is known of Sundays.
WATCHED_SECONDS = 7 * 86_400.0
UNKNOWN_SILENT_AFTER_SECONDS = 86_400.0
SHORTEST_SILENT_AFTER_SECONDS = 3_600.0
SILENT_PAUSES = 20


def longest_gap_seconds(health: SourceHealth, now: datetime) -> float:
    """The longest usual gap after articles came at `now`: the present one, or the longest so far, which halves in two weeks."""
    if health.last_article_at is None:
        return 0.0
    gap = max((now - health.last_article_at).total_seconds(), 0.0)
    return max(gap, health.longest_gap_seconds * math.pow(0.5, gap / GAP_HALF_LIFE_SECONDS))


def silent_after_seconds(health: SourceHealth, every_seconds: float, now: datetime) -> float:
    """How long the source may be quiet: by its own rhythm once a week of it has been seen, a day at least before that; never under 20 pauses."""
    own = TIMES_LONGEST_GAP * health.longest_gap_seconds
    is_known = health.first_article_at is not None and (now - health.first_article_at).total_seconds() >= WATCHED_SECONDS
    least = SHORTEST_SILENT_AFTER_SECONDS if is_known else UNKNOWN_SILENT_AFTER_SECONDS
    return max(own, least, SILENT_PAUSES * every_seconds)
