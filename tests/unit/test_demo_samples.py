"""The samples of the demonstration are complete, measured, served as declared, and their ledger adds up."""

from __future__ import annotations

import difflib
import http.client
import itertools
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import feedparser
import pytest
from ruamel.yaml import YAML

from pipeline import plugins
from pipeline.article import Article
from pipeline.demo.declarations import SAMPLES, BadSample, Sample, Samples, load
from pipeline.demo.feeds import SampleFeeds, sources
from pipeline.demo.ledger import as_yaml, ledger
from pipeline.plugins import Context, Unreadable
from pipeline.rules.load import load_folder

START = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LOADED = load()
BY_SLUG = {sample.slug: sample for sample in LOADED.articles}


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def shingles(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[at : at + 3]) for at in range(len(found) - 2)}


def jaccard(one: str, other: str) -> float:
    a, b = shingles(one), shingles(other)
    return len(a & b) / len(a | b)


def last_text(slug: str) -> str:
    return BY_SLUG[slug].states[-1].text


def exchanged_share(original: str, edited: str) -> float:
    """Words of the edited text that were exchanged or added, as a share of it; what was only dropped does not count."""
    a, b = words(original), words(edited)
    codes = difflib.SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    return sum(max(j2 - j1, i2 - i1 if tag == "replace" else 0) for tag, i1, i2, j1, j2 in codes if tag in ("replace", "insert")) / len(b)


def numbers(text: str) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", text))


def folded(text: str) -> list[str]:
    plain = unicodedata.normalize("NFC", text.replace("\u00ad", "")).casefold()
    for letter, pair in (("ä", "ae"), ("ö", "oe"), ("ü", "ue")):
        plain = plain.replace(letter, pair)
    return re.findall(r"\w+(?:-\w+)*", plain)


def says(tokens: list[str], term: str) -> bool:
    wanted = folded(term)
    return any(tokens[at : at + len(wanted)] == wanted for at in range(len(tokens) - len(wanted) + 1))


def rules() -> dict[str, dict[str, Any]]:
    yaml = YAML(typ="safe")
    return {path.stem: yaml.load(path.read_text(encoding="utf-8")) for path in sorted((SAMPLES / "rules").glob("*.yaml"))}


# The inflected forms of the rules' terms that the samples may hold, written down by hand.
FORMS = {
    "Raketentest": "Raketentests Raketentestes Raketenteste Raketentesten",
    "Evakuierung": "Evakuierungen",
    "evakuieren": "evakuiert evakuierte evakuierten",
    "Bombenentschärfung": "Bombenentschärfungen",
    "Blindgänger": "Blindgängers Blindgängern",
    "Erdbeben": "Erdbebens",
    "Hafenstreik": "Hafenstreiks",
    "Stromausfall": "Stromausfalls Stromausfälle Stromausfällen",
    "Übung": "Übungen",
    "missile test": "missile-tests",
}


def matching(text: str) -> set[str]:
    """The rules that match `text`, found independently of the pipeline: exact folded tokens of hand-written forms."""
    tokens = folded(text)

    def holds(terms: list[str]) -> bool:
        return any(says(tokens, each.replace("-", " ")) for term in terms for each in (term, *FORMS.get(term, "").split()))

    return {name for name, rule in rules().items() if holds(rule["match"]["any"]) and not holds(rule["match"].get("none", []))}


@pytest.fixture
def complete() -> Iterator[SampleFeeds]:
    """The stepwise feeds with everything served, without a request to the network."""
    feeds = SampleFeeds(SAMPLES, START, stepwise=True)
    feeds.advance(feeds.steps - 1)
    yield feeds
    feeds.stop()


def body_of(feeds: SampleFeeds, name: str) -> bytes:
    document = feeds.document(f"/feeds/{name}.{feeds.samples.feeds[name].format}")
    assert document is not None
    return document.body


def entries(feeds: SampleFeeds, name: str) -> list[Any]:
    found: list[Any] = feedparser.parse(body_of(feeds, name)).entries
    return found


def delivered(samples: Samples, feed: str) -> list[Sample]:
    return [sample for sample in samples.articles if any(each.feed == feed for each in sample.deliveries)]


