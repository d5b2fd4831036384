"""Independently written reports of one event, made by a seed: other words, other order, other languages, places under several names, numbers that drift.

Each report is put together from its own choice of openings, verbs, sources, details and asides, so that hardly any three words in a row are shared.
Entities are found by the recogniser that ships, so what the reports are about is read from their words.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pipeline.article import Article, Dates, Hit, Language, Match, Source
from pipeline.enrichers.entities import Entities, Options, create
from pipeline.matched import Matched, matched
from pipeline.plugins import Context
from tests.builders import NOON

KEYWORD = re.compile(r"\w*(?:erdbeben|earthquake|quake|terremoto|sismo|raketen?test|missile|misil)\w*", re.IGNORECASE)


@dataclass(frozen=True)
class Event:
    """An event as it is told: by language, its openings with `{place}`, `{toll}`, `{other}`, its further sentences, and the names of its places."""

    openings: dict[str, tuple[str, ...]]
    details: dict[str, tuple[str, ...]]
    places: dict[str, tuple[str, ...]]
    countries: dict[str, tuple[str, ...]]


@lru_cache(maxsize=1)
def recogniser() -> Entities:
    return create(Options(), Context(name="entities"))


QUAKE = Event(
    openings={
        "de": (
            "Starkes Erdbeben erschüttert {place}",
            "{place}: Erdbeben fordert {toll} Tote",
            "Mindestens {toll} Menschen sterben bei Erdbeben in {country}",
            "Nach dem Erdbeben in {place} suchen Helfer nach Verschütteten",
            "Erdbeben im Südosten von {country}: Zahl der Toten steigt auf {toll}",
            "{country} bittet nach schwerem Erdbeben um internationale Hilfe",
        ),
        "en": (
            "Powerful earthquake rocks {place}",
            "At least {toll} dead as quake hits {place}",
            "{country} earthquake: rescuers race against time",
            "Quake near {place} kills {toll}, hundreds trapped",
            "Buildings flattened in {place} after major earthquake",
            "Death toll from {country} earthquake climbs to {toll}",
        ),
        "es": (
            "Un fuerte terremoto sacude {place}",
            "Al menos {toll} muertos por un sismo en {place}",
            "{country}: el terremoto deja {toll} fallecidos",
            "Equipos de rescate llegan a {place} tras el terremoto",
            "Sube a {toll} la cifra de muertos por el sismo en {country}",
        ),
    },
    details={
        "de": (
            "Das Beben hatte nach Angaben der Seismologen die Stärke {magnitude}.",
            "In {place} stürzten {houses} Häuser ein, wie Behörden mitteilten.",
            "Ein Augenzeuge, {age} Jahre alt, berichtete von minutenlangem Zittern der Wände.",
            "Die Regierung von {country} rief für die Provinz den Notstand aus.",
            "{injured} Verletzte kamen in Kliniken, viele mit Brüchen und Quetschungen.",
            "Straßen nach {place} sind durch Erdrutsche blockiert; Hubschrauber bringen Zelte.",
            "Strom und Wasser fielen aus, Bewohner verbrachten die Zeit im Freien.",
            "Experten rechnen mit Nachbeben, warnten aber vor Panik.",
        ),
        "en": (
            "Seismologists put the magnitude at {magnitude}.",
            "Officials in {place} counted {houses} collapsed homes so far.",
            "A shopkeeper aged {age} told reporters how shelves tumbled around her.",
            "{country} declared a state of emergency across the province.",
            "Hospitals are treating {injured} wounded, many pulled from rubble by neighbours.",
            "Landslides cut the road into {place}, forcing crews to fly in supplies.",
            "Electricity remained down while families camped outdoors in freezing weather.",
            "Aftershocks are likely for days, geologists cautioned.",
        ),
        "es": (
            "El temblor alcanzó una magnitud de {magnitude}, según los sismólogos.",
            "Unas {houses} viviendas se derrumbaron en {place}.",
            "Una vecina de {age} años relató momentos de angustia.",
            "El gobierno de {country} decretó el estado de emergencia.",
            "Los hospitales atienden a {injured} heridos.",
            "Las carreteras hacia {place} siguen cortadas por derrumbes.",
            "Miles de familias duermen a la intemperie sin luz ni agua.",
        ),
    },
    places={"de": ("Gaziantep", "Gaziantep", "Antep"), "en": ("Gaziantep", "Gaziantep", "Aintab"), "es": ("Gaziantep",)},
    countries={"de": ("Türkei", "der Türkei"), "en": ("Turkey", "Türkiye"), "es": ("Turquía",)},
)

LAUNCH = Event(
    openings={
        "de": (
            "Nordkorea unternimmt neuen Raketentest",
            "Südkoreas Militär registriert Raketentest bei {place}",
            "Raketentest: {country} feuert Geschoss von {place} ab",
            "Neuer Raketentest aus {place} beunruhigt die Nachbarn",
            "{country} meldet erfolgreichen Raketentest",
        ),
        "en": (
            "North Korea fires ballistic missile from {place}",
            "{country} launches missile toward the sea",
            "Missile launched near {place}, South Korea's military says",
            "Tokyo condemns missile launch by {country}",
            "New missile test by {country} draws sharp rebuke",
        ),
        "es": (
            "{country} lanza un misil desde {place}",
            "Detectado el lanzamiento de un misil en {place}",
            "Nuevo ensayo: {country} dispara un misil balístico",
        ),
    },
    details={
        "de": (
            "Das Geschoss legte rund {houses} Kilometer zurück, teilte der Generalstab in Seoul mit.",
            "Die Flughöhe betrug etwa {injured} Kilometer.",
            "Japans Küstenwache warnte Schiffe vor Trümmern.",
            "In Washington hieß es, man berate sich mit Verbündeten.",
            "Beobachter sehen darin eine Antwort auf Manöver der Nachbarn.",
            "Es war nach Zählung von Fachleuten der {age}. Versuch seit Beginn des Programms.",
        ),
        "en": (
            "The projectile travelled about {houses} kilometres, the joint chiefs in Seoul said.",
            "It reached an altitude of {injured} kilometres before falling.",
            "Japan's coast guard told vessels to watch for debris.",
            "Washington said it was consulting closely with partners.",
            "Analysts in Beijing saw a reply to allied drills.",
        ),
        "es": (
            "El proyectil recorrió unos {houses} kilómetros, según el Estado Mayor en Seúl.",
            "Japón pidió a los barcos extremar la precaución.",
            "Washington dijo que consulta con sus aliados.",
        ),
    },
    places={"de": ("Wonsan", "Wŏnsan"), "en": ("Wonsan", "Wonsan"), "es": ("Wonsan",)},
    countries={"de": ("Nordkorea", "Nordkorea"), "en": ("North Korea", "North Korea"), "es": ("Corea del Norte",)},
)


def written(chance: random.Random, event: Event, number: int, progress: float, at: datetime) -> Article:
    """Report number `number`, when `progress` (0 to 1) of the event has passed: tolls grow and publishers differ."""
    language = chance.choice(sorted(event.openings))
    toll = int(5 * 240**progress * chance.uniform(0.7, 1.3))
    values = {
        "place": chance.choice(event.places[language]),
        "country": chance.choice(event.countries[language]),
        "toll": toll,
        "magnitude": chance.choice(("7,8", "7,7", "7,8") if language == "de" else ("7.8", "7.7", "7.8")),
        "houses": toll * chance.randint(2, 9),
        "injured": toll * chance.randint(3, 12),
        "age": chance.randint(19, 88),
    }
    sentences = chance.sample(event.details[language], k=min(len(event.details[language]), chance.randint(2, 5)))
    lead = chance.choice(event.openings[language]) + chance.choice(
        (".", ", wie am Ort zu hören war." if language == "de" else ", local media report.")
    )
    return Article(
        id=f"event-{number}",
        source=Source(id=f"source-{chance.randint(1, 150)}", name="Blatt"),
        title=chance.choice(event.openings[language]).format(**values),
        body=" ".join([lead, *sentences]).format(**values),
        language=Language(code=language),
        dates=Dates(published_at=at, precision="second"),
        first_seen_at=at,
        revision=1,
    )


def as_match(article: Article, rule: str = "r") -> Matched:
    """The record that the worker would write for the article, with the entities that it would find."""
    found = recogniser().enrich(article)
    hits = tuple(hit for field in ("title", "body") for hit in _hits(field, getattr(found, field)))
    match = Match(id=f"{rule}/{article.id}", rule_id=rule, rule_version="1", title="Regel", severity="high", hits=hits)
    return matched(found, match, article.first_seen_at or NOON)


def _hits(field: str, text: str) -> Sequence[Hit]:
    found = []
    for sentence in re.finditer(r"[^.!?]+[.!?]?", text):
        for word in KEYWORD.finditer(sentence[0]):
            start = sentence.start() + word.start()
            place = {"sentence_start": sentence.start(), "sentence_end": sentence.end(), "sentence_id": f"{field}:{sentence[0]}"}
            found.append(Hit(term="k", surface=word[0], mode="exact", field=field, start=start, end=start + len(word[0]), **place))  # type: ignore[arg-type]
    return found
