"""The words and punctuation marks of a text, cut as the labelled corpora cut them: hyphenated words are whole, marks stand alone."""

from __future__ import annotations

import re
from typing import NamedTuple

# Nothing behind the first character class can fail, so no text makes it step back.
_TOKEN = re.compile(r"\w+(?:['’./&-]\w+)*(?:(?<=\b[A-Z])\.)?|[^\w\s]")
# Longer runs are no words, and may be hostile.
MAX_CHARACTERS = 60


class Token(NamedTuple):
    """`text[start:end]` is `form`."""

    form: str
    start: int
    end: int


def tokens_of(text: str, start: int = 0, end: int | None = None) -> list[Token]:
    """The tokens of `text[start:end]` in order, with their offsets in `text`; [] for blanks."""
    matches = _TOKEN.finditer(text, start, len(text) if end is None else end)
    return [Token(match[0], match.start(), match.end()) for match in matches]
