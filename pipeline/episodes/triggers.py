"""Whether a match satisfies its rule's trigger, and what the trigger remembers of it.

The windows of `count`, `distinct` and `sequence` end with the match that is judged; nothing depends on when somebody looks. What must not ring (back-fill,
replay) is not counted: an import of last month's articles is no wave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from pipeline.episodes import memory as memories
from pipeline.episodes.lifecycle import window_seconds
from pipeline.episodes.memory import MAX_BUCKETS, MAX_ENTRIES, Entry, TriggerMemory, remembered
from pipeline.matched import Matched
from pipeline.policy import RulePolicy
from pipeline.rules import model

_MATCH_ID_CHARACTERS = 12
# A baseline is kept in at most so many buckets: a coarser one says the same mean.
_BASELINE_BUCKETS = 500
_ENTITY_KINDS = ("person", "place", "country", "organisation")


class Judged(NamedTuple):
    """`why` says what an unsatisfied match is: pending (it counts towards the trigger), seen_before, heard."""

    satisfied: bool
    changed: tuple[TriggerMemory, ...] = ()
    why: str = "pending"


_Memories = Mapping[str, TriggerMemory]


def judged(known: _Memories, matched: Matched, policy: RulePolicy, group: str, now: datetime, part: str = "") -> Judged:
    """Whether the match satisfies the trigger. `part` is the rule whose match feeds a `sequence`."""
    found = _judged(known, matched, policy, group, now, part)
    baseline = policy.trigger.baseline_seconds if isinstance(policy.trigger, model.Spike) else 0
    keep = window_seconds(policy) + baseline
    return found._replace(changed=tuple(msgspec.structs.replace(each, keep_seconds=keep) for each in found.changed))


def _judged(known: _Memories, matched: Matched, policy: RulePolicy, group: str, now: datetime, part: str) -> Judged:
    trigger = policy.trigger
    if matched.replay or matched.backfill:
        return Judged(isinstance(trigger, model.Each))
    match trigger:
        case model.Count():
            return _count(trigger, known, matched, matched.match.rule_id, group, now)
        case model.Distinct():
            return _distinct(trigger, known, matched, matched.match.rule_id, group, now)
        case model.Spike():
            return _spike(trigger, known, matched, matched.match.rule_id, group, now)
        case model.Flatline():
            return _flatline(trigger, known, matched, matched.match.rule_id, group, now)
        case model.FirstSeen():
            return _first_seen(trigger, known, matched, matched.match.rule_id, now)
        case model.Sequence():
            return _sequence(trigger, known, matched, matched.match.rule_id, group, now, part)
    return Judged(True)


def _memory(known: _Memories, rule_id: str, group: str, now: datetime) -> TriggerMemory:
    return known.get(memories.memory_id(rule_id, group)) or memories.empty(rule_id, group, now)


def _entry(matched: Matched, at: datetime, value: str = "") -> Entry:
    return Entry(at, matched.match.id[:_MATCH_ID_CHARACTERS], value, matched.article_id)


def _changed(before: TriggerMemory, after: TriggerMemory) -> tuple[TriggerMemory, ...]:
    return () if after is before else (after,)


def _count(trigger: model.Count, known: _Memories, matched: Matched, rule_id: str, group: str, now: datetime) -> Judged:
    """Publishers' clocks may be ahead of ours; a date in the future counts as now. By the published clock, any window of that length that holds this article counts, as long as it did not come too late for it."""
    over, lateness = timedelta(seconds=trigger.over_seconds), timedelta(seconds=trigger.lateness_seconds)
    at = min(matched.dates.published_at or matched.first_seen_at or now, now) if trigger.clock == "published" else now
    if at < now - over - lateness:
        return Judged(False)
    before = _memory(known, rule_id, group, now)
    after = remembered(before, [_entry(matched, at)], now, 2 * over + lateness, max(MAX_ENTRIES, 2 * trigger.gte))
    return Judged(_most_articles(after.entries, at, over) >= trigger.gte, _changed(before, after))


def _most_articles(entries: Sequence[Entry], at: datetime, over: timedelta) -> int:
    """The most articles in any window of length `over` that holds `at`. `entries` are in order of time."""
    around = [each for each in entries if at - over < each.at < at + over]
    inside: Counter[str] = Counter()
    most = first = 0
    for each in around:
        inside[each.article_id] += 1
        while each.at - around[first].at >= over:
            inside[around[first].article_id] -= 1
            inside += Counter()
            first += 1
        most = max(most, len(inside))
    return most


def _distinct(trigger: model.Distinct, known: _Memories, matched: Matched, rule_id: str, group: str, now: datetime) -> Judged:
    source = matched.source
    values = {
        "source.owner": source.owner or source.id,
        "source.id": source.id,
        "source.country": source.country,
        "language": matched.language,
    }
    value = values[trigger.field]
    if not value:
        return Judged(False)
    over = timedelta(seconds=trigger.over_seconds)
    before = _memory(known, rule_id, group, now)
    after = remembered(before, [_entry(matched, now, value)], now, over, max(MAX_ENTRIES, 2 * trigger.gte))
    found = {each.value for each in after.entries if now - over < each.at <= now}
    return Judged(len(found) >= trigger.gte, _changed(before, after))


