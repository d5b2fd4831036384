"""The words and punctuation marks of a text, cut as the labelled corpora cut them: hyphenated words are whole, marks stand alone."""

from __future__ import annotations

import re
from typing import NamedTuple

# Nothing behind the first character class can fail, so no text makes it step back.
_TOKEN = re.compile(r"\w+(?:['’./&-]\w+)*(?:\.(?<=\b[A-Z]\.))?|[^\w\s]")


class Tokens(NamedTuple):
    """Parallel lists: `text[starts[i]:ends[i]]` is `forms[i]`."""

    forms: list[str]
    starts: list[int]
    ends: list[int]


def tokens_of(text: str, start: int = 0, end: int | None = None) -> Tokens:
    """The tokens of `text[start:end]` in order, with their offsets in `text`; empty lists for blanks."""
    found = list(_TOKEN.finditer(text, start, len(text) if end is None else end))
    return Tokens([match[0] for match in found], [match.start() for match in found], [match.end() for match in found])