def good_feeds() -> list[str]:
    return [
        feed.name
        for feed in LOADED.feeds.values()
        if feed.format != "folder" and not feed.malformed and feed.declared_encoding.lower() == feed.encoding
    ]


# the articles


def test_there_are_enough_articles_in_five_languages_and_most_are_german() -> None:
    languages = [sample.language for sample in LOADED.articles]
    assert len(languages) >= 44
    assert {"de", "en", "fr", "es", "uk"} <= set(languages)
    assert languages.count("de") > len(languages) / 2
    assert len(delivered(LOADED, "agenturordner")) >= 5


def test_every_article_but_the_empty_one_is_of_a_realistic_length() -> None:
    odd = {s.slug: n for s in LOADED.articles if not 80 <= (n := len(words(s.states[-1].summary + " " + s.states[-1].body))) <= 250}
    assert odd == {"leerer-eintrag": 0}


def test_texts_that_are_not_declared_as_one_story_share_nearly_nothing() -> None:
    for one, other in itertools.combinations([s for s in LOADED.articles if s.states[0].text], 2):
        if not one.story or one.story != other.story:
            assert jaccard(last_text(one.slug), last_text(other.slug)) < 0.05, (one.slug, other.slug)


@pytest.mark.parametrize("slug", [s.slug for s in LOADED.articles if s.copy_of])
def test_a_copy_changes_only_the_frame(slug: str) -> None:
    copy, original = BY_SLUG[slug], BY_SLUG[BY_SLUG[slug].copy_of]
    sites = {LOADED.feeds[each.deliveries[0].feed].site for each in (copy, original)}
    assert len(sites) == 2
    assert 0.85 < jaccard(copy.states[0].text, original.states[0].text) < 1.0
    assert numbers(copy.states[0].text) == numbers(original.states[0].text)


def test_the_first_missile_test_has_two_copies_and_one_reprint_at_other_publishers() -> None:
    members = [s for s in LOADED.articles if s.story == "raketentest"]
    assert sorted(s.slug for s in members if s.copy_of) == ["raketentest-sinpo-alpenkurier", "raketentest-sinpo-morgenblatt"]
    assert [s.slug for s in members if s.reprint_of] == ["raketentest-sinpo-kuestenpost"]


def test_the_edited_reprint_exchanges_about_eight_percent_drops_sentences_and_brings_no_new_fact() -> None:
    original, edited = (BY_SLUG[slug].states[0] for slug in ("raketentest-sinpo", "raketentest-sinpo-kuestenpost"))
    assert exchanged_share(original.body, edited.body) == pytest.approx(0.08, abs=0.02)
    assert original.body.count(". ") - edited.body.count(". ") >= 2
    assert numbers(edited.text) == numbers(original.text)
    names = set(re.findall(r"\b(?:Sinpo|Seoul|Tokio|Pjöngjang|Nordkorea|Sunan|Sapporo)\b", edited.text))
    assert names <= set(words_as_written(original.text))
    assert jaccard(original.text, edited.text) >= 0.62


