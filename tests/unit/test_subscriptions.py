"""Subscription lists: OPML in and out, what is passed over and why, and the configuration file that keeps its comments."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.errors import BadConfiguration
from pipeline.sections import SourceSettings
from pipeline.settings import load
from pipeline.subscriptions import amending, opml
from pipeline.subscriptions.planning import entry_for, exported, planned
from tests.local_servers import serving
from tests.wire_samples import CAP

CONFIG = """# our desk
sources:
  - id: alt   # the first one
    connector: rss
    options: {url: "https://alt.example/feed"}
"""
OPML = """<?xml version="1.0"?><opml version="1.0"><head><title>x</title></head><body>
<outline text="Politik"><outline type="rss" text="Grüne Woche &amp; mehr" xmlUrl="https://a.example/feed" language="de"/>
<outline text="Innen"><outline title="Grüne Woche &amp; mehr" XMLURL="https://b.example/feed"/></outline></outline>
<outline type="rss" text="schon da" xmlUrl="http://www.alt.example/feed/"/><outline type="rss" text="doppelt" xmlUrl="https://A.example/feed/"/>
<outline type="rss" text="innen" xmlUrl="http://10.0.0.5/feed"/><outline type="rss" text="Datei" xmlUrl="file:///etc/passwd"/>
<outline type="rss" text="mit Passwort" xmlUrl="https://u:geheim@c.example/feed"/><outline type="rss" text="ohne Adresse"/></body></opml>"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "lagebild.yaml"
    (tmp_path / "rules").mkdir()
    path.write_text(CONFIG, encoding="utf-8")
    return path


def run(*words: str, code: int = 0) -> str:
    told = CliRunner().invoke(app, list(words))
    assert told.exit_code == code, told.output
    return told.output


def source(**said: Any) -> SourceSettings:
    return SourceSettings.model_validate({"id": "s1", "connector": "rss", "options": {"url": "https://s.example/feed"}, **said})


def test_import_adds_what_is_new_and_says_why_the_rest_is_not(config: Path, tmp_path: Path) -> None:
    (tmp_path / "list.opml").write_text(OPML, encoding="utf-8")
    before = config.read_text()
    dry = run("feeds", "import", str(tmp_path / "list.opml"), "--dry-run", "-c", str(config), code=1)
    assert config.read_text() == before and "2 sources would be added" in dry and "1 outlines of feeds have no xmlUrl" in dry
    told = json.loads(run("feeds", "import", str(tmp_path / "list.opml"), "--json", "-c", str(config), code=1))
    assert [each["id"] for each in told["added"]] == ["gruene-woche-mehr", "gruene-woche-mehr-2"]
    why = {each["title"]: each["why"] for each in told["skipped"]}
    assert "the source alt has this address" in why["schon da"] and "gruene-woche-mehr has this" in why["doppelt"]
    assert "inside a network" in why["innen"] and "no http" in why["Datei"] and "password" in why["mit Passwort"]
    assert "geheim" not in json.dumps(told)
    assert "# our desk" in config.read_text() and "# the first one" in config.read_text()
    loaded = load(config).sources
    assert [each.id for each in loaded] == ["alt", "gruene-woche-mehr", "gruene-woche-mehr-2"] and loaded[1].language == "de"
    again = json.loads(run("feeds", "import", str(tmp_path / "list.opml"), "--json", "-c", str(config), code=1))
    assert again["added"] == [] and len(again["skipped"]) == 7


