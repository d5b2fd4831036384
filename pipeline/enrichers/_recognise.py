"""From found names to the entities of one article: decide between namesakes, let "Kim" follow "Kim Jong Un", count, weigh.

Finders come in by order of trust: the team's watch lists, then the packaged names; longer spans win, then earlier finders. The statistical model
speaks last: it adds names, and has a say where a name of the package may mean several things (`_weighing.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.article import FIELDS, Article, Entity, Field, Mention
from pipeline.enrichers._agreement import family_mentions
from pipeline.enrichers._gazetteer import Found, Gazetteer, Sense, Subject, Words, language_bit, words_of
from pipeline.enrichers._senses import is_place_here, possible, preceding
from pipeline.enrichers._spot import Spot
from pipeline.enrichers._statistical import Statistical
from pipeline.enrichers._weighing import named, weighed, with_abbreviations, with_rules

# Bounds for hostile texts; no real article comes near.
MAX_MENTIONS = 200
MAX_ENTITIES = 500
_LEAD_CHARACTERS = 400
# How sure a name is that had to be told from its namesakes.
_DECIDED = 0.8
# What stands between the places of a list: "Essen, Dortmund und Bochum", "Halle/Leipzig".
_ENUMERATION = re.compile(r", ?| ?/ ?|,? (?:und|oder|sowie|bzw\.|and|or|et|ou|y|e|en|i) | \(")
# A ruler's number is written with a stop.
_NUMERAL = re.compile(r"[IVX]{1,5}")
_RANKS = {"person": 4, "organisation": 3, "country": 2, "place": 1, "other": 0}
# Names shared by a country and a place elsewhere: what speaks for the country beside its own cities.
_REGION = {"GE": ("RU", "AM", "AZ", "TR", "UA", "MD"), "TD": ("SD", "NE", "LY", "CM", "NG", "CF"), "JE": ("GB", "FR", "GG")}


@dataclass(slots=True)
class Gathered:
    subject: Subject
    mentions: list[Mention] = field(default_factory=list)
    confidence: float = 0.0


def recognise(article: Article, finders: Sequence[Gazetteer], first_names: frozenset[str], statistical: Statistical) -> tuple[Entity, ...]:
    """The entities of the article, the most salient first; () when it names none. The last of `finders` has the packaged names."""
    language = language_bit(article.language.code)
    texts = [(name, words_of(text)) for name in FIELDS if (text := getattr(article, name))]
    found = [[finder.find(words) for finder in finders] for _, words in texts]
    spots = [
        spot
        for (name, words), each in zip(texts, found, strict=True)
        for spot in _spots(name, words, _longest(each), language, first_names)
    ]
    code = article.language.code
    marked = statistical.marked(code, texts, [each[-1] for each in found])
    spots, marked = weighed(spots, with_rules(texts, marked, spots, code))
    _decide(spots)
    spots += named(marked, spots, texts, code, statistical.recogniser(code)) if marked else []
    spots = with_abbreviations(spots, texts)
    gathered: dict[str, Gathered] = {}
    for spot in spots:
        if spot.subject is not None:
            _gather(gathered, spot.subject, spot.field, spot.words, spot.found, spot.confidence)
    persons = [each.subject for each in gathered.values() if each.subject.type == "person"]
    if persons:
        taken = {(id(spot.words), at) for spot in spots if spot.subject for at in range(spot.found.first, spot.found.last)}
        for name, words in texts:
            for subject, at in family_mentions(words, persons, taken):
                _gather(gathered, subject, name, words, Found(at, at + 1, (), False), 0.0)
    entities = [_entity(each) for each in gathered.values()]
    return tuple(sorted(entities, key=lambda entity: -entity.salience)[:MAX_ENTITIES])


def _spots(name: Field, words: Words, found: list[Found], language: int, first_names: frozenset[str]) -> list[Spot]:
    return [Spot(name, words, each, senses) for each in found if (senses := possible(words, each, language, first_names))]


def _longest(found: list[list[Found]]) -> list[Found]:
    """All finders' names without overlaps: the longest wins, then the earlier finder."""
    if len(found) == 1:
        return found[0]
    ranked = sorted((each.first - each.last, number, each.first, each) for number, names in enumerate(found) for each in names)
    taken: set[int] = set()
    kept = []
    for _, _, _, each in ranked:
        span = range(each.first, each.last)
        if taken.isdisjoint(span):
            taken.update(span)
            kept.append(each)
    return sorted(kept)


