"""The connector rss: formats, conditional requests, broken and hostile feeds."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import rss
from connectors._feed import parsing
from connectors._http import Answer
from pipeline.article import identity
from pipeline.errors import Permanent
from pipeline.plugins import Batch, Context
from tests.local_servers import serving

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
URL = "https://feeds.example.org/all.xml"


@dataclass
class Web:
    """Stands in for the HTTP client: answers with `body`, remembers what was asked."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    status: int = 200
    asked: list[dict[str, str]] = field(default_factory=list)

    def get(self, url: str, headers: Mapping[str, str], _now: datetime) -> Answer:
        self.asked.append(dict(headers))
        return Answer(self.status, url, self.headers, self.body if self.status == 200 else b"")


def fetch(web: Web, cursor: Mapping[str, Any] | None = None, **options: Any) -> Batch:
    source = rss.Rss(rss.Options(url=URL, **options), Context("beispiel", now=lambda: NOW), web)  # type: ignore[arg-type]
    batch = source.fetch(cursor or {})
    json.dumps(batch.cursor)
    return batch


def feed(*items: str, link: str = "https://www.example.org/", extra: str = "") -> bytes:
    inner = "".join(f"<item>{each}</item>" for each in items)
    return f'<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Beispiel</title><link>{link}</link><language>de</language>{extra}{inner}</channel></rss>'.encode()


ONE = (
    "<title>Raketentest &amp;amp; mehr</title><link>https://www.example.org/a?utm_source=rss</link><guid>a-1</guid>"
    "<description>Kurz &lt;b&gt;gesagt&lt;/b&gt;</description><content:encoded><![CDATA[<p>Der ganze Text, länger als der Anreißer.</p>]]></content:encoded>"
    "<dc:creator>Noah</dc:creator><category>Politik</category><pubDate>Fri, 20 Nov 2026 11:00:00 +0100</pubDate>"
)


def test_an_rss_2_item_becomes_an_article_with_all_its_fields() -> None:
    data = feed(ONE)
    (each,) = fetch(Web(data)).articles
    assert each.id == identity("example.org", "a-1", "")
    assert (each.source.id, each.source.name, each.source.site, each.source.connector) == ("beispiel", "Beispiel", "example.org", "rss")
    assert (each.url, each.canonical_url) == ("https://www.example.org/a?utm_source=rss", "https://www.example.org/a")
    assert each.title == "Raketentest &amp; mehr" and each.markup == "html"
    assert each.summary == "Kurz <b>gesagt</b>"
    assert each.body == "<p>Der ganze Text, länger als der Anreißer.</p>"
    assert (each.authors, each.keywords, each.language.declared, each.encoding) == (("Noah",), ("Politik",), "de", "utf-8")
    assert each.dates.published_raw == "Fri, 20 Nov 2026 11:00:00 +0100" and each.dates.published_at is None
    assert each.original == f"<item>{ONE}</item>".encode() and each.original in data
    assert len(each.original_sha256) == 64
    assert each.clock.fetched_at == NOW


def test_a_feed_with_a_teaser_only_has_it_as_the_body() -> None:
    (each,) = fetch(Web(feed("<title>t</title><description>Nur ein Anreißer</description>"))).articles
    assert (each.summary, each.body) == ("", "Nur ein Anreißer")


ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Example</title><link href="https://example.org/"/>
<entry><id>tag:example.org,2026:1</id><title type="text">Wert &lt; 5</title><link href="/one"/><published>2026-11-20T10:00:00Z</published>
<updated>2026-11-20T11:00:00Z</updated><author><name>Kim Lee</name></author><content type="html">&lt;p&gt;Text&lt;/p&gt;</content></entry></feed>"""
ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old</title><link rel="alternate" href="https://example.org/"/>
<entry><id>1</id><title>Eins</title><link rel="alternate" href="https://example.org/1"/><issued>2026-11-20T10:00:00Z</issued><content>Text</content></entry></feed>"""
RDF = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel rdf:about="x"><title>R</title><link>https://example.org/</link><items><rdf:Seq/></items></channel>
<item rdf:about="https://example.org/1"><title>Eins</title><link>https://example.org/1</link><dc:date>2026-11-20T10:00:00Z</dc:date></item></rdf:RDF>"""
RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/publish/formats/rss-0.91.dtd">
<rss version="0.91"><channel><title>R</title><link>https://example.org/</link><item><title>Eins</title><link>https://example.org/1</link><description>d</description></item></channel></rss>"""
RSS_090 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>R</title><link>https://example.org/</link></channel>
<item><title>Eins</title><link>https://example.org/1</link></item></rdf:RDF>"""


