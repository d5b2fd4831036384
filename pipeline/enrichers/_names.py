"""The names that come with the package, read from `data/`.

`countries.tsv.gz` and `places.tsv.gz` are built by `_build_places.py` from CLDR and GeoNames; the text files are written by hand. In all of them
`de,fr=Name` limits a name to languages, `?Name` marks one that is also a word; in the hand-written ones `de:Name` limits to one language,
`=Name` to this very spelling, and `{a,b}` stands for each of its variants.
"""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Literal

from pipeline.enrichers._gazetteer import OTHER_LANGUAGES, Gazetteer, Sense, Subject, language_bit
from pipeline.text.folding import fold

NameLanguage = Literal["de", "en"]
Names = Iterator[tuple[str, Sense]]

_BRACES = re.compile(r"\{([^{}]*)\}")
_PREFIX = re.compile(r"([a-z]{2}):")
# A country outweighs any town of its name.
_COUNTRY_WEIGHT = 10_000_000
_REGION_WEIGHT = 1_000
_DIRECTIONS = {"Nord": "north", "Süd": "south", "Ost": "east", "West": "west", "Zentral": "central"}


@cache
def packaged_names(name_language: NameLanguage) -> Gazetteer:
    """All names of the package; countries and places are called as `name_language` calls them. Read once (a second or two, 50 MB)."""

    def names() -> Names:
        known = [*countries(name_language), *regions()]
        yield from known
        yield from parts_of_countries({name for name, _ in known})
        yield from organisations()
        yield from persons()
        yield from places(name_language)

    return Gazetteer(names())


def variants(text: str) -> list[str]:
    """All spellings that braces stand for: "Rote{s,n} Meer" → "Rotes Meer", "Roten Meer"."""
    if not (match := _BRACES.search(text)):
        return [text]
    return [each for ending in match[1].split(",") for each in variants(text[: match.start()] + ending + text[match.end() :])]


def _text(name: str) -> str:
    packed = files("pipeline.enrichers").joinpath("data", name).read_bytes()
    return (gzip.decompress(packed) if name.endswith(".gz") else packed).decode()


def _rows(name: str, columns: int) -> Iterator[list[str]]:
    for line in _text(name).splitlines():
        if line and not line.startswith("#"):
            yield line.split(";", columns - 1)


def _by_hand(aliases: str, subject: Subject) -> Names:
    plain = Sense(subject)
    for alias in filter(None, aliases.split("|")):
        languages = 0
        if prefix := _PREFIX.match(alias):
            languages, alias = language_bit(prefix[1]), alias[prefix.end() :]
        for name in variants(alias):
            if name.startswith("="):
                yield name[1:], plain._replace(languages=languages, exact=name[1:].rstrip("."))
            else:
                yield name, plain._replace(languages=languages) if languages else plain


def _tagged(names: str, plain: Sense) -> Names:
    """The names of a built file: `Name`, `de,fr=Name`, `*=Name` (any language but German and English), each with or without `?` in front."""
    senses: dict[str, Sense] = {}
    for each in filter(None, names.split("|")):
        tags, equals, name = each.partition("=")
        if not equals:
            tags, name = each[: each.startswith("?")], each.lstrip("?")
        sense = senses.get(tags)
        if sense is None:
            sense = senses[tags] = plain._replace(languages=_bits(tags.lstrip("?")), doubtful=tags.startswith("?"))
        # "Frankfurt (Oder)" is not "Frankfurt oder".
        yield name, sense._replace(exact=name.rstrip(")")) if "(" in name else sense


def _bits(tags: str) -> int:
    if tags == "*":
        return OTHER_LANGUAGES
    bits = 0
    for tag in filter(None, tags.split(",")):
        bits |= language_bit(tag)
    return bits


def countries(name_language: NameLanguage) -> Names:
    for line in _text("countries.tsv.gz").splitlines():
        iso, latitude, longitude, german, english, names, by_hand = line.split("\t")
        name = german if name_language == "de" else english
        subject = Subject(
            f"iso:{iso}", "country", name, "gazetteer:countries", iso, _degrees(latitude), _degrees(longitude), _COUNTRY_WEIGHT
        )
        yield from _tagged(names, Sense(subject))
        yield from _by_hand(by_hand, subject)


def _degrees(text: str) -> float | None:
    return None if text == "nan" else float(text)


def places(name_language: NameLanguage) -> Names:
    for line in _text("places.tsv.gz").splitlines():
        number, iso, latitude, longitude, thousands, known, german, main, names = line.split("\t")
        name = german if name_language == "de" else main
        subject = Subject(f"geo:{number}", "place", name, "gazetteer:places", iso, float(latitude), float(longitude), int(thousands))
        yield from _tagged(names, Sense(subject, remote=known == "0"))


def parts_of_countries(known: set[str]) -> Names:
    """What German calls the parts of a country: "Südlibanon", "Ostukraine"; those that are `known` mean something of their own ("Nordirland")."""
    for country in dict.fromkeys(sense.subject for _, sense in countries("de")):
        if not country.name.isalpha() or country.name.isupper():
            continue
        for direction, english in _DIRECTIONS.items():
            if (name := direction + country.name.lower()) not in known:
                subject = country._replace(
                    id=f"region:{english}-{country.country.lower()}",
                    type="place",
                    name=name,
                    recogniser="gazetteer:regions",
                    weight=_REGION_WEIGHT,
                )
                yield name, Sense(subject, languages=language_bit("de"))


def regions() -> Names:
    for slug, iso, latitude, longitude, name, aliases in _rows("regions.txt", 6):
        subject = Subject(slug, "place", name, "gazetteer:regions", iso, float(latitude), float(longitude), _REGION_WEIGHT)
        yield from _by_hand(f"{name}|{aliases}", subject)


@cache
def first_names() -> frozenset[str]:
    """First names that are common somewhere, folded."""
    return frozenset(fold(name) for line in _text("first_names.txt").splitlines() if not line.startswith("#") for name in line.split())


def organisations() -> Names:
    for slug, iso, name, aliases in _rows("organisations.txt", 4):
        yield from _by_hand(aliases, Subject(slug, "organisation", name, "gazetteer:organisations", iso))


def persons() -> Names:
    for slug, iso, name, families, aliases in _rows("persons.txt", 5):
        subject = Subject(slug, "person", name, "gazetteer:persons", iso, families=tuple(filter(None, families.split("|"))))
        yield from _by_hand(f"{name}|{aliases}", subject)
