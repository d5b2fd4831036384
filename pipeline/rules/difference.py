"""What two sets of rules differ in, in words: rules added and removed, and for those that changed the terms and settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from pipeline.rules.compiled import CompiledRule
from pipeline.rules.formatting import lists
from pipeline.rules.model import Clause, Group, Rule, Within
from pipeline.rules.query.writing import NotExpressible, written

_WORDS = ("match", "query")


@dataclass(frozen=True)
class Changed:
    """One rule; `lines` say what changed, each beginning with + for what is new, - for what is gone, ~ for a setting."""

    rule_id: str
    kind: str
    lines: tuple[str, ...] = ()


def differences(before: Mapping[str, CompiledRule], after: Mapping[str, CompiledRule]) -> tuple[Changed, ...]:
    """The rules that are not the same in both, by id."""
    found = []
    for rule_id in sorted(before.keys() | after.keys()):
        old, new = before.get(rule_id), after.get(rule_id)
        if old is None and new is not None:
            found.append(Changed(rule_id, "added", tuple(f"+ {each}" for each in _clauses(new.rule))))
        elif new is None:
            found.append(Changed(rule_id, "removed"))
        elif old is not None and old.version != new.version:
            found.append(Changed(rule_id, "changed", tuple(_lines(old.rule, new.rule)) or ("~ its words have other spellings now",)))
    return tuple(found)


def _lines(old: Rule, new: Rule) -> Iterator[str]:
    gone, come = _clauses(old), _clauses(new)
    yield from (f"- {each}" for each in gone if each not in come)
    yield from (f"+ {each}" for each in come if each not in gone)
    before, after = _settings(old), _settings(new)
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield f"~ {name}: {_said(before.get(name))} → {_said(after.get(name))}"


def _clauses(rule: Rule) -> list[str]:
    return list(dict.fromkeys(_each(rule.match, "")))


def _each(clause: Clause, where: str) -> Iterator[str]:
    match clause:
        case Group(any, all, none):
            for name, parts in (("any", any), ("all", all), ("none", none)):
                for each in parts:
                    yield from _each(each, f"{where}{name}: ")
        case Within(fields, inner):
            yield from _each(inner, f"{where}{','.join(fields)}: ")
        case _:
            yield where + _told(clause)


def _told(clause: Clause) -> str:
    try:
        return written(clause)
    except NotExpressible:
        return str(next(iter(lists(clause).values()))[0])


def _settings(rule: Rule) -> dict[str, Any]:
    """Everything but the words, with dotted names."""
    found: dict[str, Any] = {}

    def walk(prefix: str, value: Any) -> None:
        if isinstance(value, dict) and value:
            for name, each in value.items():
                walk(f"{prefix}.{name}" if prefix else name, each)
        else:
            found[prefix] = value

    walk("", {name: each for name, each in msgspec.to_builtins(rule).items() if name not in _WORDS})
    return found


def _said(value: Any) -> str:
    return "not set" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)