def words_as_written(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_the_second_missile_test_shares_sixty_percent_and_comes_eight_hours_later_from_elsewhere() -> None:
    first, second = BY_SLUG["raketentest-sinpo"], BY_SLUG["raketentest-sunan"]
    assert jaccard(first.states[0].text, second.states[0].text) == pytest.approx(0.60, abs=0.08)
    assert second.new_facts
    lead, earlier = second.states[0].body.split("\n\n")[0], first.states[0].text
    assert "Sunan" in lead and "Sunan" not in earlier
    assert {"14.09", "410"} <= numbers(lead) - numbers(earlier)
    feeds = SampleFeeds(SAMPLES, START)
    feeds.stop()
    earlier_at, later_at = feeds.published_at(first), feeds.published_at(second)
    assert earlier_at and later_at and later_at - earlier_at == timedelta(hours=8)
    assert later_at < START


def test_the_keyword_arrives_in_a_late_state_of_the_live_blog_and_is_added_once() -> None:
    blog = BY_SLUG["liveblog-ostasien"]
    assert len(blog.states) >= 5
    assert [state.revision for state in blog.states if "Raketentest" in state.body] == [4, 5]
    assert [state.revision for state in blog.states if state.alerts] == [4]
    assert blog.states[5].body.count("Raketentest") == 1
    assert [state.step for state in blog.states] == list(range(6))


def test_a_teaser_and_a_full_text_come_from_two_feeds_of_one_publisher() -> None:
    article = BY_SLUG["kaiausbau-cuxhaven"]
    assert [(each.form, LOADED.feeds[each.feed].site) for each in article.deliveries] == [
        ("teaser", "nordlicht-nachrichten.localhost"),
        ("full", "nordlicht-nachrichten.localhost"),
    ]


def test_exact_repeats_come_from_another_feed_of_the_same_publisher(complete: SampleFeeds) -> None:
    repeats = [s for s in LOADED.articles if [each.form for each in s.deliveries] == ["full", "full"]]
    assert len(repeats) >= 2
    for sample in repeats:
        found = [e for each in sample.deliveries for e in entries(complete, each.feed) if e.id == sample.guid]
        assert len(found) == 2
        assert (found[0].link, found[0].title, found[0].content) == (found[1].link, found[1].title, found[1].content)


# the rules


def test_the_rules_that_are_declared_for_an_article_are_those_whose_words_it_holds() -> None:
    for sample in LOADED.articles:
        seen: set[str] = set()
        for state in sample.states:
            found = matching(state.text)
            assert found - seen == set(state.alerts), (sample.slug, state.revision)
            seen |= found


def test_near_misses_stand_in_the_text_and_match_nothing() -> None:
    near = [sample for sample in LOADED.articles if sample.near_misses]
    assert {"Protest gegen Raketen", "Raketentester", "Stromausfall"} <= {miss for sample in near for miss in sample.near_misses}
    for sample in near:
        assert all(miss in sample.states[0].text for miss in sample.near_misses), sample.slug
        assert matching(sample.states[0].text) == set()


def test_every_rule_passes_its_own_tests_and_matches_some_article() -> None:
    loaded = rules()
    assert 4 <= len(loaded) <= 6
    assert load_folder(SAMPLES / "rules").problems == (), "a rule that fails its own tests is a problem"
    for name, rule in loaded.items():
        assert rule["id"] == name and rule["schema"] == "news-alerts/v1" and rule["notify"]["route"] == ["console"]
        assert any(test["match"] for test in rule["tests"]) and not all(test["match"] for test in rule["tests"])
        assert all(term in rule["match"]["any"] for test in rule["tests"] for term in test.get("terms", []))
        assert any(name in state.alerts for sample in LOADED.articles for state in sample.states)


# the feeds


@pytest.mark.parametrize("name", good_feeds())
def test_a_good_feed_is_read_to_the_declared_items(name: str, complete: SampleFeeds) -> None:
    parsed = feedparser.parse(body_of(complete, name))
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.feed.title == LOADED.feeds[name].title
    declared = delivered(LOADED, name)
    assert sorted(entry.get("id", "") for entry in parsed.entries) == sorted(sample.guid for sample in declared)
    assert sorted(entry.link.rpartition("/")[2] for entry in parsed.entries) == sorted(sample.slug for sample in declared)
    for entry in parsed.entries:
        sample = BY_SLUG[entry.link.rpartition("/")[2]]
        if not sample.hostile and not sample.rejected:
            state, form = sample.states[-1], next(each.form for each in sample.deliveries if each.feed == name)
            assert entry.title == state.title
            text = re.sub(r"<[^>]+>", " ", " ".join([entry.get("summary", ""), *(each.value for each in entry.get("content", []))]))
            wanted = state.summary if form == "teaser" else f"{state.summary} {state.body}"
            assert set(words(unescape(text))) == set(words(wanted))


def test_the_malformed_feed_breaks_after_its_good_items(complete: SampleFeeds) -> None:
    body = body_of(complete, "ruhrbote")
    with pytest.raises(ElementTree.ParseError):
        ElementTree.fromstring(body)
    parsed = feedparser.parse(body)
    assert parsed.bozo
    assert sorted(entry.id for entry in parsed.entries) == sorted(sample.guid for sample in delivered(LOADED, "ruhrbote"))
    assert len(parsed.entries) >= 3


def test_one_feed_says_latin_1_and_is_utf_8(complete: SampleFeeds) -> None:
    body = body_of(complete, "seeblick")
    assert b'encoding="ISO-8859-1"' in body and "Büelacher" in body.decode("utf-8")
    assert "BÃ¼elacher" in "".join(ElementTree.fromstring(body).itertext())


def test_one_feed_says_utf_8_and_is_windows_1252(complete: SampleFeeds) -> None:
    body = body_of(complete, "weserfunk")
    assert b'encoding="UTF-8"' in body and "„Wir kaufen" in body.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        body.decode("utf-8")


def test_one_date_lies_in_the_future_one_is_unreadable_and_one_is_missing(complete: SampleFeeds) -> None:
    future = complete.published_at(BY_SLUG["kulturnacht-lueneburg"])
    assert future and future > START + timedelta(hours=1)
    found = {e.id: e for name in ("kuestenpost", "alpenkurier") for e in entries(complete, name) if "id" in e}
    unreadable = found[BY_SLUG["deichschafe-buesum"].guid]
    assert unreadable.published == "kurz nach dem Elfuhrläuten" and unreadable.published_parsed is None
    assert "published" not in found[BY_SLUG["pilzberatung-graz"].guid]


def test_no_other_date_lies_in_the_future() -> None:
    for stepwise in (True, False):
        feeds = SampleFeeds(SAMPLES, START, stepwise=stepwise)
        feeds.stop()
        end = START if stepwise else START + timedelta(seconds=feeds.samples.lasts_seconds)
        late = [s.slug for s in LOADED.articles if (at := feeds.published_at(s)) and at > end]
        assert late == ["kulturnacht-lueneburg"]


def test_one_item_is_empty(complete: SampleFeeds) -> None:
    (empty,) = [e for e in entries(complete, "alpenkurier") if e.get("id") == BY_SLUG["leerer-eintrag"].guid]
    assert not empty.title and not empty.summary
    assert ledger(LOADED).rejected == {"leerer-eintrag": "empty"}


def test_two_articles_of_one_feed_share_a_guid_but_no_text(complete: SampleFeeds) -> None:
    same = [e for e in entries(complete, "morgenblatt-lokal") if e.id == "lokal-0"]
    assert len({e.link for e in same}) == len({e.title for e in same}) == len(same) == 2
    assert ledger(LOADED).sharing_a_guid == (("doppelte-kennung-chor", "doppelte-kennung-markt"),)


def test_hostile_headlines_reach_the_reader_unchanged_and_the_page_escaped(complete: SampleFeeds) -> None:
    titles = {sample.slug: sample.states[0].title for sample in LOADED.articles if sample.hostile}
    joined = "\n".join(titles.values())
    assert "<script>alert(1)</script>" in joined and '"><img src=x onerror=' in joined and "\u202e" in joined
    assert max(len(word) for word in joined.split()) >= 300
    (atom,) = [e for e in entries(complete, "morgenblatt-lokal") if e.id == BY_SLUG["leserbrief-script"].guid]
    assert atom.title == titles["leserbrief-script"]
    assert "&lt;script&gt;" in body_of(complete, "morgenblatt-lokal").decode()
    for slug in titles:
        document = complete.document(f"/articles/{slug}")
        assert document and not re.search(rb"<(script|img|a) ", document.body) and b"<script" not in document.body


# the folder


def test_the_text_files_hold_nul_bytes_windows_1252_soft_hyphens_and_entities() -> None:
    folder = SAMPLES / "folder"
    nul = (folder / "nul-zeichen.txt").read_bytes()
    assert nul.count(b"\x00") >= 3 and nul.replace(b"\x00", b"").decode("utf-8")
    windows = (folder / "windows-zeichensatz.txt").read_bytes()
    assert "„Er hat" in windows.decode("cp1252")
    with pytest.raises(UnicodeDecodeError):
        windows.decode("utf-8")
    soft = (folder / "weiche-trennzeichen.txt").read_text(encoding="utf-8")
    assert "Strom\u00adausfall" in soft and "&amp;" in soft and "&shy;" in soft and "Stromausfall" not in soft
    assert {path.name for path in folder.iterdir()} == {sample.file for sample in LOADED.articles if sample.file}


def test_files_appear_step_by_step_and_equal_ones_are_not_written_again(tmp_path: Path) -> None:
    feeds = SampleFeeds(SAMPLES, START, stepwise=True)
    feeds.stop()
    assert "hafenstreik-agentur.txt" not in {path.name for path in feeds.write_due_files(tmp_path)}
    feeds.advance(1)
    assert [path.name for path in feeds.write_due_files(tmp_path)] == ["hafenstreik-agentur.txt"]
    assert feeds.write_due_files(tmp_path) == []
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (SAMPLES / "folder").iterdir()}


