"""A verb of a rule is no noun that is spelled like one of its forms; a verb at the beginning of a sentence is still found."""

from __future__ import annotations

import pytest

from pipeline.lexicon.store import german_cutter, german_words
from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.explain import explained
from pipeline.rules.model import Group, Rule, Term
from pipeline.rules.spelling import described, spelling


@pytest.fixture(scope="module", autouse=True)
def lexicon_is_built() -> None:
    """Builds outside the time that a single test has."""
    german_words()
    german_cutter()


def matches(keyword: str, text: str, language: str = "de", langs: tuple[str, ...] = ()) -> bool:
    rules = rule_set([compile_rule(Rule(id="verb", title="verb", langs=langs, match=Group(any=(Term(keyword),))))])
    return bool(try_text(rules, text, language=language))


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("angreifen", "Die Armee meldet neue Angriffe auf die Stadt."),
        ("angreifen", "Bei den nächtlichen Angriffen starb niemand."),
        ("angreifen", "Der Griff nach der Macht kündigt sich an."),
        ("angreifen", "Luftangriffe treffen die Stadt."),
        ("angreifen", "Die Stadt meldet Luftangriffe."),
        ("fliehen", "Der Hund hat einen Floh."),
        ("fliehen", "Er sprach über „Flöhe“ im Fell."),
        ("schießen", "Das Kind saß auf dem Schoss der Mutter."),
        ("schießen", "Im Schossraum"),
    ],
)
def test_a_noun_inside_a_sentence_is_no_verb(keyword: str, text: str) -> None:
    assert not matches(keyword, text)


@pytest.mark.parametrize(
    ("keyword", "text"),
    [
        ("angreifen", "Als er angriff, floh der Feind."),
        ("angreifen", "Griff die Armee an?"),
        ("angreifen", "Niemand weiß es. „Griff der Feind an?“, fragte er."),
        ("angreifen", "Er fragte: Griff der Feind an?"),
        ("angreifen", "DIE ARMEE MELDET NEUE ANGRIFFE"),
        ("angreifen", "Das Angreifen ist verboten."),
        ("fliehen", "Floh er vor der Polizei?"),
        ("fliehen", "Er floh, sie flohen."),
        ("fliehen", "– Floh er vor der Polizei?"),
        ("verletzen", "Es gab drei Verletzte."),
        ("töten", "Es gab drei Getötete."),
        ("testen", "Beim Testen der Rakete"),
        ("schießen", "Der Mann schoss auf die Polizei."),
        ("schießen", "Minister Schoss Sich Heute Selbst Ins Linke Bein Beim Jagen"),
    ],
)
def test_a_verb_is_found_where_it_may_be_one(keyword: str, text: str) -> None:
    assert matches(keyword, text)


def test_only_german_texts_tell_nouns_by_their_capital() -> None:
    assert matches("fliehen", "The old word Floh is here", language="en")
    assert not matches("fliehen", "Das alte Wort Floh ist hier", language="de")


def test_a_noun_of_the_rule_stands_anywhere() -> None:
    assert matches("Angriff", "Die Armee meldet neue Angriffe.")
    assert not spelling("Angriff", ("de",)).small


@pytest.mark.parametrize("keyword", ["kraft", "rakete", "krieg", "wache", "ernst", "test"])
def test_a_noun_that_the_rule_has_in_small_letters_is_found_with_its_capital(keyword: str) -> None:
    assert matches(keyword, f"Sie spricht von {keyword.capitalize()} und mehr.")


def test_a_language_that_has_the_form_lifts_the_guard() -> None:
    assert "planet" in spelling("planen", ("de",)).small
    assert "planet" not in spelling("planen", ("de", "sv")).small


def test_the_guard_is_told() -> None:
    told = {form.surface: form.guards for form in described("fliehen", ("de",))}
    assert told["floh"] == ("not with a capital inside a sentence: Floh is another word",)
    compiled = compile_rule(Rule(id="verb", title="verb", match=Group(any=(Term("fliehen"),))))
    said = str(explained(compiled, text="Der Hund hat einen Floh.", language="de"))
    assert "'Floh' begins with a capital inside a sentence, and so it is a noun" in said
