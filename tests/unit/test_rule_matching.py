"""Which rules match an article, by which words, and where those stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Article, Entity, Language, Match, Source, Span
from pipeline.rules.check import run_tests, try_text
from pipeline.rules.compile import CannotMatch, compile_rule, rule_set
from pipeline.rules.compiled import RuleSet
from pipeline.rules.match import MAX_HITS, analyse_fields, match
from pipeline.rules.model import Allowed, Clause, Group, Near, Notify, Phrase, Rule, RuleTest, Term, Where
from pipeline.rules.terms import terms
from pipeline.text.hygiene import shown
from pipeline.text.tokens import analyse
from tests.builders import article
from tests.shared_data import seed


def rule(*any_of: Clause, id: str = "de-raketentest", **changes: Any) -> Rule:
    return Rule(id=id, title="Raketentests", match=changes.pop("match", Group(any=any_of)), **changes)


def compiled(*rules: Rule) -> RuleSet:
    return rule_set([compile_rule(each) for each in rules])


def matches(rules: RuleSet, record: Article) -> tuple[Match, ...]:
    return match(rules, record, analyse_fields(record))


def marked(rules: RuleSet, text: str) -> list[str]:
    """The surface forms that are hit in `text`."""
    found = try_text(rules, text)
    for hit in (hit for each in found for hit in each.hits):
        assert shown(text)[hit.start : hit.end] == hit.surface
    return [hit.surface for each in found for hit in each.hits]


def test_of_the_two_seed_articles_only_the_one_with_a_missile_test_matches() -> None:
    rules = compiled(rule(Term("Raketentest"), langs=("de",)))
    texts = {number: shown(seed(number)) for number in ("000", "004")}
    assert try_text(rules, texts["000"], language="de") == ()
    (found,) = try_text(rules, texts["004"], language="de")
    (hit,) = found.hits
    assert texts["004"][hit.start : hit.end] == hit.surface == "Raketentest"
    assert texts["004"].count("Raketentest") == 1
    assert texts["004"][hit.sentence_start : hit.sentence_end].startswith("Nur wenige Stunden vor Blinkens Ankunft")


@pytest.mark.parametrize(
    ("clause", "text", "expected"),
    [
        (Term("Raketentest"), "Ein RAKETENTEST, ein Raketen-\ntest.", ["RAKETENTEST", "Raketen-\ntest"]),
        (Term("Raketentest"), "Der Raketen-Test und die Raketentest-Serie", ["Raketen-Test", "Raketentest"]),
        (Term("Raketentest"), "Protest gegen Raketen. Raketentester", []),
        (Term("Raketentest"), "https://example.org/raketentest-live", []),
        (Term("Fluechtling"), "Ein Flu\u0308chtling", ["Flüchtling"]),
        (Term("Kim Jong Un"), "Am Abend sprach in Pjöngjang der Machthaber Kim\nJong Un zum Volk.", ["Kim\nJong Un"]),
        (Term("Kim Jong Un"), "Kim Jong. Un", []),
        (Term("US Außenminister"), "Der US-Außenminister kam.", ["US-Außenminister"]),
        (Term("um Welt"), "Die Umwelt leidet.", []),
        (Phrase("ballistische Rakete"), "eine ballistische, neue Rakete", []),
        (Phrase("ballistische Rakete", 1), "eine ballistische, neue Rakete", ["ballistische, neue Rakete"]),
        (Phrase("a b c", 1), "a x b x c", []),
        (Phrase("a b c", 2), "a x b x c", ["a x b x c"]),
        (Phrase("a b", 2), "a a b", ["a a b", "a b"]),
        (Near(tuple(map(Term, ("Rakete", "testen"))), 3), "Sie testen heute eine Rakete.", ["testen", "Rakete"]),
        (Near(tuple(map(Term, ("Rakete", "testen"))), 2), "Sie testen heute eine Rakete.", []),
        (Near(tuple(map(Term, ("Rakete", "testen"))), 3, "given"), "Sie testen heute eine Rakete.", []),
        (Near(tuple(map(Term, ("testen", "Rakete"))), 3, "given"), "Sie testen heute eine Rakete.", ["testen", "Rakete"]),
        (Near(tuple(map(Term, ("Rakete", "Test"))), 9), "Die Rakete flog weit. Ein Test folgte.", []),
        (Near(tuple(map(Term, ("a", "b", "c"))), 4), "a x x b x a c", ["b", "a", "c"]),
        (Near(tuple(map(Term, ("Kim Jong Un", "Rakete"))), 4), "Kim Jong Un zeigt Rakete", ["Kim Jong Un", "Rakete"]),
        (Term("北朝鮮"), "東北、朝鮮。北朝鮮が", ["北朝鮮"]),
        (Term("ขีปนาวุธ"), "ทดสอบขีปนาวุธใหม่", ["ขีปนาวุธ"]),
        (Term("미사일"), "북한이 미사일을 발사했다", ["미사일"]),
        (Term("ракета"), "Сегодня РАКЕТА упала", ["РАКЕТА"]),
        (Group(all=(Term("a"), Term("b"))), "b. a", ["b", "a"]),
        (Group(all=(Term("a"), Term("b"))), "b only", []),
        (Group(any=(Term("a"),), none=(Term("b"),)), "a b", []),
        (Group(all=(Term("a"), Group(none=(Term("b"),)))), "a c", ["a"]),
        (Group(all=(Term("a"), Group(any=(Term("b"), Term("c"))))), "c a", ["c", "a"]),
    ],
)
def test_a_clause_hits_exactly_these_words(clause: Clause, text: str, expected: list[str]) -> None:
    assert marked(compiled(rule(clause)), text) == expected


@pytest.mark.parametrize("match_group", [Group(none=(Term("a"),)), Group(any=(Term("a"), Group(none=(Term("b"),)))), Group()])
def test_a_rule_that_can_hold_without_any_word_is_refused(match_group: Group) -> None:
    with pytest.raises(CannotMatch):
        compile_rule(rule(match=match_group))


def test_only_the_fields_a_rule_names_are_searched() -> None:
    record = article(title="Rakete", summary="Panzer", body="Drohne\n\nSchiff", revision=1)
    found = {}
    for fields in (("title",), ("lead",), ("body",)):
        rules = compiled(rule(*map(Term, ("Rakete", "Panzer", "Drohne", "Schiff")), fields=fields))
        found[fields] = [hit.surface for each in matches(rules, record) for hit in each.hits]
    assert found == {("title",): ["Rakete"], ("lead",): ["Panzer"], ("body",): ["Drohne", "Schiff"]}
    without_summary = article(title="", summary="", body="Drohne\n\nSchiff", revision=1)
    assert [
        hit.surface
        for each in matches(compiled(rule(Term("Drohne"), Term("Schiff"), fields=("lead",))), without_summary)
        for hit in each.hits
    ] == ["Drohne"]


@pytest.mark.parametrize(
    ("changes", "code", "expected"),
    [
        ({"langs": ("de",)}, "de", True),
        ({"langs": ("de",)}, "en", False),
        ({"langs": ("de",)}, "und", True),
        ({"langs": ("de",), "lang_strict": True}, "und", False),
        ({"langs": ("zh",)}, "zh-cn", True),
        ({"where": Where(language=Allowed(never=("en",)))}, "en", False),
    ],
)
def test_the_language_decides_as_the_rule_says(changes: dict[str, Any], code: str, expected: bool) -> None:
    record = article(language=Language(code=code), revision=1)
    assert bool(matches(compiled(rule(Term("Raketentest"), **changes)), record)) is expected


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(source=Allowed(only=("tagesblatt",))), True),
        (Where(source=Allowed(never=("tagesblatt",))), False),
        (Where(country=Allowed(only=("DE", "AT"))), True),
        (Where(country=Allowed(only=("KP",))), False),
        (Where(entities=("iso:KP", "iso:XX")), True),
        (Where(entities=("iso:RU",)), False),
    ],
)
def test_filters_decide_as_the_rule_says(where: Where, expected: bool) -> None:
    record = article(
        source=Source(id="tagesblatt", country="de"),
        entities=(Entity(id="iso:KP", type="country", name="Nordkorea", recogniser="countries"),),
        revision=1,
    )
    assert bool(matches(compiled(rule(Term("Raketentest"), where=where)), record)) is expected


@pytest.mark.parametrize(("status", "found"), [("live", [False]), ("shadow", [True]), ("test", []), ("disabled", [])])
def test_the_status_decides_whether_a_rule_matches(status: Any, found: list[bool]) -> None:
    assert [each.shadow for each in matches(compiled(rule(Term("Raketentest"), status=status)), article(revision=1))] == found


def live_blog(*sentences: str, revision: int, added: str = "") -> Article:
    body = " ".join(sentences)
    spans = (Span("body", body.index(added), body.index(added) + len(added)),) if added else ()
    return article(title="Lage in Asien", body=body, revision=revision, added=spans)


def test_a_live_blog_matches_when_the_word_is_added_and_points_at_the_added_sentence() -> None:
    rules = compiled(rule(match=Group(all=(Term("Nordkorea"), Term("Raketentest")))))
    old, new, last = "Nordkorea schweigt.", "Nun meldet Seoul einen Raketentest.", "Tokio protestiert."
    assert matches(rules, live_blog(old, revision=1)) == ()
    (found,) = matches(rules, live_blog(old, new, revision=2, added=new))
    assert [hit.surface for hit in found.hits] == ["Raketentest"]
    assert not found.known
    (later,) = matches(rules, live_blog(old, new, last, revision=3, added=last))
    (shorter,) = matches(rules, live_blog(old, new, revision=4))
    assert later.known
    assert shorter.known


def test_a_word_that_excludes_is_looked_for_in_the_old_text_too() -> None:
    rules = compiled(rule(match=Group(any=(Term("Raketentest"),), none=(Term("Satire"),))))
    assert matches(rules, live_blog("Satire.", "Ein Raketentest.", revision=2, added="Ein Raketentest.")) == ()


def test_the_match_id_follows_the_sentence_and_not_the_rule_version() -> None:
    first = matches(compiled(rule(Term("Raketentest"))), live_blog("Ein Raketentest.", revision=1))[0]
    edited = matches(compiled(rule(Term("Raketentest"), Term("Rakete"), severity="low")), live_blog("Ein Raketentest!", revision=1))[0]
    later = matches(
        compiled(rule(Term("Raketentest"))), live_blog("Ein Raketentest.", "Neuer Raketentest.", revision=2, added="Neuer Raketentest.")
    )[0]
    other = matches(compiled(rule(Term("Raketentest"), id="other-rule")), live_blog("Ein Raketentest.", revision=1))[0]
    assert edited.id == first.id
    assert edited.rule_version != first.rule_version
    assert len({first.id, later.id, other.id}) == 3


def test_a_match_carries_a_bounded_number_of_hits() -> None:
    (found,) = try_text(compiled(rule(Term("Rakete"))), "Rakete " * 500)
    assert len(found.hits) == MAX_HITS


def test_many_rules_match_as_each_alone() -> None:
    words = [f"wort{number}" for number in range(300)]
    rules = [rule(Term(word), id=f"rule-{word}") for word in words]
    text = "Hier stehen wort7, wort77 und Wort299."
    assert [each.rule_id for each in try_text(compiled(*rules), text)] == ["rule-wort299", "rule-wort7", "rule-wort77"]


def test_the_tests_of_a_rule_do_not_ask_for_its_source_or_status() -> None:
    tests = (RuleTest(text="Raketentest", match=True), RuleTest(text="Ein Panzer", match=True))
    problems = run_tests(
        rule(Term("Raketentest"), status="disabled", where=Where(source=Allowed(only=("x",))), tests=tests, notify=Notify()),
        "a.yml",
        [(7, 3), (8, 3)],
    )
    assert [str(problem) for problem in problems] == [
        "a.yml:8:3: test 2 of rule 'de-raketentest' fails: 'Ein Panzer' should match and does not"
    ]


def test_the_terms_for_the_index_are_the_keys_rules_look_up() -> None:
    texts = [analyse("Der Raketen-Test, der Test"), analyse("北朝鮮")]
    assert terms(texts) == ("der", "raketen", "raketentest", "test", "北", "北朝", "朝", "朝鮮", "鮮")
    assert terms([]) == ()


def test_the_terms_hold_the_heads_of_german_compounds_and_their_base_forms() -> None:
    found = terms([analyse("Die Mittelstreckenraketentests")])
    assert {"mittelstreckenraketentests", "raketentests", "raketentest", "tests", "test"} <= set(found)
    assert terms([analyse("airports")], compounds=False) == ("airports",)


_WORDS = ["rakete", "Test", "Raketen-Test", "über", "Köln", "a", "b", "c"]
_SENTENCES = st.lists(st.sampled_from([*_WORDS, "x,", "y.", "\n\n", "\u00ad", "Rake\u00adte"]), max_size=25).map(" ".join)
_TERMS = st.sampled_from(_WORDS)
_CLAUSES = st.recursive(
    st.one_of(
        _TERMS.map(Term),
        st.builds(lambda words, slop: Phrase(" ".join(words), slop), st.lists(_TERMS, min_size=1, max_size=3), st.integers(0, 2)),
        st.builds(
            lambda words, within: Near(tuple(map(Term, words)), within),
            st.lists(_TERMS, min_size=2, max_size=3, unique=True),
            st.integers(1, 6),
        ),
    ),
    lambda inner: st.builds(
        Group,
        any=st.lists(inner, max_size=2).map(tuple),
        all=st.lists(inner, max_size=2).map(tuple),
        none=st.lists(inner, max_size=1).map(tuple),
    ),
    max_leaves=6,
)


@given(_CLAUSES, _SENTENCES)
@settings(deadline=None, max_examples=200)
def test_every_hit_is_exactly_the_word_in_the_text_and_inside_its_sentence(clause: Clause, text: str) -> None:
    try:
        rules = compiled(rule(clause))
    except CannotMatch:
        return
    for found in try_text(rules, text):
        for hit in found.hits:
            assert shown(text)[hit.start : hit.end] == hit.surface != ""
            assert hit.sentence_start <= hit.start < hit.end <= hit.sentence_end


@given(_CLAUSES, _SENTENCES)
@settings(deadline=None, max_examples=200)
def test_the_look_up_by_anchor_never_misses_what_a_full_evaluation_finds(clause: Clause, text: str) -> None:
    from pipeline.rules.evaluate import Reading, evidence

    try:
        one = compile_rule(rule(clause))
    except CannotMatch:
        return
    texts = {"title": analyse(""), "summary": analyse(""), "body": analyse(shown(text))}
    full = evidence(one.tree, Reading(texts, article()), ("body",))  # type: ignore[arg-type]
    assert bool(try_text(rule_set([one]), text)) is bool(full)