def test_a_date_line_gets_the_day_of_the_start_and_nothing_else_changes(tmp_path: Path) -> None:
    feeds = SampleFeeds(SAMPLES, datetime(2031, 2, 3, 4, 5, tzinfo=UTC), stepwise=True)
    feeds.stop()
    feeds.advance(feeds.steps - 1)
    for path in feeds.write_due_files(tmp_path):
        written, original = path.read_bytes().split(b"\n"), (SAMPLES / "folder" / path.name).read_bytes().split(b"\n")
        changed = [line for line, before in zip(written, original, strict=True) if line != before]
        assert changed == ([b"2031-02-03"] if path.name != "gletscher-island.txt" else [])


# time and steps


def test_items_appear_with_the_clock_at_the_given_speed() -> None:
    clock = [START]
    feeds = SampleFeeds(SAMPLES, START, speed=4, now=lambda: clock[0])
    feeds.stop()
    shown = []
    for seconds in (0, 5, 12, 24, 40):
        clock[0] = START + timedelta(seconds=seconds)
        shown.append({entry.id for entry in entries(feeds, "nordlicht")})
        due = {s.guid for s in delivered(LOADED, "nordlicht") for each in s.deliveries if each.feed == "nordlicht"}
        due &= {
            s.guid
            for s in LOADED.articles
            for each in s.deliveries
            if each.appears_after_seconds <= seconds * 4 and each.feed == "nordlicht"
        }
        assert shown[-1] == due
        assert feeds.finished() is (seconds * 4 >= LOADED.lasts_seconds)
    assert shown[0] == set() and all(one <= other for one, other in itertools.pairwise(shown)) and len(shown[-1]) >= 6


