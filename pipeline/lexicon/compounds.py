"""Compounds as articles bring them: whether a word ends in another one. Asked for every word of every article, so from compact tries only.

What makes a good cut stands in `cutting`. All words here are folded (`pipeline.text.folding`).
"""

from __future__ import annotations

from functools import lru_cache

from pipeline.lexicon.cutting import MAX_CHARACTERS, SHORTEST_FIRST, SHORTEST_HEAD
from pipeline.lexicon.lists import listed
from pipeline.lexicon.store import german_cutter, german_words

_CACHED_WORDS = 200_000


@lru_cache(maxsize=_CACHED_WORDS)
def heads(word: str) -> tuple[str, ...]:
    """Every proper ending of the folded `word` that is a plausible compound head, longest first; () for none.

    For "hyperschallraketentests" that is "raketentests" and "tests". A head is known to the lexicon, or is a compound of known words itself;
    whether it can ever be returned says `is_known_head`.
    """
    return german_cutter().heads(word)


def is_known_head(word: str) -> bool:
    """Whether `heads` can ever return the folded `word`: it is in the lexicon, or a compound of words that are."""
    return german_cutter().knows(word) or bool(heads(word))


def is_head(word: str, head: str) -> bool:
    """Whether `word` is a compound that ends in `head`, for heads that no lexicon knows, such as names. Both folded."""
    return not refusal(word, head)


@lru_cache(maxsize=10_000)
def refusal(word: str, head: str) -> str:
    """Why the folded `word` is no compound with this head, in words; "" when it is one."""
    if not word.endswith(head):
        return f"{word} does not end in {head}"
    rest = word[: len(word) - len(head)]
    if not rest:
        return f"{word} is no longer than {head}"
    if len(word) > MAX_CHARACTERS:
        return f"{word[:20]}… is too long for a word"
    if rest in listed("not_first.txt"):
        return f"{rest}- is a prefix, preposition or particle, so {word} is another word than {head}"
    if len(rest) < SHORTEST_FIRST and rest not in listed("combining.txt"):
        return f"{rest}- has fewer than {SHORTEST_FIRST} letters"
    if not splits(rest):
        return f"{rest}- is no word, nor made of words, that may begin a compound"
    if is_known_head(head) and head not in heads(word):
        return f"{word} is listed as another word, or {head} belongs to a longer word in it"
    return ""


@lru_cache(maxsize=10_000)
def splits(rest: str) -> bool:
    """Whether the folded `rest` is one to three words that may begin a compound, with their linking elements."""
    return len(rest) <= MAX_CHARACTERS and german_cutter().splits(rest)


@lru_cache(maxsize=10_000)
def rest_is_word(rest: str) -> bool:
    """Whether the folded `rest` of a word, after a rule's word as its beginning, is a word or a compound."""
    if not SHORTEST_HEAD <= len(rest) <= MAX_CHARACTERS or rest in listed("not_head.txt"):
        return False
    return is_known_head(rest) or (len(rest) > SHORTEST_HEAD and any(entry.form.isalpha() for entry in german_words().entries(rest)))
