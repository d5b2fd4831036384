"""The shown text: what people see, and what every stored offset refers to.

Removed is what nobody sees and what is used to deceive (controls, overrides of the writing direction, hidden tags) or to break keywords (soft
hyphens, zero-width spaces). Zero-width joiner and non-joiner stay, because several scripts and emoji need them; the analyser ignores them.
"""

from __future__ import annotations

import re
import unicodedata

import ftfy
import msgspec


class Cleaned(msgspec.Struct, frozen=True):
    """The shown text and what had to be done to it.

    Flags: `mojibake_repaired`, `control_characters_removed`, `bidi_removed`, `hidden_text_removed`, `marks_limited`.
    """

    text: str
    flags: tuple[str, ...] = ()


# Everything outside these ranges is looked at closely: ASCII, Latin letters, dashes and quotation marks are shown as they are.
_ODD = re.compile("[^\n -~\xa1-\xac\xae-\u02ff\u2010-\u2027\u20ac]")
# UTF-8 read as Latin-1 or Windows-1252 begins with one of these letters, followed by what a byte 80–BF became.
_CONTINUATION = "\x80-\xbf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2022\u2026\u2030\u2039\u203a\u20ac\u2122"
_SUSPICIOUS = re.compile(f"[\xc2-\xf4][{_CONTINUATION}]")
_C1 = re.compile("[\x80-\x9f]")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\u2028]")
_BROKEN_WORD = re.compile("\xad[ \t]*\n[ \t]*(?=\\w)")
_SPACES = re.compile("[\t\xa0\u1680\u2000-\u200a\u202f\u205f\u3000]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufff9-\ufffb\ufffe\uffff]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\xad\u180e\u200b\u2060-\u2065\u206a-\u206f\ufeff]")
_WRITTEN_HYPHEN = re.compile("&(?:shy|ZeroWidthSpace|#0*173|#0*8203|#[xX]0*[aA][dD]|#[xX]0*200[bB]);")
_HIDDEN = re.compile("[\U000e0000-\U000e007f]")
_NEWLINES = re.compile(r"\n{3,}")
_REPAIRS = 4
# Above it ftfy would take seconds on a hostile text (3.8 s for a million characters, measured 2026-11-20).
_REPAIRED_CHARACTERS = 200_000
# Unicode's stream-safe format (UAX 15) allows 30 marks in a row. Normalising sorts a run in quadratic time: 80,000 marks took 3 s
# (measured 2026-11-20).
_MARKS_IN_A_ROW = 30


def shown(text: str) -> str:
    """The text people see: `clean(text).text`."""
    return clean(text).text


def clean(text: str) -> Cleaned:
    """The shown text of `text`, with flags; cleaning it again changes nothing. "" for a text in which nothing can be seen."""
    text = _without_written_hyphens(text)
    suspicious = not text.isascii() and _SUSPICIOUS.search(text) is not None
    if not suspicious and _ODD.search(text) is None:
        return Cleaned(_tidy(text))
    flags: set[str] = set()
    for _ in range(_REPAIRS):
        before = text
        if len(text) <= _REPAIRED_CHARACTERS and _SUSPICIOUS.search(text):
            text = _repaired(text, flags)
        text = _tidy(_limited(_without_unseen(text, flags), flags))
        if text == before:
            break
    return Cleaned(text, tuple(sorted(flags)))


def _without_written_hyphens(text: str) -> str:
    """Without soft hyphens and zero-width spaces that somebody wrote as entities into plain text: they are meant to be seen by nobody."""
    for _ in range(_REPAIRS):
        if "&" not in text or not _WRITTEN_HYPHEN.search(text):
            return text
        text = _WRITTEN_HYPHEN.sub("", text)
    return _WRITTEN_HYPHEN.sub(" ", text)


def _repaired(text: str, flags: set[str]) -> str:
    """With UTF-8 that was read as Latin-1 put right, line by line, only where a line looks like it."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if _SUSPICIOUS.search(line):
            fixed = ftfy.fix_encoding(line)
            if fixed != line:
                lines[number] = fixed
                flags.add("mojibake_repaired")
    return "\n".join(lines)


def _without_unseen(text: str, flags: set[str]) -> str:
    if _C1.search(text):
        # As browsers do: these are Windows-1252 that somebody declared as Latin-1.
        text = _C1.sub(lambda match: match[0].encode("latin-1").decode("cp1252", "ignore"), text)
        flags.add("control_characters_removed")
    text = _BREAKS.sub("\n", text).replace("\u2029", "\n\n")
    text = _INVISIBLE.sub("", _BROKEN_WORD.sub("", text))
    for pattern, flag in ((_CONTROLS, "control_characters_removed"), (_BIDI, "bidi_removed"), (_HIDDEN, "hidden_text_removed")):
        text, count = pattern.subn("", text)
        if count:
            flags.add(flag)
    return _SPACES.sub(" ", text)


def _limited(text: str, flags: set[str]) -> str:
    """In NFC, without letters that carry a tower of marks."""
    if unicodedata.is_normalized("NFC", text):
        return text
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _MARKS_IN_A_ROW:
            kept.append(character)
    if len(kept) < len(text):
        flags.add("marks_limited")
    return unicodedata.normalize("NFC", "".join(kept))


def _tidy(text: str) -> str:
    """No blanks at the end of a line, at most one blank line, nothing around the whole."""
    if " \n" in text:
        text = "\n".join([line.rstrip(" ") for line in text.split("\n")])
    if "\n\n\n" in text:
        text = _NEWLINES.sub("\n\n", text)
    return text.strip(" \n")