def test_each_step_brings_at_most_one_new_state_of_an_article_and_the_last_one_brings_all() -> None:
    feeds = SampleFeeds(SAMPLES, START, stepwise=True)
    feeds.stop()
    for sample in LOADED.articles:
        assert len({state.step for state in sample.states}) == len(sample.states)
        assert len({each.step for each in sample.deliveries}) == len(sample.deliveries)
    titles = []
    for step in range(feeds.steps):
        feeds.advance(step)
        assert feeds.finished() is (step == feeds.steps - 1)
        (blog,) = [e for e in entries(feeds, "morgenblatt") if e.id == BY_SLUG["liveblog-ostasien"].guid]
        titles.append((blog.title, len(words(blog.content[0].value))))
    assert len(set(titles)) == 6


def test_members_of_a_story_come_later_than_its_opener_in_steps_and_in_time() -> None:
    for members in ledger(LOADED).stories.values():
        opener, *later = (BY_SLUG[slug].deliveries[0] for slug in members)
        assert all(each.step > opener.step and each.appears_after_seconds > opener.appears_after_seconds for each in later)


@pytest.mark.parametrize("step", [-1, 99])
def test_a_step_that_does_not_exist_is_refused(step: int) -> None:
    feeds = SampleFeeds(SAMPLES, START, stepwise=True)
    feeds.stop()
    with pytest.raises(ValueError, match=str(step)):
        feeds.advance(step)


def test_a_second_start_changes_dates_and_nothing_else() -> None:
    bodies = []
    for start in (START, START + timedelta(days=3)):
        feeds = SampleFeeds(SAMPLES, start, stepwise=True)
        feeds.stop()
        feeds.advance(feeds.steps - 1)
        for name, feed in LOADED.feeds.items():
            if feed.format != "folder":
                text = body_of(feeds, name).decode(feed.encoding).replace(f":{feeds.port}/", ":0/")
                bodies.append((name, re.sub(r"<(pubDate|published|updated)>[^<]*<", "<date><", text)))
    half = len(bodies) // 2
    assert bodies[:half] == bodies[half:]


