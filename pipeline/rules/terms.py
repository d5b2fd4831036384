"""The words of an article as Elasticsearch keeps them: `news.terms`.

They are the keys the stream matcher looks words up by, so that a search in Kibana and a rule cannot disagree: folded forms, the parts of hyphenated
words, and pairs of characters in scripts without blanks.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.text.tokens import Analysed

# A news article has 200 to 2,000 distinct words; what is longer than a keyword may be in the index is no word.
MAX_TERMS = 10_000
MAX_TERM_CHARACTERS = 100


def terms(analysed: Iterable[Analysed]) -> tuple[str, ...]:
    """The distinct keys of all the texts, sorted; () for texts without words. Beyond 10,000 the longest stay, for they tell most."""
    found: set[str] = set().union(*(read.keys() for read in analysed))
    kept = sorted(each for each in found if len(each) <= MAX_TERM_CHARACTERS)
    if len(kept) > MAX_TERMS:
        kept = sorted(sorted(kept, key=len, reverse=True)[:MAX_TERMS])
    return tuple(kept)
