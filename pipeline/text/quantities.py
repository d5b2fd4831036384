"""Numbers, dates, weekdays and times of day as they are written in running text, in one normal form each.

German and English words are read; other languages contribute what is written in digits. A quantity is `(kind, value, words)`:

==========  =====================  ==========================================================
kind        value                  read from
==========  =====================  ==========================================================
`number`    `11000`, `1.5`         11.000 · 11,000 · elf Millionen · 3rd · zweiter
`year`      `2017`                 four digits between 1900 and 2100 that stand alone
`date`      `01-06`, `2025-01`     6. Januar · January 6 · 06.01.2025 · 2025-01-06 · Januar 2025
`weekday`   `1` (Monday) to `7`    Montag · Montagabend · Monday
`time`      `14:30`                14.30 Uhr · 2:30 p.m. · 0630 GMT · acht Uhr
`part`      `morning`, `night`, …  am Abend · Montagabend · overnight
`name`      `hwasong-18`           designations: letters, then digits
==========  =====================  ==========================================================

The indefinite articles (ein, one) are no numbers, nor are vague ones (Hunderte, dozens): an edit that swaps them tells nothing new.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple


class Quantity(NamedTuple):
    kind: str
    value: str
    words: str


_Read = Callable[[re.Match[str]], list[tuple[str, str]]]

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner january jan",
            "februar feber february feb",
            "märz maerz march mrz mar",
            "april apr",
            "mai may",
            "juni june jun",
            "juli july jul",
            "august aug",
            "september sept sep",
            "oktober october okt oct",
            "november nov",
            "dezember december dez dec",
        ),
        1,
    )
    for name in names.split()
}


def _begins(words: Iterable[str]) -> str:
    """A look at two letters that most other words do not pass: it saves trying all of `words` on each word of a text."""
    seconds: dict[str, set[str]] = {}
    for word in words:
        seconds.setdefault(word[0], set()).add(word[1])
    return "(?=" + "|".join(f"{first}[{''.join(sorted(then))}]" for first, then in sorted(seconds.items())) + ")"


_MONTH = _begins(_MONTHS) + "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\b\.?"

_WEEKDAYS = {
    "montag": 1, "monday": 1, "dienstag": 2, "tuesday": 2, "mittwoch": 3, "wednesday": 3, "donnerstag": 4, "thursday": 4,
    "freitag": 5, "friday": 5, "samstag": 6, "sonnabend": 6, "saturday": 6, "sonntag": 7, "sunday": 7,
}  # fmt: skip
_PARTS = {
    "früh": "morning", "morgen": "morning", "vormittag": "morning", "morning": "morning", "dawn": "morning",
    "mittag": "midday", "noon": "midday", "midday": "midday", "nachmittag": "afternoon", "afternoon": "afternoon",
    "abend": "evening", "evening": "evening", "dusk": "evening",
    "nacht": "night", "mitternacht": "night", "night": "night", "midnight": "night", "overnight": "night",
}  # fmt: skip

_GERMAN = (
    "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn"
)
_ENGLISH = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = {
    word: tens
    for tens, words in zip(
        range(20, 100, 10),
        (
            "zwanzig twenty", "dreißig dreissig thirty", "vierzig forty", "fünfzig fuenfzig fifty",
            "sechzig sixty", "siebzig seventy", "achtzig eighty", "neunzig ninety",
        ),
        strict=True,
    )
    for word in words.split()
}  # fmt: skip
_ONES = {word: value for words in (_GERMAN, _ENGLISH) for value, word in enumerate(words.split())}
_ONES |= {"zwo": 2, "fuenf": 5, "zwoelf": 12, "fuenfzehn": 15}


def _number_words() -> dict[str, int]:
    words = {word: value for word, value in _ONES.items() if value >= 2} | _TENS
    for unit, value in _ONES.items():
        if not 1 <= value <= 9:
            continue
        for word, tens in _TENS.items():
            words[f"{unit}und{word}"] = words[f"{unit}-{word}"] = words[f"{word}-{unit}"] = tens + value
        words[f"{unit}hundert"], words[f"{unit}tausend"] = value * 100, value * 1000
    return words | {"zehntausend": 10_000, "hundert": 100, "tausend": 1000, "hundred": 100, "thousand": 1000, "dutzend": 12, "dozen": 12}


_WORDS = _number_words()
_SCALES = {
    "hundred": 100, "hundert": 100, "dutzend": 12, "dozen": 12,
    "tausend": 10**3, "tsd": 10**3, "thousand": 10**3, "million": 10**6, "millionen": 10**6, "mio": 10**6,
    "milliarde": 10**9, "milliarden": 10**9, "mrd": 10**9, "billion": 10**9, "bn": 10**9, "billionen": 10**12, "trillion": 10**12,
}  # fmt: skip
_SCALE = r"(?:[ \u00a0\u202f-](" + "|".join(sorted(_SCALES, key=len, reverse=True)) + r")\b\.?)"
# "achte(n)" is left out: it is a verb as well. "second" needs its article, because it is a unit of time as well.
_ORDINALS = {
    "zweit": 2, "dritt": 3, "viert": 4, "fünft": 5, "sechst": 6, "siebt": 7, "neunt": 9, "zehnt": 10, "elft": 11, "zwölft": 12,
    "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9, "tenth": 10, "eleventh": 11, "twelfth": 12,
}  # fmt: skip


def _day_and_month(day: int, month: int, year: str | None) -> list[tuple[str, str]]:
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return []
    full_year = f"20{year}" if year and len(year) == 2 else year
    return [("date", f"{month:02}-{day:02}"), *([("year", full_year)] if full_year else [])]


def _slashed(found: re.Match[str]) -> list[tuple[str, str]]:
    first, second = int(found[1]), int(found[2])
    return _day_and_month(second, first, found[3]) if first <= 12 else _day_and_month(first, second, found[3])


def _time(hour: int, minute: int, half: str = "") -> list[tuple[str, str]]:
    if half and hour <= 12:
        hour = hour % 12 + (12 if half.lower().startswith("p") else 0)
    return [("time", f"{hour % 24:02}:{minute:02}")] if hour <= 24 and minute <= 59 else []


def _hour(found: re.Match[str], minute: int = 0) -> list[tuple[str, str]]:
    text = found[1].lower()
    hour = int(text) if text.isdigit() else 1 if text in ("ein", "one") else _WORDS.get(text)
    return [] if hour is None else _time(hour, minute)


def _weekday(found: re.Match[str]) -> list[tuple[str, str]]:
    part = (found[2] or "").strip().lower()
    return [("weekday", str(_WEEKDAYS[found[1].lower()])), *([("part", _PARTS[part])] if part else [])]


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _digits(found: re.Match[str]) -> list[tuple[str, str]]:
    whole, fraction, scale = found[1], found[2], (found[3] or "").lower()
    groups = re.split(r"[.,'’\u00a0\u202f\u2009]", whole)
    if groups[0] == "0" and len(groups) == 2:
        whole, fraction, groups = "0", groups[1], ["0"]
    value = Decimal("".join(groups) + (f".{fraction}" if fraction else ""))
    if scale:
        return [("number", _plain(value * _SCALES[scale]))]
    if len(groups) == 1 and not fraction and len(whole) == 4 and 1900 <= int(whole) <= 2100:
        return [("year", whole)]
    return [("number", _plain(value))]


def _worded(found: re.Match[str]) -> list[tuple[str, str]]:
    if found[1] is None:
        return []
    value, scale = _word_value(found[1]), (found[2] or "").lower()
    return [] if value is None else [("number", str(value * _SCALES.get(scale, 1)))]


def _word_value(word: str) -> int | None:
    """The number that `word` says; of "Drei-Sterne" 3."""
    word = word.lower()
    return _WORDS.get(word) or _WORDS.get(word.partition("-")[0])


# "7.8." is a date after these words or within a sentence; at the end of one it is more probably a number with decimals.
_BEFORE_DATES = "am|vom|zum|bis|ab|seit|den|dem|der|nach dem|vor dem"
_AM_PM = r"([ap])\.?m\b\.?"
_PART_NAMES = "früh|morgen|vormittag|mittag|nachmittag|abend|nacht"
# Any word: it is looked up afterwards, because an alternation of all number words is a hundred times slower than the other patterns.
_ANY = r"[^\W\d_]{2,24}(?:-[^\W\d_]{2,12})?"
_WORD = f"{_begins(_WORDS)}({_ANY})"

_GROUPED = r"(\d{1,3}(?:[.,'’\u00a0\u202f\u2009]\d{3})+(?!\d)|\d{1,18})(?:[.,](\d{1,6})(?!\d))?"
_BARE_DIGITS = re.compile(rf"(?<!\d)(?<!\d[.,]){_GROUPED}")
_BARE_WORD = re.compile(rf"(?<!\w)({_ANY})(?!\w)", re.IGNORECASE)

# In this order; what one pattern has read is gone for the next. A reading without a kind is only taken away (addresses).
_PATTERNS: tuple[tuple[re.Pattern[str], _Read], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), read)
    for pattern, read in (  # one line each, so that they read as a table
        (r"(?:https?://|www\.)\S+|\S+@\S+\.\w+", lambda found: [("", "")]),
        (r"\b(\d{4})-(\d\d)-(\d\d)(?!\d)", lambda found: _day_and_month(int(found[3]), int(found[2]), found[1])),
        (r"(?<![\d.,])(\d{1,2})\. ?(\d{1,2})\. ?((?:19|20)\d\d|\d\d(?![\d.,:]))", lambda found: _day_and_month(int(found[1]), int(found[2]), found[3])),
        (rf"(?:\b(?:{_BEFORE_DATES})\s+)(\d{{1,2}})\. ?(\d{{1,2}})\.(?!\d)", lambda found: _day_and_month(int(found[1]), int(found[2]), None)),
        (r"(?<![\d.,])(\d{1,2})\. ?(\d{1,2})\.(?!\d|\s*\Z|\s+(?-i:[A-ZÄÖÜ\n]))", lambda found: _day_and_month(int(found[1]), int(found[2]), None)),
        (r"(?<![\d/])(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)(?![\d/])", _slashed),
        (rf"(?<![\d.,])(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?{_MONTH}(?:,?\s+((?:19|20)\d\d)\b)?", lambda found: _day_and_month(int(found[1]), _MONTHS[found[2].lower()], found[3])),
        (rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?![\d:]|[.,]\d)(?:,?\s+((?:19|20)\d\d)\b)?", lambda found: _day_and_month(int(found[2]), _MONTHS[found[1].lower()], found[3])),
        (rf"\b{_MONTH}\s+((?:19|20)\d\d)\b", lambda found: [("date", f"{found[2]}-{_MONTHS[found[1].lower()]:02}")]),
        (rf"(?<![\d.,:])(\d{{1,2}})[:.](\d\d)\s*{_AM_PM}", lambda found: _time(int(found[1]), int(found[2]), found[3])),
        (r"(?<![\d.,:])(\d{1,2})[:.](\d\d)(?::\d\d)?\s*(?:uhr\b|h\b)", lambda found: _time(int(found[1]), int(found[2]))),
        (r"(?<![\d.,:])([01]?\d|2[0-4]):([0-5]\d)(?![\d:])", lambda found: _time(int(found[1]), int(found[2]))),
        (rf"(?<![\d.,:])(1[0-2]|0?[1-9])\s*{_AM_PM}", lambda found: _time(int(found[1]), 0, found[2])),
        (r"(?<![\d.,:])([01]\d|2[0-3])([0-5]\d)\s*(?:gmt|utc|kst|jst|cet|cest|mez|mesz|z|hours|hrs)\b", lambda found: _time(int(found[1]), int(found[2]))),
        (r"\b(\d{1,2}|[^\W\d_]{3,12})\s*uhr\b(?:\s+([0-5]\d)\b)?", lambda found: _hour(found, int(found[2] or 0))),
        (r"\b(\d{1,2}|[^\W\d_]{3,12})\s+o['’]clock\b", _hour),
        (rf"\b{_begins(_WEEKDAYS)}({'|'.join(_WEEKDAYS)})(\s?(?:{_PART_NAMES})|\s(?:morning|afternoon|evening|night))?s?\b", _weekday),
        (rf"\b(?:am|heute|gestern|frühe[nrs]?|späte[nrs]?|diesem|jenem|gegen|zum)\s+({_PART_NAMES})\b", lambda found: [("part", _PARTS[found[1].lower()])]),
        (r"\b(?:in der|über|heute|gegen|um)\s+(nacht|mitternacht)\b", lambda found: [("part", "night")]),
        (rf"\b{_begins(_PARTS)}({_PART_NAMES})s\b", lambda found: [("part", _PARTS[found[1].lower()])]),
        (rf"\b{_begins(_PARTS)}(morning|dawn|noon|midday|afternoon|evening|dusk|night|midnight|overnight)\b", lambda found: [("part", _PARTS[found[1].lower()])]),
        (r"(?<![\w-])((?-i:[A-ZÄÖÜ])\w{0,30}-\d{1,4}[a-z]?|(?-i:[A-Z]{1,4})\d{1,4})(?!\w)", lambda found: [("name", found[1].lower())]),
        (rf"(?<!\w)(?<![^\W\d]-)(?<!\d[.,]){_GROUPED}(?:st|nd|rd|th)?{_SCALE}?", _digits),
        # The second way takes the scale away from a word that is no number: "mehrere hundert" is not 100.
        (rf"(?<![\w-])(?:{_WORD}{_SCALE}?|{_ANY}{_SCALE})(?!\w)", _worded),
        (rf"(?<!\w)(eine?|an?|one){_SCALE}", lambda found: [("number", str(_SCALES[found[2].lower()]))]),
        (rf"\b{_begins(_ORDINALS)}(zweit|dritt|viert|fünft|sechst|siebt|neunt|zehnt|elft|zwölft)e[rnsm]?\b", lambda found: [("number", str(_ORDINALS[found[1].lower()]))]),
        (rf"\b{_begins(_ORDINALS)}(third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth)\b", lambda found: [("number", str(_ORDINALS[found[1].lower()]))]),
        (r"\b(?:the|a|its|their|his|her|this)\s+second\s(?!later|before|after|ago|or\b)", lambda found: [("number", "2")]),
    )
)  # fmt: skip


def quantities(text: str) -> Iterator[Quantity]:
    """Every quantity in `text`, kind by kind, repeated as often as it is written. Empty text has none."""
    for pattern, read in _PATTERNS:
        spans = []
        for found in pattern.finditer(text):
            values = read(found)
            if values:
                spans.append(found.span())
            for kind, value in values:
                if kind:
                    yield Quantity(kind, value, found[0].strip())
        if spans:
            text = _without(text, spans)


def bare_numbers(text: str) -> Iterator[Quantity]:
    """The numbers and years in `text` without what makes them more: "15 Millionen" is 15, "6. Januar 2025" is 6 and 2025."""
    for found in _BARE_DIGITS.finditer(text):
        whole = re.sub(r"[.,'’\u00a0\u202f\u2009]", "", found[1])
        kind = "year" if len(whole) == 4 and 1900 <= int(whole) <= 2100 else "number"
        yield Quantity(kind, _plain(Decimal(f"{whole}.{found[2] or 0}")), found[0])
    for found in _BARE_WORD.finditer(text):
        value = _word_value(found[1])
        if value is not None:
            yield Quantity("number", str(value), found[0])


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    pieces, last = [], 0
    for start, end in spans:
        pieces += [text[last:start], "\N{BULLET}" * (end - start)]
        last = end
    return "".join([*pieces, text[last:]])
