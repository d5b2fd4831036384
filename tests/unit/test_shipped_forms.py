"""The forms that are shipped for the words of the term sets: all there, the same as the dictionaries', and read without opening one."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.lexicon import foreign, shipped
from pipeline.lexicon.paradigms import Paradigm
from pipeline.lexicon.shipped import Shipped, line, read
from pipeline.lexicon.store import lexicon
from pipeline.rules.compile import compile_rule
from pipeline.rules.model import Group, Rule, SetOf
from pipeline.rules.term_sets import build
from pipeline.rules.term_sets import shipped as shipped_sets

AGAIN = "run: python -m pipeline.rules.term_sets.build"


@pytest.fixture
def no_dictionary(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The languages whose dictionary was asked for; forms remembered from other tests are forgotten."""
    asked: list[str] = []

    def opened(language: str) -> None:
        asked.append(language)

    foreign.paradigm.cache_clear()
    monkeypatch.setattr(foreign, "lexicon", opened)
    yield asked
    foreign.paradigm.cache_clear()


def test_every_word_of_every_set_is_shipped() -> None:
    missing = [each for each in build.words() if shipped.found(each[1], each[0]) is None]
    assert not missing, AGAIN


def test_nothing_else_is_shipped() -> None:
    written = [(each.language, each.word) for each in read(build.PATH.read_text(encoding="utf-8").splitlines()[3:])]
    assert written == build.words(), AGAIN


def test_the_file_is_of_the_dictionaries_that_are_installed() -> None:
    assert build.PATH.read_text(encoding="utf-8").startswith(build.heading()), f"simplemma is now {version('simplemma')}; {AGAIN}"


@pytest.mark.parametrize("name", ["missile-test", "attack", "coup"])
def test_a_rule_with_a_set_and_no_languages_opens_no_foreign_dictionary(name: str, no_dictionary: list[str]) -> None:
    compile_rule(Rule(id="any", title="any", match=Group(any=(SetOf(name),))), shipped_sets())
    assert set(no_dictionary) <= {"zh", "ja", "ko"}, AGAIN


def test_no_word_of_a_set_opens_a_dictionary(no_dictionary: list[str]) -> None:
    for language, word in build.words():
        foreign.paradigm(word, language)
        foreign.needs_capital(word, language)
    assert not no_dictionary


def test_another_word_does_ask_its_dictionary(no_dictionary: list[str]) -> None:
    foreign.paradigm("qwertz", "en")
    assert no_dictionary == ["en"]


@pytest.fixture(scope="module")
def english() -> None:
    """Builds outside the time that a single test has."""
    lexicon("en")


@pytest.mark.usefixtures("english")
def test_what_is_shipped_is_what_the_dictionary_says() -> None:
    words = [word for language, word in build.words() if language == "en"]
    assert len(words) > 100
    different = [word for word in words if shipped.found(word, "en") != build.of_dictionary("en", word)]
    assert not different, AGAIN


_WORD = st.text(alphabet="abcäéßнр'’", min_size=1, max_size=12)


@settings(max_examples=100)
@given(_WORD, st.frozensets(_WORD, max_size=8), st.booleans())
def test_a_line_is_read_as_it_was_written(word: str, others: frozenset[str], capital: bool) -> None:
    each = Shipped("en", word, Paradigm(others | {word}, "lexicon"), capital)
    assert list(read([line(each)])) == [each]
