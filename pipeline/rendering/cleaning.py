"""Text and addresses of an article without what deceives: one line, no control characters, no overridden direction, no other schemes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

# Persian and several Indian scripts, and joined emoji, are wrong without these two.
_JOINERS = "\u200c\u200d"
_BLANKS = re.compile(r"\s+")
_PLAIN = re.compile(r"[ -~\xa1-\xac\xae-\u02ff\u2010-\u2027\u20ac]*")
_CHARACTERS_OF_URLS = "%:/?#[]@!$&'()+*,;=-._~"
_MAX_URL_CHARACTERS = 4_000


@dataclass(frozen=True)
class Span:
    """A piece of one line. `marked`: it is what a rule's term matched."""

    text: str
    marked: bool = False


def one_line(text: object) -> str:
    """`text` as one line: control characters and line breaks become blanks, invisible and direction-changing ones are gone, blanks are single."""
    return _BLANKS.sub(" ", _visible(str(text))).strip()


def _visible(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else "".join(map(_shown, text))


def _shown(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return character if character in _JOINERS else ""
    if category == "Cn":
        # Letters newer than this Python's Unicode stay; the code points that never will be letters go: XML does not allow two of them.
        return " " if ord(character) & 0xFFFE == 0xFFFE or "\ufdd0" <= character <= "\ufdef" else character
    return " " if category in ("Cc", "Cs", "Co", "Zl", "Zp", "Zs") else character


def spans(text: object, marks: object) -> tuple[Span, ...]:
    """`text` as one clean line in pieces, at the offsets of `marks` ({start, end} in the text as it came). Marks that make no sense are passed over."""
    whole = str(text)
    pieces, last = [], 0
    for start, end in _places(marks, len(whole)):
        if start >= last:
            pieces += [Span(whole[last:start]), Span(whole[start:end], marked=True)]
            last = end
    return _joined([*pieces, Span(whole[last:])])


def _places(marks: object, length: int) -> list[tuple[int, int]]:
    found = []
    for mark in marks if isinstance(marks, list | tuple) else ():
        start, end = (mark.get("start"), mark.get("end")) if isinstance(mark, Mapping) else (None, None)
        if isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= length:
            found.append((start, end))
    return sorted(found)


def _joined(pieces: Iterable[Span]) -> tuple[Span, ...]:
    """The pieces as one line: blanks single also where two pieces meet, none at the ends, nothing empty."""
    found: list[Span] = []
    for piece in pieces:
        text = _BLANKS.sub(" ", _visible(piece.text))
        if not found or found[-1].text.endswith(" "):
            text = text.lstrip(" ")
        if text:
            found.append(Span(text, piece.marked))
    while found and not (text := found[-1].text.rstrip(" ")):
        found.pop()
    if found:
        found[-1] = Span(found[-1].text.rstrip(" "), found[-1].marked)
    return tuple(found)


def web_address(url: object) -> str:
    """`url` when it is an http or https address, with what no address may hold percent-encoded; "" for anything else (javascript:, data: …)."""
    text = str(url or "").strip()
    if not text or len(text) > _MAX_URL_CHARACTERS:
        return ""
    encoded = quote(text.encode("utf-8", "replace"), safe=_CHARACTERS_OF_URLS)
    try:
        parts = urlsplit(encoded)
    except ValueError:
        return ""
    return encoded if parts.scheme.lower() in ("http", "https") and parts.netloc else ""


def links_of(alert: Mapping[str, Any]) -> dict[str, str]:
    """The alert's own links (story, kibana, episode, acknowledge, silence, runbook) that are web addresses."""
    listed = alert.get("links")
    found = {str(name): web_address(url) for name, url in listed.items()} if isinstance(listed, Mapping) else {}
    return {name: url for name, url in found.items() if url}
