"""Web pages: the text, what they say of themselves, what kind of page they are, and that none of them can do harm."""

from __future__ import annotations

import json
import os
import resource
import signal
import time

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors._page import html, html_process, html_worker, kind, links
from connectors._page.html_process import Question
from connectors._page.linked_data import article_in
from connectors._page.text import extract
from pipeline.bench.extraction import measure_extraction, score
from pipeline.errors import Permanent
from tests.shared_data import shared

SENTENCE = "Am Dienstagabend hat die Werkfeuerwehr im Hafen von Wismar einen Brand in einer Lagerhalle gelöscht, verletzt wurde niemand. "
TEXT = "".join(
    f"<p>{SENTENCE}</p><p>Absatz {number}: Die Ursache ist noch nicht bekannt, die Polizei ermittelt weiter.</p>" for number in range(9)
)
DATA = {
    "@context": "https://schema.org",
    "@graph": [
        {"@type": "WebSite", "name": "Hafenbote"},
        {"@type": "Person", "@id": "#mm", "name": "Mara Muster"},
        {
            "@type": ["NewsArticle", "Article"],
            "headline": "Brand im Hafen gelöscht",
            "author": [{"@id": "#mm"}, {"@type": "Person", "name": "Von Jan Beispiel"}],
            "datePublished": "2026-11-20T18:05:00+01:00",
            "dateModified": "2026-11-20T19:00:00+01:00",
            "articleSection": "Regionales",
            "keywords": ["Wismar", "Feuerwehr"],
            "isAccessibleForFree": "False",
            "publisher": {"name": "Hafenbote"},
        },
    ],
}
PAGE = """<!doctype html><html lang="de-DE"><head><title>Etwas anderes | Hafenbote</title><meta charset="utf-8">
<link rel="canonical" href="/hafen/brand-4711.html"><meta property="og:description" content="Kein Verletzter bei Feuer in Wismar.">
<script type="application/ld+json">{data}</script></head><body><nav><a href="/">Start</a> <a href="/sport">Sport</a></nav>
<article><h1>Brand im Hafen gelöscht</h1>{text}</article><footer>Impressum</footer></body></html>"""


def test_a_page_says_title_authors_dates_section_link_and_that_it_is_paid_for() -> None:
    item, encoding = html.read(PAGE.format(data=json.dumps(DATA), text=TEXT).encode(), url="https://www.hafenbote.example/x?utm_source=y")
    assert (item.title, item.section, item.language, encoding) == ("Brand im Hafen gelöscht", "Regionales", "de-DE", "utf-8")
    assert item.authors == ("Mara Muster", "Jan Beispiel") and item.keywords == ("Wismar", "Feuerwehr")
    assert (item.published, item.updated) == ("2026-11-20T18:05:00+01:00", "2026-11-20T19:00:00+01:00")
    assert item.url == "https://www.hafenbote.example/hafen/brand-4711.html" and item.summary == "Kein Verletzter bei Feuer in Wismar."
    assert item.body.count("Werkfeuerwehr") == 9 and "Impressum" not in item.body and "Sport" not in item.body
    assert item.flags == ("paid",), "the whole text is there all the same"


def test_the_publishers_name_is_no_part_of_the_title() -> None:
    titles = {
        "Deich hält | Hafenbote": "Deich hält",
        "Warum - und wie lange noch": "Warum - und wie lange noch",
        "Deich hält - Der Bote": "Deich hält",
    }
    assert {each: extract(f"<html><head><title>{each}</title></head><body></body></html>")["title"] for each in titles} == titles


@pytest.mark.parametrize(
    ("script", "wanted"),
    [
        ("", {}),
        ("kein JSON", {}),
        ('[{"@type": "Organization", "name": "x"}]', {}),
        ('{"@type":"NewsArticle", "headline":"a\nb", "datePublished": "2026-11-20", }', {"datePublished": "2026-11-20"}),
        ("[" * 100_000, {}),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, {}),
    ],
)
def test_linked_data_that_is_broken_or_about_something_else_says_little(script: str, wanted: dict[str, str]) -> None:
    assert article_in([script]) == wanted


CONSENT = """<html><head><title>Hafenbote</title></head><body><main><h1>Willkommen</h1><p>Wir und unsere 214 Partner verwenden Cookies und Tracking, um
Werbung zu personalisieren. Mit Ihrer Einwilligung verarbeiten wir personenbezogene Daten. Sie können Ihre Zustimmung jederzeit widerrufen, mehr
dazu in der Datenschutzerklärung und den Einstellungen.</p><button>Alle akzeptieren</button></main></body></html>"""


