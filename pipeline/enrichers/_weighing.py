"""The model's names against those of the gazetteers: which of two that overlap stands, and which of the model's are added."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.article import Field
from pipeline.enrichers._acronyms import introduced, spelled_out
from pipeline.enrichers._announced import announced_names
from pipeline.enrichers._announcing import announced
from pipeline.enrichers._companies import companies, without_form
from pipeline.enrichers._gazetteer import Found, Sense, Subject, Words
from pipeline.enrichers._marked import Marked
from pipeline.enrichers._senses import preceding
from pipeline.enrichers._spot import Spot
from pipeline.enrichers._statistical import again, subjects_of
from pipeline.text.folding import fold

# From here on the model may say that a town's name is a person's.
_CONTRADICTS = 0.7
_GROUND = frozenset({"place", "country"})


def weighed(spots: list[Spot], marked: list[Marked]) -> tuple[list[Spot], list[Marked]]:
    """What stays of both. Of the team's own names every one stays; of the others the longer one, and of two alike the gazetteer's, but a town
    that the model takes for a person or an organisation is none."""
    if not marked:
        return spots, marked
    people = _people(spots, marked)
    spots = [spot for spot in spots if not _is_family(spot, people)]
    marked = [mark for mark in marked if mark.type != "place" or mark.key not in people]
    at = {(id(spot.words), word): spot for spot in spots for word in range(spot.found.first, spot.found.last)}
    dropped: set[int] = set()
    kept = []
    for mark in marked:
        beside = {id(spot): spot for word in range(mark.first, mark.last) if (spot := at.get((id(mark.words), word)))}
        losing = [spot for spot in beside.values() if _loses(spot, mark)]
        if company := next((spot for spot in losing if _is_without_form(spot, mark)), None):
            company.found = company.found._replace(last=mark.last)
        elif len(losing) == len(beside) and not _are_several_places(losing, mark):
            dropped.update(map(id, losing))
            kept.append(mark)
        else:
            _confirm(beside.values(), mark)
    return [spot for spot in spots if id(spot) not in dropped], kept


def _is_without_form(spot: Spot, mark: Marked) -> bool:
    """Whether the gazetteer's organisation is the model's company without its legal form: "BMW" in "BMW AG"."""
    if {sense.subject.type for sense in spot.senses} != {"organisation"} or spot.found.first != mark.first:
        return False
    return without_form(mark.key) == " ".join(spot.words.forms[spot.found.first : spot.found.last])


def _people(spots: Sequence[Spot], marked: Sequence[Marked]) -> set[str]:
    """First and last words of the persons' names in the article."""
    names = [
        spot.words.forms[spot.found.first : spot.found.last]
        for spot in spots
        if {sense.subject.type for sense in spot.senses} == {"person"}
    ]
    names += [mark.words.forms[mark.first : mark.last] for mark in marked if mark.type == "person"]
    return {word for name in names if len(name) > 1 for word in (name[0], name[-1])}


def _is_family(spot: Spot, people: set[str]) -> bool:
    """Whether a name that only may be a small town's is a person's in this article: "Kim" after "Kim Jong Un"."""
    in_doubt = all(sense.doubtful and sense.subject.type == "place" for sense in spot.senses)
    return in_doubt and spot.found.last - spot.found.first == 1 and spot.words.forms[spot.found.first] in people


def _are_several_places(spots: Sequence[Spot], mark: Marked) -> bool:
    """Whether the model took a row of places for one name: "Halle/Berlin"."""
    return mark.type == "place" and sum(spot.senses[0].subject.type in _GROUND for spot in spots) > 1


def _loses(spot: Spot, mark: Marked) -> bool:
    """Whether the gazetteer's name gives way to the model's."""
    kinds = {sense.subject.type for sense in spot.senses}
    if any(sense.subject.recogniser.startswith("list:") for sense in spot.senses) or kinds == {"person"}:
        return False
    if mark.first <= spot.found.first and spot.found.last <= mark.last and mark.last - mark.first > spot.found.last - spot.found.first:
        return True
    sure = mark.confidence >= _CONTRADICTS or all(sense.doubtful for sense in spot.senses)
    return _is_town(spot) and mark.type in ("person", "organisation") and sure and _is_whole(spot, mark)


def _is_town(spot: Spot) -> bool:
    """Whether the name can only be a town's, and no noun before it says that it is one; regions and rivers lend no names to people."""
    is_town = all(sense.subject.recogniser == "gazetteer:places" for sense in spot.senses)
    return is_town and announced(preceding(spot.words, spot.found)) != "place"