@pytest.mark.parametrize("document", [ATOM_03, RDF, RSS_091, RSS_090], ids=["atom 0.3", "rss 1.0", "rss 0.91", "rss 0.90"])
def test_older_formats_are_read(document: str) -> None:
    (each,) = fetch(Web(document.encode())).articles
    assert (each.title, each.canonical_url) == ("Eins", "https://example.org/1")
    assert each.original


def test_the_date_of_rss_1_is_the_date_of_publication() -> None:
    assert fetch(Web(RDF.encode())).articles[0].dates.published_raw == "2026-11-20T10:00:00Z"


def test_an_atom_entry_becomes_an_article_with_its_plain_texts_escaped() -> None:
    (each,) = fetch(Web(ATOM.encode())).articles
    assert (each.title, each.body, each.url) == ("Wert &lt; 5", "<p>Text</p>", "https://feeds.example.org/one")
    assert (each.dates.published_raw, each.dates.updated_raw) == ("2026-11-20T10:00:00Z", "2026-11-20T11:00:00Z")
    assert (each.authors, each.language.declared) == (("Kim Lee",), "en")


def test_an_atom_entry_with_only_a_change_date_claims_no_publication() -> None:
    document = ATOM.replace("<published>2026-11-20T10:00:00Z</published>", "")
    dates = fetch(Web(document.encode())).articles[0].dates
    assert (dates.published_raw, dates.updated_raw) == ("", "2026-11-20T11:00:00Z")


def test_a_json_feed_is_read_with_the_bytes_of_each_item() -> None:
    first = '{"id": 7, "url": "https://example.org/7", "content_text": "a < b", "date_published": "2026-11-20T10:00:00Z", "authors": [{"name": "A"}], "tags": ["x"]}'
    document = (
        '{"version": "https://jsonfeed.org/version/1.1", "title": "J", "language": "fr", "items": ['
        + first
        + ', 5, {"id":"2","title":"T","content_html":"<p>h</p>"}]}'
    )
    batch = fetch(Web(document.encode()))
    two, one = batch.articles
    assert (one.guid, one.body, one.original, one.language.declared) == ("7", "a &lt; b", first.encode(), "fr")
    assert (two.title, two.body) == ("T", "<p>h</p>")
    assert [each.reason for each in batch.unreadable] == ["empty"]


def test_nothing_is_new_when_the_cursor_comes_back() -> None:
    web = Web(feed(ONE, "<title>zwei</title>"), {"etag": 'W/"x"', "last-modified": "gestern"})
    first = fetch(web)
    assert len(first.articles) == 2
    second = fetch(web, first.cursor)
    assert second.articles == () and second.unreadable == ()
    assert web.asked[1]["If-None-Match"] == 'W/"x"' and web.asked[1]["If-Modified-Since"] == "gestern"
    web.status = 304
    third = fetch(web, second.cursor)
    assert third.articles == () and third.cursor == second.cursor and third.unchanged


def test_a_server_without_validators_that_adds_an_item_brings_only_that_one() -> None:
    first = fetch(Web(feed(ONE)))
    second = fetch(Web(feed("<title>neu</title>", ONE)), first.cursor)
    assert [each.title for each in second.articles] == ["neu"]


def test_a_changed_item_comes_again_under_the_same_id() -> None:
    first = fetch(Web(feed(ONE)))
    second = fetch(Web(feed(ONE.replace("Der ganze", "Der korrigierte"))), first.cursor)
    assert [each.id for each in second.articles] == [each.id for each in first.articles]


def test_two_feeds_of_one_publisher_give_one_article_one_id() -> None:
    other = fetch(Web(feed(ONE.replace("utm_source=rss", ""), link="https://example.org/politik")))
    assert other.articles[0].id == fetch(Web(feed(ONE))).articles[0].id


def test_items_are_handed_over_oldest_first() -> None:
    batch = fetch(Web(feed("<title>neu</title>", "<title>alt</title>")))
    assert [each.title for each in batch.articles] == ["alt", "neu"]


def test_without_a_guid_the_link_and_then_the_title_tell_items_apart() -> None:
    web = Web(
        feed(
            "<title>a</title><link>https://example.org/1?utm_medium=x</link>",
            "<title>b</title>",
            "<title>c</title>",
            "<description>nur Text</description>",
        )
    )
    batch = fetch(web)
    assert len({each.id for each in batch.articles}) == 4
    assert identity("example.org", "", "https://example.org/1") in {each.id for each in batch.articles}


def test_one_guid_for_several_links_does_not_merge_them() -> None:
    items = [f"<title>t{n}</title><link>https://example.org/{n}</link><guid>same</guid>" for n in range(3)]
    first = fetch(Web(feed(*items)))
    assert len({each.id for each in first.articles}) == 3
    assert all(each.flags == ("duplicate_guid",) for each in first.articles)
    later = fetch(Web(feed(items[0].replace("t0", "changed"))), first.cursor)
    assert later.articles[0].id in {each.id for each in first.articles}


