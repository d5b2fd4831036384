"""Articles of a feed with the text of their pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connectors import rss
from connectors._http import Client
from connectors._page.full_text import FullText
from pipeline.article import Article
from pipeline.plugins import Batch, Connector, Context
from tests.local_servers import serving

SAMPLES = Path(__file__).parent / "samples" / "web"
HTML = {"Content-Type": "text/html"}
NOW = datetime(2026, 11, 21, 8, tzinfo=UTC)
ITEM = "<item><title>{title}</title><link>{url}/{number}</link><guid>{number}</guid><description>Der &lt;b&gt;Anriss&lt;/b&gt; zu {number}.</description></item>"


class Feed:
    """A feed of three articles with their pages; `fetch` goes on with the cursor of the last batch."""

    def __init__(self, stack: ExitStack) -> None:
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {
            f"/{number}": (200, HTML, (SAMPLES / f"{number}.html").read_bytes()) for number in (4711, 4712, 4714)
        }
        self.pages["/robots.txt"] = (404, {}, b"")
        self.url, self.seen = stack.enter_context(serving(lambda path, _headers: self.pages.get(path, (404, {}, b""))))
        self.shows(4714, 4712, 4711)
        self.cursor: dict[str, Any] = {}
        self.connector = self.fresh()

    def shows(self, *numbers: int) -> None:
        items = "".join(ITEM.format(title=f"Titel {number}", url=self.url, number=number) for number in numbers)
        feed = f"<rss version='2.0'><channel><title>Bote</title>{items}</channel></rss>"
        self.pages["/feed"] = (200, {"Content-Type": "application/rss+xml"}, feed.encode())

    def fresh(self, delay_seconds: float = 0.0) -> Connector:
        options = rss.Options(url=f"{self.url}/feed", allow_private=["127.0.0.1"])
        feed = rss.Rss(options, Context("bote", now=lambda: NOW))
        return FullText(feed, Client(allow_private=["127.0.0.1"]), lambda: NOW, delay_seconds=delay_seconds)

    def fetch(self) -> Batch:
        batch = self.connector.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(batch.cursor))
        return batch

    def asked(self) -> list[str]:
        paths = [path for path, _ in self.seen if path != "/robots.txt"]
        self.seen.clear()
        return paths


@pytest.fixture
def feed() -> Iterator[Feed]:
    with ExitStack() as stack:
        yield Feed(stack)


def by_number(articles: tuple[Article, ...]) -> dict[str, Article]:
    return {each.guid: each for each in articles}


def test_the_page_brings_the_text_and_the_feed_the_rest(feed: Feed) -> None:
    found = by_number(feed.fetch().articles)
    page = found["4711"]
    assert (page.title, page.summary, page.markup) == ("Titel 4711", "Der Anriss zu 4711.", "text")
    assert page.body.startswith("Die Feuerwehr hat") and page.authors == ("Mara Muster",) and page.section == "Hafen"
    assert page.dates.published_raw == "2026-11-20T18:05:00+01:00" and page.flags == ("full_text",)
    consent = found["4714"]
    assert "Anriss" in consent.body and consent.flags == ("no_full_text", "consent_page", "teaser")


def test_a_page_that_cannot_be_had_does_not_hold_the_article_up(feed: Feed) -> None:
    feed.pages["/4711"] = (503, {}, b"")
    feed.pages["/4712"] = (200, {"Content-Type": "application/pdf"}, b"%PDF")
    found = by_number(feed.fetch().articles)
    assert len(found) == 3 and all(
        found[each].flags == ("no_full_text", "teaser") and "Anriss" in found[each].body for each in ("4711", "4712")
    )


def test_one_page_at_a_time_and_the_feed_is_not_asked_again_for_it(feed: Feed) -> None:
    feed.connector = feed.fresh(delay_seconds=3)
    batches = [feed.fetch() for _ in range(3)]
    assert [len(each.articles) for each in batches] == [1, 1, 1] and [each.wait_seconds for each in batches[:2]] == [3, 3]
    assert (batches[2].wait_seconds or 0) > 60, "then the feed's own rhythm"
    assert feed.asked() == ["/feed", "/4711", "/4712", "/4714"]
    assert feed.fetch().articles == () and feed.asked() == ["/feed"]


def test_a_restart_in_between_loses_nothing_and_repeats_nothing(feed: Feed) -> None:
    feed.connector = feed.fresh(delay_seconds=3)
    first = feed.fetch()
    feed.connector = feed.fresh(delay_seconds=3)
    feed.shows(4715, 4714, 4712, 4711)
    rest = [feed.fetch() for _ in range(3)]
    assert [each.guid for batch in (first, *rest) for each in batch.articles] == ["4711", "4712", "4714", "4715"]
    assert "full_text_out" not in feed.cursor and feed.fetch().articles == ()


def test_a_batch_that_was_not_confirmed_comes_again(feed: Feed) -> None:
    feed.connector = feed.fresh(delay_seconds=3)
    feed.fetch()
    before = dict(feed.cursor)
    lost = feed.fetch()
    feed.cursor = before
    assert [each.id for each in feed.fetch().articles] == [each.id for each in lost.articles]


def test_it_is_an_option_of_a_feed(feed: Feed) -> None:
    options = rss.Options(url=f"{feed.url}/feed", allow_private=["127.0.0.1"], full_text=True)
    (first,) = rss.create(options, Context("bote", now=lambda: NOW)).fetch({}).articles
    assert first.flags == ("full_text",)
