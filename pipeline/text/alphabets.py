"""Which languages are written with the letters of a word, other than Latin ones: its inflection is one of theirs, never German."""

from __future__ import annotations

from typing import NamedTuple


class Alphabet(NamedTuple):
    """Letters from `first` to `last`, what they are called, and the languages (ISO 639-1) that are written with them, the most likely before the others."""

    first: str
    last: str
    name: str
    languages: tuple[str, ...]
    # Of a word of a rule that names none of them. Bulgarian and Macedonian reports are rare, and their nouns have few forms.
    assumed: tuple[str, ...]


ALPHABETS = (
    Alphabet("\u0370", "\u03ff", "Greek", ("el",), ("el",)),
    Alphabet("\u0400", "\u052f", "Cyrillic", ("ru", "uk", "bg", "mk", "sr", "be", "kk", "ky", "tg", "mn"), ("ru", "uk")),
    Alphabet("\u0531", "\u058f", "Armenian", ("hy",), ("hy",)),
    Alphabet("\u0590", "\u05ff", "Hebrew", ("he", "yi"), ("he",)),
    Alphabet("\u0600", "\u06ff", "Arabic", ("ar", "fa", "ur", "ps", "ckb", "ug"), ("ar",)),
    Alphabet("\u0900", "\u097f", "Devanagari", ("hi", "mr", "ne"), ("hi",)),
    Alphabet("\u0d00", "\u0d7f", "Malayalam", ("ml",), ("ml",)),
    Alphabet("\u10a0", "\u10ff", "Georgian", ("ka",), ("ka",)),
    Alphabet("\u1f00", "\u1fff", "Greek", ("el",), ("el",)),
)
# Letters that only one of the languages of an alphabet has.
_TELLING = {**dict.fromkeys("ыэёъ", "ru"), **dict.fromkeys("іїєґ", "uk"), **dict.fromkeys("\u067e\u0686\u0698\u06af\u06a9\u06cc", "fa")}


def alphabet_of(word: str) -> Alphabet | None:
    """The alphabet of the word's first letter; None for Latin letters, for scripts that are no alphabet, and for words without letters."""
    letter = next(filter(str.isalpha, word), "")
    return next((each for each in ALPHABETS if each.first <= letter <= each.last), None) if letter else None


def writing(word: str, languages: tuple[str, ...]) -> tuple[str, ...]:
    """Those of `languages` that are written like the word, or if none is, those that probably are; `languages` themselves for Latin letters."""
    alphabet = alphabet_of(word)
    if alphabet is None:
        return languages
    named = tuple(each for each in languages if each in alphabet.languages)
    told = tuple(dict.fromkeys(_TELLING[letter] for letter in word.lower() if letter in _TELLING))
    return named or told or alphabet.assumed
