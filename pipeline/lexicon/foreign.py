"""The forms of a word in languages other than German: of words of the shipped term sets as they are shipped, else from the dictionary."""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.lexicon import shipped
from pipeline.lexicon.paradigms import Paradigm
from pipeline.lexicon.store import Lexicon, dictionary_of, lexicon

# Languages that write compounds in one word: an unknown word inflects as its longest known ending of so many letters does.
_COMPOUNDING = frozenset({"nl", "sv", "da", "nb", "nn", "is", "lb", "fi", "et", "hu"})
_SHORTEST_LENDER = 4
_SHORTEST_BEGINNING = 2
# Languages in which a word the dictionary lacks may be expected to take s in the plural.
_PLURAL_S = frozenset({"en", "fr", "es", "pt"})


# Endings of infinitives and of their participles, which the dictionaries often list as adjectives.
_PARTICIPLES = {
    "fr": (("er", "é"), ("ir", "i"), ("re", "u")),
    "es": (("ar", "ado"), ("er", "ido"), ("ir", "ido")),
    "pt": (("ar", "ado"), ("er", "ido"), ("ir", "ido")),
    "it": (("are", "ato"), ("ere", "uto"), ("ire", "ito")),
    "en": (("", "ing"),),
}
_FEWEST_FORMS_OF_VERB = 3
# The Spanish dictionary has the two genders of these apart ("balístico", "balística").
_SPANISH_ADJECTIVE = re.compile(r"(\w+ic)[oa]s?")


@lru_cache(maxsize=10_000)
def paradigm(word: str, language: str) -> Paradigm:
    """The forms of `word` in `language`, itself among them; only itself when the language has no dictionary."""
    known = shipped.found(word, dictionary_of(language))
    return known.paradigm if known else looked_up(word, language)


def looked_up(word: str, language: str) -> Paradigm:
    """The same by the dictionary. The first word of a language takes seconds on a machine that has not built its dictionary yet."""
    words = lexicon(language)
    if words is None:
        return Paradigm(frozenset({word}), "as written")
    forms = _known(word, words)
    if forms:
        return Paradigm(forms | {word}, "lexicon")
    if words.language in _COMPOUNDING:
        for cut in range(_SHORTEST_BEGINNING, len(word) - _SHORTEST_LENDER + 1):
            lent = _known(word[cut:], words)
            if lent:
                return Paradigm(frozenset(word[:cut] + form for form in lent) | {word}, f"lent by {word[cut:]}")
    if words.language in _PLURAL_S and word.isalpha() and word[-1:].lower() not in "sxz":
        return Paradigm(frozenset({word, word + "s"}), "unknown word: plural s")
    return Paradigm(frozenset({word}), "as written")


def _known(word: str, words: Lexicon) -> frozenset[str]:
    """All forms of the lemmas spelled like `word`, accents and capitals as written if the dictionary has that; else of those it is a form of."""
    entries = words.entries(word)
    for wanted in (word, word.lower(), None):
        spelled = {each for entry in entries for each in entry if wanted in (None, each)}
        base = {each for each in spelled & set(words.lemmas(word)) if words.forms_of(each)}
        lemmas = base or {entry.lemma for entry in entries if wanted in (None, entry.form)}
        if lemmas:
            return frozenset(form for lemma in lemmas for form in _forms(lemma, words))
    return frozenset()


def _forms(lemma: str, words: Lexicon) -> set[str]:
    """The forms of a lemma; in languages whose participles inflect, with those of its participles."""
    forms = {lemma, *words.forms_of(lemma)}
    for infinitive, participle in _PARTICIPLES.get(words.language, ()):
        made = lemma.removesuffix(infinitive) + participle
        if lemma.endswith(infinitive) and len(forms) >= _FEWEST_FORMS_OF_VERB and (words.language != "en" or lemma + "ed" in forms):
            forms |= {entry.form for entry in words.entries(made) if entry.form == made}
    if (
        words.language == "es"
        and (stem := _SPANISH_ADJECTIVE.fullmatch(lemma))
        and words.entries(stem[1] + "o")
        and words.entries(stem[1] + "a")
    ):
        forms |= {stem[1] + ending for ending in ("o", "a", "os", "as")}
    if words.language in _PARTICIPLES:
        forms |= {each for form in forms for each in words.forms_of(form)}
    return forms


def needs_capital(word: str, language: str) -> bool:
    """Whether `word` is a name that is another word when written small ("Turkey")."""
    if not word.istitle():
        return False
    known = shipped.found(word, dictionary_of(language))
    return known.needs_capital if known else is_also_small(word, language)


def is_also_small(word: str, language: str) -> bool:
    """The same by the dictionary."""
    words = lexicon(language) if word.istitle() else None
    if words is None:
        return False
    forms = {entry.form for entry in words.entries(word)}
    return word in forms and word.lower() in forms
