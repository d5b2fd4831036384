"""Words in capitals: what is an acronym, what is only written loudly, and which of them are another word when written small."""

from __future__ import annotations

from functools import cache

from pipeline.lexicon.lists import lines
from pipeline.lexicon.store import german_words
from pipeline.lexicon.verbs import has
from pipeline.text.folding import fold

# A word in capitals of at least so many letters that the dictionary has as a noun is a noun written loudly ("BRAND", "UNFALL").
_SHORTEST_LOUD_WORD = 5
# "AfD", "BfV", "GmbH"; longer mixtures are names ("McDonalds").
_LONGEST_MIXED = 5
# Texts in every language quote German and English, and rules without languages are German.
_ALWAYS = ("de", "en")


def is_acronym(word: str) -> bool:
    """Whether `word` is an abbreviation by its capitals. "EU-Gipfel" is not: its last part inflects."""
    if not word[:1].isalpha() or len(word) < 2:
        return False
    if word.isupper():
        return quiet(word) == word
    return "-" not in word and len(word) <= _LONGEST_MIXED and sum(each.isupper() for each in word) >= 2


def quiet(word: str) -> str:
    """A noun written loudly as it is written usually ("RAKETEN-TEST" → "Raketen-Test"); other words as they are."""
    parts = word.split("-")
    if word.isupper() and len(parts[-1]) >= (2 if len(parts) > 1 else _SHORTEST_LOUD_WORD) and all(_is_loud(each) for each in parts):
        return "-".join(each.capitalize() for each in parts)
    return word


def _is_loud(part: str) -> bool:
    return len(part) > 3 and not has(part, german_words()) and any(entry.form.istitle() for entry in german_words().entries(part))


def forms(word: str) -> frozenset[str]:
    """The acronym, and with s, unless it ends in one or that makes another word: "ISS" is no plural of "IS", and "uns" none of "UN"."""
    plural = word + "s"
    return frozenset({word} if word[-1] in "sS" or is_strict(plural, ()) else {word, plural})


def is_strict(word: str, languages: tuple[str, ...]) -> bool:
    """Whether the acronym, written small, is a function word of German, English or one of `languages`, or any small word of German."""
    small = fold(word)
    if any(small in _function_words().get(language, ()) for language in (*_ALWAYS, *languages)):
        return True
    return any(entry.form == word.lower() and entry.lemma.islower() for entry in german_words().entries(word))


@cache
def _function_words() -> dict[str, frozenset[str]]:
    rows = (line.split("\t") for line in lines("function_words.tsv"))
    return {language: frozenset(fold(word) for word in listed.split()) for language, listed in rows}
