"""Names and texts of people: what counts as a name, and texts without what could forge a line or hide letters."""

from __future__ import annotations

import unicodedata

LONGEST_NAME = 80

# Words that people write where a name is asked for, and accounts that many share: nobody could be asked afterwards.
_NOBODY = frozenset(
    (
        "somebody", "someone", "anybody", "anyone", "nobody", "unknown", "anonymous", "none", "nil", "undefined", "user", "me", "root", "test",
        "n/a", "tbd", "name", "jemand", "niemand", "irgendwer", "unbekannt", "anonym", "keiner", "keine", "ich", "wir",
    )
)  # fmt: skip
# Joiners that Persian, Hindi and others spell with; every other invisible letter goes.
_JOINERS = "\u200c\u200d"


def cleaned(text: str) -> str:
    """The text as people may see it: NFC, no control or direction characters, lines kept, no blanks at the ends."""
    shown = "".join(each if each.isprintable() or each == "\n" or each in _JOINERS else " " for each in text.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", shown).strip()


def unfit_name(name: str) -> str:
    """Why this is no person's name; "" when it is one."""
    shown = cleaned(name)
    if not shown:
        return "a name is missing"
    if len(name) > LONGEST_NAME:
        return f"a name has at most {LONGEST_NAME} characters"
    if "\n" in shown:
        return "a name is one line"
    if not any(each.isalpha() for each in shown):
        return f"{shown!r} has no letter"
    if shown.casefold().strip(".!? -_") in _NOBODY:
        return f"{shown!r} is nobody who could be asked"
    return ""
