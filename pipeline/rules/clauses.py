"""What stands below `any`, `all` and `none`: terms, phrases, nearness and further groups, nested freely within limits."""

from __future__ import annotations

from typing import Any, Literal

from pipeline.rules.compile import CannotMatch, words
from pipeline.rules.model import Clause, Group, Near, Phrase, Term
from pipeline.rules.reading import Block, Names

BOOLEAN = ("any", "all", "none")
MAX_NESTING = 8
MAX_CLAUSES = 5_000
MAX_SLOP = 20
MAX_WITHIN = 100
MAX_NEAR = 8

_LATER = str.split("compound inflect constituents site set exact derive")
_NAMES = {
    "term": Names(("term",), later=_LATER),
    "phrase": Names(("phrase", "slop"), later=_LATER),
    "near": Names(("near", "within", "order", "scope"), later=_LATER),
}
_GROUP = Names(BOOLEAN)
_ANY_OF_THEM = Names((*_NAMES, *BOOLEAN), later=_LATER, elsewhere={"slop": "phrase", "within": "near", "order": "near", "scope": "near"})


class _Budget:
    """How many clauses a rule may still have."""

    def __init__(self) -> None:
        self.left = MAX_CLAUSES


def declared(match: Block) -> Group:
    """The group that `match` is; what is wrong stands in the file's problems."""
    group = _group(match, 1, _Budget())
    if match.values and not any(name in match for name in BOOLEAN) and "query" not in match:
        match.complain(None, "`match` needs `any` or `all`: the words to look for")
    return group


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
        return Term(_searchable(block, (name, number), value))
    if not isinstance(value, dict):
        hint = f": write '{value}' in quotes" if isinstance(value, bool | int | float) else ""
        _complain(block, (name, number), f"each of `{name}` must be a term or a block such as {{phrase: …}}{hint}")
        return None
    for kind, names in _NAMES.items():
        if kind in value:
            return _READERS[kind](block.block(name, names, number))
    if any(each in value for each in BOOLEAN):
        if depth >= MAX_NESTING:
            _complain(block, (name, number), f"groups are nested deeper than {MAX_NESTING} levels: simplify the rule")
            return None
        return _group(block.block(name, _GROUP, number), depth + 1, budget)
    nothing = block.block(name, _ANY_OF_THEM, number)
    if not value:
        nothing.complain(None, "this clause is empty")
    return None


def _term(block: Block) -> Clause:
    return Term(_searchable(block, ("term",), block.text("term", required=True)))


def _phrase(block: Block) -> Clause:
    phrase = _searchable(block, ("phrase",), block.text("phrase", required=True))
    return Phrase(phrase, block.number("slop", 0, 0, MAX_SLOP))


def _near(block: Block) -> Clause:
    terms = block.texts("near")
    for number, term in enumerate(terms):
        _searchable(block, ("near", number), term)
    if not 2 <= len(terms) <= MAX_NEAR or len(set(terms)) < len(terms):
        block.complain("near", f"`near` needs from 2 to {MAX_NEAR} different terms")
    if "within" not in block:
        block.complain(None, "`near` needs `within`: how many words apart the terms may be")
    options: tuple[Literal["any", "given"], ...] = ("any", "given")
    block.choice("scope", ("sentence",), "sentence", later=("paragraph",))
    return Near(terms, block.number("within", 5, 1, MAX_WITHIN), block.choice("order", options, "any"))


_READERS = {"term": _term, "phrase": _phrase, "near": _near}


def _searchable(block: Block, at: tuple[str | int, ...], term: str) -> str:
    try:
        words(term)
    except CannotMatch as error:
        _complain(block, at, str(error))
    return term


def _complain(block: Block, at: tuple[str | int, ...], message: str) -> None:
    block.source.problems.append(block.source.problem((*block.path, *at), message))
