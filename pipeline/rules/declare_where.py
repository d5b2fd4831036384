"""The block `where` of a rule file: what must hold besides the words."""

from __future__ import annotations

import re
from typing import Any

from pipeline.located import nearest
from pipeline.rules.faults import COUNTRY, ENTITY, value_fault
from pipeline.rules.model import Allowed, Place, Where
from pipeline.rules.reading import Block, Names

_ALIASES = {"source.tier": "tier", "source.country": "country", "source.id": "source", "lang": "language", "category": "section"}
WHERE = Names(
    (*str.split("source tier country language section site entities story published"), *_ALIASES),
    {"size": "story", "max_age": "published", "cluster.size": "story"},
)
ALLOWED = Names(("not",))
ENTITIES = Names(("any", "all", "none"))
ENTITY_BLOCK = Names(("type", "id"))
STORY = Names(("size",))
SIZE = Names(("gte", "lte"))
PUBLISHED = Names(("max_age",))

# The types of entities, and what other programs call them.
_TYPES = {"person": "person", "place": "place", "country": "country", "organisation": "organisation", "other": "other"} | {
    "PER": "person", "LOC": "place", "GPE": "country", "ORG": "organisation", "MISC": "other",
}  # fmt: skip


def where_of(match: Block) -> Where:
    """The filters under `where`; those of a rule that has none let everything pass."""
    if "where" not in match:
        return Where()
    where = match.block("where", WHERE)
    for alias, name in _ALIASES.items():
        if alias in where and name in where:
            where.complain(alias, f"`{alias}` is the same as `{name}`: keep one", at_key=True)
    some, every, no = _entities(where)
    least, most = _story(where)
    return Where(
        source=_allowed(where, "source"),
        tier=_tiers(where),
        country=_allowed(where, "country", COUNTRY, "a country code of two capitals such as KP"),
        language=_allowed(where, "language"),
        section=_allowed(where, "section"),
        site=_allowed(where, "site"),
        entities=some,
        all_entities=every,
        no_entities=no,
        story_min=least,
        story_max=most,
        max_age_seconds=where.block("published", PUBLISHED).seconds("max_age", 0) if "published" in where else 0,
    )


def _written(where: Block, name: str) -> str:
    """The name under which the file has it."""
    return next((alias for alias, each in _ALIASES.items() if each == name and alias in where), name)


def _allowed(
    where: Block, name: Place, pattern: str = r"\S(.*\S)?", say: str = "a name without blanks around it such as tagesblatt"
) -> Allowed:
    """A value, a list of values, or `not:` with such."""
    written = _written(where, name)
    negative = isinstance(where.values.get(written), dict)
    block, key = (where.block(written, ALLOWED), "not") if negative else (where, written)
    values = block.texts(key, single=True)
    if key in block and not values and block.values[key] in ([], ""):
        block.complain(key, f"`{key}` is empty: name a value, or remove it")
    for number, each in enumerate(values):
        fault = "" if re.fullmatch(pattern, each) else f"{each!r} is not {say}"
        fault = fault or (value_fault(name, each) if name in ("site", "language") else "")
        if fault:
            at = (key, number) if isinstance(block.values[key], list) else (key,)
            block.source.problems.append(block.source.problem((*block.path, *at), fault))
    return Allowed(never=values) if negative else Allowed(only=values)


def _tiers(where: Block) -> tuple[int, ...]:
    name = _written(where, "tier")
    if name not in where:
        return ()
    value = where.values[name]
    numbers = value if isinstance(value, list) else [value]
    if not numbers or any(type(each) is not int or not 1 <= each <= 9 for each in numbers):
        where.complain(name, f"`{name}` must be tiers from 1 to 9 such as [1, 2]")
        return ()
    return tuple(numbers)


def _entities(where: Block) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    if "entities" not in where:
        return (), (), ()
    block = where.block("entities", ENTITIES)
    if not block.values and isinstance(where.values["entities"], dict):
        block.complain(None, "`entities` needs any, all or none")
    some, every, no = (entities_named(block, name) for name in ENTITIES.works)
    return some, every, no


def entities_named(block: Block, name: str) -> tuple[str, ...]:
    """The entities under `name`, by id or `type:place`, one alone or in a list."""
    value = block.values.get(name, [])
    items = [value] if isinstance(value, str | dict) else block.items(name)
    found = []
    for number, each in enumerate(items):
        path = (*block.path, name, number) if isinstance(value, list) else (*block.path, name)
        read = _entity_block(block, name, number if isinstance(value, list) else None) if isinstance(each, dict) else _entity(each)
        if read.startswith("!"):
            block.source.problems.append(block.source.problem(path, read[1:]))
        elif read:
            found.append(read)
    return tuple(found)


def _entity(value: Any) -> str:
    """The entity, or what is wrong after an exclamation mark."""
    if not isinstance(value, str) or not re.fullmatch(ENTITY, value):
        return f"!{value!r} is not the id of an entity such as iso:KP or geo:1871859, nor a block such as {{type: person}}"
    kind = value.removeprefix("type:")
    if kind != value and kind not in _TYPES:
        return f"!{kind!r} is not a type of entity: use {', '.join(list(_TYPES)[:5])}.{nearest(kind, _TYPES)}"
    return f"type:{_TYPES[kind]}" if kind != value else value


def _entity_block(block: Block, name: str, number: int | None) -> str:
    inner = block.block(name, ENTITY_BLOCK, number)
    if not inner.values:
        return "!this entity is empty: it needs `id`, or `type`"
    kind = inner.choice("type", tuple(_TYPES), "other") if "type" in inner else ""
    entity_id = inner.text("id", pattern=ENTITY, say="the id of an entity such as iso:KP")
    if "id" in inner:
        return entity_id
    return f"type:{_TYPES[kind]}" if kind else ""


def _story(where: Block) -> tuple[int, int]:
    if "story" not in where:
        return 0, 0
    story = where.block("story", STORY)
    if "size" not in story:
        story.complain(None, "`story` needs `size`, such as {size: {gte: 3}}")
        return 0, 0
    size = story.block("size", SIZE)
    least, most = size.number("gte", 0, 1, 100_000) if "gte" in size else 0, size.number("lte", 0, 1, 100_000) if "lte" in size else 0
    if isinstance(story.values["size"], dict) and not size.values:
        size.complain(None, "`size` needs gte, lte or both")
    if most and least > most:
        size.complain("lte", f"`lte` is {most}, less than `gte`, {least}: no story can have that size")
    return least, most
