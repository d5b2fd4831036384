"""Which anchors of a set of rules the words of a text answer to, remembered by word, so that the number of rules costs nothing.

There are four kinds of anchors: `raketentest`, a word as it stands or as the head of a compound; `rake*`, the beginning of a word; `*rake`, something
inside a word; `-selenskyj`, the head of a compound that no lexicon knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pipeline.lexicon.compounds import heads

# The lengths of the beginnings that are looked up: each costs one look-up for a new word.
BEGINNINGS = (3, 4, 5, 7, 10)
INSIDE = 4
_REMEMBERED_WORDS = 200_000
_REMEMBERED_CHARACTERS = 60


def beginning(prefix: str) -> str:
    """The anchor for words that begin with `prefix`. Raises ValueError when it has fewer than three characters."""
    fitting = [length for length in BEGINNINGS if length <= len(prefix)]
    if not fitting:
        raise ValueError(f"{prefix!r} is too short to look words up by")
    return prefix[: fitting[-1]] + "*"


def inside(literal: str) -> str:
    """The anchor for words that hold `literal`, of three characters or more."""
    return "*" + literal[:INSIDE]


def unknown_head(head: str) -> str:
    """The anchor for compounds with a head that no lexicon knows."""
    return "-" + head


class Answers(dict[str, tuple[str, ...]]):
    """From each word (folded) to the anchors that it answers to; () for most."""

    def __init__(self, by_anchor: Mapping[str, object]) -> None:
        super().__init__()
        self.anchors = by_anchor
        special = [each for each in by_anchor if each[0] in "*-" or each[-1] == "*"]
        self._beginnings = tuple(length for length in BEGINNINGS if any(len(each) == length + 1 for each in special if each[-1] == "*"))
        self._inside = tuple({len(each) - 1 for each in special if each[0] == "*"})
        self._unknown = tuple({len(each) - 1 for each in special if each[0] == "-"})

    def __missing__(self, word: str) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(self._found(word))) if word else ()
        if len(word) <= _REMEMBERED_CHARACTERS:
            if len(self) >= _REMEMBERED_WORDS:
                self.clear()
            self[word] = found
        return found

    def _found(self, word: str) -> Iterator[str]:
        anchors = self.anchors
        candidates: Iterable[str] = (
            word,
            *heads(word),
            *(word[:length] + "*" for length in self._beginnings),
            *("-" + word[-length:] for length in self._unknown if length < len(word)),
            *("*" + word[at : at + length] for length in self._inside for at in range(len(word) - length + 1)),
        )
        return (each for each in candidates if each in anchors)
