"""One spelling for each word, for keywords and texts alike.

Lower case; ä, ö, ü become ae, oe, ue, and ß becomes ss, because expanding is safer than dropping: "Fluechtling" is "Flüchtling", but "Duell" is not "Düll".
Other Latin and Greek letters lose their marks ("Erdoğan" is "erdogan"), æ, œ, ø are written out, compatibility forms (full width, ligatures)
become ordinary letters. Marks of other scripts carry meaning and are kept. Hyphens, apostrophes and invisible characters vanish.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

INVISIBLE = (
    "\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e01ef"
)
HYPHENS = "-\u2010\u2011\u2212\ufe63\uff0d"
APOSTROPHES = "'\u2019\u02bc\uff07"

_LETTERS = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ø": "oe",
    "ł": "l",
    "đ": "d",
    "ı": "i",
    "ħ": "h",
    "þ": "th",
    "ð": "d",
    "ς": "σ",
    "ǆ": "dz",
}
_STRIPPED_SCRIPTS = ("LATIN", "GREEK")


class _Table(dict[int, str]):
    """The folded form of each lower-case character, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        folded = _fold_character(chr(code))
        self[code] = folded
        return folded


def _fold_character(character: str) -> str:
    if character in _LETTERS:
        return _LETTERS[character]
    if character in HYPHENS + APOSTROPHES or "\u0300" <= character <= "\u036f" or unicodedata.category(character) == "Cf":
        return ""
    if character.isascii() or unicodedata.category(character)[0] == "M":
        return character
    decomposed = unicodedata.normalize("NFKD", character).lower()
    if unicodedata.name(decomposed[0], "").startswith(_STRIPPED_SCRIPTS):
        return "".join(_LETTERS.get(each, each) for each in decomposed if each.isalnum() and each not in APOSTROPHES)
    return "".join(each for each in unicodedata.normalize("NFKC", character).lower() if _is_kept(each))


def _is_kept(character: str) -> bool:
    if character.isalnum():
        return character not in APOSTROPHES
    return unicodedata.category(character)[0] == "M" and not "\u0300" <= character <= "\u036f"


_TABLE = _Table()


def fold(word: str) -> str:
    """The folded form of `word`: of one token of a text, or of one word of a keyword. "" when nothing is left of it."""
    return _folded_recently(word) if len(word) <= _CACHED_CHARACTERS else _folded(word)


def _folded(word: str) -> str:
    if word.isascii():
        lower = word.lower()
        return lower if lower.isalnum() else lower.translate(_TABLE)
    if not unicodedata.is_normalized("NFC", word):
        word = unicodedata.normalize("NFC", word)
    folded = word.lower().translate(_TABLE)
    return folded if unicodedata.is_normalized("NFC", folded) else unicodedata.normalize("NFC", folded)


# Words return: remembering them saves two thirds of the time. Longer ones are rare and may be hostile.
_CACHED_CHARACTERS = 40
_folded_recently = lru_cache(maxsize=50_000)(_folded)
