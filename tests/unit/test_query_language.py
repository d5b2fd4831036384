"""The query language: what it means, what it refuses and where, and that writing and reading are each other's reverse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.lexicon.derivations import begins_compounds
from pipeline.rules.canonical import canonical, canonical_group
from pipeline.rules.faults import term_fault
from pipeline.rules.model import Clause, Constituents, Filter, Group, Near, Phrase, Regex, SetOf, Term, Wildcard, Within
from pipeline.rules.query.parse import parse
from pipeline.rules.query.tokens import QueryFault
from pipeline.rules.query.writing import NotExpressible, written

A, B, C, D = Term("a"), Term("b"), Term("c"), Term("d")


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Raketentest", Group(any=(Term("Raketentest"),))),
        ("a OR b AND c", Group(any=(A, Group(all=(B, C))))),
        ("a ODER b UND NICHT c", Group(any=(A, Group(all=(B,), none=(C,))))),
        ("(a OR b) AND c AND NOT d", Group(any=(A, B), all=(C,), none=(D,))),
        ("NOT (a OR b) AND c", Group(all=(C,), none=(A, B))),
        ("NOT a NEAR/3 b AND c", Group(all=(C,), none=(Near((A, B), 3),))),
        ("(a OR b) AND (c OR d)", Group(all=(Group(any=(A, B)), Group(any=(C, D))))),
        ('"ballistische Rakete"', Group(any=(Phrase("ballistische Rakete"),))),
        ('"a b"~2', Group(any=(Phrase("a b", 2),))),
        ("„a b“ OR “c d” OR «e f»", Group(any=(Phrase("a b"), Phrase("c d"), Phrase("e f")))),
        ('="Rakete" OR =Test', Group(any=(Term("Rakete", exact=True), Term("Test", exact=True)))),
        ("Raketentest+", Group(any=(Term("Raketentest", modifier=True),))),
        ("Rakete NEAR/5 Test", Group(any=(Near((Term("Rakete"), Term("Test")), 5),))),
        ("(a OR b) ONEAR/7 (c OR Rak*)", Group(any=(Near((Group(any=(A, B)), Group(any=(C, Wildcard("Rak*")))), 7, "given"),))),
        ("a NEAR/5 b NEAR/5 c", Group(any=(Near((A, B, C), 5),))),
        ("Raket* OR Rak?te", Group(any=(Wildcard("Raket*"), Wildcard("Rak?te")))),
        ("/rakete(n|nabwehr)/", Group(any=(Regex("rakete(n|nabwehr)"),))),
        (r"/\d+ kmh\/x/", Group(any=(Regex(r"\d+ kmh/x"),))),
        ("title:(a OR b)", Group(any=(Within(("title",), Group(any=(A, B))),))),
        ("lead,title:a", Group(any=(Within(("title", "lead"), A),))),
        ("a AND lang:de", Group(all=(A, Filter("language", ("de",))))),
        ("a AND NOT site:(x.example OR y.example)", Group(all=(A,), none=(Filter("site", ("x.example", "y.example")),))),
        ("a AND cluster.size:>=3", Group(all=(A, Filter("story_size", ("3",), "gte")))),
        ("a AND tier:(1 OR 2)", Group(all=(A, Filter("tier", ("1", "2"))))),
        ("a AND entity:iso:KP AND country:KP", Group(all=(A, Filter("entity", ("iso:KP",)), Filter("country", ("KP",))))),
        ('a AND author:"Eva Muster"', Group(all=(A, Filter("author", ("Eva Muster",))))),
        ("set:missile-test", Group(any=(SetOf("missile-test"),))),
        (r"C\+ OR \und OR a\(b\)", Group(any=(Term("C+"), Term("und"), Term("a(b)")))),
        ("US-Außenminister OR AT&T", Group(any=(Term("US-Außenminister"), Term("AT&T")))),
        ("北朝鮮", Group(any=(Term("北朝鮮"),))),
    ],
)
def test_a_query_means(query: str, wanted: Group) -> None:
    assert parse(query) == wanted


@pytest.mark.parametrize(
    ("query", "at", "says"),
    [
        ("", 0, "the query is empty"),
        ("Rakete Test", 7, 'write Rakete AND Test, or "Rakete Test" in quotes'),
        ('"a b" c', 6, "an operator is missing before 'c'"),
        ("a und b", 2, "written in capitals: UND"),
        ("a And b", 2, "written in capitals: AND"),
        ("nicht a", 0, "written in capitals: NICHT"),
        ("a near/5 b", 2, "written in capitals: NEAR/5"),
        ("a NEAR b", 2, "NEAR/5"),
        ("a NEAR/0 b", 2, "from 1 to 100"),
        ("a NEAR/x b", 2, "from 1 to 100"),
        ("a NEAR/2 b NEAR/3 c", 11, "must be the same"),
        ("a NEAR/2 (b AND c)", 9, "a side may be a word"),
        ("a NEAR/2 a", 2, "different sides"),
        ("a AND", 5, "the query ends where a word is expected"),
        ("AND a", 0, "'AND' needs something before it"),
        ("a OR OR b", 5, "'OR' needs something before it"),
        ("(a OR b", 0, "never closed"),
        ("a)", 1, "this bracket closes nothing"),
        ("a AND ()", 6, "the brackets hold nothing"),
        ("(a AND )", 7, "a word is expected before this bracket"),
        ('"a b', 0, "never closed"),
        ('""', 0, "hold nothing"),
        ('"a b"~99', 5, "from 0 to 20"),
        ('="a b"~1', 6, "an exact phrase has no gaps"),
        ("*test", 0, "write 'test' alone"),
        ("Ra*", 0, "three letters"),
        ("Ra*kete", 0, "before its end"),
        ("titel:a", 0, "Did you mean 'title'?"),
        ("https://x.example", 0, "is an address"),
        ("12:30", 0, "put the words in quotes"),
        ("title: a", 0, "right after it"),
        ("title:NOT a", 6, "write NOT before the field"),
        ("title:(body:a)", 7, "cannot stand inside"),
        ("title:(a AND lang:de)", 13, "write it beside"),
        ("lang:German", 0, "Did you mean 'de'?"),
        ("country:kp", 0, "Did you mean 'KP'?"),
        ("lang:", 5, "needs a value"),
        ("site:(a.example AND b.example)", 16, "with OR between them"),
        ("site:(a.example", 5, "never closed"),
        ("cluster.size:many", 0, "cluster.size:>=3"),
        ("/abc(d/", 0, "missing )"),
        ("/(?=abc)abc/", 0, "invalid perl operator"),
        ("/abc", 0, "never closed"),
        ("//", 0, "is empty"),
        ("SAME(a b)", 0, "NEAR/20"),
        ("PARA(a b)", 0, "scope: paragraph"),
        ("ATLEAST/2(a b c)", 0, "(a AND b) OR (a AND c)"),
        ("-a", 0, "write NOT"),
        ("a && b", 2, "write AND"),
        ("a || b", 2, "write OR"),
        ("Rakete~2", 0, "~ stands after a phrase only"),
        ("...", 0, "has no word that could be looked up"),
        ("= a", 0, "= needs a word"),
        ("=Raket*", 0, "an exact word has no wildcard"),
        ("Raket*+", 0, "+ stands after a whole word"),
        ("a\\", 1, "a backslash needs"),
        ("(" * 20 + "a" + ")" * 20, 8, "nested deeper than 8"),
        ("NOT " * 20 + "a", 32, "nested deeper than 8"),
        ("a" * 20_001, 0, "at most 20000"),
        ("set:Missile", 0, "small letters"),
    ],
)
def test_a_fault_is_told_at_its_character(query: str, at: int, says: str) -> None:
    with pytest.raises(QueryFault) as caught:
        parse(query)
    assert says in str(caught.value)
    assert caught.value.at == at, str(caught.value)


LETTERS = st.text(st.sampled_from("abcäßZ9+-*?():\\\"„~&/=.,'ON"), min_size=1, max_size=6)
WORDS = LETTERS.filter(lambda word: not term_fault(word) and not word.isspace())
TERMS = st.one_of(
    st.builds(Term, WORDS | st.sampled_from(["und", "AND", "near/5", "NICHT", "SAME", "ATLEAST/2", "NEAR", "-a", "a b"])),
    st.builds(Term, WORDS, exact=st.just(True)),
    st.builds(Term, WORDS.filter(begins_compounds), modifier=st.just(True)),
)
PHRASES = st.builds(Phrase, st.lists(WORDS, min_size=1, max_size=3).map(" ".join), st.integers(0, 20))
WILDCARDS = st.sampled_from(["Raket*", "Rak?te", "abc-?", "äöü??*"]).map(Wildcard)
SIDES = st.one_of(TERMS, PHRASES, WILDCARDS, st.lists(TERMS | WILDCARDS, min_size=2, max_size=3).map(lambda each: Group(any=tuple(each))))
NEARS = st.builds(
    Near,
    st.lists(SIDES, min_size=2, max_size=4, unique_by=lambda each: repr(canonical(each))).map(tuple),
    st.integers(1, 100),
    st.sampled_from(["any", "given"]),
)
REGEXES = st.sampled_from(["abc", r"abc\/b/c", r"\\/xyz", r"\d{3} kmh/x", "rakete(n|s)?"]).map(Regex)
FILTERS = st.one_of(
    st.builds(Filter, st.just("site"), st.sampled_from([("x.example",), ("x.example", "y")])),
    st.builds(
        Filter,
        st.just("author"),
        st.lists(WORDS, min_size=1, max_size=2).map(tuple).filter(lambda v: all(any(c.isalnum() for c in e) for e in v)),
    ),
    st.builds(Filter, st.just("story_size"), st.just(("3",)), st.sampled_from(["is", "gte", "gt", "lte", "lt"])),
    st.builds(Filter, st.just("entity"), st.just(("iso:KP", "org:un"))),
)
SEARCHES = st.one_of(TERMS, PHRASES, WILDCARDS, NEARS, REGEXES)


def groups(inner: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    some = st.lists(inner, max_size=3).map(tuple)
    return st.builds(Group, any=some, all=some, none=some).filter(lambda group: bool(group.any or group.all or group.none))


GROUPS = groups(SEARCHES)
FIELDS = st.builds(Within, st.sampled_from([("title",), ("title", "body")]), SEARCHES | GROUPS)
TREES = groups(st.one_of(SEARCHES, FILTERS, FIELDS, GROUPS, st.just(SetOf("missile-test"))))


@given(TREES)
def test_what_is_written_is_read_back(tree: Clause) -> None:
    assert parse(written(tree)) == canonical_group(tree)


@given(TREES)
def test_the_one_form_has_one_form(tree: Clause) -> None:
    assert canonical(canonical(tree)) == canonical(tree)


@given(st.text(st.sampled_from('ab ANDORT()"„“:=/~*?+-\\ \n\tNEAR/5title:'), max_size=40))
def test_any_text_is_read_or_refused_at_a_place_inside_it(query: str) -> None:
    try:
        found = parse(query)
    except QueryFault as fault:
        assert 0 <= fault.at <= len(query) and str(fault)
    else:
        assert parse(written(found)) == found


@pytest.mark.parametrize(
    "clause",
    [
        Term("a", inflect=False),
        Term("a", head=True),
        Term("a", derive=("feminine",)),
        Phrase("a b", inflect=False),
        Near((A, B), 3, scope="paragraph"),
        Constituents("Raketentest"),
    ],
)
def test_options_that_a_query_cannot_say_are_refused_by_name(clause: Clause) -> None:
    with pytest.raises(NotExpressible):
        written(clause)
