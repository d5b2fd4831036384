"""Signs that belong to the word before them: "Disney+", "C#", "5%". In a text they must follow as directly, and nothing else of their kind."""

from __future__ import annotations

import re

SIGNS = ("+", 2 * "+", "#", "%")
_ROW = re.compile(r"[+#%]*")


def sign_behind(term: str, end: int) -> str:
    """The sign that a word of a rule has, which ends at `end` in the term; "" when there is none, or when it joins two words ("Kohle+Stahl")."""
    row = _row(term, end)
    after = term[end + len(row) : end + len(row) + 1]
    return row if row in SIGNS and not after.isalnum() else ""


def stands_behind(text: str, end: int, sign: str) -> bool:
    """Whether the sign, and no longer row of signs, follows what ends at `end`."""
    return _row(text, end) == sign


def _row(text: str, at: int) -> str:
    found = _ROW.match(text, at)
    return found[0] if found else ""
