"""A query cut into tokens, each with where it begins. Whatever has no meaning is refused with what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pipeline.rules.faults import MAX_SLOP, MAX_WITHIN
from pipeline.rules.model import Filter, SearchedField
from pipeline.rules.query.fields import FILTERS, NUMBERS, SEARCHED_FIELDS, SET, unknown_field

Kind = Literal["open", "close", "and", "or", "not", "near", "word", "phrase", "regex", "fields", "filter", "set", "end"]

OPERATORS: dict[str, Kind] = {"AND": "and", "UND": "and", "OR": "or", "ODER": "or", "NOT": "not", "NICHT": "not"}
CLOSERS = {'"': '"', "„": '“”"', "“": '”"', "”": '”"', "«": "»", "»": "«", "‟": '”"'}
LEADING = frozenset("&|!^[]{}-+<>*?~=/:,;")  # what a bare word may not begin with; quotes, blanks and brackets end every word

_WILD = frozenset("*?")
_SIGNS = frozenset("*?~")
_NEAR = re.compile(r"(O?NEAR)(?:/(.*))?", re.DOTALL)
_NUMBER = re.compile(r"(>=|<=|>|<|=)?([0-9]{1,6})")
_OPS: dict[str, Literal["is", "gte", "gt", "lte", "lt"]] = {"": "is", "=": "is", ">=": "gte", ">": "gt", "<=": "lte", "<": "lt"}


class QueryFault(ValueError):
    """What is wrong with a query, and at which character (from 0)."""

    def __init__(self, message: str, at: int) -> None:
        super().__init__(message)
        self.at = at


@dataclass(frozen=True)
class Token:
    """`number` is a phrase's slop or the distance of NEAR; `wildcard` says that `text` holds an unescaped `*` or `?`."""

    kind: Kind
    at: int
    text: str = ""
    number: int = 0
    exact: bool = False
    ordered: bool = False
    modifier: bool = False
    wildcard: bool = False
    fields: tuple[SearchedField, ...] = ()
    filter: Filter | None = None


def tokens(query: str) -> Iterator[Token]:
    """The tokens from left to right, the last one of kind `end`. Raises QueryFault at the first thing that has no meaning."""
    reader = _Reader(query)
    while True:
        token = reader.next()
        yield token
        if token.kind == "end":
            return


