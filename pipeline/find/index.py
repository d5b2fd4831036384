"""The words of one text, to be looked up by spelling: made when the first rule asks, once for all rules."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from operator import add

import msgspec

from pipeline.find.ellipsis import ellipses
from pipeline.find.places import Place
from pipeline.lexicon.compounds import heads
from pipeline.lexicon.remembered import Remembered
from pipeline.rules.spellings import END_CHARACTERS, Spelled
from pipeline.text.tokens import Analysed, runs


class Unit(msgspec.Struct, frozen=True, gc=False):
    """A token with hyphens, or neighbouring parts of it, as one word."""

    token: int
    start: int
    end: int
    before: int
    after: int

    @property
    def whole(self) -> bool:
        return not self.before and not self.after


# From each word to its compound heads.
_HEADS = Remembered(heads, longest=60)


class TextIndex:
    """`read` by its words. `german`: the language is German or unknown, so that compounds are taken apart. `swiss`: the publisher writes no ß."""

    def __init__(self, read: Analysed, *, german: bool = True, swiss: bool = False) -> None:
        self.read = read
        self.german = german
        self.swiss = swiss
        self.places: dict[object, list[Place]] = {}

    @cached_property
    def _first(self) -> dict[str, int]:
        forms = self.read.forms
        return dict(zip(reversed(forms), range(len(forms) - 1, -1, -1), strict=True))

    @cached_property
    def _last(self) -> dict[str, int]:
        forms = self.read.forms
        return dict(zip(forms, range(len(forms)), strict=True))

    def tokens(self, form: str) -> list[int]:
        """The tokens that have the form as a whole, those with hyphens excepted, ascending."""
        first = self._first.get(form)
        if first is None:
            return []
        if first == self._last[form]:
            return [] if first in self.read.parts else [first]
        return [token for token in _all_indexes(self.read.forms, form, first) if token not in self.read.parts]

    @cached_property
    def units(self) -> dict[str, list[Unit]]:
        """The hyphenated tokens and their runs of parts by form."""
        found: dict[str, list[Unit]] = {}
        for token, parts in self.read.parts.items():
            last = len(parts) - 1
            found.setdefault(self.read.forms[token], []).append(Unit(token, self.read.starts[token], self.read.ends[token], 0, 0))
            for form, low, high in runs(parts):
                found.setdefault(form, []).append(Unit(token, parts[low][1], parts[high][2], low, last - high))
        return found

    @cached_property
    def words(self) -> tuple[str, ...]:
        """All distinct words: whole tokens, hyphenated ones, and their parts."""
        return tuple(dict.fromkeys((*self._first, *self.units)))

    @cached_property
    def _words_read(self) -> frozenset[str]:
        return self.read.keys()

    @cached_property
    def headed(self) -> frozenset[str]:
        """The heads of all compounds."""
        return frozenset().union(*filter(None, map(_HEADS.__getitem__, self._words_read))) if self.german else frozenset()

    @cached_property
    def by_head(self) -> dict[str, list[str]]:
        """The words that end with each compound head."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        if self.german:
            for word in self._words_read:
                for head in _HEADS[word]:
                    found[head].append(word)
        return found

    @cached_property
    def _ends(self) -> frozenset[str]:
        return frozenset([word[-END_CHARACTERS:] for word in self._words_read])

    def may_end(self, spelling: Spelled) -> bool:
        """Whether a quick look leaves it possible that a word ends in one of the heads that no lexicon knows."""
        return not spelling.unknown_ends or not self._ends.isdisjoint(spelling.unknown_ends)

    @cached_property
    def _listed(self) -> str:
        return " ".join(("", *self._words_read, ""))

    def ending_in(self, ending: str) -> list[str]:
        """The words that are longer than `ending` and end in it."""
        listed, found = self._listed, []
        at = listed.find(ending + " ")
        while at >= 0:
            begin = listed.rfind(" ", 0, at) + 1
            if begin < at:
                found.append(listed[begin : at + len(ending)])
            at = listed.find(ending + " ", at + 1)
        return found

    @cached_property
    def keys(self) -> frozenset[str]:
        """Everything by which a word may be found here, and a little more: pairs of words that are no compound."""
        return self.read.keys().union(self.read.joined(), self.elliptic, self.headed)

    @cached_property
    def _joined(self) -> list[str]:
        return list(map(add, self.read.forms, self.read.forms[1:]))

    def open_pairs(self, joined: str) -> list[int]:
        """The first token of each two that make `joined` and have exactly one blank between them."""
        read = self.read
        return [
            token
            for token in _all_indexes(self._joined, joined, 0)
            if read.starts[token + 1] - read.ends[token] == 1 and read.text[read.ends[token]].isspace() and token not in read.parts
        ]

    @cached_property
    def elliptic(self) -> Mapping[str, list[Place]]:
        """What words with a hyphen at their edge stand for, with the words that complete them."""
        return ellipses(self.read) if self.german else {}

    @cached_property
    def _paragraphs(self) -> list[int]:
        text = self.read.text
        gap = "\n\n" if "\n\n" in text else "\n"
        found, at = [0], text.find(gap)
        while at >= 0:
            found.append(at)
            at = text.find(gap, at + len(gap))
        return found

    def paragraph_of(self, token: int) -> int:
        return bisect_right(self._paragraphs, self.read.starts[token]) - 1

    def spans(self, word: str) -> Sequence[Unit]:
        """Where the word stands, as a token or as part of one, ascending."""
        read = self.read
        plain = [Unit(token, read.starts[token], read.ends[token], 0, 0) for token in self.tokens(word)]
        return [*plain, *self.units.get(word, ())]


def _all_indexes(words: list[str], word: str, start: int) -> Iterator[int]:
    while True:
        try:
            start = words.index(word, start)
        except ValueError:
            return
        yield start
        start += 1
