"""The block `trigger` of a rule file: when matches become an alert."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pipeline.rules.model import Count, Distinct, Each, FirstSeen, Flatline, Sequence, Spike, Trigger
from pipeline.rules.reading import Block, Names

_TYPES = ("each", "count", "distinct", "spike", "flatline", "first_seen", "sequence")
_BLOCKS = {
    "count": Names(("over", "gte", "clock", "lateness")),
    "distinct": Names(("field", "over", "gte")),
    "spike": Names(("window", "baseline", "ratio", "min")),
    "flatline": Names(("over", "lt")),
    "first_seen": Names(("field", "memory")),
    "sequence": Names(("rules", "over", "ordered")),
}
_NEEDED = {
    "count": ("over", "gte"),
    "distinct": ("field", "over", "gte"),
    "spike": ("window", "baseline", "ratio"),
    "flatline": ("over",),
    "first_seen": ("field", "memory"),
    "sequence": ("rules", "over"),
}
_EXAMPLES = {
    "count": "{over: 2h, gte: 5}",
    "distinct": "{field: source.owner, over: 2h, gte: 3}",
    "spike": "{window: 1h, baseline: 7d, ratio: 4, min: 5}",
    "flatline": "{over: 6h, lt: 1}",
    "first_seen": "{field: place, memory: 30d}",
    "sequence": "{rules: [a, b], over: 24h}",
}
_ELSEWHERE = {
    "over": "count",
    "gte": "count",
    "lt": "flatline",
    "window": "spike",
    "baseline": "spike",
    "ratio": "spike",
    "memory": "first_seen",
}
TRIGGER = Names(("type", *_BLOCKS), _ELSEWHERE)
MOST_RULES = 20
MOST_MATCHES = 100_000

_DistinctField = Literal["source.owner", "source.id", "source.country", "language"]
_SeenField = Literal["entity", "person", "place", "country", "organisation", "source", "term"]
_SEEN: dict[str, _SeenField] = {
    **{name: name for name in ("entity", "person", "place", "country", "organisation", "source", "term")},
    "entities.id": "entity",
    "source.id": "source",
}


def trigger_of(top: Block) -> Trigger:
    """The trigger; `each` when the rule names none."""
    if "trigger" not in top:
        return Each()
    trigger = top.block("trigger", TRIGGER)
    given = [name for name in _BLOCKS if name in trigger]
    kind = trigger.choice("type", _TYPES, "each") if "type" in trigger else (given[0] if given else "each")
    for name in given:
        if name != kind:
            trigger.complain(name, f"`{name}` belongs to `type: {name}`, and the type is {kind}: remove one of them", at_key=True)
    if kind == "each":
        return Each()
    if kind not in trigger:
        trigger.complain(None, f"`type: {kind}` needs `{kind}`, such as {_EXAMPLES[kind]}")
        return Each()
    block = trigger.block(kind, _BLOCKS[kind])
    missing = [name for name in _NEEDED[kind] if name not in block]
    for name in missing:
        block.complain(None, f"`{kind}` needs `{name}`, such as {_EXAMPLES[kind]}")
    return _READERS[kind](block, top) if not missing else Each()


def _count(block: Block, top: Block) -> Trigger:
    clocks: tuple[Literal["received", "published"], ...] = ("received", "published")
    clock = block.choice("clock", clocks, "received")
    if "lateness" in block and clock != "published":
        block.complain("lateness", "`lateness` has a meaning only with `clock: published`: remove it")
    return Count(block.seconds("over", 1), block.number("gte", 2, 2, MOST_MATCHES), clock, block.seconds("lateness", 0))


def _distinct(block: Block, top: Block) -> Trigger:
    fields: tuple[_DistinctField, ...] = ("source.owner", "source.id", "source.country", "language")
    return Distinct(block.choice("field", fields, "source.owner"), block.seconds("over", 1), block.number("gte", 2, 2, 1_000))


def _spike(block: Block, top: Block) -> Trigger:
    found = Spike(
        block.seconds("window", 1),
        block.seconds("baseline", 2),
        block.decimal("ratio", 2.0, 1.01, 1_000),
        block.number("min", 1, 1, MOST_MATCHES),
    )
    if found.baseline_seconds < 2 * found.window_seconds and found.window_seconds > 1:
        block.complain("baseline", "`baseline` must be at least twice as long as `window`: it is what the window is compared with")
    return found


def _flatline(block: Block, top: Block) -> Trigger:
    return Flatline(block.seconds("over", 1), block.number("lt", 1, 1, MOST_MATCHES))


def _first_seen(block: Block, top: Block) -> Trigger:
    field = block.choice("field", tuple(_SEEN), "entity")
    return FirstSeen(_SEEN[field], block.seconds("memory", 1))


def _sequence(block: Block, top: Block) -> Trigger:
    rules = block.each("rules", block.texts("rules"), r"[a-z0-9-]{3,64}", "the id of a rule such as raketentest")
    if not 2 <= len(set(rules)) <= MOST_RULES or len(set(rules)) < len(rules):
        block.complain("rules", f"`rules` needs from 2 to {MOST_RULES} different rules")
    if top.values.get("id") in rules:
        block.complain("rules", "a rule cannot be part of its own sequence: remove it from `rules`")
    return Sequence(rules, block.seconds("over", 1), block.flag("ordered", True))


_READERS: dict[str, Callable[[Block, Block], Trigger]] = {
    "count": _count,
    "distinct": _distinct,
    "spike": _spike,
    "flatline": _flatline,
    "first_seen": _first_seen,
    "sequence": _sequence,
}