def test_what_is_exported_is_imported_as_it_was(config: Path, tmp_path: Path) -> None:
    amending.add_sources(
        config,
        [
            {"id": "voll", "connector": "rss", "name": "Volle & Co", "country": "DE", "language": "de", "owner": "Haus", "every_seconds": 90.0, "paused": True, "tier": 2, "options": {"url": "http://10.1.1.1/f?a=1&b=2", "allow_private": ["10.0.0.0/8"], "max_items": 7}},
            {"id": "karte", "connector": "sitemap", "name": "Karte", "options": {"url": "https://k.example/news.xml"}},
            {"id": "mit-schluessel", "connector": "rss", "options": {"url": "https://m.example/f", "headers": {"Authorization": "geheim"}}},
            {"id": "ordner", "connector": "directory", "options": {"path": "in"}},
        ],
    )  # fmt: skip
    told = run("feeds", "export", str(tmp_path / "out.opml"), "-c", str(config))
    assert (
        "ordner: the connector directory reads no address" in told and "without its headers" in told and "4 sources were exported" in told
    )
    document = (tmp_path / "out.opml").read_bytes()
    assert b"geheim" not in document
    config.write_text("sources: []\n")
    mistrusted = json.loads(run("feeds", "import", str(tmp_path / "out.opml"), "--dry-run", "--json", "-c", str(config)))
    assert [each["why"].partition(":")[0] for each in mistrusted["skipped"]] == [
        "it sets what a list from elsewhere may not (allow_private)"
    ]
    run("feeds", "import", str(tmp_path / "out.opml"), "--trusted", "-c", str(config))
    assert [each.id for each in load(config).sources] == ["alt", "voll", "karte", "mit-schluessel"]
    outlines, _ = exported(load(config).sources)
    assert opml.written("Lagebild", outlines) == document


@pytest.mark.parametrize(
    ("query", "kept", "left"),
    [
        ("key=abc&rubrik=politik", "rubrik=politik", ["key"]),
        ("api_key=1&access_token=2&sig=3&page=1", "page=1", ["api_key", "access_token", "sig"]),
        ("feed=9f8a7b6c5d4e3f2a1b0c9d8e7f", "", ["feed"]),
        ("keyword=raketen&author=muster&sort=date&design=2", "keyword=raketen&author=muster&sort=date&design=2", []),
        ("token=", "token=", []),
    ],
)
def test_keys_in_addresses_stay_at_home_unless_they_are_asked_for(query: str, kept: str, left: list[str]) -> None:
    made = source(options={"url": f"https://s.example/feed?{query}"})
    (outline,), told = exported([made])
    assert outline.url == f"https://s.example/feed{'?' + kept if kept else ''}"
    assert [each for each in left if f"?{each}=" not in (told[0].why if told else "")] == []
    ((whole,), _) = exported([made], with_secrets=True)
    assert whole.url == f"https://s.example/feed?{query}"


def test_export_says_what_an_import_will_only_take_from_a_trusted_list_and_import_says_how_much_it_left(
    config: Path, tmp_path: Path
) -> None:
    amending.add_sources(
        config,
        [
            {
                "id": "innen",
                "connector": "rss",
                "options": {"url": "http://10.0.0.5/f", "allow_private": ["10.0.0.5"], "headers": {"X": "geheim"}},
            }
        ],
    )
    out = tmp_path / "out.opml"
    assert "innen: exported; `feeds import` takes it only with --trusted, for its allow_private" in run(
        "feeds", "export", str(out), "-c", str(config)
    )
    run("feeds", "export", str(out), "--with-secrets", "-c", str(config))
    assert b"geheim" in out.read_bytes()
    config.write_text("sources: []\n")
    for words in (("--dry-run",), ()):
        told = run("feeds", "import", str(out), *words, "-c", str(config))
        assert "1 of 2 feeds" in told and "allow_private" in told and "--trusted" in told


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"options": {"headers": {"Authorization": "x"}}}, "headers"),
        ({"options": {"allow_private": ["0.0.0.0/0"]}}, "allow_private"),
        ({"owner": "${env:KIBANA_API_KEY}"}, "a secret"),
        ({"connector": "directory"}, "connector"),
        ({"backfill_alerts": True}, "backfill_alerts"),
    ],
)
def test_a_list_from_elsewhere_opens_nothing_and_gets_no_secret(settings: dict[str, Any], named: str) -> None:
    outline = opml.Outline(url="https://a.example/feed", title="A", settings=settings)
    plan = planned([outline], [])
    assert plan.added == () and named in plan.skipped[0].why and "--trusted" in plan.skipped[0].why


settings_of_sources = st.fixed_dictionaries(
    {"name": st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30).map(lambda text: " ".join(text.split()))},
    optional={
        "country": st.sampled_from(["DE", "AT"]),
        "tier": st.integers(0, 9),
        "every_seconds": st.floats(1, 9_000),
        "language": st.just("de"),
    },
)


