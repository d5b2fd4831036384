"""How a keyword may be spelled in a text: the compiler of words, section by section what `Spelling` holds.

Languages decide whose inflection applies. ("und",) or none inflects as German and keeps the word as written, for rules without languages are
German first; a word in other letters than Latin ones inflects in the languages that are written with them. A language without a dictionary adds the
word as written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pipeline.lexicon import acronyms, derivations, foreign, german
from pipeline.lexicon.compounds import is_known_head
from pipeline.lexicon.membership import languages_of
from pipeline.lexicon.paradigms import Paradigm
from pipeline.lexicon.parts import parts
from pipeline.rules.compiled import Spelling
from pipeline.rules.model import Derivation
from pipeline.text.alphabets import alphabet_of, writing
from pipeline.text.folding import fold

# Heads are matched without being asked for from this length on: shorter words end many others by chance.
SHORTEST_HEAD_BY_DEFAULT = 5
# So short acronyms are other words when they are written small, in German quotations of other languages at least ("un", "eu").
_LONGEST_CAPITAL_ACRONYM = 2
# Shorter Arabic words with a letter before them are too often others.
_SHORTEST_PREFIXED = 3
_UNDETERMINED = ("", "und")
# Until 1996 German wrote two of three equal consonants before a vowel ("Schiffahrt"); some still do.
_THREE_ALIKE = re.compile(r"([b-df-hj-np-tv-z])(?<!\1\1)\1\1(?=[aeiouy])")


@dataclass(frozen=True)
class Form:
    """One spelling of a keyword: as it is written and folded, where it comes from, and in words what else must hold."""

    surface: str
    folded: str
    origin: str
    guards: tuple[str, ...] = ()


@lru_cache(maxsize=20_000)
def spelling(
    word: str,
    languages: tuple[str, ...],
    *,
    exact: bool = False,
    inflect: bool = True,
    head: bool | None = None,
    modifier: bool = False,
    derive: tuple[Derivation, ...] = (),
) -> Spelling:
    """All spellings of the keyword `word`, one word without blanks, for texts in `languages`.

    `exact`: as written, capitals included. `inflect` false: as written, in any case, and in compounds only if `head` or `modifier` asks for it.
    `head` None: from five letters on, but neither for acronyms nor for names that no dictionary has. `capital` and `never` hold for the endings of compounds as well.
    Raises OSError when the dictionaries can be kept nowhere (`pipeline.lexicon.folder`).
    """
    folded = frozenset({fold(word)})
    if exact:
        return Spelling(forms=folded, strict=frozenset({word}))
    articles, languages = "ar" not in languages, writing(word, languages)
    acronym = acronyms.is_acronym(word)
    paradigms = (*_paradigms(word, languages, inflect, acronym), *_derived(word, languages, derive))
    forms = frozenset(fold(form) for each in paradigms for form in each.forms) | folded
    if inflect and has_german(languages):
        forms |= {_until_1996(form) for form in forms}
    if inflect and "\u0620" <= word[0] <= "\u06ff":
        forms |= _with_arabic_prefixes(forms, articles=articles)
    by_default = (
        inflect and not acronym and len(word) >= SHORTEST_HEAD_BY_DEFAULT and not is_unknown_name(word) and alphabet_of(word) is None
    )
    return Spelling(
        forms=forms,
        capital=_capital(word, languages, paradigms),
        small=_small(word, languages) if inflect and not acronym else frozenset(),
        strict=acronyms.forms(word) if acronym and acronyms.is_strict(word, languages) else frozenset(),
        never=_never(paradigms),
        heads=forms if (by_default if head is None else head) else frozenset(),
        modifiers=_modifiers(word, forms) if modifier else frozenset(),
        separated=frozenset(pair for each in paradigms for pair in each.separated),
        noun=paradigms[0].noun and not derive,
    )


@lru_cache(maxsize=20_000)
def is_unknown_name(word: str) -> bool:
    """Whether the word is written like a name and the German lexicon lacks it; words that other languages write small are none ("Swatting").

    Such a name stands inside another word by chance: "Rasputin" is no Putin.
    """
    quiet = acronyms.quiet(word)
    if not quiet[:1].isupper() or is_known_head(fold(quiet)):
        return False
    return bool(languages_of(quiet)) or not languages_of(quiet.lower())


def _paradigms(word: str, languages: tuple[str, ...], inflect: bool, acronym: bool) -> tuple[Paradigm, ...]:
    if not inflect:
        return (Paradigm(frozenset({word}), "as written", noun=word[:1].isupper()),)
    if acronym:
        return (Paradigm(acronyms.forms(word), "acronym"),)
    return tuple(_by_language(word, languages))


def _by_language(word: str, languages: tuple[str, ...]) -> Iterator[Paradigm]:
    if has_german(languages):
        yield german.paradigm(acronyms.quiet(word))
    for language in languages:
        if language != "de" and language not in _UNDETERMINED:
            yield foreign.paradigm(word, language)


def _derived(word: str, languages: tuple[str, ...], derive: tuple[Derivation, ...]) -> Iterator[Paradigm]:
    if has_german(languages):
        for kind in derive:
            for each in derivations.derived(acronyms.quiet(word), kind):
                yield replace(german.paradigm(each), origin=f"derived: {kind}")


def described(
    word: str,
    languages: tuple[str, ...],
    *,
    exact: bool = False,
    inflect: bool = True,
    head: bool | None = None,
    modifier: bool = False,
    derive: tuple[Derivation, ...] = (),
) -> tuple[Form, ...]:
    """Every form of `spelling` with the same arguments, sorted: where it comes from and what else must hold, for people."""
    compiled = spelling(word, languages, exact=exact, inflect=inflect, head=head, modifier=modifier, derive=derive)
    if exact:
        return (Form(word, fold(word), "exact", ("only in exactly this spelling",)),)
    languages = writing(word, languages)
    paradigms = (*_paradigms(word, languages, inflect, acronyms.is_acronym(word)), *_derived(word, languages, derive))
    found: dict[str, Form] = {}
    for each in paradigms:
        for surface in sorted(each.forms):
            found.setdefault(surface, Form(surface, fold(surface), each.origin, tuple(_guards(surface, compiled))))
    for form in {fold(word), *(each.folded for each in found.values())} if inflect and has_german(languages) else ():
        if (old := _until_1996(form)) != form:
            found.setdefault(old, Form(old, old, "spelling until 1996"))
    return tuple(found[surface] for surface in sorted(found))


def _until_1996(form: str) -> str:
    return _THREE_ALIKE.sub(r"\1\1", form)


def _guards(surface: str, compiled: Spelling) -> Iterator[str]:
    if compiled.strict:
        yield f"only in exactly this spelling: {surface.lower()} is a word of its own"
    if fold(surface) in compiled.capital:
        twin = german.small_word(surface)
        yield f"needs a capital: {twin or surface.lower()} is another word"
    if fold(surface) in compiled.small:
        yield f"not with a capital inside a sentence: {surface.capitalize()} is another word"
    other = german.sharp_s().get(surface.lower(), "")
    if other in compiled.never:
        yield f"not when written {other}: that is another word"


def parts_of(word: str, languages: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The two parts of a German compound, each as the keywords it may be said with: (("Rakete",), ("Test", "testen")); () for other words."""
    if not has_german(languages):
        return ()
    first, head, verb = parts(acronyms.quiet(word))
    said = tuple(each for each in (head, verb) if each)
    return ((first,), said) if first and said else ()


