"""What publishers write into `lang` and `language` fields, as the codes the detector uses."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

_SAID = re.compile(r"[^\W\d_][\w .()'-]{1,39}")
_CODE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z0-9_-]+))?")
_NAMED_IN = ("de", "en", "fr", "es")
_OWN_NAME_KNOWN = (
    "ar",
    "cs",
    "da",
    "el",
    "fa",
    "fi",
    "he",
    "hu",
    "it",
    "ja",
    "ko",
    "nl",
    "no",
    "pl",
    "pt",
    "ro",
    "ru",
    "sv",
    "tr",
    "uk",
    "zh",
)
_TRADITIONAL = {"hant", "tw", "hk", "mo"}
# The detector has one Norwegian and the older code of Filipino.
_ONE_OF = {"nb": "no", "nn": "no", "fil": "tl"}


@lru_cache(maxsize=4_096)
def normalise_code(declared: str) -> str:
    """The ISO 639-1 code for "de-DE", "deu", "ger", "German" or "Deutsch"; `zh-cn` or `zh-tw` for Chinese; "" for anything else.

    Of several ("de, en") the first counts.
    """
    said = re.split("[,;]", declared[:200], maxsplit=1)[0].strip().casefold()
    if not _SAID.fullmatch(said):
        return ""
    found = _CODE.fullmatch(said)
    code, rest = (found[1], found[2] or "") if found else ("", "")
    code = get_global("language_aliases").get(code, code)
    if code not in _known_codes():
        code, rest = _names().get(said, ""), ""
    if code == "zh":
        return "zh-tw" if _TRADITIONAL & set(re.split("[-_]", rest)) else "zh-cn"
    return _ONE_OF.get(code, code)


@cache
def _known_codes() -> frozenset[str]:
    """The two-letter codes that CLDR has a name for."""
    return frozenset(code for code in map(str, Locale("en").languages) if len(code) == 2) | {"fil"}


@cache
def _names() -> dict[str, str]:
    """Casefolded language names to codes: those of CLDR in four languages, and the own names of the larger languages."""
    names = {Locale(code).languages[code].casefold(): code for code in _OWN_NAME_KNOWN}
    for naming in _NAMED_IN:
        names.update({name.casefold(): code for code, name in Locale(naming).languages.items() if code in _known_codes()})
    return names
