"""What stands below `any`, `all` and `none`: terms, phrases, nearness, filters and further groups, nested freely within limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Literal, get_args

from pipeline.rules.faults import (
    MAX_CLAUSES,
    MAX_NEAR,
    MAX_NESTING,
    MAX_SLOP,
    MAX_VALUES,
    MAX_WITHIN,
    regex_fault,
    value_fault,
    wildcard_fault,
    words_fault,
)
from pipeline.rules.model import (
    Clause,
    Constituents,
    Derivation,
    Filter,
    Group,
    Near,
    Phrase,
    Place,
    Regex,
    SearchedField,
    SetOf,
    Term,
    Wildcard,
    Within,
)
from pipeline.rules.query.parse import near_fault
from pipeline.rules.reading import Block, Names

BOOLEAN = ("any", "all", "none")
COMPOUND = ("head", "modifier", "auto")
SET_NAME = r"[a-z0-9][a-z0-9-]{1,63}"

# The names of filters in rule files; the place each of them asks about.
FILTERS: dict[str, Place] = {
    **{place: place for place in get_args(Place)},
    "lang": "language",
    "category": "section",
    "source.tier": "tier",
    "source.country": "country",
    "cluster.size": "story_size",
}
_NUMBERS = ("gte", "gt", "lte", "lt")
_NAMES = {
    "term": Names(("term", "exact", "inflect", "compound", "derive"), {"slop": "phrase", "within": "near"}),
    "phrase": Names(("phrase", "slop", "inflect"), {"compound": "term", "exact": "term", "derive": "term"}),
    "near": Names(("near", "within", "order", "scope"), {"slop": "phrase"}),
    "constituents": Names(("constituents", "within")),
    "wildcard": Names(("wildcard",)),
    "regex": Names(("regex",)),
    "set": Names(("set",)),
}
_GROUP = Names((*BOOLEAN, "fields"))
_OPTIONS = {
    **dict.fromkeys(("exact", "compound", "derive", "inflect"), "term"),
    **dict.fromkeys(("within", "order", "scope"), "near"),
    "slop": "phrase",
}
_ANY_OF_THEM = Names((*_NAMES, *BOOLEAN, "fields", *FILTERS), _OPTIONS)
_COMPARISON = Names(_NUMBERS)


class _Budget:
    """How many clauses a rule may still have."""

    def __init__(self) -> None:
        self.left = MAX_CLAUSES


def declared(match: Block) -> Group:
    """The group that `match` is; what is wrong stands in the file's problems."""
    return _group(match, 1, _Budget())


def listed(block: Block, name: str) -> tuple[Clause, ...]:
    """The clauses of the list `name`: the terms of a set."""
    return _clauses(block, name, 1, _Budget())


def searched_fields(block: Block) -> tuple[SearchedField, ...]:
    """The fields under `fields`, in their usual order; all when the name is missing."""
    options: tuple[SearchedField, ...] = get_args(SearchedField)
    found = block.each("fields", block.texts("fields", single=True), "|".join(options), f"a field: use {', '.join(options)}")
    if "fields" in block and not found:
        block.complain("fields", f"`fields` is empty: leave it out, or name some of {', '.join(options)}")
    return tuple(option for option in options if option in found) or options


def _group(block: Block, depth: int, budget: _Budget) -> Group:
    return Group(**{name: _clauses(block, name, depth, budget) for name in BOOLEAN})


def _clauses(block: Block, name: str, depth: int, budget: _Budget) -> tuple[Clause, ...]:
    items = block.items(name)
    if name in block and isinstance(block.values[name], list) and not items:
        block.complain(name, f"`{name}` is empty: give it terms, or remove it")
    budget.left -= len(items)
    if budget.left < 0:
        block.complain(name, f"the rule has more than {MAX_CLAUSES} clauses: split it")
        return ()
    found = (_clause(block, name, number, value, depth, budget) for number, value in enumerate(items))
    return tuple(each for each in found if each is not None)


def _clause(block: Block, name: str, number: int, value: Any, depth: int, budget: _Budget) -> Clause | None:
    if isinstance(value, str):
        _complain(block, (name, number), words_fault(value))
        return Term(value)
    if not isinstance(value, dict):
        hint = f": write '{value}' in quotes" if isinstance(value, bool | int | float) else ""
        hint = ": nothing stands here; put a text that holds a # in quotes, for what follows one is a comment" if value is None else hint
        _complain(block, (name, number), f"each of `{name}` must be a term or a block such as {{phrase: …}}{hint}")
        return None
    for kind, names in _NAMES.items():
        if kind in value:
            if kind == "near":
                return _near(block.block(name, names, number), depth, budget)
            return _READERS[kind](block.block(name, names, number))
    if any(each in value for each in (*BOOLEAN, "fields")):
        return _nested(block, name, number, depth, budget)
    places = [each for each in value if each in FILTERS]
    if places:
        return _filter(block.block(name, Names((places[0],)), number), places[0])
    if fault := _colon_fault(value):
        _complain(block, (name, number), fault)
        return None
    nothing = block.block(name, _ANY_OF_THEM, number)
    if not value:
        nothing.complain(None, "this clause is empty: write a term, or remove it")
    return None


def _colon_fault(written: dict[str, Any]) -> str:
    """What to write where a text with a colon was read as a name with a value; "" when it was not, or when a known name may be meant."""
    text, value = next(iter(written.items()), ("", None))
    if len(written) != 1 or not (value is None or isinstance(value, str)) or not (text[:1].isupper() or " " in text):
        return ""
    meant = json.dumps(f"{text}: {value or ''}".rstrip()[:80], ensure_ascii=False)
    return f"a text that holds a colon must stand in quotes: write {meant}"


