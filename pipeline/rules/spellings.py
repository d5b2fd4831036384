"""Spellings of one word: as the lexicon gives them, and as they travel and are looked for, equal ones as one object.

100,000 rules have far fewer different words than words, and most words have nothing but forms.
"""

from __future__ import annotations

import sys

import msgspec


class Spelling(msgspec.Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How one word of a rule may stand in a text. All but `strict` and `never` is folded (`pipeline.text.folding`).

    `forms`: whole words. `capital`: those of them that need a capital first letter, because the small spelling is another word ("kriegen").
    `small`: those of them that must not begin with a capital inside a German sentence, because there they are a noun ("Griff" for angreifen).
    `strict`: if there are any, the word must stand exactly so ("IS"). `never`: lower-case spellings with ß or ss that are another word ("masse"
    for Maße); texts in capitals and Swiss publishers write both alike. `heads`: forms that count as the head of a longer compound, too.
    `modifiers`: beginnings of compounds whose rest must be a word. `separated`: verb form and particle that stand apart ("stürzt … ab").
    `noun`: it is a German noun, and so its last part is none where it stands by itself as a small verb ("Raketen starten").
    """

    forms: frozenset[str]
    capital: frozenset[str] = frozenset()
    small: frozenset[str] = frozenset()
    strict: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()
    heads: frozenset[str] = frozenset()
    modifiers: frozenset[str] = frozenset()
    separated: frozenset[tuple[str, str]] = frozenset()
    noun: bool = False


class Spelled(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A `Spelling` in sorted tuples. `head`: all forms count as the head of a compound.

    `unknown_heads`: those that no article's words are cut at by themselves, because the lexicon does not know them; `unknown_ends`: their last
    `END_CHARACTERS`, empty when one is shorter. `guarded`: a place with one of the forms may be another word. `hidden`: the word may stand where
    none of its forms is a key of the text. `sign`, `sign_before`: they must stand beside it (`pipeline.rules.signs`). `number`: it begins or ends with
    a digit, and so it must not be a piece of a longer number. `closed`: in one piece, without blank or hyphen.
    """

    forms: tuple[str, ...]
    head: bool = False
    capital: tuple[str, ...] = ()
    small: tuple[str, ...] = ()
    strict: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    modifiers: tuple[str, ...] = ()
    separated: tuple[tuple[str, str], ...] = ()
    unknown_heads: tuple[str, ...] = ()
    unknown_ends: tuple[str, ...] = ()
    guarded: bool = False
    hidden: bool = False
    noun: bool = False
    sign: str = ""
    sign_before: str = ""
    number: bool = False
    closed: bool = False

    @property
    def heads(self) -> tuple[str, ...]:
        """The forms that count as the head of a longer compound."""
        return self.forms if self.head else ()


END_CHARACTERS = 4


def spelled(spelling: Spelling, unknown_heads: frozenset[str] = frozenset()) -> Spelled:
    """`spelling` as it travels."""
    long = all(len(each) >= END_CHARACTERS for each in unknown_heads)
    return Spelled(
        forms=tuple(sorted(spelling.forms)),
        head=bool(spelling.heads),
        capital=tuple(sorted(spelling.capital)),
        small=tuple(sorted(spelling.small)),
        strict=tuple(sorted(spelling.strict)),
        never=tuple(sorted(spelling.never)),
        modifiers=tuple(sorted(spelling.modifiers)),
        separated=tuple(sorted(spelling.separated)),
        unknown_heads=tuple(sorted(unknown_heads)),
        unknown_ends=tuple(sorted({each[-END_CHARACTERS:] for each in unknown_heads})) if long else (),
        guarded=bool(spelling.capital or spelling.small or spelling.never or spelling.strict),
        hidden=bool(unknown_heads or spelling.separated or spelling.modifiers),
        noun=spelling.noun,
    )


_MOST_SHARED = 500_000
_POOL: dict[Spelled, Spelled] = {}


def shared(found: Spelled) -> Spelled:
    """The one object for all that equal this one. Its words are interned, as are those of `interned`."""
    known = _POOL.get(found)
    if known is not None:
        return known
    if len(_POOL) >= _MOST_SHARED:
        _POOL.clear()
    forms = interned(found.forms)
    small = msgspec.structs.replace(
        found,
        forms=forms,
        capital=forms if found.capital == forms else interned(found.capital),
        small=forms if found.small == forms else interned(found.small),
        modifiers=interned(found.modifiers),
        unknown_heads=forms if found.unknown_heads == forms else interned(found.unknown_heads),
        unknown_ends=interned(found.unknown_ends),
    )
    _POOL[small] = small
    return small


def interned(words: tuple[str, ...]) -> tuple[str, ...]:
    """The same words, each as the one object that all equal strings share."""
    return tuple(map(sys.intern, words))
