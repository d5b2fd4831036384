"""How a message is shortened: least taken away, in a fixed order, and never the link."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.rendering import DIALECTS, PLAIN, body, fitted
from pipeline.rendering.cleaning import one_line
from tests.channels import LINK, alert

SNIPPET = {
    "field": "body",
    "text": "vor " * 100 + "Raketentest" + " nach" * 100,
    "marks": [{"start": 400, "end": 411, "surface": "Raketentest", "term": "Raketentest", "mode": "exact"}],
}
ITEM = {"episode_id": "e2", "headline": "Beben", "severity": "low", "rule_title": "B", "at": "2026-11-20T12:00:00Z", "url": LINK}


def long(**changes: Any) -> dict[str, Any]:
    return alert() | {"snippet": SNIPPET, "lead": "Vorspann " * 50, "items": [ITEM] * 20, "include": ["snippet", "lead", "times"]} | changes


def test_what_fits_is_left_as_it_is() -> None:
    assert fitted(long(), lambda _: True) == long()


@given(st.integers(300, 6_000))
@settings(max_examples=60)
def test_the_snippet_goes_first_then_the_lead_then_lists_and_the_link_never(limit: int) -> None:
    found = body(long(), PLAIN, limit)
    made = found.alert
    assert len(found.text) <= limit
    assert LINK in found.text and "Nordkorea meldet" in found.text and "Ereignis e1" in found.text
    if made["lead"] != long()["lead"]:
        assert made["snippet"] == {}
    if made.get("items_left_out"):
        assert made["lead"] == "" and len(made["items"]) + made["items_left_out"] == 20
        assert f"… und {made['items_left_out']} weitere" in found.text
    if made.get("snippet") and made["snippet"] != SNIPPET:
        assert found.text.count("»Raketentest«") == 2


@given(st.integers(300, 3_000))
@settings(max_examples=30)
def test_no_more_is_taken_away_than_must_be(limit: int) -> None:
    text = body(long(items=[]), PLAIN, limit).text
    more = body(long(items=[]), PLAIN, limit + 1).text
    assert len(text) <= len(more)
    assert len(text) == limit or len(body(long(items=[]), PLAIN, 10**6).text) <= limit or limit - len(text) < 80


@given(st.integers(0, 120))
def test_marks_of_a_shortened_snippet_are_still_at_their_words(length: int) -> None:
    made = fitted(long(lead="", items=[]), lambda each: len(each["snippet"].get("text", "")) <= length)
    snippet = made["snippet"]
    for mark in snippet.get("marks", ()):
        assert snippet["text"][mark["start"] : mark["end"]] == "Raketentest"
    assert snippet == {} or "Raketentest" in snippet["text"]
    if length >= 40:
        assert snippet["marks"] and snippet["before"] and snippet["after"]


@pytest.mark.parametrize("name", DIALECTS)
def test_the_smallest_channel_still_gets_headline_link_and_ids(name: str) -> None:
    made = long(
        headline="Raketentest " * 1_000,
        headline_marks=[{"start": 0, "end": 11, "surface": "Raketentest", "term": "x" * 5_000, "mode": "y" * 5_000}],
    )
    made |= {"rule_title": "R" * 10_000, "text": "T" * 10_000, "links": {f"l{n}": "https://a.example/" + "y" * 900 for n in range(50)}}
    found = body(made, DIALECTS[name], 1_000)
    assert len(found.text) <= 1_000 and found.text.count("Raketentest") >= 2
    assert "a.example/1?x=1" in found.text and "n1" in found.text


def test_an_address_of_thousands_of_characters_costs_the_link_and_not_the_message() -> None:
    found = body(alert() | {"url": "https://a.example/" + "x" * 3_000}, PLAIN, 1_000)
    assert len(found.text) <= 1_000
    assert one_line("Die Adresse des Artikels ist zu lang") in found.text
