"""The rules as the page lists them: what each found today, and whether the sources that usually bring its first report still speak. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from itertools import islice

import msgspec

from pipeline.console.desk import Active, Desk
from pipeline.episode import Episode
from pipeline.rules.built_in import MARK
from pipeline.sources import SourceHealth

DAY = timedelta(hours=24)
# Of fewer episodes nobody can say who usually reports first.
FEWEST_EPISODES = 3
MOST_RULES = 500
# Sources that together brought so much of the first reports are the usual ones.
USUAL_SHARE = 0.5


class Usual(msgspec.Struct, frozen=True, kw_only=True):
    """A source that usually reports first: how often it did, and how it is doing now."""

    id: str
    name: str
    first: int
    state: str


class RuleView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule. `hits` are its matches of the last 24 hours, `rings` the episodes of that time that rang (or would have, in shadow).

    `quiet` says that every source which usually brings its first report is silent or failing: no alarm means nothing then.
    """

    id: str
    title: str
    status: str
    severity: str
    version: str
    since: datetime
    owner: str = ""
    expires_at: datetime | None = None
    hits: int = 0
    rings: int = 0
    open: int = 0
    last_hit_at: datetime | None = None
    episodes: int = 0
    usual: tuple[Usual, ...] = ()
    quiet: bool = False
    built_in: bool = False


def rule_views(desk: Desk, now: datetime) -> tuple[RuleView, ...]:
    """All active rules, those that need a look first. Call it with the desk's lock held."""
    hits: Counter[str] = Counter()
    last: dict[str, datetime] = {}
    for seen in desk.matches.values():
        rule_id = seen.match.rule_id
        hits[rule_id] += seen.at >= now - DAY
        last[rule_id] = max(last.get(rule_id, seen.at), seen.at)
    episodes: dict[str, list[Episode]] = {}
    for each in desk.alerts.episodes.values():
        if not each.exercise:
            episodes.setdefault(each.rule_id, []).append(each)
    # Of very many rules those that nothing is known of are not all looked at.
    known = [rule_id for rule_id in desk.rules if rule_id in last or rule_id in episodes]
    others = islice((rule_id for rule_id in desk.rules if rule_id not in last and rule_id not in episodes), MOST_RULES)
    found = [_view(desk.rules[each], episodes.get(each, []), hits[each], last.get(each), desk, now) for each in (*known, *others)]
    return tuple(sorted(found, key=_order))[:MOST_RULES]


def _order(view: RuleView) -> tuple[bool, bool, float, str]:
    return (not view.quiet, view.status not in ("live", "shadow"), -(view.last_hit_at.timestamp() if view.last_hit_at else 0.0), view.id)


def _view(active: Active, episodes: list[Episode], hits: int, last: datetime | None, desk: Desk, now: datetime) -> RuleView:
    rule = active.rule
    usual = usual_sources(episodes, desk.health)
    seen = [each.last_match_at for each in episodes] + ([last] if last else [])
    return RuleView(
        id=rule.id,
        title=rule.title,
        status="expired" if rule.expires_at is not None and rule.expires_at <= now else rule.status,
        severity=rule.severity,
        version=active.version,
        since=active.since,
        owner=rule.owner,
        expires_at=rule.expires_at,
        hits=hits,
        rings=sum(_rang_since(each, now - DAY) for each in episodes),
        open=sum(each.state in ("firing", "reopened") and not each.merged_into and not each.shadow for each in episodes),
        last_hit_at=max(seen, default=None),
        episodes=len(episodes),
        usual=usual,
        built_in=MARK in rule.tags,
        quiet=bool(usual) and all(each.state in ("silent", "failing") for each in usual),
    )


def _rang_since(episode: Episode, since: datetime) -> bool:
    """Whether it rang since then; of an episode in shadow, whether it would have."""
    return (episode.last_rang_at or episode.opened_at) >= since and (episode.step > 0 or episode.shadow) and episode.state != "pending"


def usual_sources(episodes: Iterable[Episode], health: Mapping[str, SourceHealth]) -> tuple[Usual, ...]:
    """The sources that brought the first report of at least half of the episodes, most often first; () when there are too few episodes.

    A source that the collector does not know (any more) is `unknown`.
    """
    firsts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for each in episodes:
        if each.members:
            first = min(each.members, key=lambda member: (member.at, member.article_id))
            firsts[first.source_id] += 1
            names[first.source_id] = first.source_name or first.source_id
    total = sum(firsts.values())
    if total < FEWEST_EPISODES:
        return ()
    found, covered = [], 0
    for source_id, count in sorted(firsts.items(), key=lambda pair: (-pair[1], pair[0])):
        if covered >= total * USUAL_SHARE:
            break
        covered += count
        state = health[source_id].state if source_id in health else "unknown"
        found.append(Usual(id=source_id, name=names[source_id], first=count, state=state))
    return tuple(found)
