"""Which meanings a found name can have where it stands: spelling, language, hyphens, and the company that a doubtful name needs.

Precision first: an alert on a wrong entity costs more than a missed mention.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.enrichers._announcing import announced
from pipeline.enrichers._gazetteer import UNDETERMINED, Found, Sense, Words, language_bit

_AFTER_LATIN = "\u0250"
_READERS = language_bit("de") | language_bit("en")
# Languages with a genitive in -s without an apostrophe: "Russlands", "Poetins", "Norges".
_GENITIVE = language_bit("de") | language_bit("nl") | language_bit("sv") | language_bit("da") | language_bit("no")
# Abbreviations that a headline in capitals may hold as words.
_WORDS_IN_CAPITALS = frozenset({"WHO", "US", "AB", "SID", "PAP", "ISIS", "UE", "SPA", "AP"})
_APOSTROPHES = "'\u2019\u02bc\uff07"
_DIRECTIONS_WORDS = """
nord sued ost west nordost nordwest suedost suedwest mittel zentral ober unter ex pro anti nicht inner gross north south east west central
post pre non
"""
_DIRECTIONS = frozenset(_DIRECTIONS_WORDS.split())
_BEFORE_PLACES_WORDS = "in aus nach bei nahe near from outside a en uit naar bij w we grossraum raum universitaet uni flughafen hafen"
_BEFORE_PLACES = frozenset(_BEFORE_PLACES_WORDS.split())
_CLUBS_WORDS = """
fc sc sv vfb vfl fsv tsv bsc sk fk ac as ssc rsc ogc rc cd ud ca afc hsv msv sg kv tus bayer borussia eintracht hertha fortuna werder real
atletico athletic inter olympique sporting dynamo dinamo zenit spartak lokomotive rb austria rapid sturm ajax
"""
_CLUBS = frozenset(_CLUBS_WORDS.split())
# What follows the first place of a dateline: further places, then an agency or a dash.
_DATELINE = re.compile(
    r"(?: ?/ ?[\w.]{1,20}(?: [\w.]{1,20})?){0,3},?"
    r"(?: \((?:dpa|afp|ap|reuters|rtr|apa|epd|kna|sid|sda|dapd|ddp|taz|red|ots)[^()\n]{0,30}\)|(?: \([^()\n]{2,40}\))?(?: ?[\u2013\u2014]| - ))",
    re.IGNORECASE,
)
_SENTENCE_ENDS = '.!?:;\n\u201e\u201c\u00bb\u00ab"\u2026\u2013\u2014(|'


def possible(words: Words, found: Found, language: int, first_names: frozenset[str]) -> list[Sense]:
    """The senses that fit the spelling, the article's language and the neighbouring words; [] when none does."""
    if found.inflected and words.forms[found.last - 1].endswith("s") and not language & _GENITIVE:
        return []
    if not _stands_free(words, found):
        return []
    surface = words.text[words.starts[found.first] : words.ends[found.last - 1]]
    lower = surface[0].islower()
    senses = [_weighed(sense, surface, language) for sense in found.senses if _fits(sense, words, found, surface, lower, language)]
    if len(senses) > 1:
        senses = [sense for sense in senses if sense.subject.id] or senses
    if senses and _in_a_name(words, found, first_names):
        senses = [sense for sense in senses if sense.subject.type not in ("place", "country")]
    return senses if senses and senses[0].subject.id else []


def _weighed(sense: Sense, surface: str, language: int) -> Sense:
    """The sense, doubtful when only the language could vouch for it and nobody knows that: in a text of undetermined language a place's
    name that neither German nor English uses may as well be a word of theirs ("Namen", Dutch for Namur). Other scripts cannot be."""
    only_elsewhere = sense.languages and not sense.languages & _READERS and surface[0] < _AFTER_LATIN
    if only_elsewhere and language == UNDETERMINED and sense.subject.type == "place":
        return sense._replace(doubtful=True)
    return sense


def _fits(sense: Sense, words: Words, found: Found, surface: str, lower: bool, language: int) -> bool:
    if sense.languages and not sense.languages & language:
        return False
    if lower and not sense.lower_case:
        return False
    if not sense.exact:
        return True
    if surface != sense.exact and not (found.inflected and surface[:-1] == sense.exact):
        return False
    if sense.exact in _WORDS_IN_CAPITALS and words.capitals:
        return False
    # "US-Außenminister", "UK-Regierung": the abbreviation describes the word that follows.
    return sense.subject.type != "country" or found.last not in words.joined


def _stands_free(words: Words, found: Found) -> bool:
    """Whether the name is the first part of its hyphenated word, or what stands before is an article or a direction ("l'Ukraine", "Süd-Korea"),
    or the name goes on behind that word ("US-Bundesstaat Washington")."""
    before = words.joined.get(found.first, "")
    if found.last - found.first > 1 and found.first + 1 not in words.joined:
        return True
    return not before or before in _APOSTROPHES or words.forms[found.first - 1] in _DIRECTIONS


def _in_a_name(words: Words, found: Found, first_names: frozenset[str]) -> bool:
    """Whether the word before makes it a club ("FC Augsburg") or a family name ("Jack London")."""
    before = preceding(words, found)
    if before in _CLUBS:
        return True
    return before in first_names and words.text[words.starts[found.first - 1]].isupper()


def preceding(words: Words, found: Found) -> str:
    """The folded word before the name in the same clause, or ""."""
    if not found.first or words.text[words.ends[found.first - 1] : words.starts[found.first]] not in (" ", "\n"):
        return ""
    return words.forms[found.first - 1]


def opens_sentence(words: Words, found: Found) -> bool:
    at = words.starts[found.first]
    before = words.text[max(0, at - 4) : at].rstrip(" ")
    return not before or before[-1] in _SENTENCE_ENDS


def is_dateline(words: Words, found: Found) -> bool:
    """Whether the name opens a paragraph as in "Essen (dpa) – " or "Halle/Berlin – "."""
    at = words.starts[found.first]
    if at and words.text[at - 1] != "\n":
        return False
    return _DATELINE.match(words.text, words.ends[found.last - 1]) is not None


def is_place_here(words: Words, found: Found, has_neighbour: Callable[[], bool]) -> bool:
    """Whether a doubtful name is a place here: after a preposition of place, in a dateline, or beside another place of its country."""
    if found.inflected:
        return False
    before = preceding(words, found)
    if before in _BEFORE_PLACES or announced(before) == "place" or is_dateline(words, found):
        return True
    return not opens_sentence(words, found) and has_neighbour()
