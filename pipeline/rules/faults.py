"""What is wrong with one word, pattern or value of a rule, in words for the person who wrote it; an empty text when nothing is.

Rule files and the query language ask here, so that both refuse the same things in the same words.
"""

from __future__ import annotations

import re

from pipeline.find.patterns import Unusable, regex_anchors, regex_pattern, wildcard_anchors, wildcard_pattern
from pipeline.located import nearest
from pipeline.rules.model import Place
from pipeline.text.tokens import analyse

MAX_TERM_CHARACTERS = 300
MAX_NESTING = 8
MAX_CLAUSES = 5_000
MAX_SLOP = 20
MAX_WITHIN = 100
MAX_NEAR = 8
MAX_VALUES = 500

LANGUAGE = r"[a-z]{2,3}(-[a-z]{2,4})?"
COUNTRY = r"[A-Z]{2}"
ENTITY = r"[a-z]+:\S+"
HOST = r"[\w-]+(\.[\w-]+)*"

_VALUES: dict[Place, tuple[str, str]] = {
    "language": (LANGUAGE, "a language code such as de or zh-cn"),
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
    pattern, say = _VALUES.get(place, (r"\S(.*\S)?", "a name"))
    if re.fullmatch(pattern, value):
        return ""
    return f"{value[:60]!r} is not {say}{_hint(place, value)}"


def _hint(place: Place, value: str) -> str:
    if place == "country" and re.fullmatch(r"[A-Za-z]{2}", value):
        return f". Did you mean {value.upper()!r}?"
    if place == "language":
        return nearest_language(value)
    return ""


_LANGUAGE_NAMES = {
    "german": "de", "deutsch": "de", "english": "en", "englisch": "en", "french": "fr", "russian": "ru", "spanish": "es", "italian": "it",
    "polish": "pl", "turkish": "tr", "arabic": "ar", "chinese": "zh-cn", "korean": "ko", "ukrainian": "uk", "japanese": "ja",
}  # fmt: skip


def nearest_language(name: str) -> str:
    """The suggestion for a language that was written out; an empty text when none comes near."""
    if name != name.lower() and re.fullmatch(LANGUAGE, name.lower()):
        return f". Did you mean {name.lower()!r}?"
    close = nearest(name.lower(), _LANGUAGE_NAMES)
    return f". Did you mean {_LANGUAGE_NAMES[close.split(chr(39))[1]]!r}?" if close else ""