def test_one_guid_and_one_link_with_two_titles_is_one_article_in_two_versions() -> None:
    batch = fetch(Web(feed(*(f"<title>t{n}</title><link>https://example.org/1</link><guid>g</guid>" for n in range(2)))))
    assert len(batch.articles) == 2 and len({each.id for each in batch.articles}) == 1


def test_an_empty_feed_is_a_state_and_no_error() -> None:
    assert fetch(Web(feed())).articles == ()


def test_empty_items_are_reported_once_and_the_rest_goes_on() -> None:
    web = Web(feed("<guid>x</guid>", "<title> </title>", "<title>gut</title>"))
    first = fetch(web)
    assert [each.title for each in first.articles] == ["gut"]
    assert [each.reason for each in first.unreadable] == ["empty", "empty"]
    second = fetch(Web(feed("<guid>x</guid>", "<title> </title>", "<title>gut</title>", extra="<ttl>5</ttl>")), first.cursor)
    assert second.unreadable == () and second.articles == ()


def test_a_cut_feed_delivers_its_complete_items_and_is_reported_once() -> None:
    whole = feed("<title>eins</title>", "<title>zwei</title>", "<title>drei, mitten im Wort abgeschnitten</title>")
    web = Web(whole[: whole.index(b" mitten")], {"etag": "x"})
    first = fetch(web)
    assert sorted(each.title for each in first.articles) == ["eins", "zwei"]
    assert "broken" in first.unreadable[0].detail and first.unreadable[0].original == web.body
    second = fetch(web, first.cursor)
    assert (second.articles, second.unreadable) == ((), ())
    assert "If-None-Match" not in web.asked[1]
    third = fetch(Web(whole), second.cursor)
    assert [each.title for each in third.articles] == ["drei, mitten im Wort abgeschnitten"]


def test_one_bare_ampersand_does_not_cost_the_items_after_it() -> None:
    mixed = "<title>AT&T &amp; Raketentest &uuml;ber</title><description><![CDATA[A&B &amp; C]]></description>"
    batch = fetch(Web(feed("<title>A & B</title>", "<title>zwei</title>", mixed)))
    assert len(batch.articles) == 3 and len(batch.unreadable) == 1
    # Titles and texts are HTML here.
    assert {html.unescape(each.title) for each in batch.articles} == {"A & B", "zwei", "AT&T & Raketentest über"}
    assert "A&B &amp; C" in {each.body for each in batch.articles}


def test_control_characters_and_nul_bytes_do_not_break_a_feed() -> None:
    batch = fetch(Web(feed("<title>a\x00b\x0bc</title>")))
    assert [each.title for each in batch.articles] == ["abc"] and batch.unreadable == ()


@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (feed("<title>Grüße aus Köln, schöne Grüße</title>").decode().replace("utf-8", "iso-8859-1").encode("iso-8859-1"), ""),
        (feed("<title>Grüße aus Köln, schöne Grüße</title>").decode().replace("utf-8", "iso-8859-1").encode("utf-8"), ""),
        (feed("<title>Grüße aus Köln, schöne Grüße</title>"), "text/xml; charset=iso-8859-1"),
        (feed("<title>Grüße aus Köln, schöne Grüße</title>").decode().encode("cp1252"), ""),
        (feed("<title>Grüße aus Köln, schöne Grüße</title>").decode().replace("utf-8", "utf-16").encode("utf-16"), ""),
        (b"\xef\xbb\xbf" + feed("<title>Grüße aus Köln, schöne Grüße</title>"), ""),
    ],
    ids=["latin-1", "utf-8 declared latin-1", "http says latin-1", "cp1252 declared utf-8", "utf-16", "utf-8 with bom"],
)
def test_a_wrong_charset_does_not_spoil_the_words(data: bytes, content_type: str) -> None:
    batch = fetch(Web(data, {"content-type": content_type}))
    assert [each.title for each in batch.articles] == ["Grüße aus Köln, schöne Grüße"]


BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;">]><rss version="2.0"><channel><title>&b;</title><item><title>x</title></item></channel></rss>'
EXTERNAL = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item><title>&a;</title></item></channel></rss>'


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (BOMB.encode(), "entities"),
        (EXTERNAL.encode(), "entities"),
        (BOMB.encode("utf-16"), "entities"),
        (b"<!-- x -->\n<!-- <rss> -->" + BOMB[21:].encode(), "entities"),
        (b"<rss version='2.0'><channel><item>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</item></channel></rss>", "deeper"),
        (b"<rss version='2.0'><channel><item " + b"".join(b'a%d="" ' % n for n in range(5_000)) + b"/></channel></rss>", "attributes"),
        (b"<rss version='2.0'><channel><item><x>&</x><y " + b"a=1 " * 10_000 + b"/></channel></rss>", "tag longer"),
        (b"<rss><channel>&" + b"x" * 4_100_000, "broken XML"),
        (b"<!doctype html><html><body>Seite nicht gefunden</body></html>", "web page"),
        (b"\n<!-- c --><HTML><body>", "web page"),
        (b"nur Text", "no feed"),
        (b"<x><y/></x>", "no feed"),
        (b"   ", "nothing"),
        (b"", "nothing"),
        (b'{"a": 1}', "no JSON Feed"),
        (b"{" * 100_000, "cannot be read"),
        (b'{"version":"https://jsonfeed.org/version/1","items":' + b"[" * 100_000, "cannot be read"),
        (b'{"version":"https://jsonfeed.org/version/1","items":"x"}', "cannot be read"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 10, "PNG"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_feed_is_refused_with_a_reason_once_and_fails_while_it_stays(document: bytes, words: str) -> None:
    web = Web(document, {"etag": "x"})
    batch = fetch(web)
    assert batch.articles == () and len(batch.unreadable) == 1
    assert words in batch.unreadable[0].detail and batch.unreadable[0].original == document
    with pytest.raises(Permanent, match=words):
        fetch(web, batch.cursor)
    assert "If-None-Match" not in web.asked[1]
    assert len(fetch(Web(feed(ONE)), batch.cursor).articles) == 1


def test_more_items_than_the_limit_are_reported_once() -> None:
    items = [f"<title>t{n}</title>" for n in range(7)]
    first = fetch(Web(feed(*items)), max_items=5)
    assert len(first.articles) == 5 and "7 items" in first.unreadable[0].detail
    assert fetch(Web(feed("<title>neu</title>", *items)), first.cursor, max_items=5).unreadable == ()


def test_the_memory_of_a_busy_feed_stays_bounded() -> None:
    cursor: Mapping[str, Any] = {}
    for page in range(5):
        cursor = fetch(Web(feed(*(f"<title>{page} {n}</title>" for n in range(900)))), cursor).cursor
    assert len(json.dumps(cursor)) < 25_000


def test_a_huge_body_becomes_an_article_without_its_original() -> None:
    (each,) = fetch(Web(feed(f"<title>t</title><description>{'wort ' * 1_000_000}</description>")), max_bytes=20_000_000).articles
    assert len(each.body) > 4_000_000 and each.original == b"" and len(each.original_sha256) == 64


def test_options_say_what_is_wrong_with_an_address() -> None:
    for url in ("ftp://example.org/", "https://user:pw@example.org/", "example.org"):
        with pytest.raises(ValueError, match="address"):
            rss.Options(url=url)
    with pytest.raises(ValueError, match="10.0.0.0/33"):
        rss.Options(url=URL, allow_private=["10.0.0.0/33"])


def test_header_values_come_from_secrets_and_do_not_print(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEED_TOKEN", "geheim")
    options = {"headers": {"Authorization": "Bearer ${env:FEED_TOKEN}"}}
    web = Web(feed(ONE))
    fetch(web, **options)
    assert web.asked[0]["Authorization"] == "Bearer geheim"
    assert "geheim" not in repr(rss.Options(url=URL, **options)) and "geheim" not in repr(
        rss.Options.model_validate({"url": URL, "headers": {"A": "geheim"}})
    )


def test_a_feed_is_fetched_over_http_with_its_validators() -> None:
    def answer(_path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if headers.get("If-None-Match") == '"v1"':
            return 304, {}, b""
        return 200, {"ETag": '"v1"', "Content-Type": "application/rss+xml"}, feed(ONE)

    with serving(answer) as (url, seen):
        source = rss.create(rss.Options(url=url + "/feed", allow_private=["127.0.0.1"]), Context("beispiel", now=lambda: NOW))
        first = source.fetch({})
        second = source.fetch(first.cursor)
    assert len(first.articles) == 1 and second.articles == () and len(seen) == 2


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=300), st.integers(0, 900), st.integers(0, 60))
def test_any_damage_to_a_feed_ends_in_items_or_in_a_reason(noise: bytes, at: int, cut: int) -> None:
    whole = feed(ONE, "<title>zwei</title>")
    try:
        found = parsing.parse(whole[:at] + noise + whole[at + cut :], URL)
    except Permanent as error:
        assert str(error)
    else:
        assert isinstance(found.items, tuple)


@pytest.mark.parametrize(
    "document",
    [
        feed("<title>Rakete\x00 testet\x07 am Montag</title><guid>1</guid>"),
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [{"id": "1", "title": "Rakete\x00 testet\x07 am Montag"}]}',
    ],
)
def test_control_characters_in_a_readable_feed_do_not_cost_its_items(document: bytes) -> None:
    (found,) = fetch(Web(document)).articles
    assert found.title == "Rakete testet am Montag"
