"""The part of Kibana's query language that we write: `field : value`, `field : (a or b)`, `field : *`, comparisons, and, or, not, brackets.

`to_query` gives the Elasticsearch query that Kibana makes of the same text (its `match`, `match_phrase`, `exists` and `range`), so that what a panel
asks can be asked without Kibana.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([():])|(>=|<=|>|<)|([^\s():"<>]+))')
_RANGES = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt"}


@dataclass(frozen=True)
class Token:
    text: str
    kind: str  # "quoted", "sign", "comparison", "word"

    def is_word(self, word: str) -> bool:
        return self.kind == "word" and self.text.lower() == word


@dataclass(frozen=True)
class Clause:
    """One comparison, or several joined: `joined` is "", "and", "or" or "not"."""

    joined: str = ""
    parts: tuple[Clause, ...] = ()
    field: str = ""
    comparison: str = ":"
    value: str = ""
    quoted: bool = False


class NotKql(ValueError):
    """The text is not in the part of the language that is read here; the message says where."""


def parse(text: str) -> Clause | None:
    """The query in `text`; None when it is empty and finds everything. Raises NotKql."""
    tokens = _tokens(text)
    if not tokens:
        return None
    reader = _Reader(text, tokens)
    found = reader.either()
    if reader.at < len(tokens):
        raise NotKql(f"{text!r} goes on with {tokens[reader.at].text!r} where it should end")
    return found


def fields(clause: Clause | None) -> set[tuple[str, str]]:
    """Every field that is asked for, with its comparison (`:`, `>=`, …)."""
    if clause is None:
        return set()
    if not clause.joined:
        return {(clause.field, clause.comparison)}
    return set().union(*(fields(each) for each in clause.parts))


def to_query(clause: Clause | None) -> dict[str, Any]:
    """The Elasticsearch query."""
    if clause is None:
        return {"match_all": {}}
    if clause.joined == "and":
        return {"bool": {"filter": [to_query(each) for each in clause.parts]}}
    if clause.joined == "or":
        return {"bool": {"should": [to_query(each) for each in clause.parts], "minimum_should_match": 1}}
    if clause.joined == "not":
        return {"bool": {"must_not": to_query(clause.parts[0])}}
    if clause.comparison != ":":
        return {"range": {clause.field: {_RANGES[clause.comparison]: clause.value}}}
    if clause.value == "*" and not clause.quoted:
        return {"exists": {"field": clause.field}}
    return {"match_phrase" if clause.quoted else "match": {clause.field: clause.value}}


def quoted(value: str) -> str:
    """`value` as a text between quotes, whatever it holds."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _tokens(text: str) -> list[Token]:
    found: list[Token] = []
    at = 0
    while text[at:].strip():
        match = _TOKEN.match(text, at)
        if match is None:
            raise NotKql(f"{text!r} cannot be read from {text[at:].strip()[:20]!r} on: is a quote missing?")
        kind = ("quoted", "sign", "comparison", "word")[(match.lastindex or 1) - 1]
        value = match[match.lastindex or 1]
        found.append(Token(re.sub(r"\\(.)", r"\1", value) if kind == "quoted" else value, kind))
        at = match.end()
    return found


class _Reader:
    def __init__(self, text: str, tokens: list[Token]) -> None:
        self.text = text
        self.tokens = tokens
        self.at = 0

    def _next(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def _take(self, what: str) -> Token:
        token = self._next()
        if token is None:
            raise NotKql(f"{self.text!r} ends where {what} should follow")
        self.at += 1
        return token

    def _sign(self, sign: str) -> bool:
        token = self._next()
        taken = token is not None and token.kind == "sign" and token.text == sign
        self.at += taken
        return taken

    def _word(self, word: str) -> bool:
        token = self._next()
        taken = token is not None and token.is_word(word)
        self.at += taken
        return taken

    def _closed(self) -> None:
        if not self._sign(")"):
            raise NotKql(f"{self.text!r} has a bracket that is not closed")

    def either(self) -> Clause:
        parts = [self._both()]
        while self._word("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Clause("or", tuple(parts))

    def _both(self) -> Clause:
        parts = [self._one()]
        while self._word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Clause("and", tuple(parts))

    def _one(self) -> Clause:
        if self._word("not"):
            return Clause("not", (self._one(),))
        if self._sign("("):
            inner = self.either()
            self._closed()
            return inner
        name = self._take("a field")
        if name.kind != "word":
            raise NotKql(f"{self.text!r}: {name.text!r} stands where a field should")
        if self._sign(":"):
            return self._values(name.text)
        comparison = self._take("a comparison")
        if comparison.kind != "comparison":
            raise NotKql(f"{self.text!r}: after {name.text} comes {comparison.text!r}, not a comparison")
        return Clause(field=name.text, comparison=comparison.text, value=self._take("a value").text)

    def _values(self, name: str) -> Clause:
        if not self._sign("("):
            return self._value(name)
        parts = [self._value(name)]
        while self._word("or"):
            parts.append(self._value(name))
        self._closed()
        return parts[0] if len(parts) == 1 else Clause("or", tuple(parts))

    def _value(self, name: str) -> Clause:
        token = self._take(f"a value of {name}")
        if token.kind not in ("word", "quoted"):
            raise NotKql(f"{self.text!r}: {token.text!r} stands where a value of {name} should")
        return Clause(field=name, value=token.text, quoted=token.kind == "quoted")
