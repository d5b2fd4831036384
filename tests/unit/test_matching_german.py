"""German words in all their spellings, through compile and match."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Article, Match, Source, Span
from pipeline.rules.check import try_text
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import RuleSet
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import Clause, Constituents, Group, Phrase, Rule, Term
from pipeline.rules.pairs import BadPair, read_pairs, score
from pipeline.text.hygiene import shown
from tests.builders import article
from tests.shared_data import shared

OWN_PAIRS = Path(__file__).parent / "samples" / "pairs.tsv"


def rules(*clauses: Clause) -> RuleSet:
    return rule_set([compile_rule(Rule(id="german", title="German", langs=("de",), match=Group(any=clauses)))])


def found(clause: Clause, text: str, **where: str) -> list[tuple[str, str]]:
    """Surface and mode of each hit."""
    hits = [hit for each in try_text(rules(clause), text, language="de", **where) for hit in each.hits]
    assert all(shown(text)[hit.start : hit.end] == hit.surface for hit in hits)
    return [(hit.surface, hit.mode) for hit in hits]


def test_all_pairs_give_the_answer_they_state() -> None:
    scored = score(read_pairs(shared("german_matching.tsv").read_text(encoding="utf-8")))
    assert scored.pairs == 90
    assert [(wrong.pair.keyword, wrong.pair.text, wrong.found, wrong.problem) for wrong in scored.wrong] == []


def test_pairs_of_every_kind_give_the_answer_they_state() -> None:
    scored = score(read_pairs(OWN_PAIRS.read_text(encoding="utf-8")))
    assert scored.pairs > 400
    assert [(wrong.pair.keyword, wrong.pair.text, wrong.found, wrong.problem) for wrong in scored.wrong] == []


@pytest.mark.parametrize(
    ("clause", "text", "expected"),
    [
        (Term("Raketentest"), "Ein Raketentest.", [("Raketentest", "exact")]),
        (Term("Raketentest"), "Viele Raketentests.", [("Raketentests", "inflected")]),
        (Term("Raketentest"), "Der Raketen-Test.", [("Raketen-Test", "hyphenated")]),
        (Term("Raketentest"), "Die Raketentest-Serie.", [("Raketentest", "hyphen_part")]),
        (Term("Raketentest"), "Hyperschallraketentests", [("Hyperschallraketentests", "head")]),
        (Term("Raketentest"), "Mittelstreckenraketen-Tests", [("Mittelstreckenraketen-Tests", "head")]),
        (Term("Raketentest"), "Raketen Tests in Asien", [("Raketen Tests", "open")]),
        (Term("Raketentest"), "Raketen\u2013Tests in Asien", []),
        (Term("Raketentest", modifier=True), "das Raketentestgelände", [("Raketentestgelände", "modifier")]),
        (Term("Raketentest"), "Raketen- und Atomtests", [("Raketen- und Atomtests", "ellipsis")]),
        (Term("Raketentest"), "Raketen- und\nAtomtests", [("Raketen- und\nAtomtests", "ellipsis")]),
        (Term("Raketentest"), "Raketen-, Drohnen- und Bombentests", [("Raketen-, Drohnen- und Bombentests", "ellipsis")]),
        (Term("Raketentest"), "sowohl Raketen- als auch Atom-Tests", [("Raketen- als auch Atom-Tests", "ellipsis")]),
        (Term("Raketentest"), "Raketen-/Atomtests", [("Raketen-/Atomtests", "ellipsis")]),
        (Term("Raketentest"), "Raketenstarts, -abwehr oder\n-tests", [("Raketenstarts, -abwehr oder\n-tests", "ellipsis")]),
        (Term("Raketentest"), "Raketen- und Protest", []),
        (Term("Raketentest"), "Raketen- und Atomwaffen werden getestet. Ein Test", []),
        (Term("Einsatz"), "Ein Satz von ihm genügt", []),
        (Term("Überfall"), "Über Fall und Aufstieg", []),
        (Term("Krankenhaus"), "im kranken Haus", []),
        (Term("U-Boot"), "Der U-Boot-Angriff", [("U-Boot", "hyphen_part")]),
        (Term("abstürzen"), "Das Flugzeug stürzt über dem Meer ab.", [("stürzt über dem Meer ab", "separated")]),
        (Term("abstürzen"), "Sie stürzte beim Start ab, hieß es.", [("stürzte beim Start ab", "separated")]),
        (Term("abstürzen"), "Er stürzt sich ab Montag in die Arbeit.", []),
        (Term("abstürzen"), "Er stürzt. Danach ab.", []),
        (Term("IS"), "Das ist so, is klar. Der IS droht.", [("IS", "exact")]),
        (Term("Krieg"), "Sie kriegen nichts von den Kriegen.", [("Kriegen", "inflected")]),
        (Term("Rakete", exact=True), "Raketen, rakete, Rakete", [("Rakete", "exact")]),
        (Term("Rakete", inflect=False), "Raketen, rakete", [("rakete", "exact")]),
        (Phrase("ballistische Rakete"), "ballistischer Raketen", [("ballistischer Raketen", "phrase")]),
        (Phrase("ballistische Rakete"), "ballistische Kurzstrecken-Rakete", [("ballistische Kurzstrecken-Rakete", "phrase")]),
        (Phrase("US Außenminister"), "der US-Außenminister", [("US-Außenminister", "phrase")]),
        (Phrase("Raketen Test"), "Raketen-Abwehr Test", []),
        (Term("Rotes Kreuz"), "rotes Hakenkreuz", []),
        (Constituents("Raketentest"), "Test einer Rakete", [("Test", "constituents"), ("Rakete", "constituents")]),
        (Constituents("Raketentest"), "Ein Raketentest", [("Raketentest", "exact")]),
        (Constituents("Raketentest", 1), "Test einer neuen Rakete", []),
    ],
)
def test_a_word_is_found_by_this_mode(clause: Clause, text: str, expected: list[tuple[str, str]]) -> None:
    assert found(clause, text) == expected


@pytest.mark.parametrize(
    ("noun", "text"),
    [
        ("Hilferuf", "Sie wollten um Hilfe rufen."),
        ("Waffenlager", "Es heißt, dass sie Waffen lagern."),
        ("Raketenstart", "Die Raketen starten heute."),
        ("Raketentest", "Raketen testen wir."),
        ("Streikaufruf", "Sie wollen zum Streik aufrufen."),
        ("Flugstart", "Flug starten"),
        ("Wahlkampf", "um den Ausgang der Wahl kämpfen"),
        ("Wahlrecht", "Die Wahl rechts der Mitte"),
        ("Schusswechsel", "Schuss wechseln"),
        ("Angriffskrieg", "Angriffs kriegen"),
        ("Waffenruhe", "Waffen ruhen"),
        ("Raketenstart", "Raketen-starten"),
        ("Start", "Raketen-starten"),
        ("Raketenstart", "Atomraketen-starten"),
        ("Waffenlager", "Waffen- oder lagern"),
    ],
)
def test_a_noun_is_not_found_where_its_last_part_is_a_verb_by_itself(noun: str, text: str) -> None:
    assert found(Term(noun), text) == []


@pytest.mark.parametrize(
    ("keyword", "text", "surface"),
    [
        ("Raketentest", "Raketen Test sorgt für Unruhe", "Raketen Test"),
        ("Raketentest", "RAKETEN TEST", "RAKETEN TEST"),
        ("Raketentest", "RAKETEN TESTEN", "RAKETEN TESTEN"),
        ("Raketentest", "Raketen-Test", "Raketen-Test"),
        ("Raketentest", "Raketen-test", "Raketen-test"),
        ("Raketentest", "ein Raketen-\ntest am Morgen", "Raketen-\ntest"),
        ("Raketenstart", "nach Raketen-\nstarten", "Raketen-\nstarten"),
        ("Raketenstart", "nach Raketen-Starten", "Raketen-Starten"),
        ("Raketenstart", "nach Raketentests und -starten", "Raketentests und -starten"),
        ("Raketenstart", "nach Drohnen- und Raketenstarten", "Raketenstarten"),
        ("Raketentest", "raketentest", "raketentest"),
        ("Stromausfall", "Strom Ausfall", "Strom Ausfall"),
        ("Stromausfall", "strom ausfall", "strom ausfall"),
        ("Messerattacke", "Messer-attacke", "Messer-attacke"),
        ("radfahren", "Rad fahren", "Rad fahren"),
        ("ausbrechen", "Ein Feuer brach gestern aus.", "brach gestern aus"),
        ("einmarschieren", "Truppen marschierten in Polen ein.", "marschierten in Polen ein"),
        ("EU", "der EU-Gipfel der eu", "EU"),
        ("UN", "Die UN, un", "UN"),
        ("NATO", "Die Nato", "Nato"),
        ("USA", "die usa", "usa"),
    ],
)
def test_a_word_is_still_found_where_no_other_word_is_meant(keyword: str, text: str, surface: str) -> None:
    assert [each for each, _ in found(Term(keyword), text)] == [surface]


def test_sharp_s_tells_words_apart_except_in_capitals_and_in_switzerland() -> None:
    assert found(Term("Buße"), "Die Busse fahren nicht") == []
    assert found(Term("Buße"), "DIE BUSSE") == [("BUSSE", "exact")]
    assert found(Term("Buße"), "Die Busse ist hoch", country="CH") == [("Busse", "exact")]


def test_compounds_are_taken_apart_in_german_texts_only() -> None:
    anywhere = rule_set([compile_rule(Rule(id="any", title="Any", match=Group(any=(Term("Angriff"),))))])
    assert try_text(anywhere, "Luftangriff", language="de")
    assert try_text(anywhere, "Luftangriff", language="und")
    assert not try_text(anywhere, "Luftangriff", language="fr")


@pytest.mark.parametrize(
    ("term", "text", "surfaces"),
    [
        (Term("Putin"), "Rasputin und Kremlputin", []),
        (Term("Putin"), "Der Anti-Putin und Putins Rede", ["Putin", "Putins"]),
        (Term("Selenskyj"), "Halbselenskyj", []),
        (Term("Quandrabel"), "Die Raketenquandrabel", []),
        (Term("Quandrabel", head=True), "Die Raketenquandrabel, nicht die Verquandrabel", ["Raketenquandrabel"]),
        (Term("Nordkorea"), "Ganznordkorea", ["Ganznordkorea"]),
        (Term("Swatting"), "Das Schulswatting", ["Schulswatting"]),
    ],
)
def test_a_name_that_no_lexicon_knows_is_no_head_of_a_compound_unless_asked(term: Term, text: str, surfaces: list[str]) -> None:
    assert [surface for surface, _ in found(term, text)] == surfaces


def revised(body: str, added: str = "") -> Article:
    spans = (Span("body", body.index(added), body.index(added) + len(added)),) if added else ()
    return article(title="", body=body, revision=2, added=spans, source=Source(id="s"))


@pytest.mark.parametrize(
    ("record", "known"),
    [
        (revised("Ein Raketentest. Neues.", "Neues."), True),
        (revised("Ein Raketentest.", "Ein Raketentest."), False),
        (revised("Ein Raketentest."), True),
        (revised("Raketentest. Raketentests.", "Raketentests."), False),
    ],
)
def test_a_match_by_old_text_alone_is_told_as_known(record: Article, known: bool) -> None:
    (one,) = matches(record)
    assert one.known is known
    assert known or all("Neu" not in hit.surface for hit in one.hits)


def matches(record: Article) -> tuple[Match, ...]:
    return match(rules(Term("Raketentest")), record, analyse_fields(record))


def test_a_withdrawn_article_still_matches() -> None:
    (one,) = matches(article(pubstatus="canceled", revision=3, added=()))
    assert one.known


_PIECES = ["Raketen", "Atom", "Test", "Tests", "Rakete", "Start", "Flugzeug", "stürzt", "ab", "und", "ballistische", "test"]
_JOINTS = [" ", "-", "- ", " -", "\u00ad", "\u200b", "-\n", " und ", ". ", ", ", "", "\u2011", "\u2013", "\n\n", "\u00a0", "u\u0308"]
_TEXTS = st.lists(st.tuples(st.sampled_from(_PIECES), st.sampled_from(_JOINTS)), max_size=12).map(
    lambda pairs: "".join(map("".join, pairs))
)
_SET = rules(
    Term("Raketentest", modifier=True),
    Term("abstürzen"),
    Phrase("ballistische Rakete", 1),
    Constituents("Raketentest"),
    Term("Test", head=True),
)


@given(_TEXTS)
@settings(deadline=None, max_examples=300)
def test_the_text_at_the_offsets_is_the_surface_form_whatever_the_raw_text_held(text: str) -> None:
    for each in try_text(_SET, text, title=text, language="de"):
        for hit in each.hits:
            assert shown(text)[hit.start : hit.end] == hit.surface != ""
            assert hit.sentence_start <= hit.start < hit.end <= hit.sentence_end


def test_a_table_of_pairs_is_read_with_its_escapes_and_scored() -> None:
    table = "keyword\ttext\toption\tmatch\twhy\nTest\tzwei\\nTests\t\tyes\t\n# no\n\nTest\tProtest\\u00ad\thead\tyes\twrong\n"
    scored = score(read_pairs(table))
    assert (scored.pairs, scored.right) == (2, 1)
    (wrong,) = scored.wrong
    assert (wrong.pair.line, wrong.pair.text, wrong.found) == (5, "Protest\u00ad", ())


@pytest.mark.parametrize(
    ("table", "said"), [("", "empty"), ("keyword\ttext\n", "match"), ("keyword\ttext\tmatch\na\tb\tperhaps\n", "line 2")]
)
def test_a_table_that_is_none_is_refused(table: str, said: str) -> None:
    with pytest.raises(BadPair, match=said):
        read_pairs(table)


def test_an_unknown_option_makes_the_pair_wrong_and_says_so() -> None:
    refused = score(read_pairs("keyword\ttext\toption\tmatch\n-Test\tTest\t\tno\nTe*\tTest\twildcard\tno\n")).wrong
    assert [each.problem.startswith("the keyword was refused: ") for each in refused] == [True, True]
    assert "'-Test': - is no part of a word" in refused[0].problem
    (wrong,) = score(read_pairs("keyword\ttext\toption\tmatch\nTest\tTest\tfuzzy\tyes\n")).wrong
    assert "fuzzy" in wrong.problem
