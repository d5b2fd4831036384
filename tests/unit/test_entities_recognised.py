"""Entities as they are recognised by default: gazetteers, rules and the models that ship, deciding together."""

from __future__ import annotations

import time
from functools import cache

import pytest

from pipeline.article import Article, Entity, Language, Source
from pipeline.enrichers.entities import Entities, Options, create
from pipeline.errors import BadConfiguration
from pipeline.facts import AGENCY_PREFIX
from pipeline.plugins import Context
from tests.shared_data import seed


@cache
def enricher() -> Entities:
    return create(Options(), Context(name="entities"))


def enriched(body: str, language: str = "de", title: str = "") -> Article:
    return enricher().enrich(Article(id="a1", source=Source(id="s1"), title=title, body=body, language=Language(code=language)))


def named(article: Article, name: str) -> Entity:
    return next(each for each in article.entities if each.name == name)


def names(body: str, language: str = "de") -> set[str]:
    return {each.name for each in enriched(body, language).entities}


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            "004",
            {"Antony Blinken": "person", "Russland": "country", "Nordkorea": "country", "Südkorea": "country", "Japan": "country"}
            | {"Ukraine": "country", "USA": "country", "Seoul": "place", "Washington": "place", "Asien": "place", "Ostmeer": "place"}
            | {"Kreml": "organisation"},
        ),
        ("000", {"Kim Jong Un": "person", "Sergej Schoigu": "person", "KCNA": "organisation", "Pjöngjang": "place", "Moskau": "place"}),
    ],
)
def test_the_seed_articles_have_their_entities_and_no_adjective_or_title(number: str, expected: dict[str, str]) -> None:
    title, _, body = seed(number).partition("\n")
    article = enriched(body, title=title)
    surfaces = {mention.text: each.type for each in article.entities for mention in each.mentions}
    found = {each.name: each.type for each in article.entities} | surfaces
    assert {name: found.get(name) for name in expected} == expected
    assert not [text for text in surfaces if text.endswith(("ische", "ischen", "ischer")) or "minister" in text.lower()]


def test_every_mention_is_the_text_at_its_offsets_and_says_who_found_it() -> None:
    article = enriched("Petra Hubermann leitet die Bundesnetzagentur in Bonn. Hubermann schwieg.", title="Hubermann in Bonn")
    for each in article.entities:
        assert each.recogniser.partition(":")[0] in ("model", "gazetteer", "rule", "list")
        assert 0 < each.confidence <= 1 and 0 < each.salience <= 1
        assert all(getattr(article, mention.field)[mention.start : mention.end] == mention.text for mention in each.mentions)
    assert [mention.text for mention in named(article, "Petra Hubermann").mentions] == ["Hubermann", "Petra Hubermann", "Hubermann"]


def test_a_role_is_no_part_of_a_name_and_all_mentions_are_one_entity() -> None:
    article = enriched("Verteidigungsminister Jochen Brandauer kam nach Seoul. Minister Brandauer sprach lange. Brandauers Reise endete.")
    assert [mention.text for mention in named(article, "Jochen Brandauer").mentions] == ["Jochen Brandauer", "Brandauer", "Brandauers"]


def test_an_abbreviation_in_brackets_is_the_organisation_before_it() -> None:
    article = enriched("Die Bundesnetzagentur (BNetzA) warnt. Laut BNetzA ist das neu.")
    assert [mention.text for mention in named(article, "Bundesnetzagentur").mentions] == ["Bundesnetzagentur", "BNetzA", "BNetzA"]


@pytest.mark.parametrize(
    ("text", "language", "surfaces"),
    [
        ("Der Konzern Quandt Defence GmbH liefert. Quandt Defence schwieg.", "de", ["Quandt Defence GmbH", "Quandt Defence"]),
        ("Le groupe Acqua Nova S.p.A. a signé.", "fr", ["Acqua Nova S.p.A."]),
        ("Acme Rocket Corp. fell sharply.", "en", ["Acme Rocket Corp"]),
    ],
)
def test_a_legal_form_makes_a_company_in_every_language(text: str, language: str, surfaces: list[str]) -> None:
    found = next(each for each in enriched(text, language).entities if each.type == "organisation")
    assert [mention.text for mention in found.mentions] == surfaces
    assert found.recogniser == "rule:legal-form"


def test_a_listed_company_with_its_legal_form_stays_the_listed_one() -> None:
    article = enriched("Die Thyssenkrupp AG spart. Thyssenkrupp schweigt.")
    assert [mention.text for mention in named(article, "Thyssenkrupp").mentions] == ["Thyssenkrupp AG", "Thyssenkrupp"]


def test_a_small_town_of_a_persons_name_is_that_person() -> None:
    article = enriched("Machthaber Kim Jong Un kam. Kim lobte die Armee. Das Kim-Regime schwieg zu Machthaber Kim.")
    assert [each.id for each in article.entities] == ["person:kim-jong-un"]


