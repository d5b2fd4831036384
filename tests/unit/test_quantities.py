"""Numbers, dates and times in running text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text.quantities import quantities


def read(text: str) -> set[str]:
    return {f"{each.kind}:{each.value}" for each in quantities(text)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("über 11.000 Soldaten", {"number:11000"}),
        ("more than 11,000 soldiers", {"number:11000"}),
        ("elf Raketen", {"number:11"}),
        ("eleven missiles", {"number:11"}),
        ("elf Millionen Euro", {"number:11000000"}),
        ("1,5 Millionen", {"number:1500000"}),
        ("1.5 million", {"number:1500000"}),
        ("eine Million", {"number:1000000"}),
        ("zwei Milliarden", {"number:2000000000"}),
        ("three billion", {"number:3000000000"}),
        ("1.234.567,8 Euro", {"number:1234567.8"}),
        ("0,125 und 0.5", {"number:0.125", "number:0.5"}),
        ("300-400 Kilometer", {"number:300", "number:400"}),
        ("zum 70. Jahrestag", {"number:70"}),
        ("on its 70th anniversary", {"number:70"}),
        ("der 70-jährige", {"number:70"}),
        ("5 Prozent oder 5%", {"number:5"}),
        ("einundzwanzig", {"number:21"}),
        ("twenty-one", {"number:21"}),
        ("dreihundert", {"number:300"}),
        ("zwanzig, twenty, 20", {"number:20"}),
        ("der zweite Test", {"number:2"}),
        ("a second missile", {"number:2"}),
        ("within a second", set()),
        ("the third test", {"number:3"}),
        ("ein Test, one test, a test", set()),
        ("Hunderte Menschen, dozens of people", set()),
        ("Wir achten darauf", set()),
        ("seit 2017", {"year:2017"}),
        ("6. Januar", {"date:01-06"}),
        ("am 6.1. begann", {"date:01-06"}),
        ("06.01.2025", {"date:01-06", "year:2025"}),
        ("2025-01-06", {"date:01-06", "year:2025"}),
        ("1/6/2025", {"date:01-06", "year:2025"}),
        ("January 6, 2025", {"date:01-06", "year:2025"}),
        ("6th of January", {"date:01-06"}),
        ("im Januar 2025", {"date:2025-01"}),
        ("am Montag", {"weekday:1"}),
        ("on Monday morning", {"weekday:1", "part:morning"}),
        ("am Sonnabend", {"weekday:6"}),
        ("Dienstagabend", {"weekday:2", "part:evening"}),
        ("um 14.30 Uhr", {"time:14:30"}),
        ("um 14:30", {"time:14:30"}),
        ("at 2:30 p.m.", {"time:14:30"}),
        ("at 12 a.m.", {"time:00:00"}),
        ("at 0630 GMT", {"time:06:30"}),
        ("um acht Uhr", {"time:08:00"}),
        ("at eight o'clock", {"time:08:00"}),
        ("am frühen Morgen", {"part:morning"}),
        ("morgen wird getestet", set()),
        ("in der Nacht", {"part:night"}),
        ("die Hwasong-18 und die KN23", {"name:hwasong-18", "name:kn23"}),
        ("siehe https://a.example/2024/01/02 oder x99@a.example", set()),
        ("", set()),
    ],
)
def test_a_quantity_has_one_normal_form(text: str, expected: set[str]) -> None:
    assert read(text) == expected


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    assert all(each.kind and each.value for each in quantities(text))


@settings(deadline=None, max_examples=100)
@given(st.integers(min_value=2101, max_value=10**12))
def test_thousands_read_alike_however_they_are_grouped(number: int) -> None:
    grouped = f"{number:,}"
    assert read(grouped) == read(grouped.replace(",", ".")) == read(grouped.replace(",", "\u00a0")) == {f"number:{number}"}


def test_a_decimal_at_the_end_of_a_sentence_is_no_date() -> None:
    assert read("Seismologists put the magnitude at 7.8. Officials") == read("Magnitude 7.8.") == {"number:7.8"}
    assert read("Das war am 7.8. In Wonsan") == read("am 7.8.") == read("7.8. und danach") == {"date:08-07"}
