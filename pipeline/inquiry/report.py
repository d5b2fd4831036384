"""What happened between two instants: for the hand-over of a shift, the end of a month, an inquiry. Pure; `layout` writes it down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.episode import Audit, Episode, Notification, Silence
from pipeline.inquiry.choosing import is_open
from pipeline.inquiry.ledger import Ledger
from pipeline.policy import RulePolicy
from pipeline.routing.labels import Labels
from pipeline.routing.why import carries, is_spoken_for, leading
from pipeline.rules.model import SEVERITIES
from pipeline.rules.versions import RuleVersion
from pipeline.sources import SourceHealth


@dataclass(frozen=True)
class Row:
    """One episode of the report, with the messages about it in the order of time. `acknowledged_after_seconds` is from its opening.

    `spoken_for_by` is the id of the episode that leads the situation it joined (`leader`, where it is still recorded), "" for one that speaks for itself; `told` are then the messages of that
    situation that told what it brought. `reached` says whether somebody took a message of it, alone or among others.
    """

    episode: Episode
    told: tuple[Notification, ...] = ()
    acknowledged_after_seconds: float | None = None
    spoken_for_by: str = ""
    reached: bool = False
    leader: Episode | None = None


@dataclass(frozen=True)
class Change:
    """One change of a rule. `what`: new, changed or gone."""

    rule_id: str
    what: str
    version: str
    at: datetime
    by: str


@dataclass(frozen=True)
class Report:
    """From `since` (included) to `until`, as it was known at `made_at`.

    `episodes` are those that were opened, matched, rang or were decided about within the time; `still_open` counts those of them about which
    something may be left to do; those that joined a situation stand behind the one that leads it. `silences` held at some time within it, `running` are
    those of them that hold at its end. `failed` are messages that neither their receiver nor one in its place took.
    """

    since: datetime
    until: datetime
    made_at: datetime
    episodes: tuple[Row, ...] = ()
    still_open: int = 0
    exercises: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)
    silences: tuple[Silence, ...] = ()
    running: tuple[str, ...] = ()
    failed: tuple[Notification, ...] = ()
    sources: tuple[SourceHealth, ...] = ()
    rules: tuple[Change, ...] = ()
    audit: tuple[Audit, ...] = ()
    unreadable: int = 0


def report(
    ledger: Ledger,
    health: Mapping[str, SourceHealth],
    versions: Iterable[RuleVersion],
    since: datetime,
    until: datetime,
    made_at: datetime,
    rule: str = "",
) -> Report:
    """The report, of one rule alone when `rule` names it. The state of sources is that of `made_at`: their past is not kept."""
    told: dict[str, list[Notification]] = {}
    for each in ledger.notifications.values():
        told.setdefault(each.episode_id, []).append(each)
    rows = [_row(each, told, ledger) for each in ledger.episodes.values() if rule in ("", each.rule_id)]
    shown = _in_order([each for each in rows if _touched(each, since, until)])
    silences = [each for each in ledger.silences.values() if _held_within(each, since, until) and _may_concern(each, rule)]
    changes = _changes(versions, since, until, rule)
    return Report(
        since=since,
        until=until,
        made_at=made_at,
        episodes=tuple(shown),
        still_open=sum(is_open(each.episode) for each in shown),
        exercises=sum(each.episode.exercise for each in shown),
        counts=_counts(shown, since, until),
        silences=tuple(sorted(silences, key=lambda each: (each.starts_at, each.id))),
        running=tuple(each.id for each in ledger.running(until) if each in silences),
        failed=tuple(each for row in shown for each in _failed(row) if since <= each.created_at < until),
        sources=tuple(sorted((each for each in health.values() if each.state in ("failing", "silent")), key=lambda each: each.source_id)),
        rules=changes,
        audit=tuple(each for each in ledger.audit if since <= each.at < until and rule in ("", each.rule_id)),
        unreadable=ledger.unreadable,
    )


def _row(episode: Episode, told: Mapping[str, Iterable[Notification]], ledger: Ledger) -> Row:
    after = (episode.acknowledged_at - episode.opened_at).total_seconds() if episode.acknowledged_at else None
    own = list(told.get(episode.id, ()))
    leader_id, leader = "", None
    if is_spoken_for(episode):
        leader = leading(episode, ledger.episodes)
        leader_id = leader.id if leader else episode.situation_id
        own += [each for each in told.get(leader_id, ()) if carries(each, episode)]
    taken = any((ledger.carrier(each) or each).state == "sent" for each in own)
    return Row(episode, tuple(sorted(own, key=lambda each: (each.created_at, each.receiver, each.id))), after, leader_id, taken, leader)


def _failed(row: Row) -> Iterable[Notification]:
    """The failed messages of the episode itself of which no copy in the receiver's place was taken."""
    instead = {(each.stands_in_for, each.kind, each.step) for each in row.told if each.state == "sent" and each.stands_in_for}
    own = (each for each in row.told if each.episode_id == row.episode.id)
    return [each for each in own if each.state == "failed" and (each.receiver, each.kind, each.step) not in instead]


