"""Words with signs, letters with numbers, names in the genitive, and what is hidden in a text, through compile and match."""

from __future__ import annotations

import pytest

from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.explain import explained
from pipeline.rules.faults import words_fault
from pipeline.rules.model import Clause, Group, Phrase, Rule, Term
from pipeline.rules.query.parse import parse
from pipeline.rules.query.writing import written
from pipeline.text.hygiene import shown


def found(clause: Clause, text: str, language: str = "de") -> list[str]:
    rules = rule_set([compile_rule(Rule(id="r", title="R", langs=(language,), match=Group(any=(clause,))))])
    hits = [hit for each in try_text(rules, text, language=language) for hit in each.hits]
    assert all(shown(text)[hit.start : hit.end] == hit.surface for hit in hits)
    return [hit.surface for hit in hits]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("Disney+", "Die Serie läuft bei Disney+, sonst nirgends.", ["Disney+"]),
        ("Disney+", "Die Disney+-Serie läuft.", ["Disney+"]),
        ("Disney+", "Die Serie läuft bei Disney.", []),
        ("C++", "Er schreibt C++ und C#.", ["C++"]),
        ("C#", "Er schreibt C++ und C#.", ["C#"]),
        ("C#", "Er schreibt C.", []),
        ("5%", "Um 5% gewachsen, nicht um 5 oder 15%.", ["5%"]),
        ("5%", "5 %, 5&nbsp;%, 5\u202f% und 5-%-Hürde".replace("&nbsp;", "\xa0"), ["5 %", "5 %", "5 %", "5-%"]),
        ("5 %", "Um 5% gewachsen", ["5%"]),
        ("5%", "0,5% und 1.5% und 15% und 5,0% und 5.000% und 5 Prozent", []),
        ("2,5 %", "2,5% und 2.5 %, aber 2, 5 % und 12,5% und 2,55 %", ["2,5%", "2.5 %"]),
        ("$5", "$5 und 5 $ und 5$, nicht 5, €5, $15, $5,50 und $5.000", ["$5", "5 $", "5$"]),
        ("€ 20", "20 €, €20, 20-€-Schein, nicht £20, 20,50 €, 120 € und 20 Euro", ["20 €", "€20", "20-€"]),
        ("€ 1,50", "€ 1,50, 1,50 € und 1,50", ["€ 1,50", "1,50"]),
        ("§ 218", "Streit um §218 und § 218, 218 Fälle", ["§218", "§ 218"]),
        ("RTL+ Doku", "Eine RTL+ Doku, keine RTL Doku.", ["RTL+ Doku"]),
        ("#MeToo", "#MeToo und #metoo, MeToo und ##MeToo", ["#MeToo", "#metoo"]),
        ("MeToo", "#MeToo und MeToo", ["MeToo", "MeToo"]),
        ("@bbc", "@bbc und bbc und info@bbc.example", ["@bbc"]),
        ("AT&T", "AT&T, AT & T, AT&amp;T und AT&T-Aktien, nicht AT T, at t, AT-T", ["AT&T", "AT & T", "AT&amp;T", "AT&T"]),
        ("H&M", "bei H&M, nicht H. M. und h m", ["H&M"]),
        ("Kohle+Stahl", "Kohle Stahl", ["Kohle Stahl"]),
    ],
)
def test_a_sign_behind_a_word_belongs_to_it(term: str, text: str, expected: list[str]) -> None:
    assert words_fault(term) == ""
    assert found(Term(term), text) == expected
    assert found(Phrase(term), text) == expected


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("3 Tote", "3 Tote, 2-3 Tote, am 1. 3 Tote", ["3 Tote", "3 Tote", "3 Tote"]),
        ("3 Tote", "2,3 Tote, 1.3 Tote, 13 Tote, 2:3 Tote", []),
        ("200 Tote", "1 200 Tote, 1.200 Tote, 1'200 Tote", []),
        ("200 Tote", "Im Jahr 2024 200 Tote", ["200 Tote"]),
        ("Artikel 5", "Artikel 5 und Artikel 5.1 und Artikel 5 000", ["Artikel 5"]),
        ("1.000 Tote", "1.000 Tote, 1,000 Tote, 21.000 Tote", ["1.000 Tote", "1,000 Tote"]),
        ("12:30 Uhr", "um 12:30 Uhr und 12.30 Uhr, nicht 12 30 Uhr", ["12:30 Uhr", "12.30 Uhr"]),
        ("30 Uhr", "12:30 Uhr", []),
        ("24.12.2025", "am 24.12.2025 und 24. 12. 2025", ["24.12.2025", "24. 12. 2025"]),
        ("5G", "2,5G und 5G", ["5G"]),
    ],
)
def test_a_piece_of_a_longer_number_is_another_number(term: str, text: str, expected: list[str]) -> None:
    assert found(Term(term), text) == expected
    assert found(Phrase(term), text) == expected


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("Disney+", "Disney+, nicht Disney und Disneyland", ["Disney+"]),
        ("RTL+", "RTL+, nicht RTL", ["RTL+"]),
        ("Ukraine+", "Ukraine und Ukrainekrieg", ["Ukraine", "Ukrainekrieg"]),
        ("AT&T", "AT&T, nicht AT T", ["AT&T"]),
        ("#MeToo", "#MeToo, nicht MeToo", ["#MeToo"]),
    ],
)
def test_a_query_keeps_the_signs_of_names(query: str, text: str, expected: list[str]) -> None:
    group = parse(query)
    assert found(group, text) == expected
    assert parse(written(group)) == group