def test_an_article_without_a_guid_of_its_own_has_a_link_that_no_port_changes() -> None:
    shared = {slug for group in ledger(LOADED).sharing_a_guid for slug in group}
    nameless = [s for s in LOADED.articles if not s.file and (not s.guid or s.slug in shared)]
    assert len(nameless) == 3 and all(s.link.startswith("https://") for s in nameless)


# the server


def get(feeds: SampleFeeds, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", feeds.port, timeout=10)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_the_server_answers_with_validators_and_then_not_modified_until_something_appears() -> None:
    with SampleFeeds(SAMPLES, START, stepwise=True) as feeds:
        status, headers, body = get(feeds, "/feeds/morgenblatt.atom")
        assert status == 200 and body == body_of(feeds, "morgenblatt") and "atom" in headers["Content-Type"]
        assert get(feeds, "/feeds/morgenblatt.atom", If_None_Match=headers["ETag"])[0::2] == (304, b"")
        assert get(feeds, "/feeds/morgenblatt.atom", If_Modified_Since=headers["Last-Modified"])[0] == 304
        assert get(feeds, "/feeds/morgenblatt.atom", "HEAD")[0::2] == (200, b"")
        feeds.advance(1)
        assert get(feeds, "/feeds/morgenblatt.atom", If_None_Match=headers["ETag"])[0] == 200
        assert get(feeds, "/feeds/morgenblatt.atom", If_Modified_Since=headers["Last-Modified"])[0] == 200


@pytest.mark.parametrize(
    "path", ["/", "/feeds/", "/feeds/nordlicht.atom", "/feeds/agenturordner.folder", "/feeds/../feeds.toml", "/articles/x"]
)
def test_what_is_not_served_is_not_found(path: str) -> None:
    with SampleFeeds(SAMPLES, START, stepwise=True) as feeds:
        assert get(feeds, path)[0] == 404


def test_an_article_page_is_served_once_it_is_due() -> None:
    with SampleFeeds(SAMPLES, START, stepwise=True) as feeds:
        assert get(feeds, "/articles/raketentest-sunan")[0] == 404
        feeds.advance(feeds.steps - 1)
        status, headers, body = get(feeds, "/articles/raketentest-sunan")
        assert status == 200 and "14.09 Uhr" in body.decode() and "default-src 'none'" in headers["Content-Security-Policy"]


def test_a_wanted_port_that_is_taken_gives_another_one_and_stopping_twice_is_harmless() -> None:
    with SampleFeeds(SAMPLES, START) as first:
        second = SampleFeeds(SAMPLES, START, port=first.port)
        assert second.port != first.port
        second.stop()
        second.stop()


def test_sources_name_every_feed_once_with_the_options_of_its_connector(tmp_path: Path) -> None:
    found = sources("http://127.0.0.1:1", tmp_path)
    assert sorted(each["id"] for each in found) == sorted(LOADED.feeds)
    assert {"connector": "directory", "options": {"path": str(tmp_path)}}.items() <= found[-1].items()
    assert found[0]["options"]["url"] == "http://127.0.0.1:1/feeds/nordlicht.rss"
    assert found[0]["owner"] == found[1]["owner"] == "nordlicht-nachrichten"


def collected(start_at: datetime) -> tuple[list[Article], list[Unreadable]]:
    """What the real connector brings from all feeds in a whole stepwise run, step by step."""
    articles: list[Article] = []
    unreadable: list[Unreadable] = []
    module = plugins.load("connectors", "rss")
    with SampleFeeds(SAMPLES, start_at, stepwise=True) as feeds:
        declared = [each for each in sources(feeds.base_url, Path()) if each["connector"] == "rss"]
        contexts = [Context(name=each["id"], now=lambda: start_at) for each in declared]
        readers = [module.create(module.Options.model_validate(e["options"]), c) for e, c in zip(declared, contexts, strict=True)]
        cursors: list[dict[str, Any]] = [{} for _ in readers]
        for step in range(feeds.steps):
            feeds.advance(step)
            for at, reader in enumerate(readers):
                batch = reader.fetch(cursors[at])
                cursors[at] = dict(batch.cursor)
                articles += batch.articles
                unreadable += batch.unreadable
    return articles, unreadable


def test_the_connector_brings_what_the_ledger_says_and_the_same_again_after_a_second_start() -> None:
    totals = ledger(replace(LOADED, articles=tuple(s for s in LOADED.articles if not s.file))).totals
    articles, unreadable = collected(START)
    assert len(articles) == totals["passed_on"] + totals["repeats_at_least"]
    assert len({each.id for each in articles}) == totals["articles"]
    assert len({(each.id, each.title, each.summary, each.body) for each in articles}) == totals["passed_on"]
    assert sorted(each.reason for each in unreadable) == ["empty"] * totals["rejected"] + ["unreadable"] * totals["broken_feeds"]
    again, _ = collected(START + timedelta(days=2))
    assert {(each.id, each.title, each.body) for each in again} == {(each.id, each.title, each.body) for each in articles}


# the ledger


def test_the_printed_ledger_is_the_derived_one() -> None:
    assert (SAMPLES / "expected.yaml").read_text(encoding="utf-8") == as_yaml(ledger(LOADED))


def test_the_totals_of_the_ledger_are_consistent() -> None:
    expected = ledger(LOADED)
    totals = expected.totals
    assert totals["collected_at_least"] == totals["passed_on"] + totals["repeats_at_least"] + totals["rejected"]
    assert totals["passed_on"] == totals["articles"] + totals["later_revisions"]
    assert totals["matches"] == totals["notifications"] + totals["folded"] == len(expected.alerts)
    assert totals["articles"] == len(LOADED.articles) - totals["rejected"]
    assert set(expected.revisions) == set(expected.articles)
    assert expected.revisions["liveblog-ostasien"] == 6 and expected.revisions["kaiausbau-cuxhaven"] == 2
    assert totals["repeats_at_least"] == sum([each.form for each in s.deliveries] == ["full", "full"] for s in LOADED.articles)


def test_two_articles_with_one_guid_can_be_counted_as_one() -> None:
    apart, together = ledger(LOADED).totals, ledger(LOADED, one_article_per_guid=True).totals
    assert together["articles"] == apart["articles"] - 1
    assert together["passed_on"] == apart["passed_on"]


def test_the_first_test_and_the_second_ring_and_copies_and_reprint_do_not() -> None:
    rings = {(each.rule, each.article): each.rings for each in ledger(LOADED).alerts}
    assert {article: how for (rule, article), how in rings.items() if rule == "de-raketentest"} == {
        "raketentest-sinpo": "first",
        "raketentest-sinpo-morgenblatt": "folded",
        "raketentest-sinpo-alpenkurier": "folded",
        "raketentest-sinpo-kuestenpost": "folded",
        "raketentest-sunan": "again",
        "liveblog-ostasien": "first",
    }


# faulty declarations


def written(folder: Path, **articles: str) -> Path:
    (folder / "articles").mkdir(parents=True)
    (folder / "feeds.toml").write_text(
        '[[feed]]\nname = "f"\nformat = "rss"\ntitle = "F"\nsite = "f.localhost"\ncountry = "DE"\nlanguage = "de"\n', encoding="utf-8"
    )
    for slug, text in articles.items():
        (folder / "articles" / f"{slug}.toml").write_text(text, encoding="utf-8")
    return folder


COMPLETE = 'feed = "f"\nguid = "1"\nlanguage = "de"\nappears_after_seconds = 1\ntitle = "t"\nbody = "b"\n'


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (COMPLETE + "colour = 1\n", "colour"),
        (COMPLETE.replace('title = "t"\n', ""), "title"),
        (COMPLETE.replace('"f"', '"g"'), "no feed 'g'"),
        (COMPLETE + 'after = ["one"]\n', "after itself"),
        (COMPLETE + "= 3\n", "not TOML"),
    ],
)
def test_a_faulty_declaration_is_refused_by_name(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(BadSample, match=complaint) as caught:
        load(written(tmp_path / "samples", one=text))
    assert "one" in str(caught.value)


def test_a_speed_of_zero_and_a_start_without_a_zone_are_refused() -> None:
    with pytest.raises(ValueError, match="speed"):
        SampleFeeds(SAMPLES, START, speed=0)
    with pytest.raises(ValueError, match="time zone"):
        SampleFeeds(SAMPLES, START.replace(tzinfo=None))
