"""A text as regular expressions see it: folded character by character, with the way back."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from pipeline.text.folding import APOSTROPHES, HYPHENS, fold
from pipeline.text.tokens import without_addresses
from pipeline.text.unveiling import seen_through

_MARK_CLASSES = ("Mn", "Mc", "Me")


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is folded; each of its characters comes from `first[i]` to `last[i]` of the text given."""

    text: str
    first: list[int]
    last: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which is not empty, comes from."""
        return self.first[start], self.last[end - 1]


def folded(text: str) -> Folded:
    """`text` in small folded letters, hyphens as "-", apostrophes as "'", any blank as one " ", without addresses."""
    clean, offsets = seen_through(text, plain=False)
    clean = without_addresses(clean)
    pieces: list[str] = []
    first: list[int] = []
    last: list[int] = []
    for at, character in enumerate(clean):
        piece = _piece(character)
        if piece == " " and pieces and pieces[-1] == " ":
            last[-1] = offsets.last[at] if offsets else at + 1
            continue
        pieces.append(piece)
        first += [offsets.first[at] if offsets else at] * len(piece)
        last += [offsets.last[at] if offsets else at + 1] * len(piece)
    return Folded("".join(pieces), first, last)


def _piece(character: str) -> str:
    if character.isspace():
        return " "
    if character in HYPHENS:
        return "-"
    if character in APOSTROPHES:
        return "'"
    if character.isalnum() or unicodedata.category(character) in _MARK_CLASSES:
        return fold(character)
    return character
