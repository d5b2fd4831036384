"""The files beside the rules (`kind: routes`, `receivers`, `silences`, `time_intervals`, `inhibitions`, `rosters`, `defaults`) to one `Routing`.

Each file is read by itself (`part`), so that one that has not changed need not be read again; `joined` puts them together and checks what one file
cannot know: names that stand twice, names that nobody declares, fallbacks that go in circles.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pipeline.errors import Problem
from pipeline.located import Located, nearest
from pipeline.routing import kinds
from pipeline.routing.cross_check import circles, problems_of_references
from pipeline.routing.model import Routing
from pipeline.routing.reading import Reading, Reference, Top

KINDS = tuple(kinds.FILES)


@dataclass(frozen=True)
class Part:
    """What one file says. `rule_defaults` are its blocks `notify` and `group` as they are written, for the rules that say nothing themselves."""

    kind: str
    source: Located
    routing: Routing
    references: tuple[Reference, ...] = ()
    declared: Mapping[tuple[str, str], tuple[str | int, ...]] = field(default_factory=dict)
    rule_defaults: Mapping[str, Any] = field(default_factory=dict)


def part(source: Located, folder: Path) -> Part | None:
    """What the file says, or None; everything that is wrong with it stands in `source.problems`. ICS files are looked for in `folder`."""
    if source.problems or not isinstance(source.data, dict):
        if not source.problems:
            source.problems.append(source.problem((), f"the file needs names with values, first `kind`: one of {', '.join(KINDS)}"))
        return None
    kind = source.data.get("kind")
    if kind not in KINDS:
        source.problems.append(
            source.problem(("kind",), f"`kind` is {kind!r}; it must be one of {', '.join(KINDS)}.{nearest(str(kind), KINDS)}")
        )
        return None
    top, reads = Top(source, (), kinds.FILES[kind]), Reading(source)
    top.choice("schema", ("news-alerts/v1",), "news-alerts/v1")
    if "schema" not in top:
        top.complain(None, "the file needs `schema`: news-alerts/v1")
    routing = _declared(kind, top, reads, folder)
    if source.problems:
        return None
    rule_defaults = {name: source.data[name] for name in ("notify", "group") if kind == "defaults" and name in source.data}
    return Part(kind, source, routing, tuple(reads.references), reads.declared, rule_defaults)


def _declared(kind: str, top: Top, reads: Reading, folder: Path) -> Routing:
    if kind == "time_intervals":
        return kinds.time_intervals(top, reads, folder)
    if kind == "rosters":
        return kinds.rosters(top, reads, folder)
    plain = {
        "routes": kinds.routes,
        "receivers": kinds.receivers,
        "silences": kinds.silences,
        "inhibitions": kinds.inhibitions,
        "defaults": kinds.defaults,
    }
    return plain[kind](top, reads)


def joined(parts: Mapping[str, Part], receivers: Collection[str] | None = None) -> tuple[Routing, list[Problem]]:
    """All files as one, in the order of their names, and what is wrong with them together. Without `receivers`, those of the configuration, their
    names are not checked."""
    ordered = [parts[name] for name in sorted(parts)]
    routing = Routing()
    for each in ordered:
        routing = _with(routing, each)
    problems = [
        *_twice(ordered),
        *_silences(ordered, routing),
        *circles(ordered, routing),
        *problems_of_references(ordered, routing, receivers),
    ]
    return routing, sorted(problems)


def _with(routing: Routing, part: Part) -> Routing:
    """`routing` with one more file. What can be said once only is taken from the first file that says it; `_twice` complains of the others."""
    new = part.routing
    changes: dict[str, Any] = {
        "default": routing.default or new.default,
        "routes": routing.routes + new.routes,
        "receivers": new.receivers | routing.receivers,
        "intervals": new.intervals | routing.intervals,
        "inhibitions": routing.inhibitions + new.inhibitions,
        "rosters": new.rosters | routing.rosters,
        "silences": routing.silences + new.silences,
    }
    if part.kind == "defaults":
        said = {name for sort, name in part.declared if sort == "default"}
        fields = {
            "max_silence": "most_silence_seconds",
            "silence_notice": "silence_notice_seconds",
            "storm_collects": "storm_collects_seconds",
            "despite_hours": "despite_hours",
            "digest": "digest",
            "tz": "zone",
            "language": "language",
        }
        changes |= {attribute: getattr(new, attribute) for name, attribute in fields.items() if name in said}
        changes["said"] = (*routing.said, *(fields[name] for name in ("tz", "language") if name in said))
    return msgspec.structs.replace(routing, **changes)


def _twice(parts: Collection[Part]) -> list[Problem]:
    first: dict[tuple[str, str], str] = {}
    found = []
    for each in parts:
        names = dict(each.declared)
        if each.kind == "routes" and each.routing.default:
            names[("default", "default")] = ("default",)
        for (sort, name), path in names.items():
            # A roster is written where a receiver is: they must not have the same name.
            key = ("receiver", name) if sort == "roster" else (sort, name)
            if key in first:
                where = "here" if first[key] == each.source.file else f"in {first[key]}"
                found.append(each.source.problem(path, f"{name!r} is already said {where}: keep one"))
            first.setdefault(key, each.source.file)
    return found


def _silences(parts: Collection[Part], routing: Routing) -> list[Problem]:
    return [
        each.source.problem(each.declared[("silence", name)], f"{name!r}: {words}")
        for each in parts
        for name, words in kinds.silence_problems(each.routing.silences, routing)
    ]
