from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.dates import is_future, parse, read
from tests.builders import NOON


@pytest.mark.parametrize(
    ("raw", "expected", "confidence"),
    [
        ("Mon, 06 Jan 2025 10:00:00 +0100", "2025-01-06T09:00", "exact"),
        ("Mon, 06 Jan 2025 10:00:00 GMT", "2025-01-06T10:00", "exact"),
        ("Mon, 06 Jan 2025 10:00:00 CET", "2025-01-06T09:00", "exact"),
        ("Mon, 06 Jan 2025 10:00:00 -0000", "2025-01-06T10:00", "exact"),
        ("2025-01-06T10:00:00Z", "2025-01-06T10:00", "exact"),
        ("2025-07-06T10:00:00", "2025-07-06T08:00", "assumed_zone"),
        ("06.01.2025, 14:30 Uhr", "2025-01-06T13:30", "assumed_zone"),
        ("6. Januar 2025, 14:30 Uhr", "2025-01-06T13:30", "assumed_zone"),
        ("2025-01-06", "2025-01-06T00:00", "day"),
        ("6. Januar 2025", "2025-01-06T00:00", "day"),
    ],
)
def test_a_date_is_read_as_the_source_means_it(raw: str, expected: str, confidence: str) -> None:
    assert parse(raw, "de", "Europe/Berlin") == (datetime.fromisoformat(expected).replace(tzinfo=UTC), confidence)


@pytest.mark.parametrize(
    "raw",
    ["gestern", "soon", "32.13.2025", "0001-01-01", "12/11/2025", "Sat, 7 Sep 2025 00:00:01 XYZ", "9" * 50, "2025", "1970-01-01T00:00:00Z"],
)
def test_an_unreadable_date_is_none_and_never_now(raw: str) -> None:
    assert parse(raw, "de", "Europe/Berlin") == (None, "unreadable")


def test_a_missing_date_is_none_and_says_so() -> None:
    dates = read("", "")
    assert (dates.published_at, dates.confidence, dates.precision) == (None, "none", "")


def test_the_source_text_is_kept_beside_what_was_read() -> None:
    assert read("irgendwann", "").published_raw == "irgendwann"


def test_a_date_more_than_an_hour_ahead_is_in_the_future() -> None:
    assert is_future(datetime(2026, 11, 20, 13, 1, tzinfo=UTC), NOON)
    assert not is_future(datetime(2026, 11, 20, 12, 59, tzinfo=UTC), NOON)
    assert not is_future(None, NOON)


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=60))
def test_any_text_gives_an_instant_in_utc_or_none(raw: str) -> None:
    instant, _ = parse(raw, "", "Europe/Berlin")
    assert instant is None or instant.tzinfo is UTC
