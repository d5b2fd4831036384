"""How the connector rss follows a feed over many looks: back-fill, pace, gaps, moves, caps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors import rss
from connectors._http import Answer
from pipeline.errors import Permanent
from pipeline.plugins import Batch, Context

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
URL = "http://feeds.example.org/all.xml"
NEW_URL = "https://feeds.example.org/news.xml"


@dataclass
class Feed:
    """A feed over time: what it shows now, where it has moved to, and what was asked of it."""

    titles: Sequence[str] = ()
    headers: dict[str, str] = field(default_factory=dict)
    extra: str = ""
    rubbish: bytes = b""
    moved_to: str = ""
    dead: set[str] = field(default_factory=set)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def get(self, url: str, headers: Mapping[str, str], _now: datetime) -> Answer:
        self.asked.append((url, dict(headers)))
        if url in self.dead:
            raise Permanent("unreadable", "404", "not_found")
        items = "".join(f'<item><title>{each}</title><guid isPermaLink="false">{each}</guid></item>' for each in self.titles)
        body = f'<rss version="2.0" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"><channel><title>F</title>{self.extra}{items}</channel></rss>'
        return Answer(200, self.moved_to or url, self.headers, self.rubbish or body.encode(), moved_to=self.moved_to if url == URL else "")


class Following:
    """One source over several looks."""

    def __init__(self, web: Feed, every_seconds: float | None = None, **options: Any) -> None:
        self.web = web
        self.now = NOON
        self.cursor: Mapping[str, Any] = {}
        context = Context("beispiel", now=lambda: self.now, every_seconds=every_seconds)
        self.source = rss.Rss(rss.Options(url=URL, **options), context, web)  # type: ignore[arg-type]

    def look(self, after_seconds: float = 0) -> Batch:
        self.now += timedelta(seconds=after_seconds)
        batch = self.source.fetch(self.cursor)
        self.cursor = batch.cursor
        return batch


def numbered(first: int, count: int) -> list[str]:
    return [f"n{number}" for number in range(first + count - 1, first - 1, -1)]


def test_the_first_look_is_backfill_and_what_comes_later_is_news() -> None:
    feed = Following(Feed(numbered(0, 3)))
    assert [each.backfill for each in feed.look().articles] == [True] * 3
    feed.web.titles = numbered(1, 3)
    assert [(each.title, each.backfill) for each in feed.look(60).articles] == [("n3", False)]


def test_a_feed_that_was_empty_at_first_brings_news_afterwards() -> None:
    feed = Following(Feed())
    assert feed.look().articles == ()
    feed.web.titles = ["neu"]
    assert [each.backfill for each in feed.look(60).articles] == [False]


def test_a_first_look_at_rubbish_does_not_make_the_whole_feed_news() -> None:
    feed = Following(Feed(["alt"], rubbish=b"Wartungsarbeiten"))
    assert feed.look().unreadable
    feed.web.rubbish = b""
    assert [each.backfill for each in feed.look(60).articles] == [True]


def test_a_look_that_shares_nothing_with_the_last_reports_a_possible_loss_and_comes_sooner() -> None:
    feed = Following(Feed(numbered(0, 10)))
    feed.look()
    feed.web.titles = numbered(5, 10)
    before = feed.look(900)
    feed.web.titles = numbered(100, 10)
    after = feed.look(900)
    assert (before.possible_losses, after.possible_losses) == (0, 1) and "no item" in after.note
    assert before.wait_seconds and after.wait_seconds and after.wait_seconds < before.wait_seconds / 1.5
    feed.web.titles = numbered(101, 10)
    assert feed.look(60).possible_losses == 0


def test_changed_texts_and_an_empty_document_between_are_no_loss() -> None:
    feed = Following(Feed(numbered(0, 4)))
    feed.look()
    feed.web.titles = []
    assert feed.look(60).possible_losses == 0
    feed.web.titles = numbered(1, 4)
    assert feed.look(60).possible_losses == 0


def test_a_busy_feed_is_asked_more_often_than_a_quiet_one_within_the_limits() -> None:
    busy, quiet = Following(Feed(numbered(0, 20))), Following(Feed(numbered(0, 20)))
    for turn in range(12):
        busy.web.titles = numbered(turn * 8, 20)
        shown, still = busy.look(300), quiet.look(300)
    assert shown.wait_seconds and still.wait_seconds
    assert 60 <= shown.wait_seconds < 120 and 900 <= still.wait_seconds <= 990


def test_the_pause_that_the_configuration_names_is_kept() -> None:
    assert Following(Feed(numbered(0, 5), {"cache-control": "max-age=900"}), every_seconds=20).look().wait_seconds is None


@pytest.mark.parametrize(
    ("headers", "extra"),
    [
        ({"cache-control": "public, max-age=700"}, ""),
        ({"expires": "Fri, 20 Nov 2026 13:12:00 GMT"}, ""),
        ({}, "<ttl>12</ttl>"),
        ({}, "<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>5</sy:updateFrequency>"),
    ],
)
def test_what_the_publisher_wishes_is_a_floor(headers: dict[str, str], extra: str) -> None:
    feed = Following(Feed(numbered(0, 20), headers, extra))
    for turn in range(12):
        feed.web.titles = numbered(turn * 8, 20)
        waited = feed.look(300).wait_seconds
    assert waited and 690 <= waited <= 900


def test_a_permanent_move_is_adopted_after_five_sightings_and_told() -> None:
    feed = Following(Feed(["a"], moved_to=NEW_URL))
    for _ in range(5):
        told = feed.look(60)
    assert NEW_URL in told.note and [url for url, _ in feed.web.asked] == [URL] * 5
    assert feed.look(60).unchanged and feed.web.asked[-1][0] == NEW_URL


def test_a_move_that_is_seen_now_and_then_is_not_adopted() -> None:
    feed = Following(Feed(["a"], moved_to=NEW_URL))
    for turn in range(12):
        feed.web.moved_to = "" if turn % 4 == 3 else NEW_URL
        feed.look(60)
    assert {url for url, _ in feed.web.asked} == {URL}


def test_where_the_new_address_ends_the_old_one_is_asked_again() -> None:
    feed = Following(Feed(["a"], moved_to=NEW_URL))
    for _ in range(6):
        feed.look(60)
    feed.web.dead, feed.web.moved_to, feed.web.titles = {NEW_URL}, "", ["a", "b"]
    found = feed.look(60)
    assert [each.title for each in found.articles] == ["b"] and found.note == "" and "address" not in found.cursor


def test_a_login_is_not_taken_to_another_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "geheim")
    feed = Following(Feed(["a"], moved_to="https://other.example.net/feed"), headers={"Authorization": "${env:KEY}"})
    for _ in range(8):
        feed.look(60)
    assert {(url, headers.get("Authorization")) for url, headers in feed.web.asked} == {(URL, "geheim")}


def test_items_beyond_the_limit_are_counted() -> None:
    assert Following(Feed(numbered(0, 9)), max_items=5).look().left_out == 4
