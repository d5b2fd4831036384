"""The one analyser: what the stream matcher, the back-test, signatures, entities and the index mean by a word.

A token is a run of letters and digits with inner hyphens or apostrophes: "Raketen-Test" is one token with the form `raketentest` and the parts
`raketen` and `test`. A genitive 's does not belong to it. In scripts without blanks (Chinese, Japanese, Korean, Thai, Lao, Khmer,
Burmese) every character with its marks is a token, so that a keyword is found inside a run of text. Addresses and file names have no tokens.
Invisible characters, decomposed letters and hyphens at line ends are seen through, by a map that leads back to the text given: `text[start:end]` is
always the surface form, with whatever stands inside it.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from operator import itemgetter

from pipeline.text.folding import APOSTROPHES, HYPHENS, INVISIBLE, fold
from pipeline.text.sentences import sentence_ranges

Part = tuple[str, int, int]  # folded form, start, end


@dataclass(frozen=True, slots=True)
class Analysed:
    """The tokens of `text`, as parallel lists in the order of the text. To be read only: results are shared between callers.

    `forms` are folded; `starts` and `ends` are offsets in `text`; `sentences` are ranges of `text`; `parts` holds, for a token with
    inner hyphens or apostrophes, its pieces. `spaceless` says that some of the text is in a script without blanks.
    """

    text: str
    forms: list[str]
    starts: list[int]
    ends: list[int]
    sentences: list[tuple[int, int]]
    parts: dict[int, tuple[Part, ...]]
    spaceless: bool = False

    def surface(self, token: int) -> str:
        return self.text[self.starts[token] : self.ends[token]]

    def sentence_of(self, token: int) -> int:
        """The index in `sentences` of the sentence that holds the token."""
        return bisect_right(self.sentences, self.starts[token], key=itemgetter(0)) - 1

    def hyphen_before(self, token: int) -> bool:
        """Whether the token is the second part of an ellipsis, as in "Raketenstarts und -tests"."""
        before = self.text[max(0, self.starts[token] - 8) : self.starts[token]].rstrip(_INVISIBLE_CHARACTERS)
        return bool(before) and before[-1] in HYPHENS

    def hyphen_after(self, token: int) -> bool:
        """Whether the token is the first part of an ellipsis, as in "Raketen- und Atomtests"."""
        after = self.text[self.ends[token] : self.ends[token] + 8].lstrip(_INVISIBLE_CHARACTERS)
        return bool(after) and after[0] in HYPHENS

    def keys(self) -> set[str]:
        """Everything a word can be looked up by: all forms, all parts, and pairs of neighbours in scripts without blanks."""
        found = set(self.forms)
        for parts in self.parts.values():
            found.update([part[0] for part in parts])
        if self.spaceless:
            found |= {a + b for a, b in zip(self.forms, self.forms[1:], strict=False) if a >= "\u0e00" and b >= "\u0e00"}
        found.discard("")
        return found


_CACHED_CHARACTERS = 50_000
_INVISIBLE_CHARACTERS = "\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def analyse(text: str) -> Analysed:
    """The tokens and sentences of `text`; empty lists for an empty text. The last few results are kept, for several stages ask for the same."""
    return _analysed_recently(text) if len(text) <= _CACHED_CHARACTERS else _analyse(text)


# Characters in which a text is its own NFC and hides nothing: ASCII, Latin letters, dashes, quotation marks, the euro sign.
_BEYOND_PLAIN = re.compile("[^\x00-\xac\xae-\u02bb\u02bd-\u02ff\u2013-\u2026\u20ac]")
_JOINTS = re.compile(f"[{re.escape(HYPHENS + APOSTROPHES)}]")
_GENITIVE = r"(?:['’][sS]\b)?"
_LATIN_TOKEN = re.compile(rf"([^\W_]++(?:[-'’](?![sS]\b)[^\W_]++)*+){_GENITIVE}")
_ADDRESS_HINT = re.compile(r"\.[a-z]|@|://")
_ADDRESS = re.compile(
    r"""(?:(?:https?|ftps?)://|www\.)[^\s<>"„“”«»\u2e80-\uffef]*[\w/]
    |(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}
    |(?<![\w.-])(?:[\w-]{1,63}\.){1,6}[a-z]{2,10}/[^\s<>"„“”«»\u2e80-\uffef]*
    |(?<![\w.-])[\w-]{1,64}\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|mp[34]|zip|html?|php|exe|csv|json|xml|txt)\b""",
    re.VERBOSE,
)
_MASK = "\x01"


def _analyse(text: str) -> Analysed:
    plain = text.isascii() or _BEYOND_PLAIN.search(text) is None
    clean, offsets = _seen_through(text, plain)
    if _ADDRESS_HINT.search(clean):
        clean = _ADDRESS.sub(lambda match: _MASK * len(match[0]), clean)
    pattern = _LATIN_TOKEN if plain else _any_script().token
    spans = [match.span(1) for match in pattern.finditer(clean)]
    lower = clean.lower()
    words = [lower[a:b] for a, b in spans] if len(lower) == len(clean) else [clean[a:b].lower() for a, b in spans]
    forms, parts = _folded(words, spans, clean)
    starts, ends = map(list, zip(*spans, strict=True)) if spans else ([], [])
    sentences = sentence_ranges(clean)
    if offsets is not None:
        starts, ends = [offsets.first[a] for a in starts], [offsets.last[b - 1] for b in ends]
        sentences = [(offsets.first[a], offsets.last[b - 1]) for a, b in sentences]
        parts = {i: tuple((form, offsets.first[a], offsets.last[b - 1]) for form, a, b in each) for i, each in parts.items()}
    spaceless = not plain and _any_script().spaceless.search(clean) is not None
    return Analysed(text, forms, starts, ends, sentences, parts, spaceless)


_analysed_recently = lru_cache(maxsize=64)(_analyse)


def _folded(words: list[str], spans: list[tuple[int, int]], clean: str) -> tuple[list[str], dict[int, tuple[Part, ...]]]:
    """The folded form of each lower-case word, and the pieces of those with inner hyphens or apostrophes."""
    forms, parts = words.copy(), {}
    for token in [i for i, word in enumerate(words) if not (word.isascii() and word.isalnum())]:
        word = words[token]
        forms[token] = fold(word)
        if not word.isalnum() and _JOINTS.search(word):
            start, end = spans[token]
            parts[token] = tuple(_pieces(clean[start:end], start))
    return forms, parts


def _pieces(word: str, at: int) -> Iterator[Part]:
    for piece in _JOINTS.split(word):
        if piece:
            yield fold(piece), at, at + len(piece)
        at += len(piece) + 1


@dataclass(frozen=True, slots=True)
class _Offsets:
    """For each character of the cleaned text, where the characters it came from begin and end in the text given."""

    first: list[int]
    last: list[int]


_Edit = tuple[int, int, str]
_HIDDEN = re.compile(f"\xad[ \t]*\r?\n[ \t]*(?=\\w)|[{INVISIBLE}]+")
_VARIANTS = re.compile(f"[{HYPHENS[1:]}{APOSTROPHES[2:]}]")
_LINE_END = re.compile(r"(?<=[^\W\d_])-[ \t]*\r?\n[ \t]*(?=[^\W\d_])")
_NEXT_WORD = re.compile(r"\w{1,6}\b")
# "Kurz-\nund Mittelstreckenraketen" keeps its hyphen: it stands for the rest of a word, not for a word that was broken.
_SUSPENDING = frozenset(str.split("und oder sowie bzw wie als bis noch and or to nor"))


def _seen_through(text: str, plain: bool) -> tuple[str, _Offsets | None]:
    """`text` as the tokeniser reads it, and the way back; None when every character stands where it stood."""
    offsets: _Offsets | None = None
    if not plain or "\xad" in text:
        text, offsets = _edited(text, offsets, [(*match.span(), "") for match in _HIDDEN.finditer(text)])
        if not unicodedata.is_normalized("NFC", text):
            text, offsets = _edited(text, offsets, _compositions(text))
        text = _VARIANTS.sub(lambda match: "-" if match[0] in HYPHENS else "'", text)
    if "-" in text and "\n" in text:
        text, offsets = _edited(text, offsets, _line_ends(text))
    return text, offsets


def _edited(text: str, offsets: _Offsets | None, edits: list[_Edit]) -> tuple[str, _Offsets | None]:
    if not edits:
        return text, offsets
    old = offsets or _Offsets(list(range(len(text))), list(range(1, len(text) + 1)))
    new, pieces, at = _Offsets([], []), [], 0
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
    for match in _any_script().cluster.finditer(text):
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


@dataclass(frozen=True, slots=True)
class _Patterns:
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
def _any_script() -> _Patterns:
    """The patterns for texts beyond Latin letters, made from the Unicode tables when the first such text comes (30 ms)."""
    planes = range(0x20000)
    marks = _character_class(code for code in planes if unicodedata.category(chr(code))[0] == "M")
    letters = _character_class(code for code in planes if chr(code).isalnum() and not _is_spaceless(code))
    spaceless = _character_class(code for code in planes if chr(code).isalnum() and _is_spaceless(code)) + "\U00020000-\U0003ffff"
    word = f"[{letters}{marks}]++"
    return _Patterns(
        re.compile(f"([{letters}](?:{word})?(?:[-'’](?![sS]\\b){word})*+|[{spaceless}][{marks}]*+){_GENITIVE}"),
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
