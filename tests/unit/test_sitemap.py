"""The connector sitemap: news sitemaps, indexes, dates, caps, damage."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import sitemap
from connectors._http import Answer
from connectors._sitemap import file, walk
from connectors._sitemap.entries import is_older
from pipeline.errors import LagebildError, Permanent, Transient
from pipeline.plugins import Batch, Context

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ROOT = "https://www.example.org/sitemap.xml"
NEWS = (
    "<url><loc>https://www.example.org/{0}?utm_source=x</loc><lastmod>2026-11-20T10:0{1}:00Z</lastmod>"
    "<image:image><image:loc>https://img.example.org/{0}.jpg</image:loc><image:title>Bild</image:title></image:image>"
    "<news:news><news:publication><news:name>Beispiel</news:name><news:language>de</news:language></news:publication>"
    "<news:publication_date>2026-11-20T09:0{1}:00Z</news:publication_date><news:title>Titel {0} &amp; mehr</news:title>"
    "<news:keywords>Politik, Asien</news:keywords></news:news></url>"
)


def urlset(*entries: str) -> bytes:
    spaces = (
        'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9" '
        'xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"'
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><urlset {spaces}>{"".join(entries)}</urlset>'.encode()


def news(*numbers: int) -> bytes:
    return urlset(*(NEWS.format(each, each % 10) for each in numbers))


def index(*named: tuple[str, str]) -> bytes:
    entries = "".join(f"<sitemap><loc>{url}</loc>{f'<lastmod>{date}</lastmod>' if date else ''}</sitemap>" for url, date in named)
    return f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{entries}</sitemapindex>'.encode()


@dataclass
class Site:
    """Documents by address; an exception is raised instead."""

    documents: dict[str, bytes | Exception]
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, headers: Mapping[str, str], _now: datetime) -> Answer:
        self.asked.append(url)
        found = self.documents[url]
        if isinstance(found, Exception):
            raise found
        etag = f'"{hash(found)}"'
        return Answer(304, url, {}) if headers.get("If-None-Match") == etag else Answer(200, url, {"etag": etag}, found)


class Following:
    def __init__(self, site: Site, **options: Any) -> None:
        self.site, self.now = site, NOON
        self.cursor: Mapping[str, Any] = {}
        self.source = sitemap.Sitemaps(
            sitemap.Options(url=ROOT, **options),
            Context("karte", now=lambda: self.now),
            site,  # type: ignore[arg-type]
        )

    def look(self) -> Batch:
        self.site.asked.clear()
        batch = self.source.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(batch.cursor))
        self.now += timedelta(minutes=5)
        return batch


def test_a_news_entry_becomes_an_article_with_all_its_fields() -> None:
    (found,) = Following(Site({ROOT: news(1)})).look().articles
    assert (found.title, found.canonical_url, found.keywords) == ("Titel 1 & mehr", "https://www.example.org/1", ("Politik", "Asien"))
    assert (found.dates.published_raw, found.dates.updated_raw) == ("2026-11-20T09:01:00Z", "2026-11-20T10:01:00Z")
    assert found.language.declared == "de" and found.source.name == "Beispiel" and found.source.site == "example.org"
    assert found.backfill and b"<loc>" in found.original and found.markup == "text"


def test_only_new_entries_come_and_oldest_first_and_they_are_news() -> None:
    karte = Following(Site({ROOT: news(3, 1, 2)}))
    assert [each.title[6] for each in karte.look().articles] == ["1", "2", "3"]
    karte.site.documents[ROOT] = news(4, 3, 2)
    found = karte.look()
    assert [(each.title[6], each.backfill) for each in found.articles] == [("4", False)] and found.possible_losses == 0
    assert karte.look().unchanged
    karte.site.documents[ROOT] = news(8, 9)
    assert karte.look().possible_losses == 1


def test_an_index_is_followed_and_what_has_not_changed_is_not_asked() -> None:
    one, two, undated, old = (f"https://www.example.org/{name}.xml" for name in ("eins", "zwei", "drei", "alt"))
    site = Site(
        {
            ROOT: index((one, "2026-11-20"), (old, "2019-01-01"), (two, "2026-11-19"), (undated, "")),
            one: gzip.compress(news(1)),
            two: news(2),
            undated: news(3),
        }
    )
    karte = Following(site)
    assert {each.title[6] for each in karte.look().articles} == {"1", "2", "3"} and site.asked == [ROOT, one, two, undated]
    assert karte.look().articles == () and site.asked == [ROOT, undated]
    site.documents |= {ROOT: index((one, "2026-11-20T12:03:00Z"), (two, "2026-11-19"), (undated, "")), one: news(4, 1)}
    assert [each.title[6] for each in karte.look().articles] == ["4"] and site.asked == [ROOT, one, undated]
    assert karte.look().unchanged and site.asked == [ROOT, undated]


def test_an_index_within_an_index_is_remembered_with_its_sitemaps() -> None:
    inner, leaf = "https://www.example.org/inner.xml", "https://www.example.org/leaf.xml"
    site = Site({ROOT: index((inner, "2026-11-20")), inner: index((leaf, "")), leaf: news(1)})
    karte = Following(site)
    assert len(karte.look().articles) == 1
    site.documents[leaf] = news(2, 1)
    assert len(karte.look().articles) == 1 and site.asked == [ROOT, leaf]
    site.documents[ROOT] = index((inner, "2026-11-20"), ("https://www.example.org/x.xml", "2001-01"))
    assert karte.look().articles == () and site.asked == [ROOT, leaf]


def test_one_bad_sitemap_does_not_stop_the_others_and_is_reported_once() -> None:
    names = [f"https://www.example.org/{name}" for name in ("gut", "weg", "langsam", "seite")]
    site = Site(
        {
            ROOT: index(*((name, "") for name in names)),
            names[0]: news(1),
            names[1]: Permanent("unreadable", "answers 404"),
            names[2]: Transient("slow"),
            names[3]: b"<html><body>x</body></html>",
        }
    )
    karte = Following(site)
    first, second = karte.look(), karte.look()
    assert len(first.articles) == 1 and sorted(each.subject for each in first.unreadable) == sorted([names[1], names[3]])
    assert "asked again: slow" in first.note and second.unreadable == () and names[2] in site.asked
    site.documents[names[2]] = news(7)
    assert len(karte.look().articles) == 1


def test_circles_depth_and_caps_end_and_are_counted() -> None:
    loop = Following(Site({ROOT: index((ROOT, ""))})).look()
    assert loop.articles == () and "names only itself or further indexes: no page is listed" in loop.note
    assert "names no sitemap" in Following(Site({ROOT: index()})).look().note
    deep = {f"https://e.org/{n}": index((f"https://e.org/{n + 1}", "")) for n in range(9)}
    found = Following(Site({ROOT: index(("https://e.org/0", "")), **deep})).look()
    assert found.left_out == 1 and "levels deep" in found.note
    many = {f"https://e.org/{n}": news(n) for n in range(5)}
    found = Following(Site({ROOT: index(*((url, "") for url in many)), **many}), max_sitemaps=3).look()
    assert len(found.articles) == 3 and found.left_out == 2 and "max_sitemaps" in found.note


def test_pages_of_other_hosts_are_passed_over_and_counted_unless_they_are_allowed() -> None:
    pages = [f"https://{host}/seite" for host in ("example.org", "m.example.org", "example.org.evil.example", "cdn.example.net")]
    site = Site({ROOT: urlset(*(NEWS.format(each, 1).replace("https://www.example.org/", "", 1) for each in pages))})
    found = Following(site).look()
    assert {each.source.site for each in found.articles} == {"example.org"} and len(found.articles) == 2
    assert found.left_out == 2 and "2 addresses lie on other hosts" in found.note
    allowed = Following(site, hosts=["example.net"]).look()
    assert len(allowed.articles) == 3 and allowed.left_out == 1


def test_a_look_that_takes_too_long_goes_on_where_it_was_and_stays_backfill(monkeypatch: pytest.MonkeyPatch) -> None:
    many = {f"https://e.org/{n}": news(n) for n in range(3)}
    karte = Following(Site({ROOT: index(*((url, "2026-11-20") for url in many)), **many}))
    moments = iter([0, 0, 999, 999, 0, 0, 0, 0])
    monkeypatch.setattr(walk.time, "monotonic", lambda: next(moments))
    monkeypatch.setattr(sitemap, "LONGEST_WALK_SECONDS", 10)
    first = karte.look()
    second = karte.look()
    assert (len(first.articles), first.more, len(second.articles), second.more) == (1, True, 2, False)
    assert all(each.backfill for each in (*first.articles, *second.articles))


def test_pages_without_a_title_are_told_and_can_be_taken_by_their_address() -> None:
    document = urlset(
        "<url><loc>https://www.example.org/politik/Raketentest-%C3%BCber-der-See-12345.html</loc><lastmod>2026-11-20</lastmod></url>",
        "<url><loc>https://www.example.org/impressum</loc></url>",
        "<url><loc>https://www.example.org/alte-geschichte-aus-dem-archiv</loc><lastmod>2020-01</lastmod></url>",
    )
    found = Following(Site({ROOT: document})).look()
    assert found.articles == () and "2 pages have no title" in found.note
    (taken,) = Following(Site({ROOT: document}), untitled=True).look().articles
    assert (taken.title, taken.flags) == ("Raketentest über der See", ("title_from_address",))


@pytest.mark.parametrize(
    ("date", "older"),
    [
        ("2026-11-16", True),
        ("2026-11-17T01:00:00Z", False),
        ("2026-11", False),
        ("2026-09", True),
        ("", False),
        ("9999-99", False),
        ("0000-01", False),
    ],
)
def test_age_is_read_by_the_day(date: str, older: bool) -> None:
    assert is_older(date, NOON, 3) is older


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "nothing"),
        (b"<html></html>", "no sitemap"),
        (b"https://www.example.org/1\n", "no sitemap"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><urlset/>', "entities"),
        (b"<urlset>" + b"<a>" * 300, "nested deeper"),
        (gzip.compress(b" " * 30_000_000), "larger than|200 times"),
    ],
)
def test_what_is_no_sitemap_is_refused_in_words(document: bytes, words: str) -> None:
    with pytest.raises(Permanent, match=words):
        file.parse(document, ROOT, 10_000_000)


def test_a_cut_sitemap_gives_its_complete_entries_and_is_reported() -> None:
    whole = news(1, 2)
    found = Following(Site({ROOT: whole[: whole.rindex(b"<news:title>") - 200]})).look()
    assert [each.title[6] for each in found.articles] == ["1"] and "broken" in found.unreadable[0].detail


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.integers(0, 1_500), st.integers(0, 60))
def test_any_damage_to_a_sitemap_ends_in_entries_or_in_a_reason(noise: bytes, at: int, cut: int) -> None:
    whole = news(1, 2)
    try:
        found = file.parse(whole[:at] + noise + whole[at + cut :], ROOT, 1_000_000)
    except LagebildError as error:
        assert str(error)
    else:
        assert all(each.url.startswith(("http://", "https://")) for each in found.entries)
