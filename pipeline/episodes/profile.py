"""What a situation is about: the places, people and countries its reports name, and where they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import msgspec

from pipeline.episode import Situation
from pipeline.matched import Matched

# Two names of one place (a district, an airport, the next village) lie so near each other; two neighbouring cities do not.
SAME_PLACE_KM = 15.0
MAX_SUBJECTS = 200
MAX_OWNERS = 500
_CELL_DEGREES = 0.25
_SUBJECT_KINDS = ("place:", "person:", "country:")
_COUNTRY = "country:iso:"
# Names of places that stand on no map of ours ("Antep" for Gaziantep, a village): only a statistical model takes them for places.
_UNLOCATED = "place:name:"


def subjects_of(matched: Matched) -> tuple[str, ...]:
    """The places, people and countries of title, lead and matched sentences, and the countries that the places lie in."""
    named = [each for each in (matched.subjects or matched.facts) if each.startswith(_SUBJECT_KINDS)]
    around = [_COUNTRY + spot.country for spot in matched.spots.values() if spot.country]
    return tuple(dict.fromkeys((*named, *around)))


def places_of(matched: Matched, situation: Situation) -> set[str]:
    """The places that can tell whether a report is about the situation: one that no map knows may be another name of any, unless others named it so."""
    return {each for each in of_kind(subjects_of(matched), "place") if not each.startswith(_UNLOCATED) or each in situation.subjects}


def spots_of(matched: Matched) -> dict[str, tuple[float, float]]:
    return {
        name: (round(spot.latitude, 3), round(spot.longitude, 3))
        for name, spot in matched.spots.items()
        if spot.latitude is not None and spot.longitude is not None
    }


def of_kind(names: Mapping[str, int] | tuple[str, ...], kind: str) -> set[str]:
    return {each for each in names if each.startswith(f"{kind}:")}


def reported(situation: Situation, matched: Matched) -> Situation:
    """The profile with one more report. Of very many subjects those that are named most often are kept."""
    counts = dict(situation.subjects)
    for name in subjects_of(matched):
        counts[name] = counts.get(name, 0) + 1
    if len(counts) > MAX_SUBJECTS:
        counts = dict(sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_SUBJECTS])
    spots = {name: spot for name, spot in {**situation.spots, **spots_of(matched)}.items() if name in counts}
    owner = matched.source.owner or matched.source.id
    owners = situation.owners if owner in situation.owners else (*situation.owners, owner)[:MAX_OWNERS]
    return msgspec.structs.replace(situation, subjects=counts, spots=spots, owners=owners, reports=situation.reports + 1)


def index_keys(situation: Situation) -> Iterator[str]:
    """The names under which the situation is found: its subjects, the map cells of its places, and "" for all."""
    yield ""
    yield from situation.subjects
    for spot in situation.spots.values():
        yield _cell(*_cell_of(spot))


def search_keys(matched: Matched) -> Iterator[str]:
    """The names under which a situation must be looked for that this report may belong to: any, when it names nothing."""
    named = subjects_of(matched)
    yield from named or ("",)
    if not of_kind(named, "place"):
        yield from of_kind(matched.context, "place")
    for spot in spots_of(matched).values():
        row, column = _cell_of(spot)
        for down in (-1, 0, 1):
            for right in (-1, 0, 1):
                yield _cell(row + down, column + right)


def same_place(name: str, spots: Mapping[str, tuple[float, float]], others: Mapping[str, tuple[float, float]], known: set[str]) -> set[str]:
    """Those of `known` places that `name` is, or lies beside."""
    if name in known:
        return {name}
    if name not in spots:
        return set()
    return {each for each in known if each in others and kilometres(spots[name], others[each]) <= SAME_PLACE_KM}


def kilometres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The distance on the ground (haversine, on a sphere of 6,371 km)."""
    latitude, latitude_2 = math.radians(one[0]), math.radians(other[0])
    half = (latitude_2 - latitude) / 2, math.radians(other[1] - one[1]) / 2
    chord = math.sin(half[0]) ** 2 + math.cos(latitude) * math.cos(latitude_2) * math.sin(half[1]) ** 2
    return 2 * 6_371 * math.asin(min(1.0, math.sqrt(chord)))


def _cell_of(spot: tuple[float, float]) -> tuple[int, int]:
    return math.floor(spot[0] / _CELL_DEGREES), math.floor(spot[1] / _CELL_DEGREES)


def _cell(row: int, column: int) -> str:
    return f"cell:{row}:{column}"
