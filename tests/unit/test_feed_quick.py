"""Plain RSS read directly gives the values that feedparser gives, or is left to it."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import urljoin, urlsplit
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors import _canonical, _xml_safety
from connectors._feed import parsing, quick_parsing
from pipeline.bench.feed_reading import measure_feeds
from pipeline.bench.feed_server import document

URL = "https://feeds.example.org/all.xml"
HEAD = (
    '<?xml version="1.0" encoding="utf-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/" '
    'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" xmlns:media="http://search.yahoo.com/mrss/"><channel>'
)
CHANNEL = (
    "<title>Beispiel &amp;amp; Söhne</title><link>https://www.example.org/?a=1&amp;b=2</link><language>de-DE</language><ttl>15</ttl>"
    '<atom:link rel="self" href="https://feeds.example.org/all.xml"/><atom:link rel="hub" href="https://hub.example.net/"/><description>x</description>'
)


def compared(items: str, channel: str = CHANNEL) -> bool:
    """Whether it was read directly. Fails where the values differ from feedparser's."""
    data = f"{HEAD}{channel}{items}</channel></rss>".encode()
    text = _xml_safety.prepared(data.decode())
    quick = quick_parsing.read(text, data, URL)
    if quick is None:
        return False
    assert asdict(parsing._of_quick(quick, URL, "utf-8")) == asdict(parsing._of_feedparser(text, data, URL, "utf-8"))
    return True


plain = st.text(
    st.one_of(
        st.sampled_from("aäß \n\t<>&;#/@()\"'=?1é€\x80\x92\xa0Ã¤"),
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"),
    ),
    max_size=25,
)
wordy = st.one_of(
    plain,
    st.sampled_from(
        ["<b>fett</b>", "AT&T", "a &amp; b", "&lt;p&gt;", "<script>x</script>", "&nbsp;", "Ã¤", "", " x ", "https://www.example.org/a?b=1&c=2", "a@b.example (Noah)"]
    ),
)  # fmt: skip


@st.composite
def elements(draw: st.DrawFn) -> str:
    tag = draw(
        st.sampled_from(
            ["title", "link", "guid", 'guid isPermaLink="false"', 'guid isPermaLink="true"', "description", "content:encoded", "dc:creator", "author",
             "category", 'category domain="x"', "pubDate", "dc:date", "comments", "media:thumbnail", "source", "dc:subject", "atom:updated"]
        )
    )  # fmt: skip
    value = draw(wordy)
    inside = f"<![CDATA[{value.replace(']]>', '')}]]>" if draw(st.booleans()) else escape(value)
    return f"<{tag}>{inside}</{tag.split()[0]}>"


items = st.lists(elements(), max_size=9).map(lambda parts: f"<item>{''.join(parts)}</item>")


@settings(deadline=None, max_examples=400)
@given(st.lists(items, max_size=3))
def test_what_is_read_directly_is_what_feedparser_reads(found: list[str]) -> None:
    compared("".join(found))


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(st.sampled_from(["title", "link", "language", "ttl", "sy:updatePeriod", "sy:updateFrequency", "copyright"]), wordy),
        max_size=6,
    )
)
def test_what_a_channel_says_is_what_feedparser_reads(said: list[tuple[str, str]]) -> None:
    compared("<item><title>x</title></item>", "".join(f"<{tag}>{escape(value)}</{tag}>" for tag, value in said))


@settings(deadline=None, max_examples=150)
@given(
    st.text("htps:/.?&#=%;~ae1A@[]\\ é-_,+", max_size=30),
    st.sampled_from(["", "https://www.example.org/", "http://e.org/x?a=", "https://a-b.example/?"]),
)
def test_an_address_that_is_shown_as_it_is_is_what_resolving_it_gives(end: str, start: str) -> None:
    url = start + end
    if _canonical._AS_IT_IS.fullmatch(url):
        assert urljoin(URL, url) == url == urljoin("http://other.example/", url) and urlsplit(url).hostname


def test_an_ordinary_feed_is_read_directly() -> None:
    assert compared(
        '<item><title>Raketentest &amp;amp; mehr</title><link>https://www.example.org/a?x=1&amp;y=2</link><guid isPermaLink="false">a-1</guid>'
        "<description>Kurz &lt;b&gt;gesagt&lt;/b&gt;</description><content:encoded><![CDATA[<p>Der ganze Text.</p>]]></content:encoded>"
        "<dc:creator>Noah</dc:creator><dc:creator>Mia</dc:creator><category>Politik</category><category domain='x'>Asien</category>"
        '<pubDate>Fri, 20 Nov 2026 11:00:00 +0100</pubDate><media:thumbnail url="https://img.example.org/a.jpg"/></item><item><guid>https://www.example.org/b</guid></item>'
    )
    data = document(1, 100)
    found = quick_parsing.read(_xml_safety.prepared(data.decode()), data, URL)
    assert found and len(found.items) == 20 and all(each.original.endswith(b"</item>") for each in found.items)


@pytest.mark.parametrize(
    "item",
    [
        "<item><title>a</title><title>b</title></item>",
        "<item><description>x <b>y</b></description></item>",
        "<item><media:title>x</media:title></item>",
        "<item><author>a@b.example (Noah)</author></item>",
        '<item xml:lang="fr"><title>a</title></item>',
        '<item><title type="html">a</title></item>',
        "<item><title>a</title>",
        "<item><title>&nbsp;</title></item>",
    ],
)
def test_what_may_come_out_otherwise_is_left_to_feedparser(item: str) -> None:
    assert not compared(item)


def test_the_benchmark_counts_the_same_items_for_both() -> None:
    figures = measure_feeds(rounds=1)
    assert figures["feeds"] >= 8, "plain feeds of the demonstration are read directly"
    assert figures["ours_items"] == figures["feedparser_items"] > 30