def _decide(spots: list[Spot]) -> None:
    """Sets the subject of each spot: the plain ones first, then the others by what the plain ones say of the article's countries."""
    undecided = []
    for number, spot in enumerate(spots):
        if len(spot.senses) == 1 and not (spot.senses[0].doubtful or spot.senses[0].remote):
            spot.subject = spot.senses[0].subject
        else:
            undecided.append(number)
    support = Counter(spot.subject.country for spot in spots if spot.subject is not None and spot.subject.country)
    for number in undecided + undecided[::-1]:
        spot = spots[number]
        if spot.subject is None:
            sense = _chosen(spot.senses, support)
            if _holds(spot, sense, support, spots[max(0, number - 1) : number + 2]):
                spot.subject = sense.subject
                spot.confidence = _DECIDED


def _chosen(senses: list[Sense], support: Counter[str]) -> Sense:
    """The sense with the highest rank; between a country and a place elsewhere, or between places, the article's countries decide, then size."""
    kinds = {sense.subject.type for sense in senses}
    if not kinds <= {"place", "country"}:
        return max(senses, key=lambda sense: _RANKS[sense.subject.type])
    return max(senses, key=lambda sense: (_support(sense.subject, support), sense.subject.weight))


def _support(subject: Subject, support: Counter[str]) -> int:
    neighbours = _REGION.get(subject.country, ()) if subject.type == "country" else ()
    return support[subject.country] + sum(support[each] for each in neighbours)


def _holds(spot: Spot, sense: Sense, support: Counter[str], nearest: list[Spot]) -> bool:
    """Whether there is reason enough to believe in the sense; `nearest` are the spots before and after."""
    rivals = len(spot.senses) > 1 and sense.subject.type == "country"
    if spot.confirmed and sense.subject.type in ("place", "country"):
        return True
    if sense.doubtful and not rivals:
        return is_place_here(spot.words, spot.found, lambda: _has_neighbour(spot, sense.subject.country, nearest))
    if sense.remote and not support[sense.subject.country]:
        return preceding(spot.words, spot.found) in ("in", "aus", "nach", "bei", "near")
    return True


def _has_neighbour(spot: Spot, country: str, nearest: list[Spot]) -> bool:
    for other in nearest:
        if other.subject is None or other.subject.country != country or other.subject.type != "place" or other.words is not spot.words:
            continue
        left, right = sorted((spot.found, other.found))
        if right.first - left.last <= 1 and _ENUMERATION.fullmatch(
            spot.words.text, spot.words.ends[left.last - 1], spot.words.starts[right.first]
        ):
            return True
    return False


def _gather(gathered: dict[str, Gathered], subject: Subject, name: Field, words: Words, found: Found, confidence: float) -> None:
    into = gathered.get(subject.id)
    if into is None:
        into = gathered[subject.id] = Gathered(subject)
    into.confidence = max(into.confidence, confidence)
    if len(into.mentions) < MAX_MENTIONS:
        start, end = words.starts[found.first], words.ends[found.last - 1] + found.behind
        if _takes_stop(words, found.last - 1):
            end += 1
        into.mentions.append(Mention(field=name, start=start, end=end, text=words.text[start:end]))


def _takes_stop(words: Words, at: int) -> bool:
    """Whether the stop behind the word belongs to it: "U.S.", "Leopold II."."""
    start, end = words.starts[at], words.ends[at]
    if words.text[end : end + 1] != ".":
        return False
    return (end - start == 1 and words.text[start - 1 : start] == ".") or (
        at > 0 and _NUMERAL.fullmatch(words.text, start, end) is not None
    )


def _entity(gathered: Gathered) -> Entity:
    subject = gathered.subject
    mentions = tuple(sorted(gathered.mentions, key=lambda each: (FIELDS.index(each.field), each.start)))
    return Entity(
        id=subject.id,
        type=subject.type,
        name=subject.name,
        recogniser=subject.recogniser,
        mentions=mentions,
        country=subject.country,
        latitude=subject.latitude,
        longitude=subject.longitude,
        salience=_salience(mentions),
        confidence=round(gathered.confidence, 2) or _DECIDED,
    )


def _salience(mentions: tuple[Mention, ...]) -> float:
    """Between 0 and 1: half for the title, a fifth for the summary or the first 400 characters, the rest for up to six mentions."""
    in_title = any(each.field == "title" for each in mentions)
    in_lead = any(each.field == "summary" or (each.field == "body" and each.start < _LEAD_CHARACTERS) for each in mentions)
    return round(0.5 * in_title + 0.2 * in_lead + 0.05 * min(6, len(mentions)), 2)
