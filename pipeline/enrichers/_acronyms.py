"""Abbreviations that an article introduces in brackets: "Bundesnetzagentur (BNetzA)", later "die BNetzA"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pipeline.enrichers._gazetteer import Gazetteer, Sense
from pipeline.enrichers._spot import Spot

_IN_BRACKETS = re.compile(r" \(([A-ZÄÖÜ][\w.-]{1,11})\)")
_FEWEST_CAPITALS = 2


def introduced(spots: Sequence[Spot]) -> Gazetteer:
    """The abbreviations that stand in brackets behind an organisation's name, each with that organisation."""
    return Gazetteer(_names(spots))


def _names(spots: Sequence[Spot]) -> Iterator[tuple[str, Sense]]:
    for spot in spots:
        if spot.subject is not None and spot.subject.type == "organisation":
            match = _IN_BRACKETS.match(spot.words.text, spot.words.ends[spot.found.last - 1])
            if match and sum(letter.isupper() for letter in match[1]) >= _FEWEST_CAPITALS and _is_made_of(match[1], spot):
                yield match[1], Sense(spot.subject, exact=match[1])


def _is_made_of(abbreviation: str, spot: Spot) -> bool:
    """Whether the letters of the abbreviation stand in the name in their order: "Siemens (DAX)" introduces nothing."""
    name = "".join(spot.words.forms[spot.found.first : spot.found.last])
    letters = iter(name)
    return abbreviation[0].lower() == name[0] and all(
        letter in letters for letter in abbreviation.lower() if letter.isascii() and letter.isalpha()
    )
