"""Every kind of clause and filter, and that looking rules up finds what trying all of them would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Article, Dates, Entity, Language, Source, Story
from pipeline.rules.check import try_text
from pipeline.rules.compile import CannotMatch, compile_rule, rule_set
from pipeline.rules.compiled import CompiledRule, RuleSet
from pipeline.rules.evaluate import Reading, evidence
from pipeline.rules.match import analyse_fields, match
from pipeline.rules.model import (
    Allowed,
    Clause,
    Constituents,
    Filter,
    Group,
    Near,
    Phrase,
    Regex,
    Rule,
    SetOf,
    Term,
    TermSet,
    Where,
    Wildcard,
    Within,
)
from pipeline.rules.publish import RuleTable, records
from tests.builders import NOON, article

SETS = {
    "weapons": TermSet(id="weapons", title="Weapons", terms={"de": (Term("Rakete"), Term("Drohne")), "en": (Term("missile"),)}),
    "all": TermSet(id="all", title="All", terms={"de": (SetOf("weapons"),)}),
    "loop": TermSet(id="loop", title="Loop", terms={"de": (SetOf("loop"),)}),
}


def compiled(*any_of: Clause, id: str = "one", **changes: Any) -> CompiledRule:
    return compile_rule(Rule(id=id, title="One", langs=("de",), match=changes.pop("match", Group(any=any_of)), **changes), SETS)


def surfaces(clause: Clause, text: str) -> list[str]:
    return [hit.surface for each in try_text(rule_set([compiled(clause)]), text, language="de") for hit in each.hits]


def terms_near(within: int, *items: Clause, **options: Any) -> Near:
    return Near(items, within, **options)


@pytest.mark.parametrize(
    ("clause", "text", "expected"),
    [
        (Wildcard("Raket*"), "Raketentests und Raketen-Starts, Protest", ["Raketentests", "Raketen", "Raketen-Starts"]),
        (Wildcard("M?ller"), "Müller, Miller, Möller, Moller, Mahler", ["Müller", "Miller", "Möller", "Moller"]),
        (Wildcard("Drohn?n"), "Drohnen", ["Drohnen"]),
        (Regex("rak(ete|eten)test"), "Ein RAKETENTEST am Morgen. Raketetest", ["RAKETENTEST", "Raketetest"]),
        (Regex("hwasong-1[0-9]"), "Die Hwasong\u201117 flog", ["Hwasong\u201117"]),
        (Regex("gelände"), "Das Testgelaende, das Testgelände", ["gelaende", "gelände"]),
        (Regex("rakete"), "https://example.org/rakete", []),
        (Regex("rakete.*test"), "Eine Rakete. Ein Test", []),
        (terms_near(2, Term("Rakete"), Group(any=(Term("Test"), Term("Start")))), "Start der neuen Rakete", []),
        (terms_near(3, Term("Rakete"), Group(any=(Term("Test"), Term("Start")))), "Start der neuen Rakete", ["Start", "Rakete"]),
        (terms_near(9, Term("Rakete"), Term("Test")), "Eine Rakete.\nEin Test.", []),
        (terms_near(9, Term("Rakete"), Term("Test"), scope="paragraph"), "Eine Rakete. Ein Test.", ["Rakete", "Test"]),
        (terms_near(9, Term("Rakete"), Term("Test"), scope="paragraph"), "Eine Rakete.\n\nEin Test.", []),
        (terms_near(9, Term("Rakete"), Wildcard("Raket*")), "Eine Rakete startet.", []),
        (terms_near(9, Term("Rakete"), Wildcard("Raket*")), "Raketen, eine Rakete.", ["Raketen", "Raketen", "Rakete", "Rakete"]),
        (terms_near(4, Wildcard("Raket*"), Phrase("neuer Start")), "Raketen vor neuem Start", ["Raketen", "neuem Start"]),
        (SetOf("weapons"), "Drohnen, Raketen und missiles", ["Drohnen", "Raketen"]),
        (SetOf("all"), "Drohnen", ["Drohnen"]),
        (Within(("title",), Term("Rakete")), "Rakete", []),
        (Within(("body",), Term("Rakete")), "Rakete", ["Rakete"]),
    ],
)
def test_a_clause_hits_exactly_these_words(clause: Clause, text: str, expected: list[str]) -> None:
    assert surfaces(clause, text) == expected


@pytest.mark.parametrize(
    ("clause", "said"),
    [
        (Wildcard("*test"), "begins with"),
        (Wildcard("ra*te"), "before its end"),
        (Wildcard("ra*"), "three letters"),
        (Wildcard("r??ete"), "three letters"),
        (Wildcard("zwei worte*"), "one word"),
        (Regex("[a-z]+"), "three letters"),
        (Regex("rakete|ab"), "three letters"),
        (Regex("rakete(?=test)"), "RE2"),
        (Regex("(" * 300), "RE2"),
        (Regex("(rakete{1000}){1000}"), "RE2"),
        (Regex("rakete[äö]"), "folded"),
        (Regex("a" * 1_001), "characters"),
        (SetOf("nothing"), "weapons"),
        (SetOf("loop"), "itself"),
        (Constituents("Rakete"), "split"),
        (Filter("site", ("example.org",)), "at least one word"),
        (Near((Term("a"), Filter("site", ("x",))), 2), "near"),
        (Term("…"), "no word"),
    ],
)
def test_a_clause_that_cannot_be_looked_for_is_refused_in_words(clause: Clause, said: str) -> None:
    with pytest.raises(CannotMatch, match=said):
        compiled(clause)


RECORD = article(
    title="Raketentest",
    body="Eine Rakete und eine Drohne.",
    source=Source(id="tagesblatt", country="de", site="news.tagesblatt.example", tier=2),
    url="https://news.tagesblatt.example/politik/rakete-faellt.html",
    authors=("Anna Müller",),
    section="Politik",
    language=Language(code="de"),
    story=Story(id="s", position=3),
    entities=(Entity(id="iso:KP", type="country", name="Nordkorea", recogniser="countries"),),
    dates=Dates(published_at=NOON - timedelta(hours=5), precision="second"),
    first_seen_at=NOON,
    revision=1,
)


def holds(record: Article = RECORD, now: datetime | None = None, **changes: Any) -> bool:
    rules = rule_set([compiled(Term("Rakete"), **changes)])
    return bool(match(rules, record, analyse_fields(record), now))


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (Where(tier=(1, 2)), True),
        (Where(tier=(1,)), False),
        (Where(section=Allowed(only=("politik",))), True),
        (Where(section=Allowed(never=("Politik",))), False),
        (Where(site=Allowed(only=("tagesblatt.example",))), True),
        (Where(site=Allowed(only=("blatt.example",))), False),
        (Where(entities=("type:country",)), True),
        (Where(entities=("type:person",)), False),
        (Where(all_entities=("iso:KP", "type:country")), True),
        (Where(all_entities=("iso:KP", "iso:RU")), False),
        (Where(no_entities=("iso:KP",)), False),
        (Where(story_min=3, story_max=3), True),
        (Where(story_min=4), False),
        (Where(story_max=2), False),
        (Where(max_age_seconds=5 * 3600), True),
        (Where(max_age_seconds=5 * 3600 - 1), False),
    ],
)
def test_where_admits_an_article_or_does_not(where: Where, expected: bool) -> None:
    assert holds(where=where) is expected


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (Filter("url", ("rakete-faellt",)), True),
        (Filter("url", ("rakete html",)), False),
        (Filter("author", ("MUELLER",)), True),
        (Filter("author", ("Müll",)), False),
        (Filter("site", ("other.example", "tagesblatt.example")), True),
        (Filter("source", ("other",)), False),
        (Filter("language", ("de",)), True),
        (Filter("country", ("DE",)), True),
        (Filter("section", ("Sport",)), False),
        (Filter("entity", ("iso:KP",)), True),
        (Filter("story_size", ("3",), "gte"), True),
        (Filter("story_size", ("3",), "gt"), False),
        (Filter("tier", ("2",), "lt"), False),
        (Filter("tier", ("2",)), True),
    ],
)
def test_a_filter_in_the_tree_admits_or_excludes(clause: Filter, expected: bool) -> None:
    assert holds(match=Group(all=(Term("Rakete"), clause))) is expected
    assert holds(match=Group(all=(Term("Rakete"),), none=(clause,))) is not expected


def test_an_article_without_a_date_is_of_no_age() -> None:
    assert holds(article(body="Eine Rakete", revision=1, first_seen_at=NOON), where=Where(max_age_seconds=60))


def test_different_terms_make_the_score_and_one_in_the_title_counts_double() -> None:
    clauses = Group(any=(Term("Rakete"), Term("Drohne"), Term("Raketentest")))
    assert holds(match=clauses, min_score=4)
    assert not holds(match=clauses, min_score=5)


def test_a_rule_that_has_expired_matches_nothing() -> None:
    end = datetime(2026, 11, 20, 13, tzinfo=UTC)
    assert holds(expires_at=end, now=end - timedelta(seconds=1))
    assert not holds(expires_at=end, now=end)


def test_a_set_of_rules_survives_its_topic_and_shares_equal_spellings() -> None:
    table = RuleTable()
    for record in records([compiled(Term("Rakete"), id="one"), compiled(Term("Rakete"), SetOf("weapons"), id="two")]):
        table.apply(record.key, record.value)
    found = match(table.current, RECORD, analyse_fields(RECORD))
    assert [each.rule_id for each in found] == ["one", "two"]
    first, second = (table.current.rules[each].tree.any[0] for each in ("one", "two"))
    assert first.words[0] is second.words[0]  # type: ignore[union-attr]


_WORDS = [
    "Rakete",
    "Raketen",
    "Test",
    "Raketentest",
    "Raketen-Test",
    "Atomtests",
    "ballistische",
    "stürzt",
    "ab",
    "und",
    "Krieg",
    "kriegen",
]
_LEAVES = st.one_of(
    st.sampled_from(_WORDS).map(Term),
    st.sampled_from(_WORDS).map(lambda word: Term(word, head=True, modifier=True)),
    st.sampled_from(["abstürzen", "Quandrabel", "IS"]).map(Term),
    st.builds(Phrase, st.lists(st.sampled_from(_WORDS), min_size=1, max_size=3).map(" ".join), st.integers(0, 2)),
    st.sampled_from([Wildcard("Rak*"), Wildcard("T?st"), Regex("raketen?-?test"), Regex("(atom|krieg)"), Constituents("Raketentest", 4)]),
    st.sampled_from([SetOf("weapons"), Within(("title",), Term("Rakete")), Filter("site", ("tagesblatt.example",))]),
)
_CLAUSES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(
        st.builds(
            Group,
            any=st.lists(inner, max_size=2).map(tuple),
            all=st.lists(inner, max_size=2).map(tuple),
            none=st.lists(inner, max_size=1).map(tuple),
        ),
        st.builds(lambda items, within: Near(tuple(items), within), st.lists(inner, min_size=2, max_size=2), st.integers(1, 6)),
    ),
    max_leaves=6,
)
_TEXTS = st.lists(
    st.sampled_from([*_WORDS, "Raketen-", "-tests", ".", ",", "\n", "Atomraketen-Tests", "Testgelände", "Superquandrabel", "Rake\u00adte"]),
    max_size=20,
).map(" ".join)


@given(st.lists(_CLAUSES, min_size=1, max_size=5), _TEXTS, _TEXTS)
@settings(deadline=None, max_examples=300)
def test_looking_rules_up_finds_exactly_what_trying_all_of_them_finds(clauses: list[Clause], title: str, body: str) -> None:
    made = []
    for number, clause in enumerate(clauses):
        try:
            made.append(compiled(clause, id=f"rule-{number}"))
        except CannotMatch:
            continue
    record = article(title=title, body=body, revision=1, language=Language(code="de"))
    texts = analyse_fields(record)
    tried = {each.rule.id for each in made if evidence(each.tree, Reading(texts, record), each.rule.fields)}
    looked_up = {each.rule_id for each in match(RuleSet().changed(made), record, texts)}
    assert looked_up == tried


@pytest.mark.parametrize(("language", "found"), [("en", 1), ("en-gb", 1), ("und", 1), ("de", 0)])
def test_the_terms_of_a_set_hold_in_texts_of_their_own_language(language: str, found: int) -> None:
    rules = rule_set([compile_rule(Rule(id="one", title="One", match=Group(any=(SetOf("weapons"),))), SETS)])
    text = "The missile flew."
    assert sum(map(bool, (try_text(rules, text, language=language)))) == found


def test_a_rule_that_finds_no_terms_of_its_languages_in_a_set_takes_those_of_others() -> None:
    held = {"weapons": TermSet(id="weapons", title="Weapons", terms={"en": (Term("missile"),)})}
    rules = rule_set([compile_rule(Rule(id="one", title="One", langs=("de",), match=Group(any=(SetOf("weapons"),))), held)])
    assert try_text(rules, "Eine missile flog.", language="de")
