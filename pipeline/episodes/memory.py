"""What triggers remember between two matches: a record of the topic `alerts.memory`, under its id.

It is immutable, a function of the matches alone, and bounded: the oldest entries go first. A rule has one for each group, and `first_seen` one for each
of 64 shards of its values, so that no record grows large.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from pipeline.episode import identity

MAX_ENTRIES = 1_000
MAX_BUCKETS = 1_000
SHARDS = 64


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One thing that happened: when, by which match, of which article, and the value that counts (a publisher, a rule, a name)."""

    at: datetime
    match_id: str
    value: str = ""
    article_id: str = ""


class TriggerMemory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """See the module's docstring. `buckets` counts matches by window number (spike). `since` is when a flatline rule was armed (None:
    it is not) or a spike was first counted; `keep_seconds` is how far
    the trigger looks back, so how long it is of use; `told_at` is the silence that was told last, `rounds` how many were."""

    id: str
    rule_id: str
    updated_at: datetime
    group: str = ""
    schema: int = 1
    entries: tuple[Entry, ...] = ()
    buckets: dict[int, int] = {}
    keep_seconds: float = 0
    since: datetime | None = None
    heard_at: datetime | None = None
    told_at: datetime | None = None
    rounds: int = 0


def memory_id(rule_id: str, group: str) -> str:
    return identity("memory", rule_id, group)


def shard_of(value: str) -> str:
    """The group under which a `first_seen` rule remembers `value`."""
    return f"seen:{int(identity(value)[:8], 16) % SHARDS}"


def empty(rule_id: str, group: str, now: datetime) -> TriggerMemory:
    return TriggerMemory(id=memory_id(rule_id, group), rule_id=rule_id, group=group, updated_at=now)


def remembered(memory: TriggerMemory, added: Iterable[Entry], now: datetime, keep: timedelta, most: int = MAX_ENTRIES) -> TriggerMemory:
    """The memory with `added`; what is older than `keep` before the newest is forgotten. A match that is known adds nothing."""
    known = {(each.match_id, each.value) for each in memory.entries}
    fresh = [each for each in added if (each.match_id, each.value) not in known]
    if not fresh:
        return memory
    entries = sorted((*memory.entries, *fresh), key=lambda each: each.at)
    newest = entries[-1].at
    kept = tuple(each for each in entries if newest - each.at <= keep)[-most:]
    return msgspec.structs.replace(memory, entries=kept, updated_at=max(memory.updated_at, now))
