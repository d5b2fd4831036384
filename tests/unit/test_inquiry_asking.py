"""What is asked of articles and rules before `why` answers."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pipeline.article import Article, Language
from pipeline.inquiry.asking import hosts, matches_now, near_misses, newest
from pipeline.rules.compile import compile_rule
from pipeline.rules.model import Allowed, Group, Rule, Term, Where
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from tests.builders import article

GERMAN = Language(code="de", confidence=0.99, origin="detected")


def text(title: str, **changes: Any) -> Article:
    return article(title=title, body="", language=GERMAN, revision=1, **changes)


def rule(**changes: Any) -> Any:
    return compile_rule(Rule(id="raketentest", title="R", match=Group(any=(Term("Raketentest"),)), **changes))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Das Raketentestgelände ist leer", "“Raketentestgelände” for “Raketentest”: 'raketentest' is only the beginning"),
        ("Das Wetter bleibt schön", ""),
    ],
)
def test_what_came_close_is_named_with_its_guard(title: str, expected: str) -> None:
    assert not matches_now(rule(), text(title))
    close = near_misses(rule(), text(title))
    assert any(expected in each for each in close) if expected else list(close) == []


def test_a_word_that_excludes_is_named() -> None:
    excluding = compile_rule(Rule(id="raketentest", title="R", match=Group(any=(Term("Raketentest"),), none=(Term("Modellrakete"),))))
    asked = text("Raketentest mit einer Modellrakete")
    assert not matches_now(excluding, asked)
    assert near_misses(excluding, asked)[0] == "none[0] excludes it: Modellrakete"


def test_a_condition_besides_the_words_is_named() -> None:
    elsewhere = rule(where=Where(country=Allowed(only=("KR",))))
    assert not matches_now(elsewhere, text("Raketentest"))
    assert "its words are there, but a condition on the source, country" in near_misses(elsewhere, text("Raketentest"))[0]
    assert matches_now(rule(), text("Raketentest"))


def test_each_revision_counts_once_as_it_was_processed_last() -> None:
    first, again = text("Eins"), text("Eins", generation=1)
    second = msgspec.structs.replace(text("Zwei"), revision=2)
    assert [each.title for each in newest([second, first, again])] == ["Eins", "Zwei"]
    assert newest([again, first])[0].generation == 1


def test_a_host_leads_to_the_source_that_reads_it() -> None:
    settings = Settings(
        sources=[
            SourceSettings(id="tagesblatt", connector="rss", options={"url": "https://www.tagesblatt.example/feed"}),
            SourceSettings(id="inbox", connector="directory", options={"path": "inbox", "number": 3}),
        ]
    )
    assert hosts(settings) == {"tagesblatt.example": "tagesblatt"}
