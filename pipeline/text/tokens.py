"""The one analyser: what the stream matcher, the back-test, signatures, entities and the index mean by a word.

A token is a run of letters and digits with inner hyphens or apostrophes: "Raketen-Test" is one token with the form `raketentest` and the parts
`raketen` and `test`. A genitive 's does not belong to it. In scripts without blanks (Chinese, Japanese, Korean, Thai, Lao, Khmer,
Burmese) every character with its marks is a token, so that a keyword is found inside a run of text. Addresses and file names have no tokens.
Invisible characters, decomposed letters and hyphens at line ends are seen through, by a map that leads back to the text given: `text[start:end]` is
always the surface form, with whatever stands inside it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.text.folding import APOSTROPHES, HYPHENS, fold
from pipeline.text.scripts import GENITIVE, any_script
from pipeline.text.sentences import sentence_ranges
from pipeline.text.unveiling import seen_through

Part = tuple[str, int, int]  # folded form, start, end
# Greater than every offset.
_BEHIND = 1 << 62


@dataclass(frozen=True, slots=True, eq=False)
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
    _kept: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    def surface(self, token: int) -> str:
        return self.text[self.starts[token] : self.ends[token]]

    def sentence_of(self, token: int) -> int:
        """The index in `sentences` of the sentence that holds the token."""
        return bisect_right(self.sentences, (self.starts[token], _BEHIND)) - 1

    def hyphen_before(self, token: int) -> bool:
        """Whether the token is the second part of an ellipsis, as in "Raketenstarts und -tests"."""
        before = self.text[max(0, self.starts[token] - 8) : self.starts[token]].rstrip(_INVISIBLE_CHARACTERS)
        return bool(before) and before[-1] in HYPHENS

    def hyphen_after(self, token: int) -> bool:
        """Whether the token is the first part of an ellipsis, as in "Raketen- und Atomtests"."""
        after = self.text[self.ends[token] : self.ends[token] + 8].lstrip(_INVISIBLE_CHARACTERS)
        return bool(after) and after[0] in HYPHENS

    def keys(self) -> frozenset[str]:
        """Everything a word can be looked up by: all forms, all parts, and pairs of neighbours in scripts without blanks."""
        if "keys" not in self._kept:
            self._kept["keys"] = self._found_keys()
        return self._kept["keys"]

    def joined(self) -> frozenset[str]:
        """Each two neighbouring forms as one word, where one character stands between them: of three characters and more, or letters and a number."""
        if "joined" not in self._kept:
            forms, starts, ends = self.forms, self.starts, self.ends
            rows = zip(forms, forms[1:], ends, starts[1:], strict=False)
            found = [a + b for a, b, end, start in rows if start - end == 1 and len(a) > _SHORT and len(b) > _SHORT]
            self._kept["joined"] = frozenset((*found, *self._numbered()))
        return self._kept["joined"]

    def _numbered(self) -> Iterator[str]:
        """ "A 7", "5 G", "G 7-Gipfel": a number with the letters before or behind it."""
        forms = self.forms
        for token in [number for number, form in enumerate(forms) if form < ":" and form.isdecimal()]:
            for first in (token - 1, token):
                pair = forms[first : first + 2] if first >= 0 else []
                if len(pair) == 2 and pair[0].isalpha() != pair[1].isalpha() and self.starts[first + 1] - self.ends[first] == 1:
                    yield pair[0] + pair[1]
        for token, parts in self.parts.items():
            if token and parts[0][0].isdecimal() and forms[token - 1].isalpha():
                yield forms[token - 1] + parts[0][0]

    def _found_keys(self) -> frozenset[str]:
        found = set(self.forms)
        for parts in self.parts.values():
            found.update([part[0] for part in parts] if len(parts) < _LEAST_RUN_PARTS else [form for form, _, _ in runs(parts)])
        if self.spaceless:
            found |= {a + b for a, b in zip(self.forms, self.forms[1:], strict=False) if a >= "\u0e00" and b >= "\u0e00"}
        found.discard("")
        return frozenset(found)


_LEAST_RUN_PARTS, _MOST_RUN_PARTS = 3, 6
# Words of two letters are no parts of a compound that is written apart.
_SHORT = 2


def runs(parts: tuple[Part, ...]) -> Iterator[tuple[str, int, int]]:
    """The parts, and those rows of neighbours that are not the whole: form, first, last. "U-Boot-Angriff" holds "uboot", too."""
    count = len(parts)
    for length in range(1, count if count <= _MOST_RUN_PARTS else 2):
        for first in range(count - length + 1):
            yield "".join([part[0] for part in parts[first : first + length]]), first, first + length - 1


_CACHED_CHARACTERS = 50_000
_INVISIBLE_CHARACTERS = "\xad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"


def analyse(text: str) -> Analysed:
    """The tokens and sentences of `text`; empty lists for an empty text. The last few results are kept, for several stages ask for the same."""
    return _analysed_recently(text) if len(text) <= _CACHED_CHARACTERS else _analyse(text)


# Characters in which a text is its own NFC and hides nothing: ASCII, Latin letters, dashes, quotation marks, the euro sign.
_BEYOND_PLAIN = re.compile("[^\x00-\xac\xae-\u02bb\u02bd-\u02ff\u2013-\u2026\u20ac]")
_JOINTS = re.compile(f"[{re.escape(HYPHENS + APOSTROPHES)}]")
# Nothing after the first letter can fail, so that it never steps back.
_JOINED = r"[-'’](?![sS]\b)[^\W_]+"
_LATIN_TOKEN = re.compile(rf"([^\W_]+(?:{_JOINED}(?:{_JOINED})*|)){GENITIVE}")
_ADDRESS_HINT = re.compile(r"\.[a-z]|@|://")
_ADDRESS = re.compile(
    r"""(?:(?:https?|ftps?)://|www\.)[^\s<>"„“”«»\u2e80-\uffef]*[\w/]
    |(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,6}
    |(?<![\w.-])(?:[\w-]{1,63}\.){1,6}[a-z]{2,10}/[^\s<>"„“”«»\u2e80-\uffef]*
    |(?<![\w.-])[\w-]{1,64}\.(?:pdf|docx?|xlsx?|pptx?|jpe?g|png|gif|mp[34]|zip|html?|php|exe|csv|json|xml|txt)\b""",
    re.VERBOSE,
)
_MASK = "\x01"
# Of texts that were escaped twice.
_WRITTEN_AND = "&amp;"


def without_addresses(clean: str) -> str:
    """The text with every character of addresses and file names replaced by one that belongs to no word."""
    return _ADDRESS.sub(lambda match: _MASK * len(match[0]), clean) if _ADDRESS_HINT.search(clean) else clean


def _analyse(text: str) -> Analysed:
    plain = text.isascii() or _BEYOND_PLAIN.search(text) is None
    clean, offsets = seen_through(text, plain)
    clean = without_addresses(clean)
    if _WRITTEN_AND in clean:
        clean = clean.replace(_WRITTEN_AND, "&" + _MASK * (len(_WRITTEN_AND) - 1))
    pattern = _LATIN_TOKEN if plain else any_script().token
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
    spaceless = not plain and any_script().spaceless.search(clean) is not None
    return Analysed(text, forms, starts, ends, sentences, parts, spaceless)


_analysed_recently = lru_cache(maxsize=64)(_analyse)
forget = _analysed_recently.cache_clear  # for measuring


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
