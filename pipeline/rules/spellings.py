"""Equal spellings as one object: 100,000 rules have far fewer different words than words, and each word's spellings take kilobytes."""

from __future__ import annotations

import sys

import msgspec


class Spelling(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How one word of a rule may stand in a text. All but `strict` and `never` is folded (`pipeline.text.folding`).

    `forms`: whole words. `capital`: those of them that need a capital first letter, because the small spelling is another word ("kriegen").
    `strict`: if there are any, the word must stand exactly so ("IS"). `never`: lower-case spellings with ß or ss that are another word ("masse"
    for Maße); texts in capitals and Swiss publishers write both alike. `heads`: forms that count as the head of a longer compound, too.
    `modifiers`: beginnings of compounds whose rest must be a word. `separated`: verb form and particle that stand apart ("stürzt … ab").
    `unknown_heads`: those of `heads` that no article's words are cut at by themselves, because the lexicon does not know them.
    """

    forms: frozenset[str]
    capital: frozenset[str] = frozenset()
    strict: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    modifiers: frozenset[str] = frozenset()
    separated: frozenset[tuple[str, str]] = frozenset()
    unknown_heads: frozenset[str] = frozenset()


_MOST_SHARED = 500_000
_POOL: dict[Spelling, Spelling] = {}


def shared(spelling: Spelling) -> Spelling:
    """The one object for all spellings that equal this one. Its words are interned, as are those of `interned`."""
    found = _POOL.get(spelling)
    if found is not None:
        return found
    if len(_POOL) >= _MOST_SHARED:
        _POOL.clear()
    forms = _interned(spelling.forms)
    small = msgspec.structs.replace(
        spelling,
        forms=forms,
        capital=_interned(spelling.capital),
        heads=forms if spelling.heads == forms else _interned(spelling.heads),
        modifiers=_interned(spelling.modifiers),
        unknown_heads=forms if spelling.unknown_heads == forms else _interned(spelling.unknown_heads),
    )
    _POOL[small] = small
    return small


def _interned(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(sys.intern, words))


def interned(words: tuple[str, ...]) -> tuple[str, ...]:
    """The same words, each as the one object that all equal strings share."""
    return tuple(map(sys.intern, words))
