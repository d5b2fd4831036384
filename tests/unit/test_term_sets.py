"""The shipped term sets: enough of them, in enough languages, and each of their words can be found."""

from __future__ import annotations

import pytest

from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.model import Group, Rule, SetOf
from pipeline.rules.term_sets import shipped


def test_there_are_twenty_concepts_in_six_languages_at_least() -> None:
    assert len(shipped()) >= 20
    assert all(len(each.terms) >= 6 for each in shipped().values())


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_set_has_no_word_twice(name: str) -> None:
    for language, terms in shipped()[name].terms.items():
        assert len(set(map(repr, terms))) == len(terms), language


@pytest.mark.parametrize("name", sorted(shipped()))
def test_a_set_can_be_compiled_in_german_and_english(name: str) -> None:
    compiled = compile_rule(Rule(id="any", title="any", langs=("de", "en"), match=Group(any=(SetOf(name),))), shipped())
    assert compiled.anchors


@pytest.mark.parametrize(
    ("name", "language", "text"),
    [
        ("missile-test", "de", "Nordkorea meldet weitere Raketentests."),
        ("missile-test", "en", "North Korea conducted two missile tests."),
        ("missile-test", "fr", "Pyongyang procède à un tir de missile."),
        ("missile-test", "zh", "朝鲜再次试射导弹。"),
        ("evacuation", "de", "Das Dorf wurde evakuiert."),
        ("evacuation", "en", "Residents were evacuated overnight."),
        ("power-cut", "es", "Un apagón deja sin luz a miles de hogares."),
        ("power-cut", "de", "Großflächiger Stromausfall in Berlin."),
        ("earthquake", "it", "Forti scosse: un terremoto nella notte."),
        ("earthquake", "zh", "台湾发生强烈地震"),
        ("attack", "fr", "Un attentat à Paris."),
        ("train-accident", "de", "Ein Zug ist entgleist."),
        ("state-of-emergency", "en", "The president declared a state of emergency."),
        ("coup", "es", "Denuncian un golpe de Estado en el país."),
        ("hostage-taking", "ar", "احتجاز رهائن في المدينة"),
    ],
)
def test_a_set_finds_a_report(name: str, language: str, text: str) -> None:
    compiled = compile_rule(Rule(id="any", title="any", langs=(language,), match=Group(any=(SetOf(name),))), shipped())
    assert try_text(rule_set([compiled]), text, language=language)


@pytest.mark.parametrize(
    ("name", "text"),
    [("missile-test", "Protest gegen Raketen"), ("coup", "Der Torschütze jubelt."), ("flood", "Eine Flut von Beschwerden")],
)
def test_a_set_leaves_other_news_alone(name: str, text: str) -> None:
    compiled = compile_rule(Rule(id="any", title="any", langs=("de",), match=Group(any=(SetOf(name),))), shipped())
    assert try_text(rule_set([compiled]), text, language="de") == ()