def _nested(block: Block, name: str, number: int, depth: int, budget: _Budget) -> Clause | None:
    if depth >= MAX_NESTING:
        _complain(block, (name, number), f"groups are nested deeper than {MAX_NESTING} levels: simplify the rule")
        return None
    inner = block.block(name, _GROUP, number)
    group = _group(inner, depth + 1, budget)
    if not any(each in inner for each in BOOLEAN):
        inner.complain(None, "this group needs `any`, `all` or `none`: the words to look for")
    return Within(searched_fields(inner), group) if "fields" in inner else group


def _term(block: Block) -> Clause:
    term = _text(block, "term", words_fault)
    exact = block.flag("exact")
    parts: tuple[str, ...] | None = None
    if "compound" in block:
        parts = block.each("compound", block.texts("compound", single=True), "|".join(COMPOUND), f"one of {', '.join(COMPOUND)}")
    options: tuple[Derivation, ...] = get_args(Derivation)
    wanted = block.each("derive", block.texts("derive", single=True), "|".join(options), f"a derivation: use {', '.join(options)}")
    if exact and ("compound" in block or "derive" in block or "inflect" in block):
        block.complain("exact", "an exact term is looked for as it is written: remove `exact`, or `compound`, `derive` and `inflect`")
    return Term(
        term,
        exact=exact,
        inflect=block.flag("inflect", True),
        head=None if parts is None or "auto" in parts else "head" in parts,
        modifier=parts is not None and "modifier" in parts,
        derive=tuple(each for each in options if each in wanted),
    )


def _phrase(block: Block) -> Clause:
    return Phrase(_text(block, "phrase", words_fault), block.number("slop", 0, 0, MAX_SLOP), block.flag("inflect", True))


def _near(block: Block, depth: int, budget: _Budget) -> Clause:
    before = len(block.source.problems)
    sides = _clauses(block, "near", depth, budget)
    unread = len(block.source.problems) > before
    if not unread and (not 2 <= len(sides) <= MAX_NEAR or len(set(map(repr, sides))) < len(sides)):
        block.complain("near", f"`near` needs from 2 to {MAX_NEAR} different terms")
    for number, side in enumerate(sides):
        _complain(block, ("near", number) if not unread else ("near",), near_fault(side))
    if "within" not in block:
        block.complain(None, "`near` needs `within`: how many words apart the terms may be")
    orders: tuple[Literal["any", "given"], ...] = ("any", "given")
    scopes: tuple[Literal["sentence", "paragraph"], ...] = ("sentence", "paragraph")
    within = block.number("within", 5, 1, MAX_WITHIN)
    return Near(sides, within, block.choice("order", orders, "any"), block.choice("scope", scopes, "sentence"))


def _constituents(block: Block) -> Clause:
    return Constituents(_text(block, "constituents", words_fault), block.number("within", 5, 1, MAX_WITHIN))


def _wildcard(block: Block) -> Clause:
    return Wildcard(_text(block, "wildcard", wildcard_fault))


def _regex(block: Block) -> Clause:
    return Regex(_text(block, "regex", regex_fault))


def _set(block: Block) -> Clause:
    return SetOf(block.text("set", required=True, pattern=SET_NAME, say="the name of a term set such as missile-test"))


_READERS: dict[str, Callable[[Block], Clause]] = {
    "term": _term,
    "phrase": _phrase,
    "constituents": _constituents,
    "wildcard": _wildcard,
    "regex": _regex,
    "set": _set,
}


def _filter(block: Block, name: str) -> Clause:
    place, value = FILTERS[name], block.values[name]
    if place in ("story_size", "tier"):
        return _number_filter(block, name, place)
    values = block.texts(name, single=True)
    if not values and (isinstance(value, list) or value == ""):
        block.complain(name, f"`{name}` is empty: name a value, or remove the clause")
    if len(values) > MAX_VALUES:
        block.complain(name, f"`{name}` has {len(values)} values; at most {MAX_VALUES}")
    for number, each in enumerate(values):
        _complain(block, (name, number) if isinstance(value, list) else (name,), value_fault(place, each))
    return Filter(place, values)


def _number_filter(block: Block, name: str, place: Place) -> Clause:
    value = block.values[name]
    low, high = (1, 9) if place == "tier" else (0, 100_000)
    if isinstance(value, dict):
        compared = block.block(name, _COMPARISON)
        if len(compared.values) != 1:
            compared.complain(None, f"`{name}` needs exactly one of {', '.join(_NUMBERS)}, such as {{gte: 3}}")
        op = next((each for each in _NUMBERS if each in compared), "gte")
        return Filter(place, (str(compared.number(op, low, low, high)),), op)  # type: ignore[arg-type]  # one of _NUMBERS
    numbers = value if isinstance(value, list) else [value]
    if not numbers or any(type(each) is not int or not low <= each <= high for each in numbers):
        block.complain(name, f"`{name}` must be a whole number from {low} to {high}, a list of such, or a comparison such as {{gte: 3}}")
        return Filter(place, (str(low),))
    return Filter(place, tuple(map(str, numbers)))


def _text(block: Block, name: str, fault: Callable[[str], str]) -> str:
    before = len(block.source.problems)
    found = block.text(name, required=True)
    if len(block.source.problems) == before:
        _complain(block, (name,), fault(found))
    return found


def _complain(block: Block, at: tuple[str | int, ...], message: str) -> None:
    if message:
        block.source.problems.append(block.source.problem((*block.path, *at), message))