def test_a_consent_page_is_no_article_and_says_so() -> None:
    assert extract(CONSENT)["flags"] == ("consent_page", "teaser") and extract(CONSENT)["text"] == ""
    law = f"<html><body><article><h1>Urteil zu Cookies</h1>{TEXT}<p>Es ging um Cookies, Einwilligung, Tracking und Werbung.</p></article></body></html>"
    assert extract(law)["flags"] == () and "Einwilligung" in extract(law)["text"]
    assert kind.kind("https://consent.hafenbote.example/?next=x", "We use cookies.", "") == ("consent_page", "teaser")


@pytest.mark.parametrize(
    ("text", "words", "paid", "flags"),
    [
        ("Am Dienstag brannte eine Halle. Weiterlesen mit Bote plus", 0, False, ("teaser",)),
        ("Subscribe to continue reading this story", 0, False, ("teaser",)),
        ("Mardi soir, un incendie s'est déclaré. Cet article est réservé aux abonnés.", 0, False, ("teaser",)),
        ("Am Dienstag brannte eine Halle …", 0, False, ("teaser",)),
        ("Am Dienstag brannte eine Halle.", 700, False, ("teaser",)),
        ("Am Dienstag brannte eine Halle.", 0, True, ("paid", "teaser")),
        ("Am Dienstag brannte eine Halle.", 0, False, ()),
        ("Wort " * 400, 0, True, ("paid",)),
        ("", 0, False, ("teaser",)),
    ],
)
def test_what_is_only_the_beginning_of_an_article_is_flagged(text: str, words: int, paid: bool, flags: tuple[str, ...]) -> None:
    assert kind.kind("https://a.example/x", text, "", words_said=words, is_paid=paid) == flags


LIST = """<html><body><nav><a href="/politik/lange-ueberschrift-aus-der-navigation-123456">Eine lange Überschrift der Navigation</a></nav>
<header><a href="/abo/jetzt-bestellen-und-sparen-99999">Jetzt das Abo bestellen und sparen</a></header>
<main><article><a href="/hafen/brand-im-hafen-geloescht-4711.html"><img alt=""></a><header><h2><a href="/hafen/brand-im-hafen-geloescht-4711.html?utm_source=start">
Brand im Hafen gelöscht</a></h2></header></article><ul><li><a href="2026/11/20/deich-haelt">Deich hält dem Sturm stand</a></li>
<li><a href="https://anderswo.example/2026/11/20/fremd">Ein Artikel eines anderen Hauses</a></li><li><a href="/thema/hafen-und-meer-12345">Alles zum Thema Hafen</a></li>
<li><a href="javascript:alert(1)">Kein Link zu einem Artikel</a></li><li><a href="/hafen/">Hafen</a></li></ul></main></body></html>"""


def test_links_to_articles_are_found_without_a_selector() -> None:
    found = html.links(LIST.encode(), "https://www.hafenbote.example/")
    assert found == [
        {
            "url": "https://www.hafenbote.example/hafen/brand-im-hafen-geloescht-4711.html?utm_source=start",
            "title": "Brand im Hafen gelöscht",
        },
        {"url": "https://www.hafenbote.example/2026/11/20/deich-haelt", "title": "Deich hält dem Sturm stand"},
    ]


def test_a_selector_says_which_links_or_which_part_of_a_page() -> None:
    found = html.links(LIST.encode(), "https://www.hafenbote.example/", select="main li:nth-child(2) a, nav")
    assert [each["url"].rpartition("/")[2] for each in found] == ["lange-ueberschrift-aus-der-navigation-123456", "fremd"]
    warnings = b"<html><body><h1>Warnungen</h1><div class='w'><p>Sturm.</p><script>x()</script></div><div class='w'>Hochwasser</div><p>Rest</p></body></html>"
    item, _ = html.read(warnings, select="div.w")
    assert (item.title, item.body) == ("Warnungen", "Sturm.\n\nHochwasser")
    assert html.read(warnings, select=".gibtesnicht")[0].body == ""


def test_more_links_than_are_taken_are_noticed() -> None:
    page = "".join(f"<p><a href='/a/eine-lange-ueberschrift-{number}'>Eine lange Überschrift {number}</a></p>" for number in range(2_000))
    assert len(links.links(page, "https://a.example/")) == links.MAX_LINKS + 1