@given(settings_of_sources, st.lists(st.text(max_size=8), max_size=3))
def test_any_source_survives_export_and_import(said: dict[str, Any], words: list[str]) -> None:
    made = source(**said, options={"url": "https://s.example/feed", "contact": "".join(words).encode("utf-8", "replace").decode()})
    outlines, _ = exported([made])
    try:
        document = opml.written("x", outlines)
    except ValueError:
        return  # XML has no place for control characters, and options are JSON, which escapes them
    (back,) = opml.read(document).outlines
    assert SourceSettings.model_validate(entry_for(back, ())).model_dump() == made.model_dump()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (b"", "no XML"),
        (b"<html/>", "not <opml>"),
        (b'<!DOCTYPE opml [<!ENTITY a "b">]><opml/>', "entities"),
        (b"<opml>" + b" " * opml.MAX_BYTES, "split it"),
    ],
)
def test_what_is_no_list_is_refused_in_words(document: bytes, words: str) -> None:
    with pytest.raises(opml.NotOpml, match=words):
        opml.read(document)


def test_a_damaged_list_gives_what_it_has_and_says_so() -> None:
    found = opml.read(b'<opml><body><outline text="A & B" xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/></bod')
    assert [each.url for each in found.outlines] == ["https://a.example/", "https://b.example/"] and "damaged (line 1" in found.notes[0]


@given(st.binary(max_size=200), st.integers(0, 900))
def test_any_list_has_an_answer(noise: bytes, at: int) -> None:
    whole = OPML.encode()
    try:
        found = opml.read(whole[:at] + noise + whole[at:])
    except opml.NotOpml as error:
        assert str(error)
    else:
        assert planned(found.outlines, [])


def test_a_change_that_would_not_load_leaves_the_file_as_it_was(config: Path) -> None:
    with pytest.raises(BadConfiguration):
        amending.add_sources(config, [{"id": "alt", "connector": "rss", "options": {"url": "https://b.example/"}}])
    assert config.read_text() == CONFIG and [each.name for each in config.parent.iterdir() if each.is_file()] == ["lagebild.yaml"]


def test_pause_and_resume(config: Path) -> None:
    assert "paused from now on" in run("feeds", "pause", "alt", "-c", str(config)) and load(config).sources[0].paused
    assert "already" in run("feeds", "pause", "alt", "-c", str(config))
    run("feeds", "pause", "alt", "--resume", "-c", str(config))
    assert not load(config).sources[0].paused and "# the first one" in config.read_text()
    assert "no source 'neu'" in run("feeds", "pause", "neu", "-c", str(config), code=2)


FEED = """<rss version="2.0"><channel><title>Beispielblatt</title><language>de</language>
<item><title>Raketentest am Montag</title><guid>1</guid><pubDate>Mon, 16 Nov 2026 10:00:00 +0100</pubDate><description>Ein langer Text über die See und den Test.</description></item>
<item><title>Wetter</title><guid>2</guid><description>Regen</description></item><item><title>Wetter!</title><guid>2</guid><description>Regen</description></item></channel></rss>"""
RULE = """schema: news-alerts/v1
kind: rule
id: rakete
title: R
match: {any: [Raketentest]}
"""


