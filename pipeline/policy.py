"""What a rule says about episodes and about telling people: the part of it that the alerter needs."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.rules.model import QUIET_AFTER_SECONDS, REOPEN_WITHIN_SECONDS, Each, GroupBy, Notify, Rule, Severity, Trigger


@dataclass(frozen=True)
class RulePolicy:
    """The defaults are those of a rule that says nothing. `live` is false for a rule that is disabled, expired or gone: it opens nothing by itself."""

    rule_id: str = ""
    title: str = ""
    severity: Severity = "medium"
    owner: str = ""
    tags: tuple[str, ...] = ()
    runbook: str = ""
    live: bool = True
    shadow: bool = False
    trigger: Trigger = field(default_factory=Each)
    group_by: tuple[GroupBy, ...] = ("story",)
    quiet_after_seconds: float = QUIET_AFTER_SECONDS
    reopen_within_seconds: float = REOPEN_WITHIN_SECONDS
    notify: Notify = field(default_factory=Notify)


def policy_of(rule: Rule) -> RulePolicy:
    """The policy that the rule declares."""
    return RulePolicy(
        rule_id=rule.id,
        title=rule.title,
        severity=rule.severity,
        owner=rule.owner,
        tags=rule.tags,
        runbook=rule.runbook,
        live=rule.status in ("live", "shadow"),
        shadow=rule.status == "shadow",
        trigger=rule.trigger,
        group_by=rule.group_by,
        quiet_after_seconds=rule.quiet_after_seconds,
        reopen_within_seconds=rule.reopen_within_seconds,
        notify=rule.notify,
    )
