"""Whether a report belongs to a situation. The rules and their reasons stand in `situations`."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.episode import Episode, Situation
from pipeline.episodes.profile import of_kind, places_of, same_place, spots_of, subjects_of
from pipeline.matched import Matched

# A subject that so many of the reports name is what the situation is about; one that fewer name came up by the way.
CORE_SHARE, KNOWN_SHARE = 0.25, 0.05
# What it is mainly about is named nearly as often as what is named most.
MAIN_SHARE = 0.8
# By so many publishers a situation is established, and is what everybody talks about.
ESTABLISHED, PREVAILING = 2, 5


def belonging(leader: Episode, matched: Matched) -> int:
    """How strongly the report belongs to the situation that `leader` leads; 0 when it does not."""
    situation = leader.situation
    if situation is None:
        return 0
    named = subjects_of(matched)
    places, persons, countries = places_of(matched, situation), of_kind(named, "person"), of_kind(named, "country")
    if places:
        return _with_places(leader, situation, matched, places, persons, countries)
    if any(_is_core(situation, each) for each in of_kind(matched.context, "place")):
        return 4
    shares_person = bool(persons & situation.subjects.keys())
    if shares_person and _fits(situation, countries):
        return 3
    if countries:
        return _by_country(situation, countries)
    says_the_same = bool(_rare_numbers(matched.facts) & _rare_numbers((*leader.told, *situation.heard)))
    return int(not persons and (says_the_same or len(situation.owners) >= PREVAILING))


def _with_places(leader: Episode, situation: Situation, matched: Matched, places: set[str], persons: set[str], countries: set[str]) -> int:
    known, spots = of_kind(situation.subjects, "place"), spots_of(matched)
    meant = {each: same_place(each, spots, situation.spots, known) for each in places}
    shared = set().union(*meant.values())
    if any(_is_core(situation, each) for each in shared):
        return 5
    foreign = {each for each, found in meant.items() if not found}
    fits = _fits(situation, countries)
    if not foreign:
        return 4 * fits
    if fits and any(_is_core(situation, each) for each in persons):
        return 3
    if not known:
        return 2 * bool(countries) * _by_country(situation, countries)
    if fits and countries and _rare_numbers(matched.facts) & _rare_numbers((*leader.told, *situation.heard)):
        return 2
    return int(_is_reaction_from_abroad(situation, matched, foreign))


def _share(situation: Situation, subject: str) -> float:
    return situation.subjects.get(subject, 0) / max(situation.reports, 1)


def _is_core(situation: Situation, subject: str) -> bool:
    """Whether the situation is about it: a quarter of the reports name it, and from the third report on at least two do."""
    return _share(situation, subject) >= CORE_SHARE and (situation.reports < 3 or situation.subjects[subject] >= 2)


def _core_countries(situation: Situation) -> set[str]:
    return {each for each in of_kind(situation.subjects, "country") if _is_core(situation, each)}


def _fits(situation: Situation, countries: set[str]) -> bool:
    """Whether the countries do not speak against it: one in common, or one side names none."""
    core = _core_countries(situation)
    return not core or not countries or bool(core & countries)


def _by_country(situation: Situation, countries: set[str]) -> int:
    """The country alone is enough where neither side names a place, or when the situation is established."""
    known = {each for each in of_kind(situation.subjects, "country") if _share(situation, each) >= KNOWN_SHARE}
    if not countries & _core_countries(situation) or not countries <= known:
        return 0
    return int(not of_kind(situation.subjects, "place") or len(situation.owners) >= ESTABLISHED)


def _is_reaction_from_abroad(situation: Situation, matched: Matched, foreign: set[str]) -> bool:
    """All of its unknown places lie in other countries, and it names the country that the situation is about."""
    if len(situation.owners) < ESTABLISHED:
        return False
    counts = {each: situation.subjects[each] for each in of_kind(situation.subjects, "country")}
    main = {each for each, count in counts.items() if count >= MAIN_SHARE * max(counts.values())}
    spots = [matched.spots.get(each) for each in foreign]
    abroad = all(spot is not None and spot.country and f"country:iso:{spot.country}" not in main for spot in spots)
    return abroad and bool(main & matched.facts.keys())


def _rare_numbers(facts: Iterable[str]) -> set[str]:
    """Numbers that two events hardly share by chance: with decimals, or with three digits that count."""
    values = {each.partition(":")[2]: each for each in facts if each.startswith("number:")}
    return {each for value, each in values.items() if "." in value or len(value.rstrip("0")) >= 3}
