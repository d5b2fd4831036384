"""The layout of an article kept as plain text: a title line, then an optional date line and an author line in either order, then the body.

A dateline ("Pjöngjang, Nordkorea – …") stays in the body: it is part of what people read.
"""

from __future__ import annotations

import re

from connectors._item import Item

MAX_TITLE_CHARACTERS = 500
MAX_HEAD_CHARACTERS = 120

_MONTH = (
    r"(?:jan|feb|mär|maer|mar|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec|jän|avr|juin|juil|aoû|déc|fév|ene|abr|ago|dic|gen|mag|giu|lug|set|ott)"
    r"[^\W\d_]*\.?"
)
_DAY = rf"(?:\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}|\d{{1,2}}[./-]\s?\d{{1,2}}[./-]\s?\d{{2,4}}|\d{{1,2}}\.?(?:st|nd|rd|th)?\s(?:de\s)?{_MONTH},?\s(?:de\s)?\d{{4}}|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}})"
_TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[.,]\d{1,9})?(?:\s?[ap]\.?m\.?)?(?:\s?Uhr)?(?:\s?(?:Z|UTC|GMT|[A-Z]{2,5}|[+-]\d{2}:?\d{2}))?"
_DATE_LINE = re.compile(
    rf"(?:(?:datum|date|stand|veröffentlicht(?:\sam)?|published(?:\son)?|aktualisiert(?:\sam)?|updated(?:\son)?)\s*:?\s+)?"
    rf"((?:[^\W\d_]{{2,12}}\.?,?\s)?{_DAY}(?:(?:\s?[,|–-]\s?|\s|T|\sum\s|\sat\s){_TIME})?)\s*",
    re.IGNORECASE,
)
# A labelled date is one even where nobody can read it: the identify stage says so then.
_LABELLED_DATE = re.compile(r"(?:datum|date|published|veröffentlicht)\s*:\s*(\S.{0,80})", re.IGNORECASE)
_LABELLED_AUTHOR = re.compile(r"(?:autor(?:in|en|innen)?|authors?|verfasser(?:in)?|byline|by|von)\s*:\s*(\S.*)", re.IGNORECASE)
# Without a colon the line must be nothing but names, since a sentence may begin with the same word.
_NAME = r"[^\W\d_a-zß][\w'’.-]*(?:\s(?:(?:van|von|de|der|den|di|da|al|el|bin|zu)\s)?[^\W\d_a-zß][\w'’.-]*){1,4}"
_BARE_AUTHOR = re.compile(rf"(?:By|Von)\s({_NAME}(?:(?:,\s|\s(?:und|and|&)\s){_NAME}){{0,5}})")
_BETWEEN_NAMES = re.compile(r"\s*(?:,|;|\s(?:und|and|&)\s)\s*")


def read(text: str) -> Item:
    """The article in `text`; all fields empty for a blank text. A first line too long for a title is body already."""
    lines = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    at = _next_filled(lines, 0)
    if at == len(lines):
        return Item()
    if len(lines[at].strip()) > MAX_TITLE_CHARACTERS:
        return Item(body="\n".join(lines[at:]).strip())
    title = lines[at].strip()
    at, published, authors = _head(lines, at + 1)
    return Item(title=title, body="\n".join(lines[at:]).strip(), published=published, authors=authors)


def _head(lines: list[str], at: int) -> tuple[int, str, tuple[str, ...]]:
    """Where the body begins, the date as written, the authors."""
    published, authors = "", tuple[str, ...]()
    while True:
        place = _next_filled(lines, at)
        line = lines[place].strip() if place < len(lines) else ""
        if not line or len(line) > MAX_HEAD_CHARACTERS:
            break
        if not published and (date := _DATE_LINE.fullmatch(line) or _LABELLED_DATE.fullmatch(line)):
            published = date[1]
        elif not authors and (found := _authors(line)):
            authors = found
        else:
            break
        at = place + 1
    return at, published, authors


def _authors(line: str) -> tuple[str, ...]:
    named = _LABELLED_AUTHOR.fullmatch(line) or _BARE_AUTHOR.fullmatch(line)
    return tuple(each for each in _BETWEEN_NAMES.split(named[1].strip()) if each) if named else ()


def _next_filled(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at
