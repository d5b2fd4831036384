"""What is wrong with one word, pattern or value of a rule, in words for the person who wrote it; an empty text when nothing is.

Rule files and the query language ask here, so that both refuse the same things in the same words.
"""

from __future__ import annotations

import re

from pipeline.find.patterns import Unusable, regex_anchors, regex_pattern, wildcard_anchors, wildcard_pattern
from pipeline.located import nearest
from pipeline.rules.model import Place
from pipeline.rules.signs import SIGNS
from pipeline.text.language_codes import normalise_code
from pipeline.text.tokens import analyse

MAX_TERM_CHARACTERS = 300
MAX_NESTING = 8
MAX_CLAUSES = 5_000
MAX_SLOP = 20
MAX_WITHIN = 100
MAX_NEAR = 8
MAX_VALUES = 500

LANGUAGE = r"[a-z]{2,3}(-[a-z]{2,4})?"
# Besides what publishers can declare: texts whose language nobody knows, and Chinese of either script.
_LANGUAGES_TOO = ("und", "zh")
COUNTRY = r"[A-Z]{2}"
ENTITY = r"[a-z]+:\S+"
HOST = r"[\w-]+(\.[\w-]+)*"

_VALUES: dict[Place, tuple[str, str]] = {
    "country": (COUNTRY, "a country code of two capitals such as KP"),
    "entity": (ENTITY, "the id of an entity such as iso:KP, or type:place"),
    "site": (HOST, "a host without scheme or path such as tagesblatt.example"),
    "story_size": (r"[0-9]{1,6}", "a whole number such as 3"),
    "tier": (r"[1-9]", "a tier from 1 to 9"),
}


def term_fault(term: str) -> str:
    """Why nothing can be looked up by this term or phrase."""
    if len(term) > MAX_TERM_CHARACTERS:
        return f"{term[:40]!r}… has {len(term)} characters; a term has at most {MAX_TERM_CHARACTERS}"
    if not any(analyse(term).forms):
        return f"{term!r} has no word that could be looked up (addresses and punctuation are not searched)"
    return ""


_OPERATOR_BEFORE = re.compile(r'[-+^~"=*?!](?=[^\W\d_])')
_OPERATOR_AFTER = re.compile(r'([+^~*"])[+^~*"]*[0-9.]*$')
_WRITE_INSTEAD = {
    "+": "a term that may also be the first part of a compound is {{term: {word}, compound: [head, modifier]}}",
    "-": "what must not be there stands under `none`",
    "!": "what must not be there stands under `none`",
    "*": "a word with a wildcard is {{wildcard: {word}*}}",
    "?": "a word with a wildcard is {{wildcard: …}}",
    '"': "words in this order are {{phrase: …}}",
    "=": "a word as it is written is {{term: {word}, exact: true}}",
    "~": "inflected forms are found without it, and a phrase with gaps is {{phrase: …, slop: 2}}",
    "^": "one term cannot weigh more than another",
}


def words_fault(words: str) -> str:
    """Why a term or phrase of a list is refused; "" when it is not."""
    return term_fault(words) or operator_fault(words)


def operator_fault(term: str) -> str:
    """Why this term of a list is rather meant as a query: an operator stands at its edge, where it would be left out of account."""
    found = _OPERATOR_BEFORE.match(term) or _OPERATOR_AFTER.search(term)
    if not found or found[0] in SIGNS:
        return ""
    sign = found[0][0]
    word = _OPERATOR_AFTER.sub("", term.lstrip('-+^~"=*?!'))
    hint = _WRITE_INSTEAD[sign].format(word=word)
    return f"{term[:40]!r}: {sign} is no part of a word, and operators work in `query:` only; write {word[:40]!r} without it ({hint})"


def wildcard_fault(wildcard: str) -> str:
    """Why this word with `*` or `?` cannot be looked up."""
    said = f"{wildcard[:40]!r}"
    if len(wildcard) > MAX_TERM_CHARACTERS or any(letter.isspace() for letter in wildcard):
        return f"{said} must be one word of at most {MAX_TERM_CHARACTERS} characters"
    if wildcard.startswith(("*", "?")):
        rest = wildcard.strip("*?") or "Test"
        return (
            f"{said} begins with a wildcard, and words cannot be looked up by their end. A word of five letters or more already counts as the head "
            f"of a compound: write {rest!r} alone, or in a rule file {{term: {rest}, compound: [head]}}"
        )
    if "*" not in wildcard and "?" not in wildcard:
        return f"{said} has neither `*` nor `?`: write it as a term"
    try:
        wildcard_pattern(wildcard)
        wildcard_anchors(wildcard)
    except Unusable as error:
        return str(error)
    return ""


def regex_fault(regex: str) -> str:
    """Why this expression cannot be looked for: RE2 does not take it, or nothing in it can be looked up."""
    try:
        regex_pattern(regex)
        regex_anchors(regex)
    except Unusable as error:
        return str(error)
    return ""


def value_fault(place: Place, value: str) -> str:
    """Why an article's `place` can never have this value."""
    if not value.strip() or value != value.strip() or len(value) > MAX_TERM_CHARACTERS:
        return f"{value[:40]!r} must be text without blanks around it, of at most {MAX_TERM_CHARACTERS} characters"
    if place in ("url", "author"):
        return "" if any(letter.isalnum() for letter in value) else f"{value!r} has no letter or digit"
    if place == "language":
        return language_fault(value)
    pattern, say = _VALUES.get(place, (r"\S(.*\S)?", "a name"))
    if re.fullmatch(pattern, value):
        return ""
    return f"{value[:60]!r} is not {say}{_hint(place, value)}"


def _hint(place: Place, value: str) -> str:
    if place == "country" and re.fullmatch(r"[A-Za-z]{2}", value):
        return f". Did you mean {value.upper()!r}?"
    return ""


_LANGUAGE_NAMES = {
    "german": "de", "deutsch": "de", "english": "en", "englisch": "en", "french": "fr", "russian": "ru", "spanish": "es", "italian": "it",
    "polish": "pl", "turkish": "tr", "arabic": "ar", "chinese": "zh-cn", "korean": "ko", "ukrainian": "uk", "japanese": "ja",
}  # fmt: skip
# Codes of countries that are no codes of languages.
_COUNTRY_CODES = {"ua": "uk", "jp": "ja", "cz": "cs", "cn": "zh-cn", "dk": "da", "gr": "el", "us": "en", "gb": "en", "en-us": "en"}


def language_fault(language: str) -> str:
    """Why no article can be in this language: it is none of the codes that the detector gives and publishers can declare."""
    if re.fullmatch(LANGUAGE, language) and (language in _LANGUAGES_TOO or normalise_code(language) == language):
        return ""
    return f"{language[:60]!r} is not a language code such as de or zh-cn{nearest_language(language)}"


def nearest_language(name: str) -> str:
    """The suggestion for a language that was written out; an empty text when none comes near."""
    meant = meant_language(name)
    return f". Did you mean {meant!r}?" if meant else ""


def meant_language(name: str) -> str:
    """The code of a language that was written out, misspelled, or given as a country's; "" when none comes near."""
    said = name.lower()
    meant = said if said in _LANGUAGES_TOO else normalise_code(said) or _COUNTRY_CODES.get(said, "")
    if not meant:
        close = nearest(said, _LANGUAGE_NAMES)
        meant = _LANGUAGE_NAMES[close.split(chr(39))[1]] if close else ""
    return meant
