"""The words of an article as Elasticsearch keeps them: `news.terms`.

They are the keys the stream matcher looks words up by, so that a search in Kibana and a rule cannot disagree: folded forms, the parts of hyphenated
words, the heads of German compounds, and pairs of characters in scripts without blanks.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from pipeline.lexicon.compounds import heads
from pipeline.lexicon.remembered import Remembered
from pipeline.lexicon.store import german_words
from pipeline.text.folding import fold
from pipeline.text.tokens import Analysed

# A news article has 200 to 2,000 distinct words; what is longer than a keyword may be in the index is no word.
MAX_TERMS = 10_000
MAX_TERM_CHARACTERS = 100


def terms(analysed: Iterable[Analysed], *, compounds: bool = True) -> tuple[str, ...]:
    """The distinct keys of all the texts, with the heads of their German compounds, sorted; () for texts without words.

    A head in an inflected form stands beside its base form. Beyond 10,000 the longest stay, for they tell most.
    """
    found: set[str] = set().union(*(read.keys() for read in analysed))
    if compounds:
        found.update(*map(_HEADS.__getitem__, tuple(found)))
    if max(map(len, found), default=0) > MAX_TERM_CHARACTERS:
        found = {each for each in found if len(each) <= MAX_TERM_CHARACTERS}
    kept = sorted(found)
    if len(kept) > MAX_TERMS:
        kept = sorted(sorted(kept, key=len, reverse=True)[:MAX_TERMS])
    return tuple(kept)


def _heads_and_bases(word: str) -> tuple[str, ...]:
    """The heads of the compound that the word is, and their base forms."""
    found = heads(word)
    return tuple(dict.fromkeys((*found, *(base for head in found for base in _bases(head)))))


_HEADS = Remembered(_heads_and_bases, longest=MAX_TERM_CHARACTERS)


@lru_cache(maxsize=50_000)
def _bases(head: str) -> tuple[str, ...]:
    """The base forms of a noun, folded: by the dictionary, else by the dictionary's forms of its own head ("raketentests": "raketentest")."""
    known = _nouns(head)
    if known:
        return known
    for tail in heads(head):
        if lent := _nouns(tail):
            return tuple(head[: -len(tail)] + each for each in lent)
    return ()


def _nouns(word: str) -> tuple[str, ...]:
    entries = german_words().entries(word)
    return tuple(dict.fromkeys(fold(entry.lemma) for entry in entries if entry.form[0].isupper() and entry.lemma[0].isupper()))
