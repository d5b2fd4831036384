"""Which episodes somebody wants to see. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from pipeline.episode import Episode


@dataclass(frozen=True)
class Wanted:
    """The conditions, all of which must hold; one that is empty or None asks nothing.

    `open`: neither closed nor merged into another, and without a verdict that ends it (denied, false alarm). `verdict` and `assigned` may be
    "none". `situation` is the beginning of the id of the episode that leads it.
    """

    open: bool = False
    rule: str = ""
    since: datetime | None = None
    situation: str = ""
    verdict: str = ""
    assigned: str = ""
    acknowledged: bool | None = None
    closed_too: bool = False


def chosen(episodes: Iterable[Episode], wanted: Wanted) -> list[Episode]:
    """The episodes that fit, the one with the newest match first."""
    found = [each for each in episodes if _fits(each, wanted)]
    return sorted(found, key=lambda each: (each.last_match_at, each.id), reverse=True)


def is_open(episode: Episode) -> bool:
    """Whether somebody may still have to do something about it."""
    return episode.state != "closed" and not episode.merged_into and episode.verdict not in ("denied", "false_alarm")


def _fits(episode: Episode, wanted: Wanted) -> bool:
    checks = (
        wanted.closed_too or episode.state != "closed",
        not wanted.open or is_open(episode),
        wanted.rule in ("", episode.rule_id),
        wanted.since is None or episode.last_match_at >= wanted.since,
        not wanted.situation or (episode.situation_id or episode.id).startswith(wanted.situation),
        _is_said(wanted.verdict, episode.verdict),
        _is_said(wanted.assigned, episode.assigned_to),
        wanted.acknowledged is None or wanted.acknowledged == bool(episode.acknowledged_by),
    )
    return all(checks)


def _is_said(wanted: str, found: str) -> bool:
    return not wanted or (not found if wanted == "none" else wanted == found)