@pytest.mark.parametrize(
    ("text", "language", "wanted", "unwanted"),
    [
        ("Georgia and Russia signed a deal in Tbilisi.", "en", "iso:GE", "iso:US-GA"),
        ("Voters in Georgia and Michigan, United States", "en", "iso:US-GA", "iso:GE"),
        ("Ein Flug nach Frankfurt", "de", "geo:2925533", "geo:2925535"),
        ("Ein Unfall in Frankfurt (Oder)", "de", "geo:2925535", "geo:2925533"),
        ("Ein Brand in Essen hielt die Feuerwehr wach.", "de", "geo:2928810", ""),
        ("Das Essen war gut, und nach dem Essen gingen alle.", "de", "", "geo:2928810"),
        ("Die Polizei in Wesel sucht Zeugen.", "de", "geo:2810678", ""),
        ("Halle/Berlin – Ein Brand hat", "de", "geo:2911522", ""),
        ("Im US-Bundesstaat Georgia wird gewählt.", "de", "iso:US-GA", "name:person:georgia"),
        ("Chief executive Mary Barra resigned.", "en", "", "geo:3471039"),
        ("Das Rote Meer ist warm.", "de", "region:red-sea", ""),
        ("Kämpfe im Südlibanon", "de", "region:south-lb", "iso:LB"),
        ("The Danube and the Rhine burst their banks.", "en", "region:danube", ""),
    ],
)
def test_the_article_decides_which_place_is_meant(text: str, language: str, wanted: str, unwanted: str) -> None:
    found = {each.id for each in enriched(text, language).entities}
    assert not wanted or wanted in found
    assert not unwanted or unwanted not in found


@pytest.mark.parametrize(
    ("text", "language", "surface", "kind", "recogniser"),
    [
        ("Die Bundesanstalt für Materialforschung (BAM) prüft.", "de", "BAM", "organisation", "rule:abbreviation"),
        (
            "Das Bundesamt für Biologie und Klima (BBK) löste aus.",
            "de",
            "Bundesamt für Biologie und Klima",
            "organisation",
            "rule:abbreviation",
        ),
        ("The Civil Drone Authority (CDA) grounded flights.", "en", "Civil Drone Authority", "organisation", "rule:abbreviation"),
        ("Der Softwarehersteller Nemetschek wächst.", "de", "Nemetschek", "organisation", "rule:announced"),
        ("Carmaker Zorvian will build a factory.", "en", "Zorvian", "organisation", "rule:announced"),
        ("Die Insel Zorvandia brennt.", "de", "Zorvandia", "place", "rule:announced"),
    ],
)
def test_what_stands_beside_a_name_says_what_it_is(text: str, language: str, surface: str, kind: str, recogniser: str) -> None:
    without_model = create(Options(model=False), Context(name="entities"))
    article = without_model.enrich(Article(id="a1", source=Source(id="s1"), body=text, language=Language(code=language)))
    (found,) = [each for each in article.entities if surface in {mention.text for mention in each.mentions}]
    assert (found.type, found.recogniser) == (kind, recogniser)


@pytest.mark.parametrize(
    "text",
    [
        "Der Abgeordnete Stefan Peter Dahm (SPD) kam.",
        "Der Hersteller Rohstoffe und Waren liefert.",
        "Zusammen mit der Tochter Anna kam sie.",
    ],
)
def test_what_stands_beside_a_name_is_not_always_told(text: str) -> None:
    assert not [each for each in enriched(text).entities if each.recogniser.startswith("rule:")]


def test_a_first_name_makes_a_person_of_a_towns_name() -> None:
    article = enriched("Schauspieler Denzel Washington kam. Auch Thorsten Frei kam, und Mia Hagen.")
    assert {"Denzel Washington", "Thorsten Frei", "Mia Hagen"} <= {each.name for each in article.entities if each.type == "person"}


def test_the_model_declines_in_other_languages_and_gazetteers_do_not() -> None:
    article = enriched("Péter Kovács Budapesten találkozott Angela Merkel asszonnyal. Moszkva hallgat.", "hu")
    assert not [each for each in article.entities if each.recogniser.startswith("model")]
    assert "Москва" in {m.text for each in enriched("Сегодня Москва молчит. Иван Петров тоже.", "ru").entities for m in each.mentions}


def test_the_model_can_be_left_out_and_asked_for_more_certainty() -> None:
    text = "Petra Hubermann leitet jetzt die Behörde."
    without = create(Options(model=False), Context(name="entities"))
    strict = create(Options(least_confidence=1.0), Context(name="entities"))
    article = Article(id="a1", source=Source(id="s1"), body=text, language=Language(code="de"))
    assert names(text) == {"Petra Hubermann"}
    assert without.enrich(article).entities == () and strict.enrich(article).entities == ()


def test_a_text_in_capitals_has_no_names_of_the_model() -> None:
    assert not [each for each in enriched("THE MAN WHO TOLD US ABOUT PETER", "en").entities if each.recogniser.startswith("model")]


def test_a_missing_spacy_pipeline_says_what_to_install() -> None:
    with pytest.raises(BadConfiguration) as raised:
        create(Options(spacy={"fr": "fr_core_news_none"}), Context(name="entities"))
    assert "pip install 'lagebild[spacy]'" in str(raised.value) or "spacy download fr_core_news_none" in str(raised.value)


@pytest.mark.parametrize(
    "text",
    ["x" * 1_000_000, "X" * 1_000_000, "😀" * 300_000, "Aа" * 300_000, "\u202e\u200fMoskau\u200e" * 50_000, "Petra Müller " * 20_000]
    + ["Aa Bb Cc Dd " * 20_000, "GmbH " * 50_000, "(A) " * 50_000, "A-" * 200_000, "a. " * 100_000, "\n" * 500_000],
    ids=["small", "capitals", "emoji", "mixed", "marks", "persons", "words", "forms", "brackets", "hyphens", "stops", "lines"],
)
def test_hostile_text_takes_bounded_time(text: str) -> None:
    began = time.process_time()
    article = enriched(text)
    assert time.process_time() - began < 20
    assert all(len(each.mentions) <= 200 for each in article.entities) and len(article.entities) <= 500


def test_agencies_are_marked_by_their_id() -> None:
    assert named(enriched("Das meldete KCNA."), "KCNA").id.startswith(AGENCY_PREFIX)
