"""Signs that belong to a word of a rule: "Disney+", "5 %", "€ 20", "#MeToo", "AT&T", "2,3". Where a text has the word it must have them, too.

Those of numbers may have a blank between: "5%" is "5 %". An amount of money has its sign on either side. What joins two words is looked for on both.
"""

from __future__ import annotations

import re

SIGNS = ("+", 2 * "+", "#", "%", "‰")
SIGNS_BEFORE = ("#", "@", "§")
BLANK = " "
_MONEY = "€$£¥"
_SPACE = r"[ \xa0\u2007\u2009\u202f]?"
# "49-€-Ticket", "5-%-Hürde".
_GAP = rf"(?:{_SPACE}|-)"
_AND = r"(?:&amp;|[&\uff06])"
_ROW = r"(?![+#%])"
# A decimal number or a number in groups is written with a stop or with a comma, a date with blanks behind its stops.
_JOINING = {
    BLANK: (r"\s", r"\s"),
    "&": (rf"\s?{_AND}", rf"{_AND}\s?"),
    ",": (r"[.,](?=[0-9])", r"[0-9][.,]"),
    ".": (r"[.,] ?(?=[0-9])", r"[0-9](?:[.,]|\. )"),
    ":": (r"[:.](?=[0-9])", r"[0-9][:.]"),
}
_BEHIND = {
    **{sign: re.compile(re.escape(sign) + _ROW) for sign in SIGNS[:3]},
    **{sign: re.compile(_GAP + sign + _ROW) for sign in SIGNS[3:]},
    **{sign: re.compile(_GAP + re.escape(sign)) for sign in _MONEY},
    **{sign: re.compile(behind) for sign, (behind, _) in _JOINING.items()},
}
_BEFORE = {
    **{sign: re.compile(rf"(?<![\w#@]){sign}\Z") for sign in SIGNS_BEFORE[:2]},
    "§": re.compile(rf"§{_SPACE}\Z"),
    **{sign: re.compile(re.escape(sign) + _SPACE + r"\Z") for sign in _MONEY},
    **{sign: re.compile(before + r"\Z") for sign, (_, before) in _JOINING.items()},
}
_BEHIND_NUMBER = re.compile(rf"{_GAP}([%‰{_MONEY}])(?!\w)")
_BEHIND_WORD = re.compile(r"[+#%]+(?!\w)")
_BEFORE_NUMBER = re.compile(rf"([§{_MONEY}]){_SPACE}\Z")
_FRACTION, _WHOLE = re.compile(r"(?:[.,][0-9]+)+"), re.compile(r"(?:[0-9]+[.,])+\Z")
_BESIDE = "before or behind"
_LONGEST_BEFORE = 16


def sign_behind(term: str, end: int) -> str:
    """The sign that a word of a rule has, which ends at `end` in the term; "" when there is none, or when it joins two words ("Kohle+Stahl")."""
    if term[end - 1 : end].isdecimal() and (found := _BEHIND_NUMBER.match(term, end)):
        return found[1]
    row = _BEHIND_WORD.match(term, end)
    return row[0] if row and row[0] in SIGNS else ""


def sign_before(term: str, start: int) -> str:
    """The sign before a word of a rule, which begins at `start` in the term: "#MeToo", "§ 218", "$5"; "" when there is none."""
    if term[start : start + 1].isdecimal() and (found := _BEFORE_NUMBER.search(_leading(term, start))):
        return found[1]
    return next((sign for sign in SIGNS_BEFORE[:2] if _BEFORE[sign].search(_leading(term, start))), "")


def joint(term: str, end: int, start: int) -> str:
    """What makes one name or number of two words of a rule, between `end` of the first and `start` of the second; "" when nothing does."""
    between = term[end:start]
    if between in (".", ",", ":") and term[end - 1].isdecimal() and term[start].isdecimal():
        return between
    return "&" if re.fullmatch(rf"\s?{_AND}\s?", between) else ""


def with_signs(text: str, start: int, end: int, behind: str, before: str) -> tuple[int, int] | None:
    """Where the word from `start` to `end` begins and ends with its signs, which are no part of it when they join two words; None when one is missing."""
    first, last = start, end
    for sign, of_side in ((behind, _behind), (before, _before)):
        if sign:
            found = _beside_money(text, start, end, sign) if sign in _MONEY else of_side(text, start, end, sign)
            if found is None:
                return None
            first, last = min(first, found[0]), max(last, found[1])
    return first, last


def _behind(text: str, start: int, end: int, sign: str) -> tuple[int, int] | None:
    found = _BEHIND[sign].match(text, end)
    return None if found is None else (start, end if sign in _JOINING else found.end())


def _before(text: str, start: int, end: int, sign: str) -> tuple[int, int] | None:
    found = _BEFORE[sign].search(_leading(text, start))
    return None if found is None else (start if sign in _JOINING else start - len(found[0]), end)


def _beside_money(text: str, start: int, end: int, sign: str) -> tuple[int, int] | None:
    """The same for an amount of money, of which the word may be a piece ("€ 1,50"): only its own edge takes the sign."""
    more = _FRACTION.match(text, end)
    less = _WHOLE.search(_leading(text, start))
    begins, ends = start - len(less[0] if less else ""), more.end() if more else end
    if found := _BEHIND[sign].match(text, ends):
        return start, found.end() if ends == end else end
    if preceding := _BEFORE[sign].search(_leading(text, begins)):
        return start - len(preceding[0]) if begins == start else start, end
    return None


def missing(text: str, start: int, end: int, behind: str, before: str) -> str:
    """Which sign the word from `start` to `end` lacks, in words; "" when it lacks none."""
    for sign, where, alone in ((behind, "right behind", (behind, "")), (before, "right before", ("", before))):
        if sign and with_signs(text, start, end, *alone) is None:
            return f"{_named(sign, quoted=True)} does not stand {_BESIDE if sign in _MONEY else where} it"
    return ""


def said(word: str, behind: str, before: str) -> str:
    """What a word of a rule asks for besides its letters, in words; "" for a word without signs."""
    parts = [
        f"{_named(sign)} {_BESIDE if sign in _MONEY else where} it"
        for sign, where in ((behind, "right behind"), (before, "right before"))
        if sign
    ]
    return f"{word} with {' and '.join(parts)}" if parts else ""


def _named(sign: str, *, quoted: bool = False) -> str:
    return "a blank" if sign == BLANK else repr(sign) if quoted else sign


def joins(sign: str) -> bool:
    """Whether the sign stands between two words, or inside a number."""
    return sign in _JOINING


def _leading(text: str, start: int) -> str:
    return text[max(0, start - _LONGEST_BEFORE) : start]
