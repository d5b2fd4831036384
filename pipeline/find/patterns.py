"""Wildcards and regular expressions: what they may be, by which keys they are found, and the finding itself.

Expressions are RE2's: they take time in proportion to the text, whatever is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import product

import re2

from pipeline.find.folded import folded
from pipeline.find.index import TextIndex
from pipeline.find.literals import required
from pipeline.find.places import Place
from pipeline.rules.answers import beginning, inside
from pipeline.text.folding import fold
from pipeline.text.tokens import analyse

LEAST_LITERALS = 3
MAX_REGEX_CHARACTERS = 1_000
MAX_REGEX_BYTES = 1 << 20
_MAX_PLACES = 200
_LETTERS = tuple("abcdefghijklmnopqrstuvwxyz0123456789") + ("ae", "oe", "ue", "ss")
_ONE_LETTER = "(?:ae|oe|ue|ss|.)"
_MOST_SHORT_MARKS = 1


class Unusable(ValueError):
    """A pattern that cannot be looked for; the message is for the person who wrote it."""


def wildcard_pattern(written: str) -> str:
    """The regular expression for a folded word. Raises Unusable."""
    body = _body(written)
    return "".join(_ONE_LETTER if each == "?" else re.escape(fold(each)) for each in body) + (".*" if written.endswith("*") else "")


def wildcard_anchors(written: str) -> tuple[str, ...]:
    """The keys of all words that fit. Raises Unusable."""
    body = _body(written)
    prefix = fold(body.partition("?")[0])
    if len(prefix) >= LEAST_LITERALS:
        return (beginning(prefix),)
    if written.endswith("*") or body.count("?") > _MOST_SHORT_MARKS or not fold(body.replace("?", "")).isascii():
        raise Unusable(f"{written!r} needs three letters before its first * or ?, or no * and a single ?")
    pieces = [_LETTERS if each == "?" else (fold(each),) for each in body]
    return tuple(sorted("".join(each) for each in product(*pieces)))


def _body(written: str) -> str:
    body = written.removesuffix("*")
    if written.startswith("*"):
        raise Unusable(f"{written!r} begins with *: write the word itself, it is found as the head of compounds (`head`), too")
    if "*" in body:
        raise Unusable(f"{written!r} has a * before its end: only a beginning can be looked up; use a phrase, `near` or a regex")
    letters = body.replace("?", "")
    if len(analyse(letters).forms) != 1 or len(fold(letters)) < LEAST_LITERALS:
        raise Unusable(f"{written!r} must be one word with at least three letters beside its * and ?")
    return body


def wildcards(index: TextIndex, pattern: str) -> Iterator[Place]:
    """The words of the text that fit."""
    fits = _wildcard(pattern).fullmatch
    for word in index.words:
        if fits(word):
            for unit in index.spans(word):
                yield Place(unit.token, unit.token, unit.start, unit.end, "wildcard", unit.before, unit.after)


@lru_cache(maxsize=10_000)
def _wildcard(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


_IN_CLASS = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|.", re.DOTALL)


def regex_pattern(written: str) -> str:
    """The RE2 expression for folded text: ä becomes ae, letters are small. Raises Unusable for what RE2 does not take, or that is too large."""
    if len(written) > MAX_REGEX_CHARACTERS:
        raise Unusable(f"a regex may have {MAX_REGEX_CHARACTERS} characters: this one has {len(written)}")
    pieces = []
    for piece in _IN_CLASS.findall(written):
        if piece.startswith("[") and piece != fold_letters(piece):
            raise Unusable(f"/{written}/ has a letter with a mark in {piece}: the text is folded, write (?:ae|oe) for [äö]")
        pieces.append(piece if piece.startswith(("\\", "[")) else fold_letters(piece))
    pattern = "".join(pieces)
    try:
        _regex(pattern)
    except re2.error as error:
        why = error.args[0].decode("utf-8", "replace") if error.args and isinstance(error.args[0], bytes) else str(error)
        raise Unusable(f"/{written}/ is no expression that RE2 takes: {why}") from error
    return pattern


def fold_letters(text: str) -> str:
    """`text` with its letters beyond ASCII folded, and everything else as it is."""
    return text if text.isascii() else "".join(each if each.isascii() else fold(each) or each for each in text)


def regex_anchors(written: str) -> tuple[str, ...]:
    """The keys of all texts in which the expression can be found. Raises Unusable when it demands no three characters in a row."""
    found = required(regex_pattern(written))
    if not found or any(len(each) < LEAST_LITERALS for each in found):
        raise Unusable(
            f"/{written}/ must demand at least three letters or digits in a row, in each of its alternatives: by them the text is looked up"
        )
    return tuple(sorted({_literal_anchor(each) for each in found}))


def _literal_anchor(literal: str) -> str:
    if literal[0] >= "\u0e00":
        forms = analyse(literal).forms
        if len(forms) > 1:
            return forms[0] + forms[1]
    return inside(literal)


@lru_cache(maxsize=2_000)
def _regex(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.max_mem = MAX_REGEX_BYTES
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)


def regexes(index: TextIndex, pattern: str) -> Iterator[Place]:
    """The places of the expression, sentence by sentence; those without a word or a character are left out."""
    read, found, token = index.read, 0, 0
    for start, end in read.sentences:
        seen = folded(read.text[start:end])
        for match in _regex(pattern).finditer(seen.text):
            if match.end() == match.start():
                continue
            first, last = seen.span(match.start(), match.end())
            first, last = first + start, last + start
            tokens = _tokens(read.starts, read.ends, first, last, token)
            if tokens and found < _MAX_PLACES:
                found, token = found + 1, tokens[0]
                yield Place(*tokens, first, last, "regex")


def _tokens(starts: list[int], ends: list[int], first: int, last: int, at: int) -> tuple[int, int] | None:
    """The first and the last token in the range; searched from the token `at`. None when there is none."""
    while at < len(ends) and ends[at] <= first:
        at += 1
    low = at
    while at < len(starts) and starts[at] < last:
        at += 1
    return (low, at - 1) if at > low else None
