"""What a publisher puts around a text that it took from elsewhere: datelines, agency lines, "Stand:" times, footers.

A frame says where and when a text was filed or printed, not what happened; two copies of one text differ in little else.
"""

from __future__ import annotations

import re
from functools import lru_cache

# Lines that begin so are a publisher's, whatever follows.
_LINE = re.compile(
    r"^[ \t(*|–—-]*(?:©|\(c\)|copyright\b|quellen?\s*:|sources?\s*:|stand\s*:|mit material (?:von|der)\b|dpa-infocom|dpa:\d|redaktion\s*:"
    r"|(?:additional )?(?:reporting|writing|editing) by\b|lesen sie (?:auch|mehr|hier)\b|mehr zum thema\b|read (?:more|also)\b|anzeige\b"
    r"|(?:diese|dieser|dieses) (?:meldung|artikel|text|beitrag) (?:ist|wurde|erschien|stammt)\b|this (?:article|story|report) (?:was|is|first)\b"
    r"|zuerst erschienen\b|first published\b|newsletter\b|folgen sie uns\b|follow us\b|alle rechte vorbehalten|all rights reserved"
    r"|(?:zuletzt )?aktualisiert\b|veröffentlicht\s*(?:am|:)|last updated\b|updated\s*(?:at|on|:)|published\s*(?:at|on|:))[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)

_AGENCY = r"(?:dpa(?:[-/][a-z]+)?|afp|apa|sda|ap|reuters|kna|epd|sid|ots|kcna|yonhap|tass|ria|interfax|xinhua|efe|ansa|ddp|dapd|rtr|upi|bloomberg)"
# A line of agency names and nothing else.
_AGENCY_LINE = re.compile(rf"^[ \t(]*{_AGENCY}(?:\s*[,/+&-]\s*{_AGENCY})*[ \t).]*$", re.IGNORECASE | re.MULTILINE)

_MONTH = r"(?:jan|feb|mär|mar|mrz|apr|mai|may|jun|jul|aug|sep|okt|oct|nov|dez|dec)\w{0,7}\.?"
_DAY = (
    r"(?:(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun)(?:n?tag|ns?tag|nerstag|eitag|mstag|ttwoch|days?|nesday|rsday|sday|urday)?\.?)"
)
_WHEN = rf"(?:\d{{1,4}}(?:[.:/-]\d{{1,4}}){{0,2}}\.?|{_MONTH}|{_DAY}|uhr|um|am|at|on|[ap]\.?m\.?|gmt|utc|me?s?z|ce?s?t|e[ds]t)"
# "Stand: 6. Januar 2025, 14.30 Uhr" within a text: only as far as it is made of dates and times.
_STAMP = re.compile(
    rf"\(?\b(?:stand|(?:zuletzt )?aktualisiert|veröffentlicht|(?:last )?updated|published)\b\s*:?(?:[\s,|/–-]{{1,3}}{_WHEN}(?![\w])){{1,12}}\)?",
    re.IGNORECASE,
)

_SEPARATOR = re.compile(r"\s[-–—]{1,2}\s+|[–—]\s*|\s--\s+|:\s+")
_IN_PARENTHESES = re.compile(r"\s*\(([^()\n]{1,40})\)")
_HEAD_WORD = re.compile(rf"(?:[^\W\d_][\w.'’-]*|\d{{1,4}}[.,]?|{_MONTH})$", re.IGNORECASE)
_SMALL = frozenset(
    ("am", "im", "in", "an", "der", "den", "of", "de", "la", "le", "el", "und", "and", "bei", "do", "da", "dos", "del", "upon")
)
_DATELINE_CHARACTERS = 90
_DATELINE_WORDS = 8
# Further down a text, a dash after a name is ordinary prose.
_DATELINE_PARAGRAPHS = 3


@lru_cache(maxsize=16)
def without_frames(text: str) -> str:
    """`text` with its frames replaced by spaces: the same length, so that offsets keep their meaning.

    The last few answers are kept: each rule that matches an article asks for the same ones.
    """
    for pattern in (_LINE, _AGENCY_LINE, _STAMP):
        text = pattern.sub(lambda found: " " * len(found[0]), text)
    return _without_datelines(text)


def _without_datelines(text: str) -> str:
    start, paragraphs = 0, 0
    while start < len(text) and paragraphs < _DATELINE_PARAGRAPHS:
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        if text[start:end].strip():
            paragraphs += 1
            while length := _dateline(text[start:end]):  # a copy of a copy has several
                text = text[:start] + " " * length + text[start + length :]
                start += length
        start = end + 1
    return text


def _dateline(paragraph: str) -> int:
    """How many characters at the beginning are a dateline such as "SEOUL, 6. Januar (dpa) – "; 0 for none."""
    for separator in _SEPARATOR.finditer(paragraph, 0, _DATELINE_CHARACTERS):
        head, rest = paragraph[: separator.start()], paragraph[separator.end() :]
        places = _IN_PARENTHESES.sub("", head).strip(" ,*")
        agency = bool(re.search(rf"\b{_AGENCY}\b", head, re.IGNORECASE))
        if not rest or (rest[0].islower() and not agency and not re.search(r"[A-ZÄÖÜ]{3}|\d", places)):
            return 0  # prose goes on in small letters, unless an agency, capitals or a date say that it is a dateline
        if separator[0].startswith(":") and not agency:
            return 0
        if _is_place_and_time(places) or (agency and not places):
            return separator.end()
    return 0


def _is_place_and_time(head: str) -> bool:
    words = re.split(r"[\s,/]+", head)
    return (
        0 < len(words) <= _DATELINE_WORDS
        and head[:1].isalpha()
        and all(
            _HEAD_WORD.match(word) and (not word[0].islower() or word in _SMALL or re.fullmatch(_AGENCY, word)) for word in words if word
        )
        and bool(words[0])
    )
