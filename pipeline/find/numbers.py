"""Numbers in a text: what is a piece of a longer one ("2,3 Tote", "5 000"), and letters and a number that stand apart ("A 7", "5 G", "G 7-Gipfel")."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.find.places import Place
from pipeline.rules.signs import joins
from pipeline.rules.spellings import Spelled
from pipeline.text.tokens import Analysed

# Fewer letters need a capital: "il a 7 ans" has a word, "5 g" a unit.
_LEAST_LETTERS = 3
_WORDS_OF_ONE_LETTER = frozenset("AEIOUY")
_GOES_ON_BEFORE = re.compile(r"(?<=[0-9][.,:'’])")
_GOES_ON_BEHIND = re.compile(r"[.,:'’][0-9]")
# Thousands in groups: "5 000", "12 500 000".
_GROUP_BEFORE = re.compile(r"(?<![\w.,:])[0-9]{1,3}(?:[ \xa0\u2009\u202f][0-9]{3})*[ \xa0\u2009\u202f]\Z")
_GROUP_BEHIND = re.compile(r"[ \xa0\u2009\u202f][0-9]{3}(?![\w])(?![.,:][0-9]{1,2}(?![0-9]))")
_LONGEST_GROUP, _LONGEST_BEFORE = 3, 16


def longer_number_refusal(spelling: Spelled, text: str, start: int, end: int) -> str:
    """Why the word from `start` to `end`, which begins or ends with a digit, is a piece of a longer number; "" when it is none.

    Where the rule itself goes on with a stop or a comma, so may the text.
    """
    before = text[start].isdecimal() and not joins(spelling.sign_before)
    behind = text[end - 1].isdecimal() and not joins(spelling.sign)
    if (before and _GOES_ON_BEFORE.match(text, start)) or (behind and _GOES_ON_BEHIND.match(text, end)):
        return "the number goes on"
    digits = end - start if text[start:end].isdecimal() else 0
    if before and digits == _LONGEST_GROUP and _GROUP_BEFORE.search(text[max(0, start - _LONGEST_BEFORE) : start]):
        return "it is the end of a number in groups of three digits"
    if behind and 0 < digits <= _LONGEST_GROUP and _GROUP_BEHIND.match(text, end):
        return "it is the beginning of a number in groups of three digits"
    return ""


def number_refusal(read: Analysed, token: int, end: int, *, german: bool) -> str:
    """Why a token and what stands behind it up to `end`, letters and a number, are not one word written apart; "" when they are."""
    start, first = read.starts[token], read.surface(token)
    second = read.text[read.starts[token + 1] : end]
    letters = first if second.isdecimal() else second
    if len(letters) < _LEAST_LETTERS and not letters[0].isupper():
        return f"{letters!r} with a small letter beside a number is a word or a unit"
    if not german and letters in _WORDS_OF_ONE_LETTER:
        return f"{letters!r} is a word of its own in many languages"
    goes_on = _GOES_ON_BEHIND.match(read.text, end) if letters is first else _GOES_ON_BEFORE.match(read.text, start)
    return "the number goes on" if goes_on else ""


def before_hyphen(read: Analysed, spelling: Spelled, *, german: bool) -> Iterator[Place]:
    """Where the letters stand before a word with hyphens that begins with the number."""
    for token, parts in read.parts.items():
        number, _, end = parts[0]
        if not token or not number.isdecimal() or token - 1 in read.parts or read.forms[token - 1] + number not in spelling.forms:
            continue
        between = read.text[read.ends[token - 1] : read.starts[token]]
        if len(between) == 1 and between.isspace() and not number_refusal(read, token - 1, end, german=german):
            yield Place(token - 1, token, read.starts[token - 1], end, "open", 0, len(parts) - 1)
