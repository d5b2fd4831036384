"""What a rule looks for, and why something that resembles it does not count."""

from __future__ import annotations

import msgspec
import pytest

from pipeline.rules.compile import compile_rule
from pipeline.rules.explain import Explanation, explained
from pipeline.rules.model import Clause, Group, Near, Rule, Term


def explanation(*clauses: Clause, text: str = "", none: tuple[Clause, ...] = (), all: tuple[Clause, ...] = ()) -> Explanation:
    rule = Rule(id="one", title="One", langs=("de",), match=Group(any=clauses, all=all, none=none))
    return explained(compile_rule(rule), text)


def test_the_forms_of_each_clause_stand_under_its_path() -> None:
    found = explanation(Term("Raketentest"), Near((Term("Rakete"), Term("testen")), 4))
    assert [(each.clause, each.term) for each in found.clauses] == [
        ("any[0]", "Raketentest"),
        ("any[1]", ""),
        ("any[1]", "Rakete"),
        ("any[1]", "testen"),
    ]
    (word,) = found.clauses[0].words
    assert {"Raketentest", "Raketentests"} <= {form.surface for form in word.forms}
    assert word.heads
    assert "4 words of one sentence" in found.clauses[1].says


@pytest.mark.parametrize(
    ("clause", "text", "surface", "why"),
    [
        (Term("Schuss"), "Der Ausschuss tagt", "Ausschuss", "prefix"),
        (Term("Krieg"), "Sie kriegen nichts", "kriegen", "small letter"),
        (Term("Krieg"), "Kriegsende", "Kriegsende", "compound: [head, modifier]"),
        (Term("Hilferuf"), "Sie wollen um Hilfe rufen", "Hilfe rufen", "another word: rufen"),
        (Term("Raketenstart"), "Raketen-starten", "Raketen-starten", "the verb starten"),
        (Term("EU"), "eu", "eu", "small letter"),
        (Term("Masse"), "die Maße", "Maße", "ß and ss"),
        (Term("IS"), "is klar", "is", "exactly"),
        (Term("Raketentest"), "Raketen. Test bestanden", "Raketen. Test", "sentence"),
        (Term("Raketentest"), "Raketen\u2013Test", "Raketen\u2013Test", "between"),
        (Term("Einsatz"), "Ein Satz", "Ein Satz", "no first part"),
        (Term("Wahl"), "Bundestagswahl", "Bundestagswahl", "compound: [head]"),
    ],
)
def test_a_near_miss_names_its_guard(clause: Clause, text: str, surface: str, why: str) -> None:
    found = explanation(clause, text=text)
    assert not found.matched
    assert [each.surface for each in found.misses] == [surface]
    assert why in found.misses[0].why


def test_a_match_has_hits_and_no_refusal() -> None:
    found = explanation(Term("Krieg"), text="Krieg. Sie kriegen nichts.")
    assert (found.matched, found.refused) == (True, "")
    assert [hit.surface for hit in found.hits] == ["Krieg"]
    assert [each.surface for each in found.misses] == ["kriegen"]


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (explanation(Term("Rakete"), text="Satire: Rakete", none=(Term("Satire"),)), "none[0] excludes it: Satire"),
        (explanation(all=(Term("Rakete"), Term("Drohne")), text="Rakete"), "not found: all[1]"),
        (explanation(Near((Term("Rakete"), Term("Drohne")), 1), text="Rakete und dann Drohne"), "not within 1 words"),
        (explanation(Term("Rakete"), text="Panzer"), "no clause of `any`"),
    ],
)
def test_what_keeps_the_rule_from_matching_is_told(found: Explanation, why: str) -> None:
    assert why in found.refused


def test_an_explanation_is_json() -> None:
    encoded = msgspec.json.encode(explanation(Term("Krieg"), text="Sie kriegen nichts"))
    assert b'"kriegen"' in encoded
