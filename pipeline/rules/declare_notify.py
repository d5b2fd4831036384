"""The blocks `notify` and `group` of a rule file: who is told, when and how, and what makes one episode."""

from __future__ import annotations

from typing import Literal

from pipeline.routing import cron
from pipeline.routing.wall_clock import is_zone
from pipeline.rules.model import QUIET_AFTER_SECONDS, REOPEN_WITHIN_SECONDS, Digest, Escalate, GroupBy, Late, Notify, Updates
from pipeline.rules.reading import Block, Names

INCLUDES = str.split("snippet lead matched_terms sources times story_link cluster_link kibana_link")
NOTIFY = Names(
    str.split("route first updates repeat resolved digest max_per_hour on_update late template include escalate hours"),
    {"milestones": "updates", "min_gap": "updates", "wait": "first", "cron": "digest", "by": "group", "quiet_after": "group"},
    nullable=str.split("updates repeat digest late template escalate"),
)
FIRST = Names(("wait",))
UPDATES = Names(("milestones", "field", "min_gap"))
DIGEST = Names(("cron", "tz", "empty"))
LATE = Names(("after", "action"))
ESCALATE = Names(("after", "to"))
GROUP = Names(("by", "quiet_after", "reopen_within"), nullable=())

_BY: dict[str, GroupBy] = {
    **{name: name for name in ("story", "source", "owner", "country", "language", "place", "person", "rule")},
    "cluster.id": "story",
    "story.id": "story",
    "source.id": "source",
    "source.owner": "owner",
    "source.country": "country",
    "rule.id": "rule",
}
MOST_MILESTONES = 50
MOST_NAMES = 50


def grouping(top: Block) -> tuple[tuple[GroupBy, ...], int, int]:
    """By what episodes are told apart, when one closes, and how long it can be opened again, in seconds."""
    if "group" not in top:
        return ("story",), QUIET_AFTER_SECONDS, REOPEN_WITHIN_SECONDS
    group = top.block("group", GROUP)
    by: tuple[GroupBy, ...] = ("story",)
    if "by" in group:
        named = group.texts("by", single=True)
        group.each(
            "by", tuple(each for each in named if each not in _BY), r"(?!)", f"something to group by: use {', '.join(list(_BY)[:8])}"
        )
        by = tuple(dict.fromkeys(_BY[each] for each in named if each in _BY))
        if len(by) < len(named) and all(each in _BY for each in named):
            group.complain("by", "`by` names one thing twice: keep one")
    return by, group.seconds("quiet_after", QUIET_AFTER_SECONDS), group.seconds("reopen_within", REOPEN_WITHIN_SECONDS)


def notify_of(top: Block) -> Notify:
    """Who is told, when and how."""
    if "notify" not in top:
        return Notify()
    notify = top.block("notify", NOTIFY)
    on_update: tuple[Literal["ignore", "material", "always"], ...] = ("ignore", "material", "always")
    digest = _digest(notify)
    wait = _first(notify)
    if digest and wait:
        notify.complain("first", "`first` has no meaning beside `digest`: the digest's times decide; remove one of them", at_key=True)
    return Notify(
        route=_names(notify, "route"),
        first_wait_seconds=wait,
        updates=_updates(notify),
        repeat_seconds=notify.seconds("repeat", 0),
        resolved=notify.flag("resolved"),
        digest=digest,
        max_per_hour=notify.number("max_per_hour", Notify().max_per_hour, 1, 10_000),
        on_update=notify.choice("on_update", on_update, "material"),
        late=_late(notify),
        escalate=_escalate(notify),
        hours=_names(notify, "hours"),
        template=notify.text(
            "template", pattern=r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", say="a name such as lage, for the file templates/lage.j2"
        ),
        include=notify.each(
            "include", notify.texts("include", single=True), "|".join(INCLUDES), f"something to include: use {', '.join(INCLUDES)}"
        ),
    )


def _names(block: Block, name: str) -> tuple[str, ...]:
    found = block.texts(name, single=True)
    if len(found) > MOST_NAMES:
        block.complain(name, f"`{name}` has {len(found)} names; at most {MOST_NAMES}")
    if len(set(found)) < len(found):
        block.complain(name, f"`{name}` names {next(each for each in found if found.count(each) > 1)!r} twice: keep one")
    return found


def _first(notify: Block) -> int:
    if notify.values.get("first", "immediate") == "immediate":
        return 0
    if not isinstance(notify.values["first"], dict):
        notify.complain("first", "`first` must be immediate, or {wait: 60s} to collect siblings before the first message")
        return 0
    first = notify.block("first", FIRST)
    if "wait" not in first:
        first.complain(None, "`first` needs `wait`, such as {wait: 60s}")
    wait = first.seconds("wait", 0)
    if wait > 3_600:
        first.complain("wait", "`wait` must be an hour at most: the first message is what the rule is for")
    return wait


def _updates(notify: Block) -> Updates:
    if "updates" not in notify:
        return Updates()
    updates = notify.block("updates", UPDATES)
    fields: tuple[Literal["articles", "source.owner", "source.id", "source.country"], ...] = (
        "articles",
        "source.owner",
        "source.id",
        "source.country",
    )
    milestones = updates.items("milestones")
    if any(type(each) is not int or not 2 <= each <= 100_000 for each in milestones) or milestones != sorted(set(milestones)):
        updates.complain("milestones", "`milestones` must be growing whole numbers from 2 on such as [2, 5, 10, 25]")
        milestones = []
    if len(milestones) > MOST_MILESTONES:
        updates.complain("milestones", f"`milestones` has {len(milestones)} numbers; at most {MOST_MILESTONES}")
    return Updates(
        milestones=tuple(milestones),
        field=updates.choice("field", fields, "source.owner"),
        min_gap_seconds=updates.seconds("min_gap", Updates().min_gap_seconds),
    )


def _digest(notify: Block) -> Digest | None:
    if "digest" not in notify:
        return None
    digest = notify.block("digest", DIGEST)
    if "cron" not in digest:
        digest.complain(None, 'a digest needs `cron`, such as {cron: "0 7 * * 1-5", tz: Europe/Berlin}')
        return None
    found = Digest(cron=digest.text("cron"), tz=digest.text("tz", Digest(cron="").tz), empty=digest.flag("empty"))
    if not is_zone(found.tz):
        digest.complain("tz", f"there is no time zone {found.tz[:60]!r}: write an IANA name such as Europe/Berlin")
    elif found.cron and (objection := cron.objection(found.cron, found.tz)):
        digest.complain("cron", objection)
    return found


def _late(notify: Block) -> Late | None:
    if "late" not in notify:
        return None
    late = notify.block("late", LATE)
    if "after" not in late:
        late.complain(None, "`late` needs `after`, such as {after: 6h, action: digest}")
    actions: tuple[Literal["notify", "digest", "record"], ...] = ("notify", "digest", "record")
    return Late(after_seconds=late.seconds("after", 6 * 3_600), action=late.choice("action", actions, "notify"))


def _escalate(notify: Block) -> Escalate | None:
    if "escalate" not in notify:
        return None
    escalate = notify.block("escalate", ESCALATE)
    for name in ESCALATE.works:
        if name not in escalate:
            escalate.complain(None, f"`escalate` needs `{name}`, such as {{after: 5m, to: [schichtleitung]}}")
    return Escalate(after_seconds=escalate.seconds("after", 300), to=_names(escalate, "to"))
