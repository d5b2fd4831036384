"""Letters and a number that a text writes apart: "A 7", "Covid 19", "5 G", and before a hyphen "G 7-Gipfel"."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pipeline.find.places import Place
from pipeline.rules.spellings import Spelled
from pipeline.text.tokens import Analysed

# Fewer letters need a capital: "il a 7 ans" has a word, "5 g" a unit.
_LEAST_LETTERS = 3
_WORDS_OF_ONE_LETTER = frozenset("AEIOUY")
_GOES_ON_BEFORE = re.compile(r"[0-9][.,:]")
_GOES_ON_BEHIND = re.compile(r"[.,:][0-9]")


def number_refusal(read: Analysed, token: int, end: int, *, german: bool) -> str:
    """Why a token and what stands behind it up to `end`, letters and a number, are not one word written apart; "" when they are."""
    start, first = read.starts[token], read.surface(token)
    second = read.text[read.starts[token + 1] : end]
    letters = first if second.isdecimal() else second
    if len(letters) < _LEAST_LETTERS and not letters[0].isupper():
        return f"{letters!r} with a small letter beside a number is a word or a unit"
    if not german and letters in _WORDS_OF_ONE_LETTER:
        return f"{letters!r} is a word of its own in many languages"
    goes_on = _GOES_ON_BEHIND.match(read.text, end) if letters is first else _GOES_ON_BEFORE.match(read.text, max(0, start - 2))
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
