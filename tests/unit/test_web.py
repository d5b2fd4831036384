"""The connector `web`: which pages it asks for and when, and what it makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pydantic
import pytest

from connectors import web
from connectors._page.waiting_links import AGAIN_SECONDS, Link, Waiting
from pipeline.errors import Permanent, Transient
from pipeline.plugins import Batch, Context
from tests.local_servers import serving

SAMPLES = Path(__file__).parent / "samples" / "web"
STARTED_AT = datetime(2026, 11, 21, 8, tzinfo=UTC)
HTML = {"Content-Type": "text/html; charset=utf-8"}


class Site:
    """The sample site, with a clock; `fetch` goes on with the cursor of the last batch, as it came through JSON."""

    def __init__(self, stack: ExitStack) -> None:
        names = {"brand-im-hafen": "4711", "deich-haelt": "4712", "werft-vor": "4713", "rat-beschliesst": "4714"}
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {
            "/robots.txt": (200, {}, b"User-agent: *\nDisallow: /intern/\n"),
            "/": (200, HTML, (SAMPLES / "list.html").read_bytes()),
        }
        self._names = names
        self.url, self.seen = stack.enter_context(serving(lambda path, _headers: self.answer(path)))
        self.now = STARTED_AT
        self.cursor: dict[str, Any] = {}

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        bare = path.partition("?")[0]
        for name, number in self._names.items():
            if name in bare and bare not in self.pages:
                return 200, HTML, (SAMPLES / f"{number}.html").read_bytes()
        return self.pages.get(bare, (404, {}, b""))

    def fetch(self, **options: Any) -> Batch:
        known = web.Options.model_validate({"url": f"{self.url}/", "delay_seconds": 0, "allow_private": ["127.0.0.1"], **options})
        batch = web.create(known, Context("hafenbote", now=lambda: self.now)).fetch(self.cursor)
        self.cursor = json.loads(json.dumps(batch.cursor))
        return batch

    def asked(self) -> list[str]:
        paths = [path.partition("?")[0] for path, _ in self.seen]
        self.seen.clear()
        return [path for path in paths if path != "/robots.txt"]


@pytest.fixture
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(stack)


def test_the_sample_gives_the_expected_articles(site: Site) -> None:
    expected = json.loads((SAMPLES / "expected.json").read_text())
    batch = site.fetch()
    found = [
        {
            "canonical_url": each.canonical_url.removeprefix(site.url),
            "title": each.title,
            "summary": each.summary,
            "authors": list(each.authors),
            "section": each.section,
            "published": each.dates.published_raw,
            "updated": each.dates.updated_raw,
            "flags": list(each.flags),
            "begins": each.body[: len(wanted["begins"])],
            "ends": each.body[len(each.body) - len(wanted["ends"]) :],
        }
        for each, wanted in zip(batch.articles, expected, strict=True)
    ]
    assert found == expected
    assert all(each.source.site == "127.0.0.1" and each.original and each.backfill for each in batch.articles)
    assert [each.subject.rpartition("/")[2] for each in batch.unreadable] == ["nicht-fuer-automaten-4715.html"]
    assert "robots.txt" in batch.unreadable[0].detail and not any("intern" in path for path in site.asked())


def test_a_new_link_is_news_and_what_stood_there_at_first_is_not(site: Site) -> None:
    site.fetch()
    site.asked()
    site.pages["/"] = (
        200,
        HTML,
        b"<article><h2><a href='/hafen/neue-faehre-nach-poel-4716.html'>Neue Schiffe nach Poel</a></h2></article>",
    )
    site.pages["/hafen/neue-faehre-nach-poel-4716.html"] = (200, HTML, (SAMPLES / "4712.html").read_bytes())
    batch = site.fetch()
    assert [each.backfill for each in batch.articles] == [False] and site.asked() == ["/", "/hafen/neue-faehre-nach-poel-4716.html"]
    site.pages["/"] = (200, HTML, (SAMPLES / "list.html").read_bytes())
    assert site.fetch().articles == () and site.asked() == ["/"], "what comes back onto the list was fetched already"


@pytest.mark.parametrize(
    ("robots", "pause"), [(b"User-agent: *\nCrawl-delay: 30", 30), (b"User-agent: Lagebild\nCrawl-delay: 2", 5), (b"", 5)]
)
def test_one_page_at_a_time_with_the_longer_pause(site: Site, robots: bytes, pause: float) -> None:
    site.pages["/robots.txt"] = (200, {}, robots)
    counts, waits = [], []
    for _ in range(6):
        batch = site.fetch(delay_seconds=5)
        counts.append(len(site.asked()))
        waits.append(batch.wait_seconds)
        site.now += timedelta(seconds=batch.wait_seconds or 0)
    if pause == 30:
        assert counts[:3] == [1, 1, 1] and waits[:5] == [30] * 5, "the list was a request too"
    else:
        assert counts[:2] == [2, 1] and waits[:4] == [5] * 4


def test_an_interrupted_fetch_loses_nothing(site: Site) -> None:
    """Killed between fetch and publish, or between publish and cursor: the old cursor brings the same articles, under the same ids."""
    first = site.fetch(delay_seconds=1)
    before = dict(site.cursor)
    second = site.fetch(delay_seconds=1)
    site.cursor = before
    again = site.fetch(delay_seconds=1)
    assert first.articles and [each.id for each in again.articles] == [each.id for each in second.articles] != []
    rest = []
    while (batch := site.fetch(delay_seconds=1)).wait_seconds is not None:
        rest += [each.id for each in batch.articles]
    assert len({*(each.id for each in (*first.articles, *again.articles)), *rest, *(each.id for each in batch.articles)}) == 4


def test_a_page_that_fails_is_tried_again_and_then_told(site: Site) -> None:
    path = "/wetter/deich-haelt-dem-sturm-stand-4712.html"
    site.pages[path] = (503, {"Retry-After": "120"}, b"")
    assert len(site.fetch().articles) == 3
    site.now += timedelta(seconds=119)
    site.asked()
    site.fetch()
    assert path not in site.asked(), "the server asked for 120 seconds"
    for wait in AGAIN_SECONDS[:-1]:
        site.now += timedelta(seconds=wait + 121)
        assert site.fetch().unreadable == ()
    site.now += timedelta(seconds=AGAIN_SECONDS[-1] + 1)
    told = site.fetch().unreadable
    assert [(each.subject, "given up after 6 tries" in each.detail) for each in told] == [(site.url + path, True)]


def test_a_page_that_came_back_is_an_article(site: Site) -> None:
    path = "/wetter/deich-haelt-dem-sturm-stand-4712.html"
    site.pages[path] = (503, {}, b"")
    site.fetch()
    del site.pages[path]
    site.now += timedelta(seconds=61)
    assert [each.title for each in site.fetch().articles] == ["Deich hält dem Sturm stand"]


def test_a_changed_layout_is_told(site: Site) -> None:
    with pytest.raises(Permanent, match=r"'main h9 a' finds no links.*changed its layout"):
        site.fetch(select="main h9 a")
    site.pages["/"] = (200, HTML, b"<html><body><p>Baustelle</p></body></html>")
    with pytest.raises(Permanent, match=r"no links to articles.*changed its layout"):
        site.fetch()


def test_without_its_rules_a_site_is_not_asked(site: Site) -> None:
    site.pages["/robots.txt"] = (500, {}, b"")
    with pytest.raises(Transient, match=r"robots\.txt answers 500"):
        site.fetch()
    assert site.asked() == []
    assert site.fetch(robots=False).articles


def test_links_beyond_the_limit_are_told_once(site: Site) -> None:
    batch = site.fetch(max_links=2)
    assert len(batch.articles) == 2 and "raise max_links" in batch.unreadable[0].detail
    site.pages["/"] = (200, HTML, (SAMPLES / "list.html").read_bytes() + b"<!-- -->")
    assert site.fetch(max_links=2).unreadable == ()


def test_a_watched_page_is_one_article_with_revisions(site: Site) -> None:
    options = {"watch": "page", "select": "#stand"}
    page = "<html><head><title>Pegel</title></head><body><div id='stand'><p>Pegel {cm} cm</p></div><p>{ad}</p></body></html>"
    site.pages["/"] = (200, HTML, page.format(cm=480, ad="a").encode())
    (first,) = site.fetch(**options).articles
    assert first.backfill and (first.title, first.body) == ("Pegel", "Pegel 480 cm")
    site.pages["/"] = (200, HTML, page.format(cm=480, ad="b").encode())
    assert site.fetch(**options).articles == (), "only what is watched counts"
    site.pages["/"] = (200, HTML, page.format(cm=510, ad="b").encode())
    (second,) = site.fetch(**options).articles
    assert second.id == first.id and second.body == "Pegel 510 cm" and not second.backfill
    site.pages["/"] = (200, HTML, b"<html><body>Neu</body></html>")
    with pytest.raises(Permanent, match="'#stand' finds nothing"):
        site.fetch(**options)


@pytest.mark.parametrize("option", [{"select": "a[["}, {"url": "file:///etc/passwd"}, {"watch": "all"}, {"delay_seconds": -1}])
def test_options_that_cannot_work_are_refused(option: dict[str, Any]) -> None:
    with pytest.raises(pydantic.ValidationError):
        web.Options.model_validate({"url": "https://www.example.org/", **option})


def test_what_is_remembered_stays_bounded() -> None:
    waiting = Waiting().listed(Link(f"https://a.example/{number}") for number in range(50))
    for number in range(10_000):
        waiting = waiting.done(Link(f"https://a.example/{number}"))
    waiting = waiting.listed([Link("https://a.example/3")])
    assert waiting.links == () and len(waiting.seen) <= 2_001, "what the list still shows is never forgotten"
