"""The two-letter codes of countries (ISO 3166, as CLDR has them), and what somebody who wrote something else may have meant."""

from __future__ import annotations

from functools import cache

from pipeline.located import nearest


def objection(code: str) -> str:
    """What is wrong with a country code, with the one that was probably meant; "" when it is one. Names of countries are known in English and German."""
    codes = _codes()
    if code in codes.values():
        return ""
    meant = codes.get(code.casefold(), "")
    guess = f" Did you mean {meant!r}?" if meant else nearest(code.upper()[:2], sorted(set(codes.values())))
    return f"there is no country {code[:40]!r}: write its code of two capitals, such as DE.{guess}"


@cache
def _codes() -> dict[str, str]:
    """The code by itself and by the country's names, all in lower case."""
    from babel import Locale

    found: dict[str, str] = {}
    for language in ("de", "en"):
        for code, name in Locale(language).territories.items():
            if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES:
                found |= {code.casefold(): code, name.casefold(): code}
    return found


# Territories of CLDR that no publisher has: a currency zone, the rest of Oceania, test codes, the unknown one.
_NO_COUNTRIES = frozenset(("EZ", "QO", "XA", "XB", "ZZ"))
