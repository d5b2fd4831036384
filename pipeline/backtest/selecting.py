"""Which rules a back-test is about, and how far back it must begin so that they start as they would have been."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

import msgspec

from pipeline.rules.compiled import RuleSet
from pipeline.rules.model import Rule, Sequence

# A trigger that remembers for months is not worth reading the whole archive for.
MOST_WARM = timedelta(days=14)


def selected(rules: RuleSet, wanted: Collection[str]) -> RuleSet:
    """Only the rules in `wanted` and those they listen to; all of them for an empty `wanted`.

    A rule that is named counts as `live`, whatever its status says: the question is what it would do. Ids that are not there are passed over.
    """
    if not wanted:
        return rules
    kept = {rule_id for rule_id in wanted if rule_id in rules.rules}
    for rule_id in list(kept):
        kept |= {each for each in _listened_to(rules.rules[rule_id].rule) if each in rules.rules}
    as_live = [
        msgspec.structs.replace(compiled, rule=msgspec.structs.replace(compiled.rule, status="live"))
        for compiled in (rules.rules[each] for each in kept if each in wanted)
    ]
    return rules.changed(as_live, rules.rules.keys() - kept, rules.version)


def _listened_to(rule: Rule) -> tuple[str, ...]:
    return rule.trigger.rules if isinstance(rule.trigger, Sequence) else ()


def warm_seconds(rules: Iterable[Rule]) -> float:
    """How long before the time asked for a replay begins: as long as the longest episode or trigger looks back, at most two weeks."""
    longest = 0.0
    for rule in rules:
        trigger = rule.trigger
        memory = max((getattr(trigger, name, 0) for name in ("over_seconds", "baseline_seconds", "memory_seconds")), default=0)
        longest = max(longest, rule.quiet_after_seconds + rule.reopen_within_seconds, memory)
    return min(longest, MOST_WARM.total_seconds())
