"""A query string to clauses, by recursive descent: NOT binds tighter than AND, AND tighter than OR, NEAR tightest of all."""

from __future__ import annotations

from pipeline.lexicon.derivations import begins_compounds
from pipeline.rules.canonical import canonical_group, joined_by_and, joined_by_or
from pipeline.rules.faults import MAX_CLAUSES, MAX_NEAR, MAX_NESTING, regex_fault, term_fault, value_fault, wildcard_fault
from pipeline.rules.model import Clause, Group, Near, Phrase, Regex, SetOf, Term, Wildcard, Within
from pipeline.rules.query.tokens import Kind, QueryFault, Token, tokens

MAX_CHARACTERS = 20_000
_SET_NAME = "a name of small letters, digits and hyphens such as missile-test"
_BEGINS: tuple[Kind, ...] = ("open", "not", "word", "phrase", "regex", "fields", "filter", "set")


def parse(query: str) -> Group:
    """What the query asks for, in its one form. Raises QueryFault with the character at which it goes wrong and what to write instead."""
    if len(query) > MAX_CHARACTERS:
        raise QueryFault(f"the query has {len(query)} characters; at most {MAX_CHARACTERS}: split the rule, or use any/all/none", 0)
    parser = _Parser(query)
    if parser.token.kind == "end":
        raise QueryFault("the query is empty: write the words to look for", 0)
    found = parser.alternatives()
    parser.expect_end()
    return canonical_group(found)


class _Parser:
    def __init__(self, query: str) -> None:
        self._tokens = tokens(query)
        self._depth, self._clauses = 0, 0
        self._field: Token | None = None
        self._near: Token | None = None
        self.token = next(self._tokens)

    def _take(self) -> Token:
        taken = self.token
        if taken.kind != "end":
            self.token = next(self._tokens)
        return taken

    def _at(self, kind: Kind) -> bool:
        return self.token.kind == kind

    def expect_end(self) -> None:
        if self.token.kind == "close":
            raise QueryFault("this bracket closes nothing: remove it, or open one before", self.token.at)
        if self.token.kind != "end":
            raise QueryFault(f"{_told(self.token)} was not expected here", self.token.at)

    def alternatives(self) -> Clause:
        parts = [self._conjunction()]
        while self.token.kind == "or":
            self._take()
            parts.append(self._conjunction())
        return joined_by_or(tuple(parts))

    def _conjunction(self) -> Clause:
        wanted: list[Clause] = []
        refused: list[Clause] = []
        before = self.token
        while True:
            if self.token.kind == "not":
                refused.append(self._negated())
            else:
                wanted.append(self._nearness())
            if self.token.kind in _BEGINS:
                raise QueryFault(_side_by_side(before, self.token), self.token.at)
            if self.token.kind != "and":
                return joined_by_and(tuple(wanted), tuple(refused))
            self._take()
            before = self.token

    def _negated(self) -> Clause:
        self._deeper(self._take())
        found = self._negated_again() if self.token.kind == "not" else self._nearness()
        self._depth -= 1
        return found

    def _negated_again(self) -> Clause:
        return joined_by_and((), (self._negated(),))

    def _nearness(self) -> Clause:
        first = self._primary()
        if self.token.kind != "near":
            return first
        operator, items, starts = self.token, [first], [self.token.at]
        while self.token.kind == "near":
            if (self.token.number, self.token.ordered) != (operator.number, operator.ordered):
                raise QueryFault(f"{self.token.text} after {operator.text}: all of one chain must be the same", self.token.at)
            self._take()
            starts.append(self.token.at)
            items.append(self._primary())
        if len(items) > MAX_NEAR or len(set(items)) < len(items):
            raise QueryFault(f"{operator.text} needs from 2 to {MAX_NEAR} different sides", operator.at)
        for item, at in zip(items, starts, strict=True):
            fault = near_fault(item)
            if fault:
                raise QueryFault(f"{operator.text}: {fault}", at)
        return Near(tuple(items), operator.number, "given" if operator.ordered else "any")

    def _primary(self) -> Clause:
        token = self._take()
        self._clauses += 1
        if self._clauses > MAX_CLAUSES:
            raise QueryFault(f"the query has more than {MAX_CLAUSES} clauses: split the rule", token.at)
        match token.kind:
            case "open":
                return self._group(token)
            case "fields":
                return self._within(token)
            case "word" | "phrase":
                return _words(token)
            case "regex":
                return _checked(Regex(token.text), regex_fault(token.text), token)
            case "filter" | "set":
                return self._filter(token)
        raise QueryFault(_missing(token), token.at)

    def _group(self, opened: Token) -> Clause:
        self._deeper(opened)
        if self._at("close"):
            raise QueryFault("the brackets hold nothing: write words between them, or remove them", opened.at)
        found = self.alternatives()
        if not self._at("close"):
            raise QueryFault("the bracket that begins here is never closed: write ) where the group ends", opened.at)
        self._take()
        self._depth -= 1
        return found

    def _within(self, token: Token) -> Clause:
        if self._field is not None:
            raise QueryFault(f"{token.text}: cannot stand inside {self._field.text}:(…): write them side by side with AND", token.at)
        if self.token.kind in ("not", "fields", "filter", "set"):
            raise QueryFault(f"{token.text}: needs a word, a phrase or a group right after it; write NOT before the field", self.token.at)
        self._field = token
        found = self._primary()
        self._field = None
        return Within(token.fields, found)

    def _filter(self, token: Token) -> Clause:
        if token.kind == "set":
            known = token.text.replace("-", "").isalnum() and token.text == token.text.lower()
            return _checked(SetOf(token.text), "" if known else f"{token.text[:40]!r} is not {_SET_NAME}", token)
        if self._field is not None:
            raise QueryFault(f"{token.text}: cannot stand inside {self._field.text}:(…): write it beside with AND", token.at)
        assert token.filter is not None
        for value in token.filter.values:
            fault = value_fault(token.filter.place, value)
            if fault:
                raise QueryFault(f"{token.text}: {fault}", token.at)
        return token.filter

    def _deeper(self, token: Token) -> None:
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise QueryFault(f"the query is nested deeper than {MAX_NESTING} levels: simplify it", token.at)


