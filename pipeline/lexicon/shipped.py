"""The forms of all words of the shipped term sets, so that a rule with a set needs no foreign dictionary.

`words/shipped_forms.tsv` says what `foreign` would say. `python -m pipeline.rules.term_sets.build` makes it; a test compares it with the dictionaries.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from os.path import commonprefix
from typing import NamedTuple

from pipeline.lexicon.lists import lines
from pipeline.lexicon.paradigms import Paradigm

FILE = "shipped_forms.tsv"
_SEPARATOR, _NOTHING, _NEEDS_CAPITAL = "\t", "-", "capital"


class Shipped(NamedTuple):
    """What is known of one word of one language."""

    language: str
    word: str
    paradigm: Paradigm
    needs_capital: bool


def found(word: str, language: str) -> Shipped | None:
    """What is shipped of the word, written exactly so; None for other words. `language` is a dictionary's code."""
    return _all().get((language, word))


def line(each: Shipped) -> str:
    """One line of the file: language, word, whether it needs a capital, origin, how all forms begin, how each goes on."""
    stem = commonprefix(sorted(each.paradigm.forms))
    endings = " ".join(form[len(stem) :] or _NOTHING for form in sorted(each.paradigm.forms))
    capital = _NEEDS_CAPITAL if each.needs_capital else _NOTHING
    return _SEPARATOR.join((each.language, each.word, capital, each.paradigm.origin, stem or _NOTHING, endings))


def read(written: Iterable[str]) -> Iterable[Shipped]:
    """The records of lines as `line` writes them. Raises ValueError for others."""
    for each in written:
        language, word, capital, origin, stem, endings = each.split(_SEPARATOR)
        beginning = "" if stem == _NOTHING else stem
        forms = frozenset(beginning + ("" if ending == _NOTHING else ending) for ending in endings.split(" "))
        yield Shipped(language, word, Paradigm(forms, origin), capital == _NEEDS_CAPITAL)


@cache
def _all() -> dict[tuple[str, str], Shipped]:
    return {(each.language, each.word): each for each in read(lines(FILE))}
