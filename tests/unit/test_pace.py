"""When an address is asked again, and when its quiet is silence: pure functions of its past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connectors._collect import rhythm, schedule
from connectors._feed.in_page import feeds_in
from connectors._pace import Limits, Look, looks_of, pause_seconds, spread, stored, wish_of_feed, wish_of_headers
from pipeline.errors import Permanent, Transient
from pipeline.plugins import Batch
from pipeline.sources import SourceHealth
from tests.builders import article

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LIMITS = Limits(60, 900)
NEW = SourceHealth(source_id="a")

looks = st.lists(
    st.builds(Look, st.integers(0, 1_700_000_000), st.integers(0, 500), st.integers(0, 1_000), st.booleans()), max_size=10
).map(lambda found: sorted(found, key=lambda each: each.at))


@given(looks, st.floats(0, 1e9), st.floats(5, 3_000), st.floats(5, 9_000))
def test_a_pause_is_never_below_the_floor_nor_above_the_ceiling(found: list[Look], wish: float, floor: float, ceiling: float) -> None:
    assert floor <= pause_seconds(found, NOON, Limits(floor, ceiling), wish) <= max(floor, ceiling)


@given(looks)
def test_looks_survive_their_cursor(found: list[Look]) -> None:
    assert looks_of(stored(found)) == tuple(found)


@pytest.mark.parametrize("rubbish", [None, "x", [1], [[1, 2]], [[1, 2, 3, "4"]], {"a": 1}])
def test_rubbish_in_a_cursor_is_no_look(rubbish: object) -> None:
    assert looks_of(rubbish) == ()


def test_more_news_means_shorter_pauses() -> None:
    at = int(NOON.timestamp())
    pauses = [pause_seconds([Look(at - 3_600, 0, 20), Look(at - 60, new, 20)], NOON, LIMITS) for new in (2, 10, 40, 200)]
    assert pauses == sorted(pauses, reverse=True) and pauses[0] == 900 and pauses[-1] == 60


@given(st.text(max_size=20), st.floats(1, 900))
def test_the_spread_makes_a_pause_a_tenth_longer_at_most(name: str, pause: float) -> None:
    assert pause <= spread(pause, name, NOON) <= pause * 1.1 + 1e-6


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0),
        ({"cache-control": "max-age=60"}, 60),
        ({"cache-control": "s-maxage=5, no-cache, max-age=60"}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "Fri, 20 Nov 2026 12:01:00 GMT", "cache-control": "private"}, 60),
        ({"expires": "Fri, 20 Nov 2020 12:01:00 GMT"}, 0),
    ],
)
def test_the_wish_in_the_headers(headers: dict[str, str], seconds: float) -> None:
    assert wish_of_headers(headers, NOON) == seconds


@pytest.mark.parametrize(
    ("said", "seconds"),
    [(("", "", ""), 0), (("15", "daily", "1"), 900), (("x", "hourly", "2"), 1_800), (("", "hourly", "0"), 3_600), (("", "never", "2"), 0)],
)
def test_the_wish_in_the_feed(said: tuple[str, str, str], seconds: float) -> None:
    assert wish_of_feed(*said) == seconds


def quiet(health: SourceHealth, after: timedelta) -> str:
    at = (health.last_article_at or NOON) + after
    return schedule.in_state(health, paused=False, every_seconds=60, started_at=NOON, now=at).state


def fed(gaps: list[timedelta]) -> SourceHealth:
    """A source that brought an article after each of these gaps."""
    health, now = NEW, NOON
    for gap in gaps:
        now += gap
        health = schedule.after_batch(health, Batch((article(),)), now)
    return health


def test_a_source_is_silent_by_its_own_rhythm_once_a_week_is_known() -> None:
    day = [timedelta(minutes=30)] * 32 + [timedelta(hours=8)]
    assert quiet(fed(day * 3), timedelta(hours=20)) == "ok", "three days say nothing of a Sunday"
    known = fed(day * 10)
    assert quiet(known, timedelta(hours=15)) == "ok" and quiet(known, timedelta(hours=17)) == "silent"
    agency = fed([timedelta(minutes=10)] * 6 * 24 * 9)
    assert quiet(agency, timedelta(minutes=59)) == "ok" and quiet(agency, timedelta(minutes=61)) == "silent"
    weekly = fed([timedelta(days=7)] * 4)
    assert quiet(weekly, timedelta(days=13)) == "ok" and quiet(weekly, timedelta(days=15)) == "silent"


def test_a_long_gap_is_forgotten_in_weeks() -> None:
    health = fed([timedelta(hours=1), timedelta(days=4), *[timedelta(hours=1)] * 24 * 28])
    assert 86_000 < health.longest_gap_seconds < 87_000
    assert rhythm.silent_after_seconds(NEW, 300, NOON) == 86_400


def test_losses_caps_and_unchanged_answers_are_counted_and_told_at_once() -> None:
    first = schedule.after_batch(NEW, Batch(unchanged=True), NOON)
    lost = schedule.after_batch(first, Batch((article(),), possible_losses=1, left_out=7, note="etwas\nfehlt"), NOON)
    assert (lost.fetches, lost.unchanged, lost.possible_losses, lost.left_out, lost.note) == (2, 1, 1, 7, "etwas fehlt")
    assert lost.last_loss_at == NOON
    assert schedule.is_worth_telling(replace(first, updated_at=NOON), lost, NOON)


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (Transient("x", kind="timeout"), "timeout"),
        (Transient("x"), "failed"),
        (Permanent("unreadable", "x"), "unreadable"),
        (Permanent("unreadable", "x", "gone"), "gone"),
        (ZeroDivisionError(), "defect"),
    ],
)
def test_a_failure_has_a_class_until_a_fetch_works(error: Exception, word: str) -> None:
    failed = schedule.after_failure(NEW, error, NOON)
    assert failed.error_class == word and schedule.after_batch(failed, Batch(), NOON).error_class == ""


def test_what_is_gone_is_asked_once_a_day_and_says_so() -> None:
    health = NEW
    for turn in range(1, 4):
        health = schedule.after_failure(health, Permanent("unreadable", "answers 410", "gone"), NOON)
        pause = schedule.back_off_seconds(turn, 300, 0.5, permanent=True, kind=health.error_class)
        assert (pause > 80_000, "once a day" in health.last_error) == (turn == 3,) * 2


PAGE = """<html><head><base href="https://www.example.org/start/"><link rel="stylesheet" href="x.css">
<link rel="alternate" type="application/rss+xml" title="Alles &amp; mehr" href="../feed.xml">
<link REL='Alternate home' type='application/atom+xml; charset=utf-8' href='https://feeds.example.org/atom'>
<link rel="alternate" type="application/rss+xml" href="/comments/feed/"><link rel="alternate" hreflang="en" href="/en">
<link rel="alternate" type="application/rss+xml" href="javascript:alert(1)"></head><body><a href="/rss.xml">RSS</a></body></html>"""


def test_the_feeds_of_a_page_are_those_it_declares() -> None:
    found = feeds_in(PAGE, "https://example.org/")
    assert [(each.url, each.title) for each in found] == [
        ("https://www.example.org/feed.xml", "Alles & mehr"),
        ("https://feeds.example.org/atom", ""),
    ]


def test_a_page_that_declares_none_is_searched_for_links_that_look_like_feeds() -> None:
    page = '<a href="/politik/rss.xml?x=1">RSS</a><a href="/rss-erklaert">?</a><a href="/blog/feed/">Feed</a><a>x</a>'
    assert [each.url for each in feeds_in(page, "https://e.org/")] == ["https://e.org/politik/rss.xml?x=1", "https://e.org/blog/feed/"]


@given(st.text(max_size=300), st.integers(0, len(PAGE)))
def test_any_page_has_an_answer(noise: str, at: int) -> None:
    assert isinstance(feeds_in(PAGE[:at] + noise + PAGE[at:], "https://e.org/"), tuple)
