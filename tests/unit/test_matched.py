"""The record in `matches`: snippet, marks, lateness."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Dates, Field, Hit, Match
from pipeline.matched import Mark, is_late, matched
from tests.builders import NOON, article


def hits(field: Field, text: str, word: str, sentence: tuple[int, int] | None = None) -> tuple[Hit, ...]:
    first, last = sentence or (0, len(text))
    found, start = [], text.find(word)
    while start >= 0:
        end = start + len(word)
        found.append(
            Hit(
                term="t",
                surface=word,
                mode="exact",
                field=field,
                start=start,
                end=end,
                sentence_start=first,
                sentence_end=last,
                sentence_id="s",
            )
        )
        start = text.find(word, end)
    return tuple(found)


def match(*found: Hit, shadow: bool = False) -> Match:
    return Match(id="m", rule_id="r", rule_version="1", title="T", severity="high", hits=found, shadow=shadow)


def shown(text: str, marks: tuple[Mark, ...]) -> list[str]:
    return [text[each.start : each.end] for each in marks]


def test_a_short_sentence_is_the_snippet_and_its_words_are_marked() -> None:
    body = "Vorweg. Ein Raketentest, noch ein Raketentest. Danach."
    record = matched(article(body=body), match(*hits("body", body, "Raketentest", (8, 46))), NOON)
    assert record.snippet.text == "Ein Raketentest, noch ein Raketentest."
    assert shown(record.snippet.text, record.snippet.marks) == ["Raketentest", "Raketentest"]
    assert not record.snippet.before and not record.snippet.after


def test_words_in_the_title_are_marked_in_the_title() -> None:
    title = "Raketentest in Nordkorea"
    record = matched(article(title=title), match(*hits("title", title, "Raketentest")), NOON)
    assert shown(record.title, record.title_marks) == ["Raketentest"]
    assert record.snippet.field == "title"


def test_a_rule_without_words_has_an_empty_snippet() -> None:
    assert matched(article(), match(), NOON).snippet.text == ""


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 3000), st.integers(0, 3000), st.sampled_from(["word ", "wörter, ", "x"]))
def test_the_first_hit_is_always_in_the_snippet_and_every_mark_is_the_word(before: int, after: int, filler: str) -> None:
    body = (filler * before)[:before] + " Raketentest " + (filler * after)[:after]
    record = matched(article(body=body), match(*hits("body", body, "Raketentest")), NOON)
    assert shown(record.snippet.text, record.snippet.marks) == ["Raketentest"]
    assert len(record.snippet.text) <= 340
    assert record.snippet.text in body


@pytest.mark.parametrize(
    ("published", "precision", "late"),
    [
        (timedelta(hours=1), "second", False),
        (timedelta(hours=7), "second", True),
        (timedelta(hours=-1), "second", False),
        (timedelta(hours=20), "day", False),
        (timedelta(hours=31), "day", True),
        (None, "", False),
    ],
)
def test_an_article_is_late_when_it_was_old_as_it_was_first_seen(published: timedelta | None, precision: str, late: bool) -> None:
    at = NOON - published if published is not None else None
    assert is_late(Dates(published_at=at, precision=precision), NOON, 6) is late  # type: ignore[arg-type]
    assert not is_late(Dates(published_at=datetime(2020, 1, 1, tzinfo=UTC), precision="second"), None, 6)


def test_the_reason_to_stay_quiet_is_named() -> None:
    assert matched(article(), match(), NOON).withheld == ""
    assert matched(article(), match(shadow=True), NOON).withheld == "shadow"
    assert matched(article(backfill=True), match(), NOON).withheld == "backfill"
    assert matched(article(replay=True), match(), NOON).withheld == "replay"
    assert matched(article(pubstatus="withheld"), match(), NOON).withheld == "withheld"


def test_an_old_article_is_marked_as_late_and_not_kept_quiet() -> None:
    old = Dates(published_at=NOON - timedelta(days=9), precision="second")
    assert (
        matched(article(first_seen_at=NOON, dates=old), match(), NOON).late,
        matched(article(first_seen_at=NOON, dates=old), match(), NOON).withheld,
    ) == (True, "")
    assert not matched(article(first_seen_at=NOON, dates=old), match(), NOON, late_hours=1000).late