def near_fault(side: Clause) -> str:
    """Why this clause cannot stand on a side of NEAR."""
    match side:
        case Term() | Phrase() | Wildcard():
            return ""
        case Group(any, all, none) if any and not all and not none:
            return next((fault for fault in map(near_fault, any) if fault), "")
    return "a side may be a word, a phrase, a wildcard, or such with OR between them in brackets"


def _words(token: Token) -> Clause:
    if token.wildcard:
        return _checked(Wildcard(token.text), wildcard_fault(token.text), token)
    fault = term_fault(token.text)
    if token.kind == "phrase" and not token.exact:
        return _checked(Phrase(token.text, token.number), fault, token)
    if token.modifier and not begins_compounds(token.text):
        return _checked(Term(token.text + "+"), fault, token)
    return _checked(Term(token.text, exact=token.exact, modifier=token.modifier), fault, token)


def _checked(clause: Clause, fault: str, token: Token) -> Clause:
    if fault:
        raise QueryFault(fault, token.at)
    return clause


def _told(token: Token) -> str:
    written = {"open": "(", "close": ")", "end": "the end of the query"}.get(token.kind, token.text)
    return written if token.kind == "end" else f"{written[:40]!r}"


def _missing(token: Token) -> str:
    if token.kind == "end":
        return "the query ends where a word is expected: remove the operator before, or write what follows it"
    if token.kind == "close":
        return "a word is expected before this bracket: remove the operator before it, or the bracket"
    return f"{_told(token)} needs something before it: write a word, or remove it"


def _side_by_side(before: Token, token: Token) -> str:
    if before.kind == "word" and token.kind == "word" and not (before.modifier or token.modifier):
        pair = f"{before.text} {token.text}"[:60]
        return f'two words without an operator: write {before.text[:30]} AND {token.text[:30]}, or "{pair}" in quotes for the phrase'
    return f"an operator is missing before {_told(token)}: write AND, OR or NEAR/5 there"
