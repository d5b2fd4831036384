"""Where a German compound may be cut, given the words that begin and end compounds.

All words are folded (`pipeline.text.folding`). A cut is good when what stands before it is one to three words that may begin a compound,
each with at most one linking element, and none a verbal prefix, preposition or particle: "Warn|schuss", but not "Aus|schuss".
"""

from __future__ import annotations

from collections.abc import Container

import marisa_trie

from pipeline.lexicon.lists import listed

LINKS = ("", "s", "es", "n", "en", "er", "e", "ens")
_LINKS_BY_LETTER = {"s": ("s",), "n": ("n",), "e": ("e", "es", "en", "er", "ens")}
SHORTEST_FIRST = 3
SHORTEST_HEAD = 3
# Between other parts a short word is more often a piece of a longer one ("bundestag|sau|schuss").
_SHORTEST_INNER = 4
_SHORTEST_SURE_FIRST = 5
# A rest that is one word splits again twice at most. Longer words than this are no German, and may be hostile.
_DEEPEST = 3
MAX_CHARACTERS = 60


class Cutter:
    """Cuts compounds.

    `heads` holds words written backwards, `verbs` those of them that are never nouns, `opaque` pairs from `pair_of` that are not to be cut in
    spite of all rules.
    """

    def __init__(self, firsts: marisa_trie.Trie, heads: marisa_trie.Trie, verbs: Container[str] = (), opaque: Container[str] = ()) -> None:
        self._firsts, self._heads, self._verbs, self._opaque = firsts, heads, verbs, opaque
        self._never_first = listed("not_first.txt")
        self._short_inner = frozenset(each for each in listed("combining.txt") if len(each) < _SHORTEST_INNER)

    def knows(self, head: str) -> bool:
        return head[::-1] in self._heads

    def heads(self, word: str) -> tuple[str, ...]:
        """Every proper ending of `word` that is known, or a compound of known words, behind a good cut; longest first."""
        size = len(word)
        if not SHORTEST_FIRST + SHORTEST_HEAD <= size <= MAX_CHARACTERS:
            return ()
        known = {size - len(each) for each in self._heads.prefixes(word[::-1])}
        known.discard(0)
        if not known:
            return ()
        steps: dict[int, set[int]] = {}
        latest = max(known)
        cuts = sorted(cut for cut in self._reached(word, 0, steps, latest) if cut < size)
        good = [cut for cut in cuts if cut in known or self._ends_in_known(word, cut, steps, known)]
        return tuple(word[cut:] for cut in good if not self._is_refused(word, cut, [each for each in good if each < cut and each in known]))

    def splits(self, rest: str) -> bool:
        """Whether `rest` is one to three first parts with their linking elements."""
        return len(rest) in self._reached(rest, 0, {}, len(rest))

    def _ends_in_known(self, word: str, cut: int, steps: dict[int, set[int]], known: set[int]) -> bool:
        latest = len(word) - _SHORTEST_INNER
        return any(each in known for each in self._reached(word, cut, steps, latest))

    def _is_refused(self, word: str, cut: int, longer: list[int]) -> bool:
        """Whether the cut is listed as none, or lies inside a longer known noun that is no compound itself: "bundestagsaus|schuss".

        Behind a word as the dictionary has it ("geiger|zähler") only a noun behind another such word is as likely ("geig|erzähler" is not).
        """
        if pair_of(word, word[cut:]) in self._opaque:
            return True
        earliest = _SHORTEST_SURE_FIRST if word[:cut] in self._firsts else 0
        hiding = [word[each:] for each in longer if each >= earliest and len(word) - each >= _SHORTEST_INNER]
        return any(word[cut:] not in self.heads(each) and each[::-1] not in self._verbs for each in hiding)

    def _reached(self, word: str, start: int, steps: dict[int, set[int]], latest: int) -> set[int]:
        """The places that one to three first parts lead to from `start`, none after `latest`; `steps` remembers single parts."""
        reached: set[int] = set()
        edge = {start}
        for _ in range(_DEEPEST):
            ahead: set[int] = set()
            for each in edge:
                if each not in steps:
                    steps[each] = self._steps(word, each, latest) if each < latest else set()
                ahead |= steps[each]
            edge = ahead - reached
            if not edge:
                break
            reached |= edge
        return {each for each in reached if each <= latest}

    def _steps(self, word: str, start: int, latest: int) -> set[int]:
        """Where one first part at `start`, with any one linking element, ends."""
        found: set[int] = set()
        for first in self._firsts.prefixes(word[start:]):
            end = start + len(first)
            if end > latest or (start and len(first) < _SHORTEST_INNER and first not in self._short_inner):
                continue
            found.add(end)
            for link in _LINKS_BY_LETTER.get(word[end : end + 1], ()):
                if word.startswith(link, end):
                    found.add(end + len(link))
        return {end for end in found if word[start:end] not in self._never_first}


def pair_of(word: str, head: str) -> str:
    """How a cut that is none is written down."""
    return f"{word}|{head}"
