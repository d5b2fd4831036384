"""Entities that rules ask for: which ones, those that a test of a rule states, and how they are told to people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, cast

from pipeline.article import Entity
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.model import Clause, Filter, Group, Near, Rule, Where, Within

EntityType = Literal["person", "place", "country", "organisation", "other"]
# What the ids of the packaged lists begin with.
_TYPES: dict[str, EntityType] = {
    **dict.fromkeys(("geo", "region", "river", "island", "mountain", "desert"), "place"),
    "iso": "country",
    "org": "organisation",
    "person": "person",
}
_MOST_TOLD = 12


def asked_for(rule: Rule) -> tuple[str, ...]:
    """The ids, and `type:place` and such, by which the rule asks for entities, each once; () for a rule that asks for none."""
    where = rule.where
    return tuple(dict.fromkeys((*where.entities, *where.all_entities, *where.no_entities, *_in(rule.match))))


def _in(clause: Clause) -> Iterator[str]:
    match clause:
        case Filter("entity", values):
            yield from values
        case Within(_, inner):
            yield from _in(inner)
        case Near(near):
            for each in near:
                yield from _in(each)
        case Group(any, all, none):
            for each in (*any, *all, *none):
                yield from _in(each)


def of_where(where: Where) -> Where:
    """What of `where` can be judged by a text alone: the entities."""
    return Where(entities=where.entities, all_entities=where.all_entities, no_entities=where.no_entities)


def stated(names: Iterable[str]) -> tuple[Entity, ...]:
    """The entities that a test states, by id or as `type:place`. The type of an id follows from what it begins with."""
    return tuple(Entity(id=each, type=_type(each), name=each, recogniser="stated by the test") for each in names)


def _type(name: str) -> EntityType:
    kind, _, rest = name.partition(":")
    if kind == "type":
        return cast(EntityType, rest)
    return _TYPES.get(kind) or (_TYPES.get(rest.partition(":")[0]) if kind == "name" else None) or "other"


def told(compiled: CompiledRule, entities: Iterable[Entity]) -> str:
    """Which entities the rule asks for and which there are, in words; "" for a rule that asks for none."""
    asked = asked_for(compiled.rule)
    if not asked:
        return ""
    found = list(entities)
    names = [each.id if each.name == each.id else f"{each.id} ({each.name})" for each in found[:_MOST_TOLD]]
    names += [f"and {len(found) - _MOST_TOLD} more"] if len(found) > _MOST_TOLD else []
    wanted = ", ".join(asked[:_MOST_TOLD]) + (f" and {len(asked) - _MOST_TOLD} more" if len(asked) > _MOST_TOLD else "")
    return f"the rule asks for {wanted}; the entities in the text are {', '.join(names) or 'none'}"
