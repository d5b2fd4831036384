"""What the compiler of one keyword puts into each part of its record, and how it explains it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lexicon.store import german_cutter, german_words, lexicon
from pipeline.rules.spelling import described, parts_of, spelling
from pipeline.text.folding import fold

GERMAN = ("de",)


@pytest.fixture(scope="module", autouse=True)
def lexicon_is_built() -> None:
    """Builds outside the time that a single test has."""
    german_words()
    german_cutter()
    for language in ("fr", "es", "it", "pl", "ru", "en", "sv"):
        lexicon(language)


def test_exact_is_the_word_as_written_and_nothing_else() -> None:
    found = spelling("Krieg", GERMAN, exact=True)
    assert found.forms == {"krieg"}
    assert found.strict == {"Krieg"}
    assert not found.heads | found.capital


def test_without_inflection_a_word_stands_alone_unless_heads_are_asked_for() -> None:
    assert spelling("Rakete", GERMAN, inflect=False).forms == {"rakete"}
    assert not spelling("Rakete", GERMAN, inflect=False).heads
    assert spelling("Rakete", GERMAN, inflect=False, head=True).heads == {"rakete"}


def test_heads_are_on_from_five_letters_and_off_for_acronyms() -> None:
    assert spelling("Rakete", GERMAN).heads == spelling("Rakete", GERMAN).forms
    assert not spelling("Test", GERMAN).heads
    assert not spelling("UNESCO", GERMAN).heads
    assert spelling("Test", GERMAN, head=True).heads
    assert not spelling("Rakete", GERMAN, head=False).heads


def test_a_noun_that_is_a_verb_in_small_letters_needs_a_capital() -> None:
    assert {"kriegen", "krieg"} <= spelling("Krieg", GERMAN).capital
    assert "krieges" not in spelling("Krieg", GERMAN).capital
    assert not spelling("Rakete", GERMAN).capital


def test_another_language_that_has_the_small_word_lifts_the_guard() -> None:
    assert "test" in spelling("Test", GERMAN).capital
    assert "test" not in spelling("test", ("de", "en")).capital


@pytest.mark.parametrize("word", ["IS", "US", "IT", "WHO", "ER", "AM", "MIT", "WAR", "DAS", "IST"])
def test_capitals_that_are_a_function_word_in_small_letters_are_strict(word: str) -> None:
    assert word in spelling(word, GERMAN).strict


@pytest.mark.parametrize("word", ["NATO", "AKW", "EU", "UNO", "SPD", "BKA", "IAEA", "EZB"])
def test_other_acronyms_are_not(word: str) -> None:
    assert not spelling(word, GERMAN).strict


def test_a_function_word_of_a_configured_language_counts_too() -> None:
    assert not spelling("EU", GERMAN).strict
    assert spelling("EU", ("de", "fr")).strict == {"EU", "EUs"}


def test_an_acronym_takes_only_s_and_that_only_if_it_makes_no_other_word() -> None:
    assert spelling("AKW", GERMAN).forms == {"akw", "akws"}
    assert spelling("UN", GERMAN).forms == {"un"}
    assert spelling("IS", GERMAN).forms == {"is"}


def test_an_acronym_of_two_letters_needs_a_capital_and_a_longer_one_does_not() -> None:
    assert spelling("EU", GERMAN).capital == {"eu", "eus"}
    assert spelling("UN", GERMAN).capital == {"un"}
    assert not spelling("USA", GERMAN).capital
    assert "needs a capital: eu is another word" in described("EU", GERMAN)[0].guards


def test_a_plural_of_another_noun_is_no_form_beside_a_plural_with_umlaut() -> None:
    assert spelling("Rat", GERMAN).forms == {"rat", "rates", "rats", "raete", "raeten"}
    assert "raten" in spelling("Rate", GERMAN).forms
    assert "planen" not in spelling("Plan", GERMAN).forms
    assert {"baenke", "banken"} <= spelling("Bank", GERMAN).forms
    assert "herden" in spelling("Herd", GERMAN).forms


def test_sharp_s_pairs_exclude_one_another() -> None:
    assert {"masse", "massen"} <= spelling("Maße", GERMAN).never
    assert {"maße", "maßen"} <= spelling("Masse", GERMAN).never
    assert not spelling("Straße", GERMAN).never


def test_the_old_dative_is_left_out_where_swiss_spelling_makes_it_another_word() -> None:
    assert "flosse" not in spelling("Floß", GERMAN).forms


def test_a_separable_verb_stands_apart() -> None:
    found = spelling("abstürzen", GERMAN)
    assert {("stuerzt", "ab"), ("stuerzte", "ab"), ("stuerzten", "ab")} <= found.separated
    assert "abgestuerzt" in found.forms
    assert not any(verb.startswith("ge") for verb, _ in found.separated)
    assert not spelling("verhaften", GERMAN).separated


@pytest.mark.parametrize(
    ("verb", "past", "particle"),
    [
        ("ausbrechen", "brach", "aus"),
        ("einbrechen", "brachen", "ein"),
        ("abbrechen", "brach", "ab"),
        ("zusammenbrechen", "brach", "zusammen"),
        ("aufbrechen", "brachen", "auf"),
        ("angreifen", "griff", "an"),
        ("ausfallen", "fiel", "aus"),
        ("festnehmen", "nahm", "fest"),
        ("zusammenstoßen", "stiessen", "zusammen"),
        ("untergehen", "ging", "unter"),
        ("auslaufen", "lief", "aus"),
        ("abfangen", "fing", "ab"),
        ("aufgeben", "gab", "auf"),
        ("vorgehen", "ging", "vor"),
        ("ausrufen", "rief", "aus"),
        ("zurücktreten", "trat", "zurueck"),
        ("anschlagen", "schlug", "an"),
        ("eindringen", "drang", "ein"),
        ("loslassen", "liess", "los"),
        ("abschießen", "schoss", "ab"),
        ("einmarschieren", "marschierten", "ein"),
        ("einstürzen", "stuerzte", "ein"),
        ("absinken", "sank", "ab"),
        ("losfahren", "fuhr", "los"),
        ("freilassen", "liess", "frei"),
        ("abwerfen", "warf", "ab"),
        ("einfrieren", "fror", "ein"),
        ("umbringen", "brachte", "um"),
        ("niederbrennen", "brannte", "nieder"),
        ("aussterben", "starb", "aus"),
    ],
)
def test_the_past_of_a_separable_verb_stands_apart_whether_strong_or_weak(verb: str, past: str, particle: str) -> None:
    assert (past, particle) in spelling(verb, GERMAN).separated


def test_a_participle_does_not_stand_apart_from_its_particle() -> None:
    verbs = {verb for word in ("ausbrechen", "angreifen", "einmarschieren") for verb, _ in spelling(word, GERMAN).separated}
    assert verbs.isdisjoint(
        {"gebrochen", "gebrochene", "gegriffen", "gegriffenen", "brechend", "brechende", "marschierend", "marschierter"}
    )


def test_an_unknown_noun_never_takes_er() -> None:
    forms = spelling("Zwrax", GERMAN).forms | spelling("Klonktrup", GERMAN).forms
    assert {"klonktrup", "klonktrups", "klonktrupes", "klonktrupe", "klonktrupen"} <= forms
    assert not any(each.endswith("er") for each in forms)


def test_a_language_without_dictionary_has_the_word_as_written() -> None:
    assert spelling("导弹", ("zh-cn",)).forms == {"导弹"}
    assert spelling("Rakete", ("xx",)).forms == {"rakete"}


@pytest.mark.parametrize("languages", [(), ("und",), ("",)])
def test_without_a_language_german_inflects(languages: tuple[str, ...]) -> None:
    assert spelling("Anschlag", languages).forms == spelling("Anschlag", GERMAN).forms


def test_several_languages_add_up() -> None:
    found = spelling("Attentat", ("de", "sv")).forms
    assert {"attentate", "attentats", "attentatet"} <= found


def test_every_form_says_where_it_comes_from() -> None:
    assert {form.origin for form in described("Drohnenanschlag", GERMAN)} == {"lent by Anschlag"}
    assert {form.origin for form in described("Raketentest", GERMAN)} == {"lent by Test"} or "lexicon" in {
        form.origin for form in described("Raketentest", GERMAN)
    }
    assert {form.origin for form in described("AKW", GERMAN)} == {"acronym"}
    assert {form.origin for form in described("deradikalisieren", GERMAN)} == {"-ieren"}
    assert "derived: feminine" in {form.origin for form in described("Minister", GERMAN, derive=("feminine",))}
    assert {form.origin for form in described("Rakete", ("xx",))} == {"as written"}


def test_every_guard_is_told_in_words() -> None:
    assert described("Krieg", GERMAN)[0].guards == ("needs a capital: kriegen is another word",)
    assert described("IS", GERMAN)[0].guards == ("only in exactly this spelling: is is a word of its own",)
    masse = next(form for form in described("Masse", GERMAN) if form.surface == "Massen")
    assert "not when written maßen: that is another word" in masse.guards
    assert described("Krieg", GERMAN, exact=True)[0].guards == ("only in exactly this spelling",)


def test_a_compound_has_parts_and_only_in_german() -> None:
    assert parts_of("Raketentest", GERMAN) == (("Rakete",), ("Test", "testen"))
    assert parts_of("Regierungskrise", GERMAN) == (("Regierung",), ("Krise",))
    assert parts_of("Auftragsvergabe", GERMAN) == (("Auftrag",), ("Vergabe", "vergeben"))
    assert parts_of("Rakete", GERMAN) == ()
    assert parts_of("Raketentest", ("fr",)) == ()


def test_a_head_that_only_compounds_have_is_said_with_its_verb() -> None:
    assert parts_of("Geiselnahme", GERMAN) == (("Geisel",), ("nehmen",))
    assert parts_of("Geiselnahmen", GERMAN) == (("Geisel",), ("nehmen",))


@pytest.mark.parametrize("word", ["Maßnahme", "Ausnahme", "Festnahme", "Übernahme", "Übergabe", "Aufgabe"])
def test_a_prefix_is_no_part(word: str) -> None:
    assert parts_of(word, GERMAN) == ()


@pytest.mark.parametrize(
    "word",
    ["ballistische", "ballistischen", "nukleare", "Nukleare", "nordkoreanische", "Humanitäre", "bewaffneten", "schwere", "taktischem"],
)
def test_an_inflected_adjective_takes_every_ending(word: str) -> None:
    found = spelling(word, GERMAN)
    stem = next(fold(word)[: -len(each)] for each in ("em", "en", "e") if word.endswith(each))
    assert {stem + ending for ending in ("e", "em", "en", "er", "es")} <= found.forms
    assert not found.capital


@pytest.mark.parametrize("word", ["Seminare", "Tische", "Altäre", "Kommissare", "kriege", "wache", "schreibtische", "Offensive"])
def test_a_noun_that_ends_like_an_adjective_takes_no_ending_of_one(word: str) -> None:
    assert not any(form.endswith("em") for form in spelling(word, GERMAN).forms)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("fr", "nucléaire nucléaires"),
        ("fr", "coréen coréenne coréens coréennes"),
        ("fr", "régional régionale régionaux régionales"),
        ("es", "balístico balística balísticos balísticas"),
        ("es", "aéreo aérea aéreos aéreas"),
        ("it", "balistico balistica balistici balistiche"),
        ("it", "nucleare nucleari"),
        ("pl", "balistyczny balistyczna balistycznej balistycznych"),
        ("ru", "ракетный ракетная ракетной ракетных"),
    ],
)
def test_every_form_of_an_adjective_leads_to_all_others(language: str, words: str) -> None:
    expected = {fold(word) for word in words.split()}
    for word in words.split():
        assert expected <= spelling(word, (language,)).forms, word


@settings(deadline=None, max_examples=200)
@given(st.text(min_size=1, max_size=30))
def test_any_word_keeps_its_own_folded_form(word: str) -> None:
    for head in (None, True):
        found = spelling(word, GERMAN, head=head, modifier=True)
        assert fold(word) in found.forms
        assert found.capital <= found.forms
        assert fold(word) not in found.small
        assert found.heads <= found.forms


@settings(deadline=None, max_examples=100)
@given(st.text(alphabet="abcdeéßäöüнр导 -'’", min_size=1, max_size=200), st.sampled_from(["de", "en", "fr"]))
def test_described_and_compiled_are_the_same_forms(word: str, language: str) -> None:
    told = {form.folded for form in described(word, (language,))} | {fold(word)}
    assert told == spelling(word, (language,)).forms


@pytest.mark.parametrize("word", ["Schifffahrt", "ßß", "abbba", "Stalllaterne", "sssss"])
def test_the_spelling_with_two_of_three_letters_is_told(word: str) -> None:
    told = {form.folded for form in described(word, GERMAN)} | {fold(word)}
    assert told == spelling(word, GERMAN).forms
