"""Whether a word stands in the dictionaries of several languages: what no dictionary has is more often a name.

One trie for all of them, built once on a machine from simplemma's data, afterwards mapped into memory and shared by all processes.
"""

from __future__ import annotations

from functools import cache
from itertools import chain
from pathlib import Path

import marisa_trie

from pipeline.lexicon.blocks import is_word, pairs
from pipeline.lexicon.folder import built

# What German and English reports quote most, and what names of films, firms and clubs are made of.
LANGUAGES = ("en", "fr", "it", "es")
_FILE = "membership.marisa"


def warm_up() -> None:
    """Maps the words, and builds the file if this machine has not yet, which takes some seconds."""
    _words()


def languages_of(word: str) -> str:
    """The codes of the languages, of `LANGUAGES`, whose dictionary has exactly this spelling, in that order without blanks; "" for none."""
    words = _words()
    return "".join(language for language in LANGUAGES if f"{word}\t{language}" in words)


@cache
def _words() -> marisa_trie.Trie:
    return marisa_trie.Trie().mmap(str(built("membership", _build) / _FILE))


def _build(folder: Path) -> None:
    keys = (f"{word}\t{language}" for language in LANGUAGES for word in chain.from_iterable(pairs(language)) if is_word(word))
    marisa_trie.Trie(keys).save(str(folder / _FILE))