def test_why_a_word_without_its_sign_does_not_count_is_explained() -> None:
    compiled = compile_rule(Rule(id="r", title="R", match=Group(any=(Term("Disney+"),))))
    assert explained(compiled).clauses[0].says == "Disney with + right behind it"
    (miss,) = explained(compiled, "Die Serie läuft bei Disney.").misses
    assert miss.why == "'+' does not stand right behind it"
    assert explained(compile_rule(Rule(id="r", title="R", match=Group(any=(Term("Covid 19"),)))), "Covid-19").matched
    five = compile_rule(Rule(id="r", title="R", match=Group(any=(Term("€ 5"), Term("#Test"), Term("7")))))
    assert [each.says for each in explained(five).clauses] == ["5 with € before or behind it", "Test with # right before it", ""]
    assert [each.why for each in explained(five, "Test 5 und 1,7 und 7 000").misses] == [
        "'€' does not stand before or behind it",
        "'#' does not stand right before it",
        "the number goes on",
        "it is the beginning of a number in groups of three digits",
    ]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("A7", "Unfall auf der A 7 bei Kassel", ["A 7"]),
        ("A 7", "Unfall auf der A7 und der A-7", ["A7", "A-7"]),
        ("A 7", "Unfall auf der A 7", ["A 7"]),
        ("A7", "vor a 7 Uhr", []),
        ("A7", "Plan A 7.500 Euro", []),
        ("G7", "Treffen der G 7", ["G 7"]),
        ("G 7", "Der G7-Gipfel", ["G7"]),
        ("G7", "Der G 7-Gipfel und die G 20-Staaten", ["G 7"]),
        ("Covid-19", "Covid 19-Fälle", ["Covid 19"]),
        ("A7", "Ein a 7-Tage-Plan", []),
        ("Covid-19", "an Covid 19 erkrankt, nicht Covid 19,5", ["Covid 19"]),
        ("Covid 19", "an COVID-19 und Covid19", ["COVID-19", "Covid19"]),
        ("5G", "Das 5 G Netz, aber 5 g Mehl und 2,5 G", ["5 G"]),
        ("F-16", "Kampfjets vom Typ F 16", ["F 16"]),
        ("Artikel 5", "nach Artikels 5", ["Artikels 5"]),
        ("A7", "Es endet mit A. 7 folgt", []),
    ],
)
def test_letters_and_a_number_are_found_apart_and_in_one_piece(term: str, text: str, expected: list[str]) -> None:
    assert found(Term(term), text) == expected


def test_a_word_of_one_letter_before_a_number_is_no_name_in_other_languages() -> None:
    assert found(Term("A7"), "A 7 percent rise", "en") == []
    assert found(Term("G7"), "le G 7", "fr") == ["G 7"]


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("Kim Jong Un", "Kim Jong Uns Schwester", ["Kim Jong Uns"]),
        ("Kim Jong Un", "Kim Jong uns", []),
        ("Wang Yi", "Wang Yis Reise", ["Wang Yis"]),
        ("Weißes Haus", "des Weißen Hauses", ["Weißen Hauses"]),
    ],
)
def test_the_last_word_of_a_name_takes_the_s_of_the_genitive(term: str, text: str, expected: list[str]) -> None:
    assert found(Term(term), text) == expected


@pytest.mark.parametrize(
    ("term", "text", "expected"),
    [
        ("U-Boot", "U Boot, U-Boote und Uboot, nicht u boot und U. Boot", ["U Boot", "U-Boote", "Uboot"]),
        ("Saudi-Arabien", "Saudi Arabiens, nicht Saudi, Arabien", ["Saudi Arabiens"]),
        ("Sachsen-Anhalt", "Sachsen Anhalt, nicht Sachsen, Anhalt", ["Sachsen Anhalt"]),
        ("G-7", "G 7", ["G 7"]),
    ],
)
def test_a_name_with_a_hyphen_is_found_with_a_blank(term: str, text: str, expected: list[str]) -> None:
    assert found(Term(term), text) == expected
    compiled = compile_rule(Rule(id="r", title="R", match=Group(any=(Term(term),))))
    assert {word.word for clause in explained(compiled).clauses for word in clause.words} >= {term}


@pytest.mark.parametrize("hidden", ["&shy;", "&#173;", "&#xAD;", "&#x200b;", "&ZeroWidthSpace;", "\xad", "\u200b"])
def test_a_soft_hyphen_that_was_written_as_an_entity_hides_no_word(hidden: str) -> None:
    assert found(Term("Waffenruhe"), f"Die Waffen{hidden}ruhe hält.") == ["Waffenruhe"]
    assert shown(f"A{hidden}B &amp; C") == "AB &amp; C"


@pytest.mark.parametrize("language", ["de", "ar"])
def test_arabic_prefixes_do_not_hide_a_word(language: str) -> None:
    for text in (
        "\u0648\u0635\u0627\u0631\u0648\u062e",
        "\u0648\u0627\u0644\u0635\u0627\u0631\u0648\u062e",
        "\u0627\u0644\u0635\u0627\u0631\u0648\u062e",
        "\u0628\u0627\u0644\u0635\u0627\u0631\u0648\u062e",
        "\u0648\u0644\u0644\u0635\u0627\u0631\u0648\u062e",
        "\u0635\u064e\u0627\u0631\u064f\u0648\u062e",
        "\u0635\u0627\u0640\u0640\u0631\u0648\u062e",
    ):
        assert found(Term("\u0635\u0627\u0631\u0648\u062e"), text, language) == [text]