def _spike(trigger: model.Spike, known: _Memories, matched: Matched, rule_id: str, group: str, now: datetime) -> Judged:
    """The mean is that of the time the rule has been heard, up to the whole baseline: what was not watched yet was not silent."""
    window = timedelta(seconds=trigger.window_seconds)
    size = max(trigger.window_seconds, -(-trigger.baseline_seconds // _BASELINE_BUCKETS), 1)
    before = _memory(known, rule_id, group, now)
    after = remembered(before, [_entry(matched, now)], now, window)
    if after is not before:
        number = int(now.timestamp()) // size
        buckets = {**after.buckets, number: after.buckets.get(number, 0) + 1}
        kept = dict(sorted(buckets.items())[-MAX_BUCKETS:])
        after = msgspec.structs.replace(after, buckets=kept, since=after.since or now)
    lately = sum(now - window < each.at <= now for each in after.entries)
    return Judged(lately >= max(trigger.minimum, trigger.ratio * _usual(trigger, after, size, now)), _changed(before, after))


def _usual(trigger: model.Spike, memory: TriggerMemory, size: int, now: datetime) -> float:
    """The mean number of matches in a window of the baseline before the last window."""
    ends = int(now.timestamp()) - trigger.window_seconds
    begins = max(ends - trigger.baseline_seconds, int(memory.since.timestamp()) if memory.since else ends)
    heard = sum(count for number, count in memory.buckets.items() if begins <= number * size + size // 2 <= ends)
    return heard * trigger.window_seconds / max(ends - begins, trigger.window_seconds)


def _flatline(trigger: model.Flatline, known: _Memories, matched: Matched, rule_id: str, group: str, now: datetime) -> Judged:
    """A match never satisfies it: silence is told by the clock."""
    before = _memory(known, rule_id, group, now)
    after = remembered(before, [_entry(matched, now)], now, timedelta(seconds=trigger.over_seconds), max(trigger.lt, 1))
    if after is not before:
        after = msgspec.structs.replace(after, heard_at=max(now, after.heard_at or now), since=after.since or now)
    return Judged(False, _changed(before, after), "heard")


def _first_seen(trigger: model.FirstSeen, known: _Memories, matched: Matched, rule_id: str, now: datetime) -> Judged:
    changed: dict[str, TriggerMemory] = {}
    is_new = False
    for value in _values(trigger.field, matched):
        memory_id = memories.memory_id(rule_id, memories.shard_of(value))
        before = changed.get(memory_id) or _memory(known, rule_id, memories.shard_of(value), now)
        met = next((each for each in before.entries if each.value == value), None)
        is_new |= met is None or now - met.at > timedelta(seconds=trigger.memory_seconds)
        if met is not None and met.at >= now:
            continue
        entries = sorted([*(each for each in before.entries if each.value != value), _entry(matched, now, value)], key=lambda each: each.at)
        changed[memory_id] = msgspec.structs.replace(before, entries=tuple(entries[-MAX_ENTRIES:]), updated_at=max(before.updated_at, now))
    return Judged(is_new, tuple(changed.values()), "seen_before")


def _values(field: str, matched: Matched) -> list[str]:
    """The values that can be new, sorted. Entities are those of title, lead and matched sentences."""
    match field:
        case "source":
            return [matched.source.id]
        case "term":
            return sorted({hit.term for hit in matched.match.hits})
    kinds = _ENTITY_KINDS if field == "entity" else (field,)
    return sorted(each for each in matched.facts if each.partition(":")[0] in kinds)


def _sequence(trigger: model.Sequence, known: _Memories, matched: Matched, rule_id: str, group: str, now: datetime, part: str) -> Judged:
    if part not in trigger.rules:
        return Judged(False, (), "no_part_of_it")
    over = timedelta(seconds=trigger.over_seconds)
    before = _memory(known, rule_id, group, now)
    after = remembered(before, [_entry(matched, now, part)], now, over)
    within = [each for each in after.entries if now - over < each.at <= now]
    if not trigger.ordered:
        return Judged(not Counter(trigger.rules) - Counter(each.value for each in within), _changed(before, after))
    return Judged(part == trigger.rules[-1] and _in_order(trigger.rules, within), _changed(before, after))


def _in_order(rules: Sequence[str], entries: Sequence[Entry]) -> bool:
    """Whether the rules matched one after the other. Reading from the newest leaves the most room for the earlier ones."""
    wanted = list(rules)
    for each in reversed(entries):
        if wanted and each.value == wanted[-1]:
            wanted.pop()
    return not wanted