def has_german(languages: tuple[str, ...]) -> bool:
    """Whether words are inflected as German: for rules of German, and for those without a language."""
    return "de" in languages or all(language in _UNDETERMINED for language in languages)


def _capital(word: str, languages: tuple[str, ...], paradigms: tuple[Paradigm, ...]) -> frozenset[str]:
    """Forms of German nouns that are another word when written small, unless another language has them as forms, too; and short acronyms."""
    if len(word) <= _LONGEST_CAPITAL_ACRONYM and acronyms.is_acronym(word) and not acronyms.is_strict(word, languages):
        return frozenset(fold(form) for each in paradigms for form in each.forms)
    guarded: set[str] = set()
    free: set[str] = set()
    for each in paradigms:
        if each.noun:
            guarded |= {fold(form) for form in each.forms if german.small_word(form)}
        elif not any(foreign.needs_capital(word, language) for language in languages if language != "de"):
            free |= {fold(form) for form in each.forms}
        else:
            guarded.add(fold(word))
    return frozenset(guarded - free)


def _small(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    """Forms of a German verb or adjective that are a noun when written with a capital, unless another language has them as forms, too."""
    if not has_german(languages):
        return frozenset()
    foreign_languages = [each for each in languages if each != "de" and each not in _UNDETERMINED]
    free = {fold(form) for language in foreign_languages for form in foreign.paradigm(word, language).forms}
    return german.noun_twins(word) - free


def _never(paradigms: tuple[Paradigm, ...]) -> frozenset[str]:
    own = {form.lower() for each in paradigms for form in each.forms}
    others = {german.sharp_s()[form] for form in own & german.sharp_s().keys()}
    return frozenset(others - own)


_AND, _THE, _FOR_THE = "\u0648", "\u0627\u0644", "\u0644\u0644"
_BEFORE_THE = ("\u0628", "\u0643", "\u0641")


def _with_arabic_prefixes(forms: frozenset[str], *, articles: bool) -> frozenset[str]:
    """Arabic writes "and" as a part of the next word, and the article, too, which the dictionary of the language has among the forms; "in", "like", "so"
    and "for" stand before the article in the same way, the last one in its place."""
    long = {each for each in forms if len(each) >= _SHORTEST_PREFIXED}
    if articles:
        long |= {_THE + each for each in long if not each.startswith(_THE)}
    definite = {each for each in long if each.startswith(_THE) and len(each) - len(_THE) >= _SHORTEST_PREFIXED}
    long |= {before + each for each in definite for before in _BEFORE_THE} | {_FOR_THE + each.removeprefix(_THE) for each in definite}
    return frozenset(long | {_AND + each for each in long})


def _modifiers(word: str, forms: frozenset[str]) -> frozenset[str]:
    """The beginnings of compounds: the word and its forms, the word with a linking s, and without its last e ("Schul-")."""
    folded = fold(word)
    shortened = {folded[:-1]} if folded.endswith("e") and len(folded) > SHORTEST_HEAD_BY_DEFAULT - 1 else set()
    return forms | {folded + "s"} | shortened
