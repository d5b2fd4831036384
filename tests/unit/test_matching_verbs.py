"""Verbs whose particle stands behind them, participles that the lexicon lists apart, and spellings of before 1996."""

from __future__ import annotations

import pytest

from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.model import Group, Rule, Term


def found(term: str, text: str) -> list[str]:
    rules = rule_set([compile_rule(Rule(id="r", title="R", langs=("de",), match=Group(any=(Term(term),))))])
    return [hit.surface for each in try_text(rules, text, language="de") for hit in each.hits]


@pytest.mark.parametrize(
    ("term", "text", "surfaces"),
    [
        ("abstürzen", "Flugzeug stürzt ab: drei Tote", ["stürzt ab"]),
        ("abstürzen", "Flugzeug stürzt ab in den Alpen", ["stürzt ab"]),
        ("abstürzen", "Flugzeug stürzt ab und brennt", ["stürzt ab"]),
        ("abschießen", "Er schoss ab 10 Uhr, sie schoss die Drohne ab", ["schoss die Drohne ab"]),
        ("ausfallen", "Das Kind fiel aus dem Fenster.", []),
        ("angreifen", "Sie griff an die Wand. Rebellen greifen an.", ["greifen an"]),
        ("einstürzen", "Da stürzte ein Haus ein.", ["stürzte ein Haus ein"]),
        ("einstürzen", "Da stürzte ein Kran um.", []),
        ("ausbrechen", "Er brach aus Angst zusammen. Feuer bricht aus.", ["bricht aus"]),
        ("ausfallen", "Der Strom fällt heute aus.", ["fällt heute aus"]),
    ],
)
def test_a_preposition_right_behind_a_verb_is_no_particle(term: str, text: str, surfaces: list[str]) -> None:
    assert found(term, text) == surfaces


@pytest.mark.parametrize(
    ("term", "text", "surfaces"),
    [
        ("flüchten", "Sie sind geflüchtet, viele geflüchtete Menschen", ["geflüchtet", "geflüchtete"]),
        ("beichten", "Er hat gebeichtet.", ["gebeichtet"]),
        ("beobachten", "Sie haben beobachtet, nicht gebeobachtet.", ["beobachtet"]),
        ("Schifffahrt", "Die Flussschiffahrt und Schiffahrt und Binnenschifffahrt", ["Flussschiffahrt", "Schiffahrt", "Binnenschifffahrt"]),
    ],
)
def test_forms_that_the_lexicon_lists_apart_belong_to_the_word(term: str, text: str, surfaces: list[str]) -> None:
    assert found(term, text) == surfaces
