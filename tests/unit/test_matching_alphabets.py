"""Words in Cyrillic, Greek and other letters: inflected in a language that is written with them, whatever languages the rule names."""

from __future__ import annotations

import pytest

from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.model import Clause, Group, Phrase, Rule, Term
from pipeline.rules.spelling import spelling
from pipeline.text.alphabets import writing


def found(clause: Clause, text: str, languages: tuple[str, ...] = ()) -> list[str]:
    rules = rule_set([compile_rule(Rule(id="r", title="R", langs=languages, match=Group(any=(clause,))))])
    return [hit.surface for each in try_text(rules, text) for hit in each.hits]


@pytest.mark.parametrize("languages", [(), ("ru",), ("de", "ru"), ("de",)])
def test_a_russian_word_takes_russian_endings_in_every_rule(languages: tuple[str, ...]) -> None:
    assert found(Term("ракета"), "Пуск ракеты и ракетами, не ракетас", languages) == ["ракеты", "ракетами"]


def test_names_in_other_letters_take_no_german_genitive() -> None:
    assert found(Phrase("Владимир Путин"), "Слова Владимира Путина, Владимир Путинs") == ["Владимира Путина"]
    assert found(Term("Путин"), "Распутин и Путин") == ["Путин"]
    assert not spelling("ракета", ("und",)).heads


@pytest.mark.parametrize(
    ("word", "languages", "chosen"),
    [
        ("ракета", (), ("ru", "uk")),
        ("обстріл", ("und",), ("uk",)),
        ("взрыв", (), ("ru",)),
        ("ракета", ("de", "bg"), ("bg",)),
        ("πύραυλος", (), ("el",)),
        ("צבא", (), ("he",)),
        ("صاروخ", (), ("ar",)),
        ("موشک", (), ("fa",)),
        ("Rakete", ("de", "ru"), ("de", "ru")),
        ("1905", (), ()),
    ],
)
def test_letters_tell_the_language(word: str, languages: tuple[str, ...], chosen: tuple[str, ...]) -> None:
    assert writing(word, languages) == chosen