def _touched(row: Row, since: datetime, until: datetime) -> bool:
    """Whether anything of the episode lies within: what matched it in between is known only by its first, last and ringing matches."""
    episode = row.episode
    instants = [episode.opened_at, episode.last_match_at, episode.acknowledged_at, episode.verdict_at, episode.last_rang_at]
    instants += [each.at for each in episode.members] + [each.at for each in episode.notes]
    instants += [at for each in row.told for at in (each.created_at, each.sent_at)]
    return any(since <= at < until for at in instants if at is not None)


def _in_order(rows: Sequence[Row]) -> list[Row]:
    """The rows in their order, those that joined a situation behind the one that leads it."""
    by_id = {each.episode.id: each for each in rows}

    def place(row: Row) -> tuple[tuple[int, datetime, str], bool, tuple[int, datetime, str]]:
        leader = by_id.get(row.spoken_for_by, row)
        return _order(leader), leader is not row, _order(row)

    return sorted(rows, key=place)


def _order(row: Row) -> tuple[int, datetime, str]:
    """The most severe first, then in the order of time."""
    severity = row.episode.severity
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else -1
    return -rank, row.episode.opened_at, row.episode.id


def _held_within(silence: Silence, since: datetime, until: datetime) -> bool:
    return silence.starts_at < until and min(silence.ends_at, silence.ended_at or silence.ends_at) > since


def _may_concern(silence: Silence, rule: str) -> bool:
    """Whether the silence may hold back alerts of the rule: one that is about other things than rules may."""
    about_rules = [each for each in silence.matchers if each.field == "rule"]
    return not rule or Labels(policy=RulePolicy(rule_id=rule)).fit(about_rules)


def _counts(rows: Iterable[Row], since: datetime, until: datetime) -> dict[str, int]:
    """How many episodes there are, and of what; exercises are left out of all."""
    found = dict.fromkeys(
        ("opened", "confirmed", "denied", "false_alarm", "without_verdict", "unacknowledged", "sent", "failed", "suppressed", "pending"), 0
    )
    for row in rows:
        if row.episode.exercise:
            continue
        found["opened"] += since <= row.episode.opened_at < until
        found[row.episode.verdict or "without_verdict"] += 1
        found["unacknowledged"] += not row.episode.acknowledged_by and row.episode.step > 0
        for each in row.told:
            if since <= each.created_at < until and each.episode_id == row.episode.id:
                found["pending" if each.state == "sending" else each.state] += 1
    return found


def _changes(versions: Iterable[RuleVersion], since: datetime, until: datetime, rule: str) -> tuple[Change, ...]:
    """The changes within the time. The first version known of a rule is a new rule; one without a version is a rule that is gone."""
    known: set[str] = set()
    found = []
    for each in sorted(versions, key=lambda version: version.at):
        what = "gone" if not each.version else "changed" if each.rule_id in known else "new"
        (known.discard if what == "gone" else known.add)(each.rule_id)
        if since <= each.at < until and rule in ("", each.rule_id):
            found.append(Change(each.rule_id, what, each.version, each.at, each.by))
    return tuple(found)
