"""What is seen of one word: its spelling, and what the dictionaries know of it.

A German noun has a capital like a name. What tells them apart is that a noun stands in the dictionary with a plural, or ends in one that does,
while a name is missing there or has a genitive at most.
"""

from __future__ import annotations

import re
from functools import lru_cache

from pipeline.enrichers._names import first_names
from pipeline.lexicon import membership
from pipeline.lexicon.building import ENTRIES, PARADIGMS, SEPARATOR
from pipeline.lexicon.compounds import heads
from pipeline.lexicon.store import opened
from pipeline.text.folding import fold

_RUNS = re.compile(r"(.)\1+")
_LONGEST_SHAPE = 8
_SHORTEST_COMPOUND = 6
_PLURAL_ENDINGS = frozenset({"e", "er", "ern", "se", "nen"})
# Words return, and the parts of a sentence's words are asked for several times.
_CACHED_WORDS = 20_000
_CACHED_ENTRIES = 1_000
_NO_WORD = "mark"


@lru_cache(maxsize=_CACHED_WORDS)
def shape(word: str) -> str:
    """Capitals as X, small letters as x, digits as d, equal neighbours once, at most eight characters: "US-Präsident" → "X-Xx"."""
    kinds = "".join("X" if c.isupper() else "x" if c.isalpha() else "d" if c.isdigit() else c for c in word)
    return _RUNS.sub(r"\1", kinds)[:_LONGEST_SHAPE]


def signs(word: str, language: str) -> str:
    """What the dictionaries of `language` (de or en) know of the word, as one key; the same for words that look alike to them."""
    if not word[0].isalpha():
        return _NO_WORD
    return _german(word) if language == "de" else _english(word)


@lru_cache(maxsize=_CACHED_WORDS)
def elsewhere(word: str) -> str:
    """The other languages whose dictionaries have the word, written small, and written as it stands."""
    if not word[0].isalpha():
        return ""
    small = word.lower()
    return f"{membership.languages_of(small)}/{membership.languages_of(word) if word != small else ''}"


@lru_cache(maxsize=_CACHED_WORDS)
def _english(word: str) -> str:
    small = word.lower()
    known = "low" if "en" in membership.languages_of(small) else "lowplural" if _is_plural(small) else "unknown"
    if word == small:
        return f"small:{known}"
    return f"{known}+name" if "en" in membership.languages_of(word) else known


def _is_plural(small: str) -> bool:
    return small.endswith("s") and "en" in membership.languages_of(small[:-1])


@lru_cache(maxsize=_CACHED_WORDS)
def _german(word: str) -> str:
    folded = fold(word)
    entries = _entries(folded) if folded else []
    if word[0].islower():
        return _small(word, folded, entries)
    found = []
    if lemma := next((lemma for form, lemma in entries if form == word), ""):
        found.append(f"{'noun' if lemma[0].isupper() else 'verb'}{_plural(lemma)}{'=' if lemma == word else ''}")
    if any(form == word.lower() for form, _ in entries):
        found.append("low")
    return "|".join(found) or _unlisted(word, folded, entries)


def _small(word: str, folded: str, entries: list[tuple[str, str]]) -> str:
    known = "small" if any(form == word for form, _ in entries) else "smallcompound" if heads(folded) else "smallunknown"
    return f"{known}|noun" if any(form == word.capitalize() for form, _ in entries) else known


def _unlisted(word: str, folded: str, entries: list[tuple[str, str]]) -> str:
    """The sign of a capitalised word that no dictionary has as it stands."""
    if word.isupper() and any(form == word.capitalize() for form, _ in entries):
        return "capitals"
    if endings := heads(folded):
        lemma = next((lemma for form, lemma in _entries(endings[0]) if form[0].isupper()), "")
        return f"compound{_plural(lemma) if lemma else 'verb'}"
    is_genitive = word.endswith("s") and any(form == word[:-1] for form, _ in _entries(fold(word[:-1])))
    return "genitive" if is_genitive else "unknown"


@lru_cache(maxsize=_CACHED_ENTRIES)
def _entries(folded: str) -> list[tuple[str, str]]:
    """Forms and lemmas that are spelled like this."""
    split = (key.split(SEPARATOR) for key in opened_once(ENTRIES).iterkeys(folded + SEPARATOR))
    return [(form, lemma) for _, form, lemma in split]


@lru_cache(maxsize=_CACHED_WORDS)
def _plural(lemma: str) -> str:
    """Which endings the lemma takes: p for a plural, n for one in -n only, g for a genitive."""
    endings = {key[len(lemma) + 1 :].removeprefix(lemma) for key in opened_once(PARADIGMS).iterkeys(lemma + SEPARATOR)}
    has_plural = any(ending in _PLURAL_ENDINGS or ending[:1].isupper() for ending in endings)
    return f":{'p' if has_plural else 'n' if endings & {'n', 'en'} else ''}{'g' if endings & {'s', 'es'} else ''}"


opened_once = lru_cache(maxsize=None)(lambda name: opened("de", name))


def is_first_name(word: str) -> bool:
    """Whether a capitalised word is a first name, or a hyphenated one begins with one ("Hans-Werner")."""
    return word[0].isupper() and fold(word.partition("-")[0]) in first_names()


def ending_noun(word: str) -> str:
    """The last part of a German compound, folded; "" for what is none."""
    found = heads(fold(word)) if len(word) >= _SHORTEST_COMPOUND and word[0].isalpha() else ()
    return found[-1] if found else ""


def is_listed_word(word: str, language: str) -> bool:
    """Whether the dictionaries have the word itself as something other than a name; compounds of such words may be family names."""
    known = signs(word, language)
    is_other = is_common(word, language) or ":n" in known
    return is_other and not known.startswith("compound") and not is_first_name(word)


def is_common(word: str, language: str) -> bool:
    """Whether the dictionaries know the word as something other than a name: written small, with a plural, or as a compound."""
    known = signs(word, language)
    return any(sign in known for sign in ("low", ":p", "compound", "verb", "small"))
