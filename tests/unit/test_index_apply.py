"""What differs between a server and the templates, and which months are over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.index.apply import conflicts, difference, lacking
from pipeline.index.retention import expired
from pipeline.search import shown

TEXT, DATE = {"type": "text"}, {"type": "date"}


def test_only_missing_fields_are_added_at_any_depth() -> None:
    present = {"a": TEXT, "b": {"properties": {"c": TEXT}}}
    wanted = {"a": DATE, "b": {"properties": {"c": TEXT, "d": DATE}}, "e": TEXT}
    assert lacking(present, wanted) == {"b": {"properties": {"d": DATE}}, "e": TEXT}
    assert lacking(wanted, wanted) == {}


def test_fields_that_are_mapped_otherwise_are_named() -> None:
    present = {"a": TEXT, "b": {"properties": {"c": TEXT}}, "o": {"properties": {"x": TEXT}}}
    wanted = {"a": DATE, "b": {"properties": {"c": TEXT, "d": DATE}}, "o": TEXT}
    assert conflicts(present, wanted) == {"a": (TEXT, DATE), "o": ({"properties": {"x": TEXT}}, TEXT)}


def test_a_difference_shows_both_sides_and_order_does_not_count() -> None:
    assert difference("t", {"a": 1, "b": 2}, {"b": 2, "a": 1}) == ""
    shown_lines = difference("t", {"a": 1}, {"a": 2}).splitlines()
    assert '- "a": 1' in shown_lines
    assert '+ "a": 2' in shown_lines
    assert all(line.startswith("+") for line in difference("t", None, {"a": 1}).splitlines()[3:])


def test_a_month_goes_when_its_last_day_is_old_enough() -> None:
    names = ["news-articles-2026.09", "news-articles-2026.10", "news-articles-2026.11", "x-news-articles-2020.01", "news-articles-old"]
    end_of_october = datetime(2026, 11, 1, tzinfo=UTC)
    assert expired(names, "news-articles", end_of_october + timedelta(days=30), 30) == names[:2]
    assert expired(names, "news-articles", end_of_october + timedelta(days=30, seconds=-1), 30) == names[:1]
    assert expired(["news-articles-2025.12"], "news-articles", datetime(2026, 1, 2, tzinfo=UTC), 1) == ["news-articles-2025.12"]


@given(st.integers(0, 7_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)), st.integers(1, 4000), st.integers(0, 4000))
@settings(deadline=None, max_examples=200)
def test_nothing_younger_than_the_retention_is_ever_deleted(seen: datetime, retention_days: int, age_days: int) -> None:
    deleted = expired([f"news-articles-{seen:%Y.%m}"], "news-articles", seen + timedelta(days=age_days), retention_days)
    assert not deleted or age_days >= retention_days


def test_an_address_is_shown_without_its_password() -> None:
    assert shown("https://user:secret@search.example:9200/path") == "https://search.example:9200/path"
    assert shown("http://127.0.0.1:9200") == "http://127.0.0.1:9200"
