"""The two parts of a German compound as words of their own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from pipeline.lexicon import verbs
from pipeline.lexicon.compounds import heads
from pipeline.lexicon.cutting import LINKS
from pipeline.lexicon.derivations import verb_of
from pipeline.lexicon.lists import lines
from pipeline.lexicon.store import german_words
from pipeline.text.folding import fold

_SHORTEST_HEAD = 4
_SHORTEST_FIRST = 3


@lru_cache(maxsize=2_000)
def parts(word: str) -> tuple[str, str, str]:
    """The first part, the head and the head's verb, "" if it has none: ("Rakete", "Test", "testen"); ("", "", "") if it cannot be cut.

    Of several cuts the one between two words of the lexicon counts, with the shortest head: "Atomrakete" and "Test". A head that is no word of
    its own is said with its verb only: ("Geisel", "", "nehmen").
    """
    cuts = list(_cuts(word))
    if not cuts:
        return _bound(word)
    first, head, _ = max(cuts, key=lambda cut: (cut[2], -len(cut[1])))
    return first, head, verb_of(head)


def _cuts(word: str) -> Iterator[tuple[str, str, bool]]:
    """Every first part and head, and whether both are words of the lexicon."""
    beginning, hyphen, last = word.rpartition("-")
    if hyphen and beginning and last:
        yield beginning, last, True
        return
    possible = set(heads(fold(word)))
    for cut in range(_SHORTEST_FIRST, len(word) - _SHORTEST_HEAD + 1):
        head = word[cut:].capitalize()
        if fold(head) in possible:
            base = _base(head)
            first = _first(word[:cut])
            if base:
                yield first or word[:cut], base, bool(first)


def _bound(word: str) -> tuple[str, str, str]:
    """The parts of a compound whose head only compounds have, if its first part is a noun of the lexicon."""
    for ending, verb in (line.split() for line in lines("bound_acts.tsv")):
        first = _first(word.removesuffix(ending)) if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_FIRST else ""
        if first[:1].isupper() and not verbs.has(first.lower(), german_words()):
            return first, "", verb
    return "", "", ""


def _base(noun: str) -> str:
    """The lemma of a noun in any form; "" for what is no noun of the lexicon."""
    entries = [entry for entry in german_words().entries(noun) if entry.form[0].isupper() and entry.lemma[0].isupper()]
    if any(fold(noun) == fold(entry.lemma) for entry in entries):
        return noun
    return entries[0].lemma if entries else ""


def _first(beginning: str) -> str:
    """The word that stands at the beginning of a compound, without its linking element: "Raketen" → "Rakete", "Erd" → "Erde"."""
    noun = beginning[0].upper() + beginning[1:]
    for link in LINKS:
        stem = noun.removesuffix(link)
        if noun.endswith(link) and len(stem) >= _SHORTEST_FIRST and (found := _base(stem)):
            return found
    if found := _base(noun + "e"):
        return found
    small = noun.lower()
    return next((each for each in (small, small + "en", small + "n") if verbs.has(each, german_words())), "")
