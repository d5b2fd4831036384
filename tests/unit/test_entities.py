"""Entities from gazetteers alone: what is found where, and above all what is not."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Article, Entity, Language, Source, decode, encode
from pipeline.enrichers._gazetteer import key
from pipeline.enrichers._names import NameLanguage, places
from pipeline.enrichers.entities import Entities, Options, create
from pipeline.index.documents import document
from pipeline.plugins import Context, load
from pipeline.text.tokens import analyse
from tests.shared_data import seed


@cache
def enricher() -> Entities:
    return create(Options(model=False), Context(name="entities"))


def enriched(body: str, language: str = "de", title: str = "", summary: str = "") -> Article:
    article = Article(id="a1", source=Source(id="s1"), title=title, summary=summary, body=body, language=Language(code=language))
    return enricher().enrich(article)


def ids(body: str, language: str = "de", title: str = "") -> set[str]:
    return {entity.id for entity in enriched(body, language, title).entities}


def entity(article: Article, identity: str) -> Entity:
    return next(each for each in article.entities if each.id == identity)


def surfaces(article: Article, identity: str) -> list[str]:
    return [mention.text for mention in entity(article, identity).mentions]


def test_the_plug_in_is_found_by_its_file_name() -> None:
    assert load("enrichers", "entities").create is create


def test_a_country_is_one_entity_with_all_its_mentions_and_their_offsets() -> None:
    article = enriched("Die USA warnen. Nordkoreas Führung schwieg, Nordkorea testete.", title="Nordkorea: Raketentest")
    found = entity(article, "iso:KP")
    assert (found.type, found.name, found.country) == ("country", "Nordkorea", "KP")
    assert found.recogniser == "gazetteer:countries"
    assert [(m.field, m.text) for m in found.mentions] == [("title", "Nordkorea"), ("body", "Nordkoreas"), ("body", "Nordkorea")]
    assert all(getattr(article, m.field)[m.start : m.end] == m.text for e in article.entities for m in e.mentions)
    assert found.latitude is not None and 38 < found.latitude < 42


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ein Treffen in Pjöngjang.", "geo:1871859"),
        ("Ein Treffen in Pjoengjang.", "geo:1871859"),
        ("Moskaus Antwort kam spät.", "geo:524901"),
        ("Peking reagierte.", "geo:1816670"),
        ("Aus Kiew hieß es:", "geo:703448"),
        ("Gespräche in Genf", "geo:2660646"),
        ("der Sender in Mailand", "geo:3173435"),
        ("Washingtons Haltung", "geo:4140963"),
        ("im Roten Meer", "region:red-sea"),
        ("am Schwarzen Meer", "region:black-sea"),
        ("im Nahen Osten", "region:middle-east"),
        ("auf der Krim", "region:crimea"),
        ("im Gazastreifen", "region:gaza-strip"),
        ("in der Republik Korea", "iso:KR"),
        ("die VAE erklärten", "iso:AE"),
        ("in den Vereinigten Staaten", "iso:US"),
        ("im Weißen Haus", "org:us:white-house"),
        ("Sprecher der Vereinten Nationen", "org:un"),
        ("Wie KCNA meldet", "org:agency:kcna"),
        ("meldete dpa am Abend", "org:agency:dpa"),
        ("Sergei Schoigu sprach", "person:sergei-shoigu"),
        ("mit Kim Jong-un", "person:kim-jong-un"),
        ("Frankreichs Präsident EMMANUEL MACRON", "person:emmanuel-macron"),
    ],
)
def test_names_are_found_in_german(text: str, expected: str) -> None:
    assert expected in ids(text)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "North Korea fired a missile into the Sea of Japan.", {"iso:KP", "region:sea-of-japan"}),
        ("en", "The US and the U.K. met in Geneva.", {"iso:US", "iso:GB", "geo:2660646"}),
        ("fr", "La Corée du Nord et l'Ukraine, selon l'OTAN à Moscou", {"iso:KP", "iso:UA", "org:nato", "geo:524901"}),
        ("es", "Corea del Norte y Estados Unidos en Pekín", {"iso:KP", "iso:US", "geo:1816670"}),
        ("it", "La Corea del Nord e il Vaticano a Milano", {"iso:KP", "iso:VA", "geo:3173435"}),
        ("nl", "Noord-Korea en de Verenigde Staten", {"iso:KP", "iso:US"}),
        ("pl", "Korea Północna i Stany Zjednoczone", {"iso:KP", "iso:US"}),
        ("tr", "Kuzey Kore Ankara'da", {"iso:KP", "geo:323786"}),
        ("ru", "Северная Корея провела испытание, сообщили в Москве.", {"iso:KP", "geo:524901"}),
        ("uk", "Росія та Україна", {"iso:RU", "iso:UA"}),
        ("ar", "روسيا أوكرانيا", {"iso:RU", "iso:UA"}),
        ("el", "Η Ρωσία και η Ουκρανία", {"iso:RU", "iso:UA"}),
        ("zh-cn", "朝鲜在平壤发射导弹，日本抗议", {"iso:KP", "geo:1871859", "iso:JP"}),
        ("ja", "北朝鮮が平壌からミサイルを発射", {"iso:KP", "geo:1871859"}),
        ("ko", "북한 평양 미사일", {"iso:KP", "geo:1871859"}),
    ],
)
def test_countries_and_capitals_are_found_in_many_languages(language: str, text: str, expected: set[str]) -> None:
    assert expected <= ids(text, language)


@pytest.mark.parametrize(
    "text",
    [
        "die russischen und südkoreanischen Geheimdienste",
        "der US-Außenminister und die US-Regierung",
        "Das Essen war gut.",
        "Essen ist gesund. Trinken auch.",
        "Nach dem Essen gingen alle.",
        "Die Halle ist voll, und Weil das so ist",
        "Der Hagen war ein Dorn im Gebüsch",
        "Berliner und Moskauer Zeitungen",
        "in china und in russland",
        "Nina Hagen und Paris Hilton singen",
        "George Washington und Jack London",
        "Der FC Augsburg siegte",
        "Ein Kanton und zwei Löwen",
        "Die Republik und Korea-ähnliches",
        "Frau Müller-Essen",
    ],
)
def test_adjectives_titles_common_words_and_family_names_are_no_places(text: str) -> None:
    assert not [each for each in enriched(text).entities if each.type in ("country",) or each.recogniser == "gazetteer:places"]


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        ("Ein Brand in Essen hielt die Feuerwehr wach.", 2928810),
        ("Züge aus Hagen fielen aus.", 2912621),
        ("Dortmund, Essen und Bochum melden Schäden.", 2928810),
        ("Die Polizei in Wesel sucht Zeugen.", 2810678),
        ("Studenten aus Gießen", 2920512),
        ("Essen (dpa) – Ein Brand hat", 2928810),
        ("Halle/Berlin – Ein Brand hat", 2911522),
    ],
)
def test_towns_that_are_also_words_are_found_with_company(text: str, identity: int) -> None:
    assert f"geo:{identity}" in ids(text)


def test_the_country_context_decides_between_namesakes() -> None:
    assert "iso:GE" in ids("Georgia and Russia signed a deal in Tbilisi.", "en")
    assert "iso:US-GA" in ids("Voters in Georgia and Michigan, United States", "en")
    assert "geo:2925533" in ids("Ein Flug nach Frankfurt")
    assert "geo:2925535" in ids("Ein Unfall in Frankfurt (Oder)")
    assert "geo:2925535" not in ids("nach Frankfurt oder anderswo")
    assert "geo:2988507" in ids("Proteste in Paris")


def test_the_later_places_of_a_list_vouch_for_the_earlier_ones() -> None:
    assert {"geo:2928810", "geo:2912621", "geo:2935517"} <= ids("Brände gab es laut Polizei in der Region: Unna, Hagen, Essen und Dortmund")


def test_a_country_that_is_also_a_first_name_does_not_hide_the_place_after_it() -> None:
    assert ids("Israel Gaza Hamas: der Überblick") == {"iso:IL", "geo:281133", "org:ps:hamas"}


def test_the_organisation_in_a_compound_has_its_own_span() -> None:
    assert surfaces(enriched("Beim NATO-Gipfel"), "org:nato") == ["NATO"]
    assert surfaces(enriched("Die Nato-Staaten"), "org:nato") == ["Nato"]
    assert ids("Beim EU-Kommission-Treffen") == {"org:eu:commission"}


def test_abbreviations_need_their_exact_spelling() -> None:
    assert ids("Who is it? Tell us, please.", "en") == set()
    assert ids("THE MAN WHO TOLD US", "en") == set()
    assert ids("The WHO warned", "en") == {"org:un:who"}


def test_the_longest_name_wins() -> None:
    assert ids("Die Washington Post berichtet") == {"org:media:washington-post"}
    assert ids("Der Oberste Gerichtshof in New Delhi") == {"geo:1261481"}


def test_no_name_crosses_a_sentence() -> None:
    assert "org:media:washington-post" not in ids("Er flog nach Washington. Post kam keine.")


def test_a_family_name_follows_the_full_name() -> None:
    article = enriched(
        "Machthaber Kim Jong Un kam. Kim lobte die Armee. Danach sprach Kims Schwester. Das Kim-Regime schwieg zu Machthaber Kim."
    )
    assert surfaces(article, "person:kim-jong-un") == ["Kim Jong Un", "Kim", "Kims", "Kim", "Kim"]
    article = enriched("US-Außenminister Antony Blinken kam. Doch Blinken schwieg, Minister Blinken auch. Antony Blinkens Reise endete.")
    assert surfaces(article, "person:antony-blinken") == ["Antony Blinken", "Blinken", "Blinken", "Antony Blinkens"]


def test_the_genitive_of_a_short_last_word_is_found() -> None:
    assert surfaces(enriched("Kim Jong Uns Schwester"), "person:kim-jong-un") == ["Kim Jong Uns"]


@pytest.mark.parametrize(
    "text",
    [
        "Kim lobte die Armee.",
        "Joe Biden sprach. Hunter Biden schwieg.",
        "Kim Jong Un und Kim Yo Jong kamen. Kim lachte.",
        "Kim Jong Un kam mit seiner Tochter, sie heißt Kim Ju Ae.",
    ],
)
def test_a_family_name_is_left_out_where_it_is_not_clear_whose_it_is(text: str) -> None:
    mentions = [mention.text for each in enriched(text).entities for mention in each.mentions]
    assert not {"Kim", "Biden"} & set(mentions)


def test_salience_prefers_the_title_then_the_lead() -> None:
    article = enriched("Ein Satz aus Japan. " + "Füllung. " * 60 + "Und Frankreich.", title="Nordkorea testet")
    assert [each.id for each in article.entities] == ["iso:KP", "iso:JP", "iso:FR"]
    assert all(0 <= each.salience <= 1 for each in article.entities)


def test_names_can_be_given_in_english() -> None:
    english = create(Options(name_language="en"), Context(name="entities"))
    article = english.enrich(Article(id="a1", source=Source(id="s1"), body="Nordkorea und Moskau", language=Language(code="de")))
    assert {each.name for each in article.entities} == {"North Korea", "Moscow"}


def test_an_article_without_text_has_no_entities() -> None:
    assert enriched("").entities == ()


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "😀" * 20_000,
        "Kim " * 50_000,
        "a-" * 50_000,
        "\u202e\u200bMoskau\u200f " * 2_000,
        "U.S. " * 20_000,
        "US " * 100_000,
        "Essen, " * 50_000,
    ],
)
def test_hostile_text_is_bounded(text: str) -> None:
    article = enriched(text, "und")
    assert all(len(each.mentions) <= 200 for each in article.entities)


PIECES = st.sampled_from(
    [
        "Nordkorea",
        "Nordkoreas",
        "Kim",
        "Jong",
        "Un",
        "Jong-un",
        "Essen",
        "in",
        "US-Außenminister",
        "Moskau",
        ".",
        ",",
        "–",
        "\n",
        "\u00ad",
        "u",
    ]
    + ["NATO-Gipfel", "l'Ukraine", "Москве", "北京", "(dpa)", "Pjo\u0308ngjang", "𝔐oskau", "'", "-", "U.S.", "Fidel", "Antony", "Blinkens"]
)


@given(st.lists(PIECES, max_size=30), st.sampled_from(["", " "]), st.sampled_from(["de", "en", "ru", "und", "xx"]))
@settings(deadline=None, max_examples=150)
def test_every_mention_is_the_text_at_its_offsets_and_no_two_overlap(pieces: list[str], joint: str, language: str) -> None:
    article = enriched(joint.join(pieces), language)
    ends = 0
    for mention in sorted((m for each in article.entities for m in each.mentions), key=lambda m: m.start):
        assert article.body[mention.start : mention.end] == mention.text
        assert mention.start >= ends
        ends = mention.end
    assert decode(encode(article)) == article


def test_the_packaged_names_are_looked_up_as_the_analyser_reads_them() -> None:
    for name in ("North Korea", "Pjöngjang", "Kim Jong-un", "Côte d'Ivoire", "U.S.", "Xi'an", "北京", "Москва"):
        analysed = analyse(name)
        forms = [
            part
            for token, form in enumerate(analysed.forms)
            for part in ([p[0] for p in analysed.parts[token]] if token in analysed.parts else [form])
        ]
        assert list(key(name)) == [form for form in forms if form]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (
            "004",
            {"iso:RU", "iso:KP", "iso:KR", "iso:JP", "iso:UA", "iso:US", "geo:1835848", "geo:4140963", "region:asia", "region:sea-of-japan"}
            | {"person:antony-blinken", "org:ru:kremlin"},
        ),
        (
            "000",
            {"person:kim-jong-un", "person:sergei-shoigu", "org:agency:kcna", "geo:1871859", "geo:524901", "iso:KP", "iso:RU", "iso:US"},
        ),
    ],
)
def test_the_seed_articles_have_exactly_their_entities(number: str, expected: set[str]) -> None:
    title, _, body = seed(number).partition("\n")
    article = enriched(body, title=title)
    assert {each.id for each in article.entities} == expected
    words = {mention.text for each in article.entities for mention in each.mentions}
    assert not [word for word in words if word.endswith(("ischen", "ische")) or "minister" in word]


@pytest.mark.parametrize("text", ["Washingtons Haltung", "Ein Treffen in Washington, D.C.", "Proteste in Washington D.C. und Berlin"])
@pytest.mark.parametrize("name_language", ["de", "en"])
def test_a_city_is_found_in_the_index_by_the_name_that_texts_call_it(text: str, name_language: NameLanguage) -> None:
    named = create(Options(name_language=name_language), Context(name="entities"))
    article = named.enrich(Article(id="a1", source=Source(id="s1"), body=text, language=Language(code="de")))
    assert entity(article, "geo:4140963").name == "Washington"
    assert "Washington" in document(article)["news"]["entity"]["name"]


@pytest.mark.parametrize("name_language", ["de", "en"])
def test_a_place_has_the_longer_of_its_names_only_where_that_tells_it_from_a_namesake(name_language: NameLanguage) -> None:
    called = {subject.id: subject.name for subject in {sense.subject for _, sense in places(name_language)}}
    assert (called["geo:5128581"], called["geo:2925533"], called["geo:2925535"]) == ("New York", "Frankfurt am Main", "Frankfurt (Oder)")
    assert (called["geo:3533462"], called["geo:1674504"]) == ("Acapulco", "Hualien")


@pytest.mark.parametrize("text", ["Namen en cijfers van de week", "Alle Namen wurden genannt.", "Die Namen der Opfer"])
def test_a_place_name_of_another_language_needs_more_than_a_capital_where_the_language_is_unknown(text: str) -> None:
    assert not {each for each in ids(text, "und") if each.startswith("geo:")}


def test_place_names_of_other_languages_are_found_in_their_languages_and_with_a_place_before_them() -> None:
    assert "geo:2790471" in ids("Het ongeluk gebeurde in Namen.", "nl")
    assert "geo:2790471" in ids("Ongeluk in Namen", "und")
    assert "geo:2790471" not in ids("Die Namen", "de")
    for text in ("Berlin", "Paris", "Wien", "Москва", "Namur"):
        assert any(each.startswith("geo:") for each in ids(f"{text} 2026", "und")), text
