"""Which endings of a German word count as its head, and why others do not."""

from __future__ import annotations

import gzip
import json
import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lexicon.compounds import heads, is_head, is_known_head, refusal, rest_is_word
from pipeline.lexicon.lists import lines
from pipeline.lexicon.parts import parts
from pipeline.lexicon.store import german_cutter
from pipeline.text.folding import fold
from tests.shared_data import shared

LETTERS = st.text(alphabet="abcdefghijklmnoprstuvwz", max_size=80)

COMPOUNDS = """Warn|schuss Bürger|krieg Kampf|drohnen Kosten|explosion Atom|raketentests Auto|unfall Kinder|schutz Länder|spiel Herzens|wunsch
Regierungs|krise Bundes|minister Hunde|leine Rosen|krieg Schul|bus Erd|beben Straßen|bahn Sprach|kurs Häuser|brand Klein|krieg Hoch|wasser
Irak|krieg Ukraine|krieg Vize|kanzler Ex|minister Anti|terror Mini|drohne Zwei|kampf Groß|brand Alt|kanzler Lösch|wasser Geiger|zähler
Hunger|streik Wohnungs|brand Gas|leitung Öl|tanker Not|landung Lkw|unfall Spreng|körper Flucht|versuch Neu|wahlen Massen|protest
Ketten|raucher Auto|fahrer Schul|bildung Mittag|essen Waffen|lager Land|wirtschaft Flug|schreiber Luft|transport Preis|absprachen Steuer|berater"""
NO_COMPOUNDS = """Pro|test At|test Aus|schuss Mit|gift Se|nator T|irana N|eurologe Pol|enta Aus|wahl Vor|wahl Ge|panzerte Zu|schuss Be|schuss Über|schuss
Ab|fall Vor|fall Ent|warnung Unter|suchung An|sturm Ver|brand Re|form Bundestagsaus|schuss Regierungszu|schuss Massenpro|test Un|fall Wirbels|turm
Flüchtlingsan|sturm Sol|daten Kandi|daten Gl|eiche Attent|äter Bombent|richter Fahr|zeuge Flug|zeuge Besch|impfungen Wirtsc|haft Ausw|eis
Verb|raucher Ueb|ermittlung Ueb|erlegungen Bet|reiber Sch|ritte Sch|neider Tran|sport Tran|sporten Red|aktion Inter|essen Sch|lager Sch|alter
Hand|lungen Rege|lungen Mini|stern Dia|gramm Mis|chung Klei|dung Wirt|schaft Mann|schaften Wid|erstand Supp|ort Pass|agiere"""


@pytest.fixture(scope="module", autouse=True)
def lexicon_is_built() -> None:
    """Builds outside the time that a single test has."""
    german_cutter()


def halves(words: str) -> list[tuple[str, str]]:
    return [(fold(first + head), fold(head)) for first, head in (each.split("|") for each in words.split())]


@pytest.mark.parametrize(("word", "head"), halves(COMPOUNDS))
def test_a_word_behind_words_is_a_head(word: str, head: str) -> None:
    assert head in heads(word), refusal(word, head)
    assert is_head(word, head)


@pytest.mark.parametrize(("word", "head"), halves(NO_COMPOUNDS))
def test_an_ending_behind_a_prefix_or_a_fragment_is_no_head(word: str, head: str) -> None:
    assert head not in heads(word)


def test_all_heads_come_longest_first() -> None:
    found = heads("hyperschallraketentests")
    assert found.index("raketentests") < found.index("tests")
    assert list(found) == sorted(found, key=len, reverse=True)


def test_a_part_between_two_others_hides_neither() -> None:
    assert "test" in heads("raketenabwehrtest")
    assert "raketentest" not in heads("raketenabwehrtest")
    assert "testament" in heads("raketentestament")
    assert not any(each.startswith("test") and each != "testament" for each in heads("raketentestament"))


def test_a_name_is_a_head_though_no_lexicon_knows_it() -> None:
    assert not is_known_head("zztaliban")
    assert is_head("exilzztaliban", "zztaliban")
    assert not is_head("verzztaliban", "zztaliban")


@pytest.mark.parametrize(
    ("word", "head", "reason"),
    [
        ("ausschuss", "schuss", "prefix"),
        ("warnschuss", "krieg", "does not end"),
        ("krieg", "krieg", "no longer"),
        ("xqzwkrieg", "krieg", "is no word"),
        ("xkrieg", "krieg", "fewer than 3 letters"),
        ("bundestagsausschuss", "schuss", "is no word"),
        ("weinbrand", "brand", "another word"),
        ("a" * 80 + "krieg", "krieg", "too long"),
    ],
)
def test_a_refusal_says_why(word: str, head: str, reason: str) -> None:
    assert reason in refusal(word, head)


def test_the_rest_behind_a_beginning_is_a_word_or_a_compound() -> None:
    assert rest_is_word("gelaende")
    assert rest_is_word("versuchsreihe")
    assert rest_is_word("nahme")
    assert not rest_is_word("ament")
    assert not rest_is_word("xyz")
    assert not rest_is_word("")


@given(LETTERS)
def test_heads_are_proper_endings_behind_at_least_two_letters(word: str) -> None:
    for head in heads(word):
        assert word.endswith(head)
        assert len(word) - len(head) >= 2
        assert is_head(word, head)


@pytest.mark.parametrize("hostile", ["a" * 59, "en" * 29, "test" * 14, "raketen" * 8, "er" * 30, "nesser" * 10, "straferdsee" * 5])
def test_hostile_words_cost_little(hostile: str) -> None:
    began = time.perf_counter()
    heads(hostile)
    assert time.perf_counter() - began < 0.05


def test_words_of_the_news_cost_microseconds() -> None:
    with gzip.open(shared("de_news/articles.jsonl.gz"), "rt", encoding="utf-8") as file:
        words = {fold(word) for line in file for word in re.findall(r"[^\W\d_]+", json.loads(line)["text"])}
    heads("erstesmal")
    began = time.process_time()
    for word in words:
        heads.__wrapped__(word)
    assert len(words) > 20_000
    # 8 µs in the mean on an idle core in November 2026; the limit leaves room for busy machines.
    assert (time.process_time() - began) / len(words) < 60e-6


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("Raketentest", ("Rakete", "Test", "testen")),
        ("Atomraketentest", ("Atomrakete", "Test", "testen")),
        ("Drohnenangriff", ("Drohne", "Angriff", "angreifen")),
        ("Flugzeugabsturz", ("Flugzeug", "Absturz", "abstürzen")),
        ("Waffenstillstand", ("Waffe", "Stillstand", "")),
        ("Regierungskrise", ("Regierung", "Krise", "")),
        ("Parlamentswahl", ("Parlament", "Wahl", "wählen")),
        ("Protest", ("", "", "")),
        ("Rakete", ("", "", "")),
    ],
)
def test_a_compound_has_two_parts_and_the_verb_of_its_head(word: str, expected: tuple[str, str, str]) -> None:
    assert parts(word) == expected


@pytest.mark.parametrize(
    "name",
    [
        "bound_heads.txt",
        "combining.txt",
        "function_words.tsv",
        "irregular.tsv",
        "not_first.txt",
        "not_head.txt",
        "opaque.txt",
        "separable.txt",
        "sharp_s.tsv",
        "verbal_nouns.tsv",
    ],
)
def test_every_word_list_says_where_it_comes_from(name: str) -> None:
    text = (Path(__file__).parents[2] / "pipeline" / "lexicon" / "words" / name).read_text(encoding="utf-8")
    comment = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert "Source: own work" in comment
    assert "Licence: that of this project" in comment
    assert lines(name)
