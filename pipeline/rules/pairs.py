"""Pairs of keyword and text with the answer they should give, as in `german_matching.tsv`, and how the matcher does on them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from pipeline.rules.check import try_text
from pipeline.rules.compile import CannotMatch, compile_rule, rule_set
from pipeline.rules.faults import regex_fault, wildcard_fault, words_fault
from pipeline.rules.model import Clause, Constituents, Group, Near, Phrase, Regex, Rule, SetOf, Term, TermSet, Wildcard

COLUMNS = ("keyword", "text", "option", "match", "why")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]{2})|([ntr\\]))")
_SHORT = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_YES, _NO = ("yes", "match", "true", "1", "ja"), ("no", "no match", "false", "0", "nein")
_COUNTED = re.compile(r"(constituents|near|onear|slop|phrase)/(\d{1,3})")
_DERIVATIONS = ("feminine", "adjective", "nominalisation")


class BadPair(ValueError):
    """A row that says nothing that could be tried; the message is for the person who wrote it."""


@dataclass(frozen=True)
class Pair:
    """One row: `text` with its escapes read. `line` counts from 1, the head of the table is line 1."""

    line: int
    keyword: str
    text: str
    option: str
    match: bool
    why: str = ""


@dataclass(frozen=True)
class Wrong:
    """A pair with another answer than it states. `found` are the words that matched; `problem` is why the keyword could not be tried."""

    pair: Pair
    found: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True)
class Scored:
    pairs: int
    wrong: tuple[Wrong, ...]

    @property
    def right(self) -> int:
        return self.pairs - len(self.wrong)


def read_pairs(text: str) -> list[Pair]:
    """The rows of a table whose first line names the columns; empty lines and lines that begin with # are left out. Raises BadPair."""
    lines = text.lstrip("\ufeff").splitlines()
    if not lines:
        raise BadPair(f"the file is empty: its first line names the columns, parted by tabs: {', '.join(COLUMNS)}")
    head = [each.strip() for each in lines[0].split("\t")]
    if missing := [each for each in ("keyword", "text", "match") if each not in head]:
        raise BadPair(f"line 1 names no column {', '.join(missing)}: the columns are {', '.join(COLUMNS)}, parted by tabs")
    found = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip() and not line.startswith("#"):
            cells = dict(zip(head, (*line.split("\t"), *[""] * len(head)), strict=False))
            found.append(_pair(cells, number))
    return found


def _pair(cells: Mapping[str, str], line: int) -> Pair:
    answer = cells["match"].strip().lower()
    if answer not in (*_YES, *_NO):
        raise BadPair(f"line {line}: the column match says {cells['match']!r}: write yes or no")
    return Pair(
        line=line,
        keyword=unescaped(cells["keyword"].strip()),
        text=unescaped(cells["text"]),
        option=cells.get("option", "").strip(),
        match=answer in _YES,
        why=cells.get("why", ""),
    )


def unescaped(text: str) -> str:
    r"""`text` with `\n`, `\t`, `\xHH`, `\uHHHH` and `\\` as the characters they stand for."""
    return _ESCAPE.sub(lambda match: _SHORT[match[4]] if match[4] else chr(int(match[1] or match[2] or match[3], 16)), text)


def score(rows: Iterable[Pair], *, language: str = "de", sets: Mapping[str, TermSet] | None = None) -> Scored:
    """How many of the pairs give the answer they state, and those that do not."""
    count, wrong = 0, []
    for count, pair in enumerate(rows, start=1):  # noqa: B007  # the last number is the count
        found = _tried(pair, language, sets or {})
        if found is not None:
            wrong.append(found)
    return Scored(count, tuple(wrong))


def _tried(pair: Pair, language: str, sets: Mapping[str, TermSet]) -> Wrong | None:
    try:
        if fault := _fault(pair):
            return Wrong(pair, problem=f"the keyword was refused: {fault}")
        rule = Rule(id="pair", title=pair.keyword, langs=(language,), match=Group(any=(clause(pair.keyword, pair.option),)))
        rules = rule_set([compile_rule(rule, sets)])
    except (CannotMatch, BadPair) as error:
        return Wrong(pair, problem=str(error))
    surfaces = tuple(hit.surface for each in try_text(rules, pair.text, language=language) for hit in each.hits)
    return None if bool(surfaces) == pair.match else Wrong(pair, surfaces)


def _fault(pair: Pair) -> str:
    """Why a rule file would refuse the keyword, so that nothing can be found by it; "" when it would not."""
    wanted = clause(pair.keyword, pair.option)
    match wanted:
        case Wildcard(wildcard):
            return wildcard_fault(wildcard)
        case Regex(regex):
            return regex_fault(regex)
        case SetOf():
            return ""
    return words_fault(pair.keyword)


def clause(keyword: str, option: str) -> Clause:
    """The keyword as the option says: nothing, `modifier`, `head`, `nohead`, `exact`, `noinflect`, `feminine` …, `constituents/5`, `near/5` (of words), `phrase/1`.

    Several are parted by commas. Raises BadPair for an option that is unknown.
    """
    changes: dict[str, object] = {}
    for each in filter(None, re.split(r"[,;\s]+", option)):
        if counted := _COUNTED.fullmatch(each):
            return _counted(keyword, counted[1], int(counted[2]))
        if each in _WHOLE:
            return _WHOLE[each](keyword)
        if each in _OPTIONS:
            changes |= _OPTIONS[each]
        elif each in _DERIVATIONS:
            changes["derive"] = (*changes.get("derive", ()), each)  # type: ignore[misc]
        else:
            known = ", ".join([*_OPTIONS, *_WHOLE, *_DERIVATIONS, "constituents/N", "near/N", "onear/N", "phrase/N"])
            raise BadPair(f"the option {each!r} is unknown (known: {known})")
    return Term(keyword, **changes)  # type: ignore[arg-type]


_OPTIONS: dict[str, dict[str, object]] = {
    "modifier": {"modifier": True},
    "head": {"head": True},
    "nohead": {"head": False},
    "exact": {"exact": True},
    "noinflect": {"inflect": False},
}
_WHOLE: dict[str, Callable[[str], Clause]] = {
    "constituents": Constituents,
    "wildcard": Wildcard,
    "regex": Regex,
    "phrase": Phrase,
    "set": SetOf,
}


def _counted(keyword: str, kind: str, number: int) -> Clause:
    if kind == "constituents":
        return Constituents(keyword, number)
    if kind in ("slop", "phrase"):
        return Phrase(keyword, number)
    return Near(tuple(Term(word) for word in keyword.split()), number, "given" if kind == "onear" else "any")
