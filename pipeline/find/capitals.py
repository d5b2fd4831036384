"""Verbs and adjectives that are a noun when they begin with a capital inside a German sentence: "griff … an", but "der Griff"."""

from __future__ import annotations

from bisect import bisect_left

from pipeline.rules.spellings import Spelled
from pipeline.text.tokens import Analysed

_BEFORE_FIRST_WORD = " \t\n\xa0\xad\u200b\u2060\ufeff\"'“”„‚‘’«»‹›()[]*•"
# A sentence may begin behind these, too: "Er sagte: Greift an", "BERLIN (dpa) – Griff er an, …".
_OPENS_SENTENCE = frozenset(":–—+|")
# Headlines with a capital on each word: so many others at least, of at least so many letters, and none of them small.
_LEAST_OTHER_WORDS = 4
_LEAST_LETTERS = 4


def capital_refusal(read: Analysed, spelling: Spelled, form: str, start: int, end: int, *, head: bool = False) -> str:
    """Why the word from `start` to `end`, whose folded form is `form`, is a noun and not the verb or adjective meant; "" when it may be that.

    `head`: only its ending has the form. Compounds that begin with a capital are nouns at the beginning of a sentence, too.
    """
    if form not in spelling.small:
        return ""
    surface = read.text[start:end]
    if not surface[:1].isupper() or surface.isupper():
        return ""
    token = max(0, bisect_left(read.starts, start + 1) - 1)
    first, last = read.sentences[read.sentence_of(token)]
    if _begins(read.text[first:start]):
        return f"{surface!r} begins with a capital, and so it is a compound noun" if head else ""
    return "" if _is_title(read, first, last, token) else f"{surface!r} begins with a capital inside a sentence, and so it is a noun"


def _begins(before: str) -> bool:
    """Whether nothing but signs stands before a word in its sentence, or what a sentence may begin behind."""
    closing = before.rstrip(_BEFORE_FIRST_WORD)
    return closing[-1:] in _OPENS_SENTENCE or not any(map(str.isalnum, closing))


def _is_title(read: Analysed, first: int, last: int, token: int) -> bool:
    around = range(bisect_left(read.starts, first), bisect_left(read.starts, last))
    others = [surface for each in around if each != token and len(surface := read.surface(each)) >= _LEAST_LETTERS]
    return len(others) >= _LEAST_OTHER_WORDS and all(each[0].isupper() for each in others)
