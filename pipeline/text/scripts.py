"""The regular expressions for texts in any script, made from Python's Unicode tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

# "this or nothing" where "?" says the same: the engine passes over a choice by its first letter, which most words do (measured 2026-11-21).
GENITIVE = r"(?:['’][sS]\b|)"


@dataclass(frozen=True, slots=True)
class Patterns:
    token: re.Pattern[str]
    spaceless: re.Pattern[str]
    cluster: re.Pattern[str]


_SPACELESS_BLOCKS = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1100, 0x11FF),  # Hangul letters
    (0x1780, 0x17FF),  # Khmer
    (0x3005, 0x3007),
    (0x3040, 0x318F),  # Kana, Bopomofo, Hangul letters
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),  # Han
    (0xA960, 0xA97F),
    (0xAC00, 0xD7FF),  # Hangul
    (0xF900, 0xFAFF),
    (0xFF66, 0xFFDC),
    (0x20000, 0x3FFFF),
)


@cache
def any_script() -> Patterns:
    """The patterns for texts beyond Latin letters, made from the Unicode tables when the first such text comes (30 ms)."""
    planes = range(0x20000)
    marks = _character_class(code for code in planes if unicodedata.category(chr(code))[0] == "M")
    letters = _character_class(code for code in planes if chr(code).isalnum() and not _is_spaceless(code))
    spaceless = _character_class(code for code in planes if chr(code).isalnum() and _is_spaceless(code)) + "\U00020000-\U0003ffff"
    word = f"[{letters}{marks}]"
    joined = f"[-'’](?![sS]\\b){word}+"
    return Patterns(
        re.compile(f"([{letters}]{word}*(?:{joined}(?:{joined})*|)|[{spaceless}][{marks}]*){GENITIVE}"),
        re.compile(f"[{spaceless}]"),
        re.compile(f"[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]{{1,64}}[{marks}]{{0,30}}|.[{marks}]{{0,30}}", re.DOTALL),
    )


def _is_spaceless(code: int) -> bool:
    return any(low <= code <= high for low, high in _SPACELESS_BLOCKS)


def _character_class(codes: Iterable[int]) -> str:
    """The inside of a regular expression's character class that holds ascending `codes`."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{re.escape(chr(low))}-{re.escape(chr(high))}" for low, high in ranges)
