"""A text as the tokeniser reads it, with a map back: invisible characters gone, letters composed, words broken at line ends joined."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pipeline.text.folding import APOSTROPHES, HYPHENS, INVISIBLE
from pipeline.text.scripts import any_script


@dataclass(frozen=True, slots=True)
class Offsets:
    """For each character of the cleaned text, where the characters it came from begin and end in the text given."""

    first: list[int]
    last: list[int]


_Edit = tuple[int, int, str]
# Arabic and Hebrew are read without them: vowel signs, and the stroke that only lengthens a word. Those that make another letter are kept.
_READ_OVER = "\u0640\u064b-\u0652\u0656-\u065f\u0670\u05b0-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
_HIDDEN = re.compile(f"\xad[ \t]*\r?\n[ \t]*(?=\\w)|[{INVISIBLE}{_READ_OVER}]+")
_VARIANTS = re.compile(f"[{HYPHENS[1:]}{APOSTROPHES[2:]}]")
_LINE_END = re.compile(r"(?<=[^\W\d_])-[ \t]*\r?\n[ \t]*(?=[^\W\d_])")
_NEXT_WORD = re.compile(r"\w{1,6}\b")
# "Kurz-\nund Mittelstreckenraketen" keeps its hyphen: it stands for the rest of a word, not for a word that was broken.
_SUSPENDING = frozenset(str.split("und oder sowie bzw wie als bis noch and or to nor"))


def seen_through(text: str, plain: bool) -> tuple[str, Offsets | None]:
    """`text` as the tokeniser reads it, and the way back; None when every character stands where it stood."""
    offsets: Offsets | None = None
    if not plain or "\xad" in text:
        text, offsets = _edited(text, offsets, [(*match.span(), "") for match in _HIDDEN.finditer(text)])
        if not unicodedata.is_normalized("NFC", text):
            text, offsets = _edited(text, offsets, _compositions(text))
        text = _VARIANTS.sub(lambda match: "-" if match[0] in HYPHENS else "'", text)
    if "-" in text and "\n" in text:
        text, offsets = _edited(text, offsets, _line_ends(text))
    return text, offsets


def _edited(text: str, offsets: Offsets | None, edits: list[_Edit]) -> tuple[str, Offsets | None]:
    if not edits:
        return text, offsets
    old = offsets or Offsets(list(range(len(text))), list(range(1, len(text) + 1)))
    new, pieces, at = Offsets([], []), [], 0
    for start, end, replacement in [*edits, (len(text), len(text), "")]:
        pieces += [text[at:start], replacement]
        new.first.extend(old.first[at:start])
        new.last.extend(old.last[at:start])
        new.first.extend([old.first[start]] * len(replacement) if replacement else [])
        new.last.extend([old.last[end - 1]] * len(replacement) if replacement else [])
        at = end
    return "".join(pieces), new


def _compositions(text: str) -> list[_Edit]:
    """Each letter with its marks that is not in NFC, composed; at most 30 marks at a time, because composing takes quadratic time."""
    edits = []
    for match in any_script().cluster.finditer(text):
        composed = unicodedata.normalize("NFC", match[0])
        if composed != match[0]:
            edits.append((*match.span(), composed))
    return edits


def _line_ends(text: str) -> list[_Edit]:
    """Words broken at a line end, joined; before a capital the hyphen stays and only the break goes."""
    edits = []
    for match in _LINE_END.finditer(text):
        following = _NEXT_WORD.match(text, match.end())
        if following and following[0].lower() in _SUSPENDING:
            continue
        edits.append((*match.span(), "-" if text[match.end()].isupper() else ""))
    return edits
