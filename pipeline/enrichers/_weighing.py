"""The model's names against those of the gazetteers: which of two that overlap stands, and which of the model's are added."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.article import Field
from pipeline.enrichers._gazetteer import Found, Sense, Subject, Words
from pipeline.enrichers._spot import Spot
from pipeline.enrichers._statistical import Marked, again, subjects_of

# From here on the model may say that a town's name is a person's.
_CONTRADICTS = 0.7
_GROUND = frozenset({"place", "country"})


def weighed(spots: list[Spot], marked: list[Marked]) -> tuple[list[Spot], list[Marked]]:
    """What stays of both. Of the team's own names every one stays; of the others the longer one, and of two alike the gazetteer's, but a town
    that the model takes for a person or an organisation is none."""
    if not marked:
        return spots, marked
    at = {(id(spot.words), word): spot for spot in spots for word in range(spot.found.first, spot.found.last)}
    dropped: set[int] = set()
    kept = []
    for mark in marked:
        beside = {id(spot): spot for word in range(mark.first, mark.last) if (spot := at.get((id(mark.words), word)))}
        losing = [spot for spot in beside.values() if _loses(spot, mark)]
        if len(losing) == len(beside):
            dropped.update(map(id, losing))
            kept.append(mark)
        else:
            _confirm(beside.values(), mark)
    return [spot for spot in spots if id(spot) not in dropped], kept


def _loses(spot: Spot, mark: Marked) -> bool:
    """Whether the gazetteer's name gives way to the model's."""
    kinds = {sense.subject.type for sense in spot.senses}
    if any(sense.subject.recogniser.startswith("list:") for sense in spot.senses) or kinds == {"person"}:
        return False
    if mark.first <= spot.found.first and spot.found.last <= mark.last and mark.last - mark.first > spot.found.last - spot.found.first:
        return True
    return kinds == {"place"} and mark.type in ("person", "organisation") and mark.confidence >= _CONTRADICTS and _is_whole(spot, mark)


def _is_whole(spot: Spot, mark: Marked) -> bool:
    return (spot.found.first, spot.found.last) == (mark.first, mark.last) and mark.last - mark.first == 1


def _confirm(spots: Sequence[Spot], mark: Marked) -> None:
    for spot in spots:
        spot.confirmed = mark.type == "place" and (spot.found.first, spot.found.last) == (mark.first, mark.last)


def named(marked: list[Marked], spots: list[Spot], texts: Sequence[tuple[Field, Words]], language: str) -> list[Spot]:
    """The model's names as decided spots, and what is spelled like them elsewhere in the article."""
    families = {subject_part for spot in spots if spot.subject for subject_part in _parts(spot.subject)}
    kept = [mark for mark in marked if not (mark.type == "person" and {mark.key, mark.key.removesuffix("s")} & families)]
    subjects = subjects_of(kept, language)
    found = [Spot(each.field, each.words, _finding(each), [], subjects[each.key], each.confidence) for each in kept]
    taken = {(id(spot.words), word) for spot in [*spots, *found] if spot.subject for word in range(spot.found.first, spot.found.last)}
    finder = again(kept, subjects, language)
    for name, words in texts if len(finder) else ():
        for each in finder.find(words):
            if not any((id(words), word) in taken for word in range(each.first, each.last)) and _is_spelled(words, each, each.senses[0]):
                found.append(Spot(name, words, each, [], each.senses[0].subject, 0.0))
    return found


def _finding(mark: Marked) -> Found:
    return Found(mark.first, mark.last, (), False)


def _parts(subject: Subject) -> set[str]:
    """The family names of a person of the packaged names or lists, folded: what is called so is left to `_agreement`."""
    return {family.lower() for family in subject.families} if subject.type == "person" else set()


def _is_spelled(words: Words, found: Found, sense: Sense) -> bool:
    surface = words.text[words.starts[found.first] : words.ends[found.last - 1]]
    return surface[:1].isupper() and (not sense.exact or surface == sense.exact or (found.inflected and surface[:-1] == sense.exact))
