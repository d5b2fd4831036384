"""Abbreviations that an article introduces in brackets: "Bundesnetzagentur (BNetzA)", later "die BNetzA"."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from pipeline.article import Field
from pipeline.enrichers._gazetteer import Gazetteer, Sense, Words
from pipeline.enrichers._marked import Marked
from pipeline.enrichers._names import first_names
from pipeline.enrichers._spot import Spot

_IN_BRACKETS = re.compile(r" \(([A-ZÄÖÜ][\w.-]{1,11})\)")
_FEWEST_CAPITALS = 2
_BEHIND_NAME = re.compile(r" \(([A-ZÄÖÜ][A-ZÄÖÜa-zäöü]{1,7})\)")
# What may stand between the words of an institution's name.
_SMALL_WORDS = frozenset(str.split("fuer der des die das dem den in im zur zum und von of the for and on to de du la del"))
_FEWEST_WORDS, _MOST_WORDS = 2, 10
_CONFIDENCE = 0.9


def introduced(spots: Sequence[Spot]) -> Gazetteer:
    """The abbreviations that stand in brackets behind an organisation's name, each with that organisation."""
    return Gazetteer(_names(spots))


def _names(spots: Sequence[Spot]) -> Iterator[tuple[str, Sense]]:
    for spot in spots:
        if spot.subject is not None and spot.subject.type == "organisation":
            match = _IN_BRACKETS.match(spot.words.text, spot.words.ends[spot.found.last - 1])
            if match and sum(letter.isupper() for letter in match[1]) >= _FEWEST_CAPITALS and _is_made_of(match[1], spot):
                yield match[1], Sense(spot.subject, exact=match[1])


def spelled_out(field: Field, words: Words) -> Iterator[Marked]:
    """Institutions whose words begin with the letters of the abbreviation in brackets behind them: "Bundesamt für Naturschutz (BfN)"."""
    for match in _BEHIND_NAME.finditer(words.text):
        last = bisect_left(words.starts, match.start())
        first = _beginning(words, last, match[1].lower())
        if first is not None and words.forms[first] not in first_names():
            yield Marked(field, words, first, last, "organisation", _CONFIDENCE, "rule:abbreviation")


def _beginning(words: Words, last: int, letters: str) -> int | None:
    """The first of the words before `last` that the letters stand for; None when they stand for something else."""
    initials, beginning = "", None
    for at in range(last - 1, max(-1, last - 1 - _MOST_WORDS), -1):
        if at < last - 1 and words.text[words.ends[at] : words.starts[at + 1]] not in (" ", "-"):
            break
        if words.text[words.starts[at]].isupper():
            initials = words.text[words.starts[at]].lower() + initials
            remaining = iter(letters)
            if not all(initial in remaining for initial in initials):
                break
            if initials[0] == letters[0] and len(initials) >= max(_FEWEST_WORDS, len(letters) - 1):
                beginning = at
        elif words.forms[at] not in _SMALL_WORDS:
            break
    return beginning


def _is_made_of(abbreviation: str, spot: Spot) -> bool:
    """Whether the letters of the abbreviation stand in the name in their order: "Siemens (DAX)" introduces nothing."""
    name = "".join(spot.words.forms[spot.found.first : spot.found.last])
    letters = iter(name)
    return abbreviation[0].lower() == name[0] and all(
        letter in letters for letter in abbreviation.lower() if letter.isascii() and letter.isalpha()
    )
