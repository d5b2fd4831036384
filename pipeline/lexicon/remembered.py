"""What was found for a word, kept because words return."""

from __future__ import annotations

from collections.abc import Callable

_MOST_WORDS = 100_000


class Remembered(dict[str, tuple[str, ...]]):
    """What `find` says of each word that is asked for. A look-up in a dictionary costs a third of a call; words above `longest` characters are not kept."""

    def __init__(self, find: Callable[[str], tuple[str, ...]], longest: int) -> None:
        super().__init__()
        self._find = find
        self._longest = longest

    def __missing__(self, word: str) -> tuple[str, ...]:
        found = self._find(word)
        if len(word) <= self._longest:
            if len(self) >= _MOST_WORDS:
                self.clear()
            self[word] = found
        return found