def _is_whole(spot: Spot, mark: Marked) -> bool:
    return (spot.found.first, spot.found.last) == (mark.first, mark.last) and mark.last - mark.first == 1


def _confirm(spots: Iterable[Spot], mark: Marked) -> None:
    for spot in spots:
        spot.confirmed = mark.type == "place" and (spot.found.first, spot.found.last) == (mark.first, mark.last)


def named(marked: list[Marked], spots: list[Spot], texts: Sequence[tuple[Field, Words]], language: str, recogniser: str) -> list[Spot]:
    """The model's names as decided spots, and what is spelled like them elsewhere in the article."""
    families = _families([spot.subject for spot in spots if spot.subject])
    subjects = subjects_of(marked, recogniser)
    subjects |= {mark.key: owner for mark in marked if mark.type == "person" and (owner := _owner(mark.key, families))}
    found = [Spot(each.field, each.words, _finding(each), [], subjects[each.key], each.confidence) for each in marked]
    taken = {(id(spot.words), word) for spot in [*spots, *found] if spot.subject for word in range(spot.found.first, spot.found.last)}
    finder = again(marked, subjects, language)
    for name, words in texts if len(finder) else ():
        for each in finder.find(words):
            if not any((id(words), word) in taken for word in range(each.first, each.last)) and _is_spelled(words, each, each.senses[0]):
                found.append(Spot(name, words, each, [], each.senses[0].subject, 0.0))
    return found


def _finding(mark: Marked) -> Found:
    return Found(mark.first, mark.last, (), False)


def _families(subjects: Sequence[Subject]) -> dict[str, Subject]:
    """The family names that one person of the packaged names or lists has, folded, with that person."""
    owners: dict[str, set[Subject]] = {}
    for subject in subjects:
        for family in subject.families if subject.type == "person" else ():
            owners.setdefault(fold(family), set()).add(subject)
    return {family: next(iter(each)) for family, each in owners.items() if len(each) == 1}


def _owner(key: str, families: Mapping[str, Subject]) -> Subject | None:
    return families.get(key) or families.get(key.removesuffix("s"))


def _is_spelled(words: Words, found: Found, sense: Sense) -> bool:
    surface = words.text[words.starts[found.first] : words.ends[found.last - 1]]
    return surface[:1].isupper() and (not sense.exact or surface == sense.exact or (found.inflected and surface[:-1] == sense.exact))


def with_rules(texts: Sequence[tuple[Field, Words]], marked: list[Marked], spots: Sequence[Spot], language: str) -> list[Marked]:
    """The model's names, and in their place what rules are surer of: companies with their legal form, institutions with their abbreviation
    behind them, and what the noun before a name says of it, where no list knows the name."""
    for rule in (companies, spelled_out):
        marked = _in_place(marked, [each for field, words in texts for each in rule(field, words)])
    listed = {(id(spot.words), word) for spot in spots for word in range(spot.found.first, spot.found.last)}
    listed |= {(id(each.words), word) for each in marked if each.rule or each.type != "person" for word in range(each.first, each.last)}
    return _in_place(
        marked, [each for field, words in texts for each in announced_names(field, words, language) if not _overlaps(each, listed)]
    )


def _in_place(marked: list[Marked], found: list[Marked]) -> list[Marked]:
    if not found:
        return marked
    taken = {(id(each.words), word) for each in found for word in range(each.first, each.last)}
    return found + [each for each in marked if not _overlaps(each, taken)]


def _overlaps(mark: Marked, taken: set[tuple[int, int]]) -> bool:
    return any((id(mark.words), word) in taken for word in range(mark.first, mark.last))


def with_abbreviations(spots: list[Spot], texts: Sequence[tuple[Field, Words]]) -> list[Spot]:
    """The spots, and those of abbreviations that the article introduces; they replace what only the model made of them."""
    finder = introduced(spots)
    if not len(finder):
        return spots
    known = {
        (id(spot.words), word)
        for spot in spots
        if spot.subject
        for word in range(spot.found.first, spot.found.last)
        if not _is_models(spot)
    }
    found = [
        Spot(name, words, each, [], each.senses[0].subject, 0.0)
        for name, words in texts
        for each in finder.find(words)
        if _is_spelled(words, each, each.senses[0]) and (id(words), each.first) not in known
    ]
    replaced = {(id(spot.words), spot.found.first) for spot in found}
    return [spot for spot in spots if not (_is_models(spot) and (id(spot.words), spot.found.first) in replaced)] + found


def _is_models(spot: Spot) -> bool:
    return spot.subject is not None and spot.subject.id.startswith("name:") and spot.found.last - spot.found.first == 1
