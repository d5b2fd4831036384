"""Where sentences and blocks end.

Neutral of language, with the abbreviations and ordinals of German and English. In doubt two sentences stay one: a phrase that crosses a missed
boundary is a rarer fault than a phrase torn apart at "20. Januar".
"""

from __future__ import annotations

import re

# Abbreviations that are followed by more of the same sentence. "usw." and "etc." are missing on purpose: they may end one.
_ABBREVIATIONS = frozenset(
    str.split("""
    abs abt abw adm allg anm apl aufl az bd bde betr bez bzw ca capt col dept dipl dr ebd ehem eigtl einschl entspr erg evtl ev exkl
    fa ff fig fr frl geb gegr gen gest gez ggf gov gr hl hr hrsg inc ing inh inkl insb insbes jh jhd jr kath kfm kl lt ltd maj max mdb
    med min mind mio mr mrd mrs ms mt mtl nat nr orig par pfd pl priv prof prot rd rel resp sen sgt sog sr st stellv std str
    svw tel tsd univ urspr verf vgl vol vors vs wg zit zzgl zb jan feb apr jun jul aug sep sept okt oct nov dez dec
    """)
)
_MARKS = ".!?…。！？｡।॥۔؟"
_NEEDS_BLANK = frozenset(".!?…")
# It begins with one character class, for which the regular expression engine scans quickly, and never steps back: all that follows may be empty.
_CANDIDATE = re.compile(rf"""([{_MARKS}\n])(?:(?<=\n)[ \n]*|(?<!\n)[{_MARKS}]*["”“»«’')\]」』）]*)""")
_WORD_BEFORE = re.compile(r"[^\W_]+\Z")
# A line that ends so goes on in the next one, however short it is: "Raketen- und", "Atom-".
_GOES_ON = re.compile(r"(?:[^\W\d_][-\u2010\u2011]|\b(?:und|oder|sowie|bzw\.|beziehungsweise|and|or))[ \t]*\Z")
_ROMAN = frozenset("IVXLCDM")
# A line of a text that was wrapped by hand or by a mailer (RFC 3676 asks for at most 78, many use 72).
_WRAPPED_MIN, _WRAPPED_MAX = 40, 100
_ENDS_BLOCK = frozenset('.!?…:;。！？"”“»')


def sentence_ranges(text: str) -> list[tuple[int, int]]:
    """The ranges of all sentences in order, without the blanks around them; [] for a text without any."""
    ranges: list[tuple[int, int]] = []
    start = 0
    for match in _CANDIDATE.finditer(text):
        if _is_boundary(text, match):
            _add(text, start, match.end(), ranges)
            start = match.end()
    _add(text, start, len(text), ranges)
    return ranges


def _add(text: str, start: int, end: int, ranges: list[tuple[int, int]]) -> None:
    piece = text[start:end].lstrip()
    if piece:
        ranges.append((end - len(piece), end - len(piece) + len(piece.rstrip())))


def _is_boundary(text: str, match: re.Match[str]) -> bool:
    first = match[1]
    if first == "\n":
        return match[0].count("\n") > 1 or not _is_wrap(text, match.start(), match.end())
    if first not in _NEEDS_BLANK:
        return True
    end = match.end()
    if end < len(text) and not text[end].isspace():
        return False
    following = text[end + 1 : end + 2]
    if following.isspace():
        following = text[end : end + 80].lstrip()[:1]
    if following.islower():
        return False
    return match[0] != "." or not _is_abbreviation(text, match.start())


def _is_wrap(text: str, at: int, after: int) -> bool:
    """Whether the single line break at `at` only wraps a line."""
    following = text[after : after + 1]
    if following.islower() or _GOES_ON.search(text, max(0, at - 12), at):
        return True
    line_start = text.rfind("\n", max(0, at - _WRAPPED_MAX - 1), at) + 1
    if line_start == 0 and at > _WRAPPED_MAX:
        return False
    length = at - line_start
    return _WRAPPED_MIN <= length <= _WRAPPED_MAX and text[at - 1] not in _ENDS_BLOCK and following.isalnum()


def _is_abbreviation(text: str, dot: int) -> bool:
    found = _WORD_BEFORE.search(text, max(0, dot - 12), dot)
    if found is None:
        return False
    word = found[0]
    if len(word) == 1 or word.lower() in _ABBREVIATIONS:
        return True
    if word.isdigit():
        ordinal = found.start() == 0 or text[found.start() - 1] not in ".,:"
        return ordinal and len(word) <= 3
    return _ROMAN.issuperset(word)