def answer(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
    if path == "/feed":
        return (304, {}, b"") if headers.get("If-None-Match") == '"1"' else (200, {"ETag": '"1"'}, FEED.encode())
    if path == "/two":
        return (
            200,
            {},
            b'<html><link rel="alternate" type="application/rss+xml" href="/a"><link rel="alternate" type="application/rss+xml" href="/b">',
        )
    return 200, {}, b'<html><head><link rel="alternate" type="application/rss+xml" title="Alles" href="/feed"></head></html>'


def test_a_feed_is_tried_with_its_dates_languages_repeats_and_rules(config: Path) -> None:
    (config.parent / "rules" / "rakete.yaml").write_text(RULE)
    before = config.read_text()
    with serving(answer) as (url, _):
        words = ("feeds", "test", f"{url}/feed", "--allow-private", "127.0.0.1", "-c", str(config))
        found, shown = json.loads(run(*words, "--json")), run(*words)
    assert (found["about"]["status"], found["about"]["etag"], found["second_look"]["status"]) == (200, '"1"', 304)
    assert found["repeats"] == 1 and [each.get("rules") for each in found["articles"] if each.get("rules")] == [["rakete"]]
    assert "304: the server knows what we have" in shown and "Of 3 articles, 1 matches a rule" in shown and "2026-11-16 09:00 UTC" in shown
    assert config.read_text() == before


def test_the_articles_of_a_list_page_are_one_look_and_those_whose_text_changes_are_told(config: Path) -> None:
    served = itertools.count()

    def page(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if path == "/list":
            return (
                200,
                {},
                b"<ul class=n>" + b"".join(b'<li><a href="/artikel/%d">Nummer %d</a>' % (each, each) for each in range(3)) + b"</ul>",
            )
        return (404, {}, b"") if path == "/robots.txt" else (200, {"Content-Type": "text/html"}, f"<title>{path}</title><p>Text.".encode())

    def changing(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return 200, {}, FEED.replace("<item>", f"<item><description>{next(served)}</description>").encode()

    with serving(page) as (url, _):
        options = json.dumps({"url": f"{url}/list", "select": ".n", "delay_seconds": 0.01, "allow_private": ["127.0.0.1"]})
        config.write_text(f"sources: [{{id: liste, connector: web, options: {options}}}]\n")
        found = json.loads(run("feeds", "test", "liste", "--json", "-c", str(config)))
    assert len(found["articles"]) == 3 and found["second_look"]["articles"] == found["second_look"]["again"] == 0
    with serving(changing) as (url, _):
        assert "again: their texts or dates change" in run("feeds", "test", f"{url}/f", "--allow-private", "127.0.0.1", "-c", str(config))
    with serving(lambda _path, _headers: (304, {}, b"")) as (url, _):
        assert "answers 304" in run("feeds", "test", f"{url}/f", "--allow-private", "127.0.0.1", "-c", str(config), code=1)


def test_what_is_named_wrongly_is_a_mistake_of_usage(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAGEBILD_TEST_TOKEN", "x" * 40)
    config.write_text("sources: [{id: hinein, connector: push, options: {port: 1, tokens: ['${env:LAGEBILD_TEST_TOKEN}']}}]\n")
    address = "http://127.0.0.1:1/f"
    for words, told in (
        ((address, "--rules", "/nirgends"), "--rules: there is no folder '/nirgends'"),
        ((address, "--connector", "quatsch"), "no connector 'quatsch'. Known are: cap, directory"),
        ((address, "--allow-private", "kein ort"), "--allow-private: 'kein ort' is no host"),
        (("hinaus",), "no source 'hinaus'"),
        (("hinein",), "POST an article to http://127.0.0.1:1/v1/sources/hinein/articles"),
    ):
        assert told in run("feeds", "test", *words, "-c", str(config), code=2)
    assert "add --allow-private 127.0.0.1" in run("feeds", "test", address, "-c", str(config), code=1)


def test_a_folder_is_tried_with_the_marks_of_each_article(config: Path) -> None:
    folder = config.parent / "in"
    folder.mkdir()
    (config.parent / "rules" / "rakete.yaml").write_text(RULE)
    many = [{"guid": "held", "title": "Gesperrt", "body": "Raketentest", "embargoed": "2126-01-01T00:00:00Z"}]
    many += [{"guid": "gone", "title": "Weg", "body": "Text", "pubstatus": "canceled"}]
    many += [{"guid": "kept", "title": "Zurück", "body": "Text", "pubstatus": "withheld"}]
    (folder / "a.ndjson").write_text("\n".join(map(json.dumps, many)))
    (folder / "b.xml").write_text(CAP)
    config.write_text("sources: [{id: inbox, connector: directory, options: {path: in, settle_seconds: 0}}]\n")
    found = json.loads(run("feeds", "test", "inbox", "--json", "-c", str(config)))
    marks = {each["title"]: each["marks"] for each in found["articles"]}
    assert marks["Gesperrt"] == ["embargo until 2126-01-01 00:00 UTC"]
    rings = {each["title"]: each["rules"] for each in found["articles"]}
    assert rings["Gesperrt"] == [] and rings["Raketentest über dem Ostmeer"] == ["rakete"]
    assert (marks["Weg"], marks["Zurück"]) == (["withdrawn"], ["held until a later version"])
    assert marks["Raketentest über dem Ostmeer"] == ["urgency immediate", "severity severe", "certainty observed"]


def test_a_source_of_which_nothing_can_be_read_is_a_finding(config: Path) -> None:
    (config.parent / "in").mkdir()
    (config.parent / "in" / "a.json").write_text("{")
    config.write_text("sources: [{id: inbox, connector: directory, options: {path: in, settle_seconds: 0}}]\n")
    assert "unreadable: a.json" in run("feeds", "test", "inbox", "-c", str(config), code=1)
    assert json.loads(run("feeds", "test", "inbox", "--json", "-c", str(config), code=1))["unreadable"]


def test_the_pages_of_an_interface_are_one_look_within_a_limit_and_an_address_stands_once_in_a_message(config: Path) -> None:
    last = 99

    def pages(path: str, headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        number = int(path.rpartition("=")[2])
        found = [{"id": f"{number}{each}", "title": f"T{number}{each}", "body": "x"} for each in ("ab" if number <= last else "")]
        return (200, {}, json.dumps(found).encode())

    with serving(pages) as (url, _):
        options = json.dumps({"url": f"{url}/v1", "page_parameter": "page", "allow_private": ["127.0.0.1"]})
        config.write_text(f"sources: [{{id: api, connector: http_json, options: {options}}}]\n")
        endless = json.loads(run("feeds", "test", "api", "--json", "-c", str(config)))
        last = 3
        ended = run("feeds", "test", "api", "-c", str(config))
    assert len(endless["articles"]) == 20 and endless["second_look"] == {
        "status": None,
        "unchanged": False,
        "next_part": False,
        "articles": 0,
        "again": 0,
    }
    assert "6 articles" in ended and "nothing new" in ended and "texts or dates change" not in ended
    with serving(lambda _path, _headers: (404, {}, b"")) as (url, _):
        told = run("feeds", "test", f"{url}/feed", "--allow-private", "127.0.0.1", "-c", str(config), code=1)
    assert told.count(f"{url}/feed") == 1


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("nonsense",), "'nonsense' is no http or https address"),
        (("http://127.0.0.1:1/f", "--id", "Böse ID!"), "--id: it must be 2 to 64 small letters"),
        (("http://127.0.0.1:1/f", "--country", "Deutschland"), "--country: it must be two capital letters"),
        (("http://127.0.0.1:1/f", "--every", "-5"), "--every: "),
        (("http://127.0.0.1:1/f", "--every", "0"), "--every: "),
        (("http://127.0.0.1:1/f", "--allow-private", "a/b"), "--allow-private: "),
    ],
)
def test_what_cannot_be_added_is_told_before_anything_is_fetched(config: Path, words: tuple[str, ...], told: str) -> None:
    assert told in run("feeds", "add", *words, "-c", str(config), code=2)


def test_an_address_inside_is_told_with_its_option_and_an_import_in_vain_is_a_finding(config: Path, tmp_path: Path) -> None:
    assert "add --allow-private 127.0.0.1" in run("feeds", "add", "http://127.0.0.1:1/f", "-c", str(config), code=1)
    feed = '<opml version="2.0"><body><outline type="rss" text="{0}" xmlUrl="{1}"/></body></opml>'
    for text, url, code in (("innen", "http://10.0.0.5/f", 1), ("da", "https://alt.example/feed", 0), ("neu", "https://neu.example/f", 0)):
        (tmp_path / "list.opml").write_text(feed.format(text, url))
        told = run("feeds", "import", str(tmp_path / "list.opml"), "-c", str(config), code=code)
    assert "1 source was added" in told


def test_a_feed_is_added_by_its_page_once(config: Path) -> None:
    with serving(answer) as (url, _):
        words = ("feeds", "add", f"{url}/start", "--allow-private", "127.0.0.1", "--country", "DE", "-c", str(config))
        assert "The page names one feed" in run(*words)
        assert "has this address already" in run(*words, code=1)
        assert "names 2 feeds" in run("feeds", "add", f"{url}/two", "--allow-private", "127.0.0.1", "-c", str(config), code=1)
    added = load(config).sources[1]
    assert (added.id, added.name, added.country, added.language) == ("beispielblatt", "Beispielblatt", "DE", "de")
    assert added.options == {"url": f"{url}/feed", "allow_private": ["127.0.0.1"]}
