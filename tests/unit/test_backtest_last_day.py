"""Trying a rule on the last day, and what a tighter one would lose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from pipeline.article import Article, decode
from pipeline.backtest.last_day import tightened, tried
from pipeline.rules.compile import compile_rule
from pipeline.rules.model import Group, Rule, Term
from tests.builders import NOON
from tests.past import report, rule, rule_set, written

WIDE = compile_rule(rule("test", "Rakete", "Raketentest"))
TIGHT = compile_rule(Rule(id="test", title="Test", match=Group(any=(Term("Raketentest"), Term("Rakete")), none=(Term("Modellbau"),))))
TEXTS = (
    "Eine Rakete startete.",
    "Eine Rakete im Modellbau.",
    "Nichts davon.",
    "Ein Raketentest am Morgen.",
)


def day(count: int = 8) -> Iterator[Article]:
    made = written(((NOON + timedelta(minutes=n), report(n, TEXTS[n % 4], story=f"s{n % 4}")) for n in range(count)), rule_set())
    return (decode(each.value) for each in made.stored)


def test_a_rule_says_what_it_would_have_found_newest_first_with_marked_words() -> None:
    found = tried(day(), WIDE)
    assert (found.articles, found.matches, found.stories) == (8, 6, 3)
    assert [each.article_id for each in found.hits] == [f"article-{n}" for n in (7, 5, 4, 3, 1, 0)]
    newest = found.hits[0]
    (mark,) = newest.snippet.marks
    assert newest.snippet.text[mark.start : mark.end] == mark.surface == "Raketentest"


def test_a_rule_that_is_not_live_is_tried_all_the_same() -> None:
    assert tried(day(), compile_rule(rule("test", "Rakete", status="test"))).matches >= 4


def test_only_so_many_hits_are_shown_and_all_are_counted() -> None:
    found = tried(day(400), WIDE, most=5)
    assert (found.matches, len(found.hits)) == (300, 5)
    assert [each.article_id for each in found.hits] == [f"article-{n}" for n in (399, 397, 396, 395, 393)]


def test_a_tighter_rule_says_which_hits_it_loses() -> None:
    changed = tightened(day(), WIDE, TIGHT)
    assert (changed.articles, changed.lost, changed.gained, changed.kept) == (8, 2, 0, 4)
    assert [each.article_id for each in changed.lost_hits] == ["article-5", "article-1"]
    assert {mark.surface for each in changed.lost_hits for mark in each.snippet.marks} == {"Rakete"}


def test_a_wider_rule_says_which_hits_it_gains() -> None:
    changed = tightened(day(), TIGHT, WIDE)
    assert (changed.lost, changed.gained, changed.kept) == (0, 2, 4)
    assert [each.article_id for each in changed.gained_hits] == ["article-5", "article-1"]


def test_the_same_rule_loses_and_gains_nothing() -> None:
    changed = tightened(day(), WIDE, WIDE)
    assert (changed.lost, changed.gained, changed.kept) == (0, 0, 6)


def test_a_revision_that_repeats_an_old_hit_is_no_hit_of_its_own() -> None:
    first = report(1, "Eine Rakete.")
    later = report(1, "Eine Rakete. Und Wetter.", revision=2, added="Und Wetter.")
    made = written([(NOON, first), (NOON + timedelta(minutes=1), later)], rule_set())
    found = tried((decode(each.value) for each in made.stored), WIDE)
    assert (found.articles, found.matches) == (2, 1)