HOSTILE = {
    "deep": "<div>" * 200_000 + "x",
    "deep and closed": "<div><p>x" * 50_000 + "</p></div>" * 50_000,
    "tables": "<table><tr><td>" * 50_000,
    "endless attributes": "<p " + " ".join(f"a{number}='{number}'" for number in range(300_000)) + ">x</p>",
    "one long attribute": f"<p title='{'x' * 4_000_000}'>y</p>",
    "many links": "<a href='/a/eine-lange-ueberschrift-1'>Eine lange Überschrift</a>" * 60_000,
    "many articles": "<article><p>x</p></article>" * 100_000,
    "comments": "<!--" * 500_000,
    "entities": "&amp;" * 900_000,
    "many headings": "<h1>x</h1>" * 200_000,
    "json": '<script type="application/ld+json">' + "[" * 900_000 + "</script>",
    "bylines": "<span class='author'><b itemprop='author'>" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_page_costs_its_time_and_nothing_else(name: str) -> None:
    started = time.monotonic()
    for read in (
        lambda: html.read(HOSTILE[name].encode(), seconds=2),
        lambda: html.links(HOSTILE[name].encode(), "https://a.example/", seconds=2),
    ):
        try:
            read()
        except Permanent as error:
            assert "within 2 s" in str(error) or "broke" in str(error) or "ended" in str(error)
    assert time.monotonic() - started < 12
    assert html.read(PAGE.format(data="{}", text=TEXT).encode())[0].body, "the next page is read as ever"


def test_a_page_of_twenty_megabytes_is_refused_before_it_is_parsed() -> None:
    with pytest.raises(Permanent, match="20,000,000 characters; 5,000,000 are read at most"):
        html.read(b"<p>xy</p>\n" * 2_000_000)


def test_a_page_that_ends_the_process_that_reads_it_ends_nothing_else() -> None:
    question = Question(task="article", page="<p>x</p>")
    assert html_process.ask(question)["text"] == "x"
    child = html_process._worker._process
    assert child is not None
    assert resource.prlimit(child.pid, resource.RLIMIT_AS) == (html_worker.MEMORY_BYTES, html_worker.MEMORY_BYTES)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert html_process.ask(question)["text"] == "x" and html_process._worker._process is not child


MARKUP = st.one_of(
    st.sampled_from(
        [
            "<html>",
            "<head>",
            "<body>",
            "<div>",
            "</div>",
            "<p>",
            "</p>",
            "<article>",
            "</article>",
            "<a",
            "href='/a/b-c-d-e-1'>",
            "</a>",
            "<h1>",
            "</h1>",
            "<table>",
            "<tr>",
            "<td>",
            "<form>",
            "</form>",
            "<script>",
            "</script>",
            "<script",
            "type='application/ld+json'>",
            "<meta",
            "property='og:title'",
            "content='x'>",
            "<base",
            "href='http://['>",
            "<link",
            "rel=canonical",
            "href='http://[x'>",
            "<svg>",
            "<math>",
            "<template>",
            "<!--",
            "-->",
            "<![CDATA[",
            "]]>",
            "&#x0;",
            "&#xD800;",
            "&amp",
            "<br>",
            "<time",
            "datetime='x'>",
            "<li>",
            "<ul>",
            "<figure>",
            "<noscript>",
            "</noscript>",
            "<?php",
            "?>",
            "\x00",
            "�",
        ]
    ),
    st.text(max_size=20),
    st.sampled_from(
        [
            '{"@type":"NewsArticle",',
            '"headline":',
            "[",
            "]",
            "{",
            "}",
            '"x"',
            "null",
            "1e999",
            '"author":[{"@id":"#"}]',
            '"datePublished":0',
        ]
    ),
)


@settings(max_examples=600, deadline=None)
@given(st.lists(MARKUP, max_size=40).map("".join))
def test_no_page_breaks_the_parsers(page: str) -> None:
    """600 pages a run: what is fed to the process ends in an answer, and only what a library raises by design is an error."""
    for task in ("article", "links", "region"):
        asked = {"task": task, "page": html.cleaned(page)[0], "url": "https://a.example/", "select": "p"}
        told = msgspec.msgpack.decode(html_worker.answer(msgspec.msgpack.encode(asked)))
        assert "found" in told, told


@pytest.mark.parametrize("written", ["&#8;", "&#x0;", "&#x00B;", "&#31", "&#xFFFE;", "&#1a", "&#xd;&#9;&#10;&#320;&#x1ff;"])
def test_control_characters_written_as_references_do_not_keep_a_page_from_being_read(written: str) -> None:
    item, _ = html.read(f"<body><script></script>{written}<article><p>Die Fähre {written}liegt fest.</p></article>".encode())
    assert "Die Fähre" in item.body and "liegt fest." in item.body
    assert not set(map(chr, range(32))) & set(item.body) - set("\t\n\r")


def test_the_score_is_that_of_the_benchmark() -> None:
    truth = {"a": "eins zwei drei vier fünf", "b": "eins zwei"}
    assert score(truth, truth) == 1.0
    assert score(truth, {"a": "", "b": ""}) == 0.0
    assert score(truth, {"a": "eins zwei drei vier", "b": "eins zwei"}) == pytest.approx(2 * 1 * 0.75 / 1.75)


def test_the_text_of_real_pages_is_found() -> None:
    figures = measure_extraction(shared("extraction").parent, rounds=1)
    assert figures is not None and figures["ours_f1"] >= 0.955 and figures["ours_f1"] >= figures["trafilatura_fast_f1"]