class _Reader:
    def __init__(self, query: str) -> None:
        self._query, self._at = query, 0

    def _peek(self, ahead: int = 0) -> str:
        return self._query[self._at + ahead : self._at + ahead + 1]

    def _skip_blanks(self) -> None:
        while self._peek().isspace():
            self._at += 1

    def next(self) -> Token:
        self._skip_blanks()
        at, letter = self._at, self._peek()
        if not letter:
            return Token("end", at)
        if letter in "()":
            self._at += 1
            return Token("open" if letter == "(" else "close", at)
        if letter in CLOSERS:
            return self._phrase()
        if letter == "=":
            return self._exact()
        if letter == "/":
            return self._regex()
        return self._word()

    def _phrase(self, exact: bool = False) -> Token:
        at, text = self._at, self._quoted()
        slop = 0
        if self._peek() == "~":
            start = self._at
            found = re.compile(r"~([0-9]{1,6})(?=[\s()]|$)").match(self._query, start)
            if not found or int(found[1]) > MAX_SLOP:
                raise QueryFault(
                    f'after a phrase, ~ needs the number of words that may stand between, from 0 to {MAX_SLOP}: "a b"~2', start
                )
            if exact:
                raise QueryFault(f"an exact phrase has no gaps: remove {found[0]}, or the = before the phrase", start)
            self._at, slop = found.end(), int(found[1])
        return Token("phrase", at, text, slop, exact=exact)

    def _quoted(self) -> str:
        start, closers = self._at, CLOSERS[self._peek()]
        self._at += 1
        letters = []
        while (letter := self._peek()) not in closers or not letter:
            if not letter:
                raise QueryFault(f"the quote that begins here is never closed: write {closers[0]} where the phrase ends", start)
            if letter == "\\" and self._peek(1):
                self._at += 1
                letter = self._peek()
            letters.append(letter)
            self._at += 1
        self._at += 1
        text = "".join(letters)
        if not text.strip():
            raise QueryFault("the quotes hold nothing: write the words between them, or remove them", start)
        return text

    def _exact(self) -> Token:
        at = self._at
        self._at += 1
        if self._peek() in CLOSERS and self._peek():
            return self._phrase(exact=True)
        if not self._peek() or self._peek().isspace() or self._peek() in "()=":
            raise QueryFault('= needs a word or a phrase right after it: =Rakete or ="ballistische Rakete"', at)
        text, signs = self._letters()
        if signs & {*_WILD, "+"}:
            raise QueryFault(f"={text}: an exact word has no wildcard and no +; remove the = or the {text[-1]}", at)
        return Token("word", at, text, exact=True)

    def _regex(self) -> Token:
        at = self._at
        letters = []
        self._at += 1
        while (letter := self._peek()) != "/":
            if not letter:
                raise QueryFault("the expression that begins here is never closed: write / where it ends, and \\/ for a slash inside", at)
            if letter == "\\":
                letter += self._peek(1)
                self._at += 1
            letters.append("/" if letter == "\\/" else letter)
            self._at += 1
        self._at += 1
        if not letters:
            raise QueryFault("the expression // is empty: write the letters to look for, or remove it", at)
        return Token("regex", at, "".join(letters))

    def _word(self) -> Token:
        at = self._at
        letter = self._peek()
        if letter in LEADING and letter not in "*?":
            raise QueryFault(_leading(letter, self._query[at : at + 2]), at)
        text, signs = self._letters()
        raw = self._query[at : self._at]
        if self._peek() == ":":
            return self._field(raw, at)
        if raw in OPERATORS:
            return Token(OPERATORS[raw], at, raw)
        found = _NEAR.fullmatch(raw)
        if found:
            return self._near(found, at)
        self._refuse(raw, at)
        if "~" in signs:
            raise QueryFault(f"{raw[:40]!r}: ~ stands after a phrase only; inflected forms of a word are found without it", at)
        if "+" not in signs:
            return Token("word", at, text, wildcard=bool(signs & _WILD))
        if signs & _WILD or not text[:-1]:
            raise QueryFault(f"{raw[:40]!r}: + stands after a whole word without wildcards, such as Raketentest+", at)
        return Token("word", at, text[:-1], modifier=True)

    def _letters(self) -> tuple[str, frozenset[str]]:
        """A bare word with its escapes resolved, and which of `*?~` stand in it, or `+` at its end, without one."""
        letters, signs, start, escaped, last = [], set(), self._at, False, ""
        while (letter := self._peek()) and not letter.isspace() and letter not in "():" and letter not in CLOSERS:
            if letter == "\\":
                self._at += 1
                letter = self._peek()
                if not letter:
                    raise QueryFault("a backslash needs the character that it protects after it", self._at - 1)
                if letter.isspace():
                    raise QueryFault("a backslash does not join words: put words that belong together in quotes", self._at - 1)
                escaped, last = escaped or letter in "*?", ""
            else:
                signs.update({letter} & _SIGNS)
                last = letter
            letters.append(letter)
            self._at += 1
        if escaped and signs & _WILD:
            raise QueryFault("a word with a wildcard cannot hold a * or ? that is meant as itself: put the words in quotes", start)
        return "".join(letters), frozenset(signs | ({last} & {"+"}))

    def _near(self, found: re.Match[str], at: int) -> Token:
        name, distance = found[1], found[2] or ""
        if not re.fullmatch(r"[0-9]{1,6}", distance) or not 1 <= int(distance) <= MAX_WITHIN:
            raise QueryFault(f"{name} needs how many words apart, from 1 to {MAX_WITHIN}: {name}/5", at)
        return Token("near", at, f"{name}/{int(distance)}", int(distance), ordered=name == "ONEAR")

    def _refuse(self, raw: str, at: int) -> None:
        """Words that look like operators or like other programs' syntax."""
        upper = raw.upper()
        if upper in OPERATORS:
            raise QueryFault(f'operators are written in capitals: {upper}. To search for the word, write "{raw}" in quotes', at)
        if _NEAR.fullmatch(upper) and raw != upper:
            raise QueryFault(f"operators are written in capitals: {upper}", at)
        if raw in ("SAME", "PARA") and self._peek() == "(":
            instead = (
                "a NEAR/20 b (within one sentence)" if raw == "SAME" else "in the rule file {near: [a, b], within: 50, scope: paragraph}"
            )
            raise QueryFault(f"{raw}(…) does not exist here: write {instead}", at)
        if sign := re.search(r"(?<!\\)(?:\+\++|\^[0-9.]*)$", raw):
            word, instead = raw[: sign.start()][:40], " or, for compounds that begin with it, with one +" if raw[-1] == "+" else ""
            raise QueryFault(
                f"{raw[:40]!r}: {sign[0]} has no meaning here: write {word} without it{instead}, or put the word in quotes", at
            )
        if re.fullmatch(r"ATLEAST(/.*)?", raw):
            raise QueryFault("ATLEAST does not exist here: write the pairs out, (a AND b) OR (a AND c) OR (b AND c)", at)

    def _field(self, raw: str, at: int) -> Token:
        self._at += 1
        if raw in FILTERS or raw == SET:
            return self._filter(raw, at)
        names = raw.split(",")
        unknown = [name for name in names if name not in SEARCHED_FIELDS]
        if unknown:
            raise QueryFault(unknown_field(unknown[0]), at)
        if not self._peek() or self._peek().isspace() or self._peek() == ")":
            raise QueryFault(f"{raw}: needs a word, a phrase or a group right after it, such as {raw}:Rakete or {raw}:(a OR b)", at)
        wanted = [SEARCHED_FIELDS[name] for name in names]
        return Token("fields", at, raw, fields=tuple(each for each in SEARCHED_FIELDS.values() if each in wanted))

    def _filter(self, name: str, at: int) -> Token:
        values = self._values(name)
        if name == SET:
            if len(values) > 1:
                raise QueryFault("set: takes one name; write set:a OR set:b", at)
            return Token("set", at, values[0])
        place = FILTERS[name]
        if place not in NUMBERS:
            return Token("filter", at, name, filter=Filter(place, tuple(values)))
        found = [_NUMBER.fullmatch(value) for value in values]
        wrong = [value for value, each in zip(values, found, strict=True) if each is None]
        if wrong:
            raise QueryFault(f"{name}:{wrong[0][:20]} is not a comparison with a whole number such as {name}:>=3", at)
        ops = {_OPS[each[1] or ""] for each in found if each}
        if ops != {"is"} and len(values) > 1:
            raise QueryFault(f"{name}: several values can only be equal; write {name}:>=3 alone", at)
        return Token("filter", at, name, filter=Filter(place, tuple(str(int(each[2])) for each in found if each), ops.pop()))

    def _values(self, name: str) -> list[str]:
        if self._peek() != "(":
            return [self._value(name)]
        opened = self._at
        self._at += 1
        values = []
        while True:
            self._skip_blanks()
            values.append(self._value(name))
            self._skip_blanks()
            if self._peek() == ")":
                self._at += 1
                return values
            found = re.compile(r"(OR|ODER)(?=\s)").match(self._query, self._at)
            if not found:
                if not self._peek():
                    raise QueryFault("the bracket that begins here is never closed", opened)
                raise QueryFault(f"in {name}:(…) only values with OR between them may stand: {name}:(a OR b)", self._at)
            self._at = found.end()

    def _value(self, name: str) -> str:
        if self._peek() in CLOSERS and self._peek():
            return self._quoted()
        found = re.compile(r"(?:[^\s()\\\"]|\\.)+", re.DOTALL).match(self._query, self._at)
        if not found:
            raise QueryFault(f"{name}: needs a value right after it, such as {name}:{_EXAMPLES.get(name, 'a')}", self._at)
        self._at = found.end()
        return re.sub(r"\\(.)", r"\1", found[0], flags=re.DOTALL)


_EXAMPLES = {"lang": "de", "language": "de", "country": "KP", "site": "tagesblatt.example", "cluster.size": ">=3", "entity": "iso:KP"}


def _leading(letter: str, start: str) -> str:
    instead = {
        "-": "NOT before what must be absent",
        "!": "NOT before what must be absent",
        "+": "nothing: words joined with AND must all be there",
        "&": "AND",
        "|": "OR",
        "~": "~2 only right after a phrase",
        ":": "the name of a field before the colon, such as title:",
    }.get(letter, "the words in quotes")
    return f"{(start if start in ('&&', '||') else letter)!r} has no meaning here: write {instead}"
