"""The live page in a real browser, over a real HTTP server. Kafka is real in the last test; the others write their records themselves."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import msgspec
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

from pipeline import broker, sources, topology
from pipeline.article import Dates, encode
from pipeline.console.board import GroupLag
from pipeline.settings import Settings
from tests.console_pages import Page, browsing, enriched, episode_of, story, until

ROOT = Path(__file__).parents[2]
HOSTILE = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1;alert('x')</script>\"'`${window.hacked=1}"


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(Settings(language="en", time_zone="Asia/Tokyo")) as served:
        yield served


def visit(chrome: Chrome, page: Page, query: str = "?lang=en") -> None:
    chrome.set_window_size(1400, 1000)
    chrome.get(page.address + query)
    until(lambda: chrome.find_element(By.ID, "state").get_attribute("data-state") == "live")


def titles(chrome: Chrome) -> list[str]:
    # Read in one go: between two calls the page may draw a row again.
    script = "return [...document.querySelectorAll('#article-list .item > .what .headline')].map(each => each.textContent)"
    return list(chrome.execute_script(script))


def shows(chrome: Chrome, *wanted: str) -> None:
    until(lambda: titles(chrome) == list(wanted))


def texts(chrome: Chrome, selector: str) -> list[str]:
    return list(chrome.execute_script("return [...document.querySelectorAll(arguments[0])].map(each => each.innerText)", selector))


def one(chrome: Chrome, selector: str) -> WebElement:
    return until(lambda: chrome.find_elements(By.CSS_SELECTOR, selector))[0]


def press(chrome: Chrome, keys: str) -> None:
    chrome.switch_to.active_element.send_keys(keys)


def ask(address: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers or {}), timeout=5) as answer:
            return answer.status, {name.lower(): value for name, value in answer.headers.items()}, answer.read()
    except HTTPError as error:
        with error:
            return error.code, {name.lower(): value for name, value in error.headers.items()}, error.read()


def test_an_article_appears_without_a_reload(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    until(lambda: one(chrome, "#empty").is_displayed())
    chrome.execute_script("window.sameDocument = true")
    page.records.article(title="Erste")
    shows(chrome, "Erste")
    page.records.article(title="Zweite")
    shows(chrome, "Zweite", "Erste")
    assert chrome.execute_script("return window.sameDocument")
    assert not one(chrome, "#empty").is_displayed()


def test_a_hostile_headline_is_shown_literally_and_does_nothing(chrome: Chrome, page: Page) -> None:
    hostile = enriched(title=HOSTILE, body=f"Raketentest {HOSTILE}", word="Raketentest", rule="raketentest", url="javascript:alert(1)")
    page.records.put(topology.ENRICHED, encode(hostile))
    page.records.episode(episode_of(hostile))
    page.records.health(source_id="tagesblatt", name=HOSTILE, state="failing", last_error=HOSTILE)
    visit(chrome, page)
    shows(chrome, HOSTILE)
    until(lambda: texts(chrome, ".alert .headline") == [HOSTILE])
    assert HOSTILE in one(chrome, ".source-row .error").text
    assert HOSTILE in chrome.find_element(By.CSS_SELECTOR, "#filter-source").get_attribute("textContent")
    assert chrome.execute_script("return window.hacked === undefined && document.scripts.length === 1 && document.images.length === 1")
    assert chrome.find_elements(By.CSS_SELECTOR, "a[href^='javascript']") == []
    assert "javascript" not in one(chrome, "#article-list").get_attribute("innerHTML")


def test_text_from_right_to_left_stays_inside_its_place(chrome: Chrome, page: Page) -> None:
    page.records.article(title="زلزال \u202eevil", language=msgspec.structs.replace(enriched().language, code="ar"))
    visit(chrome, page)
    bdi = one(chrome, "#article-list .headline bdi")
    assert (bdi.get_attribute("lang"), bdi.get_attribute("dir")) == ("ar", "auto")
    assert chrome.execute_script("return getComputedStyle(arguments[0]).unicodeBidi", bdi) in ("isolate", "plaintext")


def test_matched_words_are_marked_in_article_and_alert(chrome: Chrome, page: Page) -> None:
    made = enriched(title="🚀 Raketentest gemeldet", body="Ein 🚀 Raketentest im Ostmeer.", word="Raketentest", rule="raketentest")
    page.records.put(topology.ENRICHED, encode(made))
    page.records.episode(episode_of(made))
    visit(chrome, page)
    until(lambda: texts(chrome, "#article-list mark") == ["Raketentest", "Raketentest"])
    until(lambda: texts(chrome, "#alert-list mark") == ["Raketentest", "Raketentest"])
    alert = one(chrome, ".alert").text
    for expected in ("High", "First report", "published", "first seen", "alert after"):
        assert expected.lower() in alert.lower()


def test_an_alert_says_how_many_reports_it_stands_for_and_lists_them(chrome: Chrome, page: Page) -> None:
    made = [
        enriched(
            title=f"Raketentest {number}",
            body="Ein Raketentest.",
            word="Raketentest",
            rule="r",
            source=f"s{number}",
            story=story(1, number),
        )
        for number in range(1, 4)
    ]
    visit(chrome, page)
    page.records.episode(episode_of(*made))
    fold = one(chrome, ".alert .fold")
    assert fold.get_attribute("textContent") == "+2"
    fold.click()
    until(lambda: len(chrome.find_elements(By.CSS_SELECTOR, ".alert .members li")) == 3)
    until(lambda: one(chrome, "#alert-said").get_attribute("textContent").startswith("Alert, High: R. Raketentest"))
    assert chrome.title == "(1) Lagebild"


def test_an_alert_that_closes_leaves_the_page(chrome: Chrome, page: Page) -> None:
    told = episode_of(enriched(body="Ein Raketentest.", word="Raketentest", rule="r"))
    page.records.episode(told)
    visit(chrome, page)
    one(chrome, ".alert")
    page.records.episode(msgspec.structs.replace(told, state="closed"))
    until(lambda: not chrome.find_elements(By.CSS_SELECTOR, ".alert"))
    assert one(chrome, "#alerts-none").is_displayed()


def test_members_of_a_story_are_folded_under_the_first_and_can_be_unfolded(chrome: Chrome, page: Page) -> None:
    for position in range(1, 6):
        page.records.article(title=f"Fassung {position}", story=story(7, position), source=f"s{position}")
    visit(chrome, page)
    shows(chrome, "Fassung 1")
    fold = one(chrome, "#article-list .fold")
    assert (fold.get_attribute("textContent"), fold.get_attribute("aria-expanded")) == ("+4", "false")
    fold.click()
    until(lambda: len(texts(chrome, "#article-list .members li")) == 4)
    assert one(chrome, "#article-list .fold").get_attribute("aria-expanded") == "true"
    assert chrome.execute_script("return document.activeElement.className") == "fold"
    page.records.article(title="Fassung 6", story=story(7, 6))
    until(lambda: len(texts(chrome, "#article-list .members li")) == 5)
    assert chrome.execute_script("return document.activeElement.className") == "fold", "drawing a row again keeps the focus"


def test_a_correction_replaces_the_article_and_says_so(chrome: Chrome, page: Page) -> None:
    made = page.records.article(title="Falsch")
    visit(chrome, page)
    shows(chrome, "Falsch")
    page.records.put(topology.ENRICHED, encode(msgspec.structs.replace(made, title="Richtig", revision=2, pubstatus="canceled")))
    shows(chrome, "Richtig")
    assert {"withdrawn", "updated, revision 2"} <= set(texts(chrome, "#article-list .tag"))


def test_pausing_holds_the_list_and_counts_what_is_new(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Alt")
    visit(chrome, page)
    shows(chrome, "Alt")
    one(chrome, "#pause").click()
    for number in range(12):
        page.records.article(title=f"Neu {number}")
    until(lambda: "12 new" in one(chrome, "#waiting").text)
    assert titles(chrome) == ["Alt"]
    page.records.episode(episode_of(enriched(body="Ein Raketentest.", word="Raketentest", rule="r")))
    one(chrome, ".alert")
    one(chrome, "#waiting").click()
    until(lambda: len(titles(chrome)) == 13)
    assert not one(chrome, "#waiting").is_displayed()


def test_filters_are_kept_in_the_address_and_back_goes_back(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Hafenstreik in Hamburg", source="alpha")
    page.records.article(title="Streik in Rostock", source="beta")
    page.records.article(title="Ein Raketentest", body="Ein Raketentest.", word="Raketentest", rule="r", source="beta")
    visit(chrome, page)
    until(lambda: len(titles(chrome)) == 3)
    one(chrome, "#filter-text").send_keys("STREIK")
    shows(chrome, "Streik in Rostock", "Hafenstreik in Hamburg")
    one(chrome, "#filter-source option[value=beta]").click()
    shows(chrome, "Streik in Rostock")
    assert "q=STREIK" in chrome.current_url
    assert "source=beta" in chrome.current_url
    chrome.refresh()
    shows(chrome, "Streik in Rostock")
    assert one(chrome, "#filter-text").get_attribute("value") == "STREIK"
    chrome.back()
    shows(chrome, "Streik in Rostock", "Hafenstreik in Hamburg")
    one(chrome, "#filter-clear").click()
    until(lambda: len(titles(chrome)) == 3)
    one(chrome, "#filter-alerts").click()
    shows(chrome, "Ein Raketentest")
    visit(chrome, page, "?lang=en&q=nothing-like-it")
    until(lambda: one(chrome, "#nothing").is_displayed())
    assert "3 articles are here" in one(chrome, "#nothing").text


def test_story_members_can_be_hidden_and_languages_chosen(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Erste", story=story(1, 1))
    page.records.article(title="Zweite", story=story(1, 2))
    page.records.article(title="Other", language=msgspec.structs.replace(enriched().language, code="en"))
    visit(chrome, page, "?lang=en&members=0")
    shows(chrome, "Other", "Erste")
    assert chrome.find_elements(By.CSS_SELECTOR, "#article-list .fold") == []
    assert one(chrome, "#filter-members").is_selected()
    visit(chrome, page, "?lang=en&language=en")
    shows(chrome, "Other")


def test_the_language_can_be_switched_and_the_filters_stay(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Hafen")
    visit(chrome, page, "?q=hafen&lang=en")
    assert one(chrome, "#alerts-title").text.lower() == "alerts"
    one(chrome, "#switch-lang").click()
    until(lambda: one(chrome, "#alerts-title").text.lower() == "alarme")
    assert chrome.execute_script("return document.documentElement.lang") == "de"
    assert "q=hafen" in chrome.current_url
    shows(chrome, "Hafen")


def test_times_are_those_of_the_configured_zone(chrome: Chrome, page: Page) -> None:
    at = datetime.now(UTC).replace(microsecond=0)
    page.records.article(at=at)
    visit(chrome, page)
    shown = one(chrome, "#article-list .when time")
    tokyo = at + timedelta(hours=9)
    assert tokyo.strftime("%H:%M:%S") in shown.text
    assert tokyo.strftime("%H:%M:%S") in shown.get_attribute("title")
    assert str(tokyo.year) in shown.get_attribute("title")
    assert "Asia/Tokyo" in one(chrome, "#zone").text


def test_times_of_another_year_show_it_and_those_of_this_year_do_not(chrome: Chrome, page: Page) -> None:
    now = datetime.now(UTC)
    before = now - timedelta(days=400)
    old = enriched(at=before, title="Raketentest", body="Ein Raketentest.", word="Raketentest", rule="r")
    page.records.put(topology.ENRICHED, encode(old))
    page.records.episode(episode_of(old, now=before))
    page.records.article(title="Nur mit Tag", dates=Dates(published_raw="x", published_at=before, precision="day", confidence="exact"))
    visit(chrome, page)
    shows(chrome, "Nur mit Tag", "Raketentest")
    year = str((before + timedelta(hours=9)).year)
    selectors = (
        ".alert .rang time",
        ".alert .meta time",
        "#article-list .row:nth-child(2) time",
        "#article-list .row:first-child .published",
    )
    shown = [text for selector in selectors for text in texts(chrome, selector)]
    assert len(shown) == 6 and all(year in text for text in shown), shown
    overlaps = """return [...document.querySelectorAll("#article-list .item")].filter((item) =>
        item.querySelector(".when time").getBoundingClientRect().right > item.querySelector(".what").getBoundingClientRect().left).length"""
    assert chrome.execute_script(overlaps) == 0
    (today,) = texts(chrome, "#article-list .row:first-child .when time")
    assert str((now + timedelta(hours=9)).year) not in today


@pytest.mark.parametrize(
    ("language", "loading", "none"), [("en", "Loading …", "No open alerts."), ("de", "Wird geladen …", "Keine offenen Alarme.")]
)
def test_before_the_first_snapshot_nothing_is_said_of_alerts(chrome: Chrome, page: Page, language: str, loading: str, none: str) -> None:
    page.records.health(source_id="s", name="Alpha", state="ok")
    chrome.execute_cdp_cmd("Network.enable", {})
    chrome.execute_cdp_cmd("Network.setBlockedURLs", {"urls": ["*/events*"]})
    try:
        chrome.get(f"{page.address}?lang={language}")
        # The page has drawn itself once, without anything to draw.
        until(lambda: chrome.find_element(By.ID, "state").get_attribute("data-state") == "reconnecting")
        until(lambda: texts(chrome, "#filter-source option"))
        assert (texts(chrome, "#alerts-none"), texts(chrome, "#figure-alerts"), texts(chrome, "#sources-none")) == (
            [loading],
            ["–"],
            [loading],
        )
    finally:
        chrome.execute_cdp_cmd("Network.setBlockedURLs", {"urls": []})
    until(lambda: texts(chrome, "#alerts-none") == [none])
    assert texts(chrome, "#figure-alerts") == ["0"]


def background(chrome: Chrome) -> int:
    """How bright the page's background is, 0 to 255."""
    return int(chrome.execute_script("return Number(getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0])"))


def test_dark_mode_follows_the_system_and_can_be_switched(chrome: Chrome, page: Page) -> None:
    chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    try:
        visit(chrome, page)
        assert background(chrome) < 60
        one(chrome, "#theme").click()
        assert background(chrome) > 200
        assert "theme=light" in chrome.current_url
        chrome.refresh()
        assert background(chrome) > 200
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


COLOURS = """
const probe = document.body.appendChild(document.createElement("i"));
const names = [...document.styleSheets[0].cssRules[0].style].filter((name) => name.startsWith("--") && name !== "--shadow");
const found = Object.fromEntries(names.map((name) => { probe.style.color = `var(${name})`; return [name, getComputedStyle(probe).color]; }));
probe.remove();
return found;
"""


def test_the_colours_of_the_night_are_the_same_whoever_asked_for_them(chrome: Chrome, page: Page) -> None:
    seen: dict[tuple[str, str], dict[str, str]] = {}
    try:
        for system in ("light", "dark"):
            chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": system}]})
            for theme in ("", "light", "dark"):
                visit(chrome, page, f"?lang=en&theme={theme}")
                seen[system, theme] = chrome.execute_script(COLOURS)
    finally:
        chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    day, night = seen["light", "light"], seen["dark", "dark"]
    assert len(day) >= 19 and all(day[name] != night[name] for name in day)
    assert seen["light", ""] == seen["dark", "light"] == day
    assert seen["dark", ""] == seen["light", "dark"] == night


def test_the_wall_view_is_large_and_has_no_controls(chrome: Chrome, page: Page) -> None:
    page.records.episode(episode_of(enriched(title="Raketentest", body="Ein Raketentest.", word="Raketentest", rule="r")))
    page.records.article(title="Nebenbei")
    visit(chrome, page, "?lang=en&view=wall")
    shows(chrome, "Nebenbei")
    headline = one(chrome, ".alert .headline")
    assert float(headline.value_of_css_property("font-size").removesuffix("px")) >= 38
    assert one(chrome, "#figure-alerts").text == "1"
    visible = [each for each in chrome.find_elements(By.CSS_SELECTOR, "button, input, select, .switches a") if each.is_displayed()]
    assert visible == []
    assert chrome.execute_script("return document.documentElement.scrollHeight <= window.innerHeight")
    press(chrome, Keys.ESCAPE)
    until(lambda: one(chrome, "#pause").is_displayed())


def test_old_data_are_announced_in_large_letters_until_data_flow_again(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    assert not one(chrome, "#stale").is_displayed()
    page.records.stopped = True
    until(lambda: one(chrome, "#stale").is_displayed(), 25)
    title = one(chrome, "#stale-title")
    assert "s old" in title.text
    assert float(title.value_of_css_property("font-size").removesuffix("px")) >= 80
    assert "Kafka" in one(chrome, "#stale-reason").text
    assert "old" in one(chrome, "#stale-said").get_attribute("textContent")
    assert ask(page.address + "readyz")[0] == 503
    page.records.stopped = False
    page.records.article(title="Wieder da")
    shows(chrome, "Wieder da")
    until(lambda: not one(chrome, "#stale").is_displayed())
    assert ask(page.address + "readyz")[0] == 200


@pytest.mark.timeout(90)
def test_an_alerter_that_stands_still_is_announced_in_large_letters_until_it_moves(chrome: Chrome, page: Page) -> None:
    page.lag = (GroupLag("worker", 0), GroupLag("indexer", 4), GroupLag("alerter", 2))
    page.stuck = True
    visit(chrome, page)
    until(lambda: one(chrome, "#stale").is_displayed(), 40)
    assert "The alerter has stood still for" in one(chrome, "#stale-title").text, "the worst one, though the indexer stands still too"
    assert "2 records wait: nobody is told" in one(chrome, "#stale-reason").text
    assert "alerter" in one(chrome, "#stale-said").get_attribute("textContent")
    page.stuck = False
    until(lambda: not one(chrome, "#stale").is_displayed())


def test_what_nobody_has_seen_stands_first_and_the_gravest_of_it_above(chrome: Chrome, page: Page) -> None:
    now = datetime.now(UTC)

    def rang(title: str, severity: str, minutes_ago: int, by: str = "") -> None:
        at = now - timedelta(minutes=minutes_ago)
        made = page.records.article(title=title, word=title, rule=title.lower(), severity=severity, at=at)
        page.records.episode(episode_of(made, now=at, acknowledged_by=by))

    rang("Geiselnahme", "critical", 90)
    rang("Evakuierung", "critical", 95, by="Desk")
    for number in range(4):
        rang(f"Stau{number}", "low", 20 + number)
    rang("Neu", "info", 1)
    visit(chrome, page)
    until(lambda: len(texts(chrome, ".alert .headline")) == 4)
    assert texts(chrome, ".alert .headline") == ["Geiselnahme", "Stau0", "Stau1", "Neu"], "what has just rung is there too"
    one(chrome, "#alerts-more").click()
    until(lambda: texts(chrome, ".alert .headline") == ["Geiselnahme", "Stau0", "Stau1", "Stau2", "Stau3", "Neu", "Evakuierung"])


def test_a_server_that_is_gone_is_noticed_and_the_page_recovers(chrome: Chrome) -> None:
    settings = Settings(language="en")
    with Page(settings) as page:
        page.records.article(title="Vorher")
        visit(chrome, page)
        shows(chrome, "Vorher")
        port = int(page.address.rsplit(":", 1)[1].strip("/"))
    until(lambda: one(chrome, "#stale").is_displayed(), 25)
    assert "does not answer" in one(chrome, "#stale-reason").text
    assert titles(chrome) == ["Vorher"]
    with Page(settings, port=port) as page:
        page.records.article(title="Nachher")
        shows(chrome, "Nachher")
        until(lambda: not one(chrome, "#stale").is_displayed())


def test_the_page_can_be_used_with_keys_alone(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Unten")
    for position in (1, 2):
        page.records.article(title=f"Oben {position}", story=story(1, position))
    visit(chrome, page)
    shows(chrome, "Oben 1", "Unten")
    focused = "return document.activeElement.querySelector('.headline')?.textContent"
    press(chrome, "j")
    assert chrome.execute_script(focused) == "Oben 1"
    press(chrome, Keys.ENTER)
    until(lambda: len(texts(chrome, ".members li")) == 1)
    press(chrome, "j")
    assert chrome.execute_script(focused) == "Unten"
    page.records.article(title="Ganz neu")
    shows(chrome, "Ganz neu", "Oben 1", "Unten")
    assert chrome.execute_script(focused) == "Unten", "the focus stays when the list changes"
    press(chrome, "k")
    assert chrome.execute_script(focused) == "Oben 1"
    press(chrome, "p")
    until(lambda: one(chrome, "#pause").get_attribute("aria-pressed") == "true")
    press(chrome, "p")
    press(chrome, "?")
    until(lambda: one(chrome, "#help").is_displayed())
    press(chrome, Keys.ESCAPE)
    until(lambda: not one(chrome, "#help").is_displayed())
    press(chrome, "/")
    assert chrome.execute_script("return document.activeElement.id") == "filter-text"
    press(chrome, "jp")
    assert one(chrome, "#filter-text").get_attribute("value") == "jp"
    assert one(chrome, "#pause").get_attribute("aria-pressed") == "false", "keys are letters while somebody types"


def test_o_opens_the_article_without_telling_where_one_came_from(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Da", url=page.address + "static/mark.svg")
    visit(chrome, page)
    shows(chrome, "Da")
    link = one(chrome, "#article-list .headline a")
    assert link.get_attribute("rel") == "noopener noreferrer"
    press(chrome, "jo")
    until(lambda: len(chrome.window_handles) == 2)
    here, there = chrome.window_handles
    chrome.switch_to.window(there)
    until(lambda: chrome.current_url.endswith("mark.svg"))
    assert chrome.execute_script("return document.referrer") == ""
    chrome.close()
    chrome.switch_to.window(here)


def test_the_keys_can_be_switched_off(chrome: Chrome, page: Page) -> None:
    visit(chrome, page, "?lang=en&keys=0")
    press(chrome, "p")
    press(chrome, "?")
    assert one(chrome, "#pause").get_attribute("aria-pressed") == "false"
    assert not one(chrome, "#help").is_displayed()


def test_sources_throughput_and_lag_are_shown(chrome: Chrome, page: Page) -> None:
    now = datetime.now(UTC)
    page.records.health(source_id="a", name="Alpha", state="ok", last_article_at=now - timedelta(seconds=30))
    page.records.health(source_id="b", name="Beta", state="failing", last_error="HTTP 503", consecutive_failures=3)
    page.records.health(source_id="c", name="Gamma", state="silent", last_article_at=now - timedelta(hours=5))
    for _ in range(5):
        page.records.put(topology.ENRICHED, encode(enriched()), at=now - timedelta(seconds=25))
    visit(chrome, page)
    until(lambda: len(texts(chrome, ".source-row")) == 3)
    failing, silent, ok = texts(chrome, ".source-row")
    assert "Beta" in failing
    assert "failing" in failing
    assert "HTTP 503 (3 failures in a row)" in failing
    assert "silent" in silent
    assert "5 h" in silent
    assert "30 s" in ok or "31 s" in ok or "32 s" in ok
    until(lambda: one(chrome, "#figure-rate").text == "5")
    until(lambda: texts(chrome, "#lag dd") == ["3", "0", "never ran"])
    assert one(chrome, "#figure-sources").text == "1/3"


def test_fifty_articles_a_second_leave_the_page_responsive_and_the_document_small(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    for number in range(1500):
        page.records.article(title=f"Meldung {number}")
    until(lambda: titles(chrome)[:1] == ["Meldung 1499"])
    assert len(titles(chrome)) == 200
    assert chrome.execute_script("return document.querySelectorAll('*').length") < 5000
    one(chrome, "#filter-text").send_keys("1499")
    shows(chrome, "Meldung 1499")


def test_the_policy_is_strict_and_nothing_on_the_page_violates_it(page: Page) -> None:
    page.records.article(title=HOSTILE)
    page.records.episode(episode_of(enriched(body="Ein Raketentest.", word="Raketentest", rule="r")))
    with browsing() as chrome:
        for query in ("?lang=en", "?lang=de&theme=dark&view=wall"):
            visit(chrome, page, query)
            one(chrome, ".alert")
            shows(chrome, HOSTILE)
            names = chrome.execute_script("return performance.getEntries().map(each => each.name).filter(name => name.includes('//'))")
            assert names
            assert all(name.startswith(page.address) for name in names), names
        assert [each["message"] for each in chrome.get_log("browser") if each["level"] in ("WARNING", "SEVERE")] == []
    _, headers, body = ask(page.address)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert b"<style" not in body
    assert b"://" not in body


CONTRAST = """
const channel = value => { value /= 255; return value <= .03928 ? value / 12.92 : ((value + .055) / 1.055) ** 2.4; };
const luminance = ([r, g, b]) => .2126 * channel(r) + .7152 * channel(g) + .0722 * channel(b);
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
const rgb = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
const behind = element => { for (let at = element; at; at = at.parentElement) { const found = rgb(getComputedStyle(at).backgroundColor); if (found[3] === 255) return found; } return [255, 255, 255]; };
const poor = [];
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
  if (!own || !element.getClientRects().length || element.closest('.unseen, dialog:not([open]), option')) continue;
  const one = luminance(rgb(getComputedStyle(element).color)), other = luminance(behind(element));
  const ratio = (Math.max(one, other) + .05) / (Math.min(one, other) + .05);
  if (ratio < 4.5) poor.push(`${element.className} ${element.textContent.slice(0, 30)} ${ratio.toFixed(2)}`);
}
return poor;
"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_everything_can_be_read_by_everybody(chrome: Chrome, page: Page, theme: str) -> None:
    made = [
        enriched(
            title="Raketentest",
            body="Ein Raketentest.",
            word="Raketentest",
            rule=severity,
            severity=severity,
            pubstatus="canceled",
            revision=2,
        )
        for severity in ("critical", "high", "medium", "low", "info")
    ]
    for each in made:
        page.records.put(topology.ENRICHED, encode(each))
        page.records.episode(episode_of(msgspec.structs.replace(each, pubstatus="usable"), acknowledged_by="Desk"))
    for state in ("ok", "failing", "silent", "paused", "starting"):
        page.records.health(source_id=state, state=state, last_error="kaputt")
    visit(chrome, page, f"?lang=en&theme={theme}&q=raketen")
    until(lambda: len(texts(chrome, ".alert")) == 5)
    assert chrome.execute_script(CONTRAST) == []
    words = texts(chrome, ".alert .severity")
    assert sorted(word.lower() for word in words) == ["critical", "high", "info", "low", "medium"]
    unnamed: list[str] = []
    for control in chrome.find_elements(By.CSS_SELECTOR, "a[href], button, input, select"):
        if control.is_displayed() and not control.accessible_name.strip():
            unnamed.append(control.get_attribute("outerHTML"))
    assert unnamed == []
    roles = {each.aria_role for each in chrome.find_elements(By.CSS_SELECTOR, "header, main, aside, nav, form")}
    assert {"banner", "main", "complementary", "navigation", "search"} <= roles
    assert chrome.execute_script("return document.documentElement.lang") == "en"
    assert chrome.execute_script("return document.querySelectorAll('h1').length") == 1
    live = chrome.execute_script(
        "return [...document.querySelectorAll('[aria-live], [role=alert], [role=status], [role=log]')].map(each => each.id)"
    )
    assert live == ["stale-said", "alert-said", "act-said", "silence-fault", "watch-fault", "watch-results"]
    duplicates = (
        "const ids = [...document.querySelectorAll('[id]')].map(each => each.id); return ids.filter((id, at) => ids.indexOf(id) !== at)"
    )
    assert chrome.execute_script(duplicates) == []


def test_a_narrow_phone_needs_no_sideways_scrolling(chrome: Chrome, page: Page) -> None:
    page.records.article(title="Donaudampfschifffahrtsgesellschaft" * 6)
    page.records.episode(episode_of(enriched(title="Raketentest" * 20, body="Ein Raketentest.", word="Raketentest", rule="r")))
    visit(chrome, page)
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
    try:
        one(chrome, ".alert")
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_foreign_host_name_is_refused(page: Page) -> None:
    for path in ("", "events", "api/state.json", "static/page.js"):
        status, headers, _ = ask(page.address + path, {"Host": "evil.example"})
        assert status == 421
        assert "content-security-policy" in headers


def test_machines_can_read_the_state(page: Page) -> None:
    page.records.article(title="Da")
    state = until(lambda: found if (found := json.loads(ask(page.address + "api/state.json")[2]))["board"]["articles"] else None)
    assert state["board"]["articles"][0]["title"] == ["Da"]
    assert ask(page.address + "healthz")[0] == 200
    assert ask(page.address + "openapi.json")[0] == 404
    assert ask(page.address + "static/../app.py")[0] == 404


def test_more_pages_than_allowed_are_told_to_come_back() -> None:
    with Page(Settings(), max_clients=1) as page, urllib.request.urlopen(page.address + "events", timeout=5) as first:
        assert first.headers["Content-Type"].startswith("text/event-stream")
        status, headers, _ = ask(page.address + "events")
        assert (status, headers["retry-after"]) == (503, "5")
        first.close()
        until(lambda: not page.hub._clients)


def lines(stream: Any, wanted: bytes) -> list[bytes]:
    found = []
    while not found or not found[-1].startswith(wanted):
        found.append(stream.readline())
    return found


def test_a_stream_is_resumed_where_it_stopped(page: Page) -> None:
    with urllib.request.urlopen(page.address + "events", timeout=5) as stream:
        lines(stream, b"event: status")
        page.records.article(title="Erste")
        read = lines(stream, b"event: change")
        last_id = read[-2].decode().removeprefix("id: ").strip()
    page.records.article(title="Zweite")
    until(lambda: len(page.hub.board.articles) == 2)
    request = urllib.request.Request(page.address + "events", headers={"Last-Event-ID": last_id})
    with urllib.request.urlopen(request, timeout=5) as stream:
        data = lines(stream, b"data: ")[-1]
    assert b"Zweite" in data
    assert b"Erste" not in data


# Starting the servers counts too when this is the first test that needs them.
@pytest.mark.timeout(180)
def test_the_page_over_a_real_kafka_shows_what_is_there_and_what_comes_and_ends_at_once(
    chrome: Chrome, kafka_servers: str, tmp_path: Path
) -> None:
    prefix = f"console-{uuid.uuid4().hex[:8]}."
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = Settings.model_validate(
        {"kafka": {"servers": [kafka_servers], "topic_prefix": prefix}, "console": {"port": port, "articles": 50}}
    )
    config = tmp_path / "lagebild.yaml"
    config.write_text(
        f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: '{prefix}'}}\nconsole: {{port: {port}, articles: 50}}\nlanguage: en\n"
    )
    broker.apply_topics(settings)
    publisher = broker.Publisher(settings.kafka)
    process = subprocess.Popen(
        [sys.executable, "-m", "pipeline.cli", "run", "console", "--config", config], cwd=ROOT, stderr=subprocess.PIPE
    )
    try:
        for number in range(300):
            made = enriched(title=f"Vorher {number}")
            publisher.send(settings.topic(topology.ENRICHED), made.id, encode(made))
        hit = enriched(title="Raketentest gemeldet", body="Ein Raketentest.", word="Raketentest", rule="raketentest")
        told = episode_of(hit)
        publisher.send(settings.topic(topology.EPISODES), told.id, msgspec.json.encode(told))
        publisher.send(settings.topic(topology.HEALTH), "s", sources.encode(sources.SourceHealth(source_id="s", name="Alpha", state="ok")))
        publisher.confirm()
        address = f"http://127.0.0.1:{port}/"
        until(lambda: _ready(address), 30)
        chrome.get(address + "?lang=en")
        until(lambda: len(titles(chrome)) == 50)
        assert texts(chrome, ".alert mark") == ["Raketentest", "Raketentest"]
        assert "Alpha" in one(chrome, ".source-row").text
        began = time.monotonic()
        publisher.send(settings.topic(topology.ENRICHED), hit.id, encode(hit))
        publisher.confirm()
        until(lambda: titles(chrome)[0] == "Raketentest gemeldet")
        assert time.monotonic() - began < 5
        until(lambda: texts(chrome, "#lag dd") == ["never ran"] * 3)
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0, "it ends at once although a page is open"
    finally:
        publisher.close()
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()


def _ready(address: str) -> bool:
    try:
        return ask(address + "readyz")[0] == 200
    except OSError:
        return False
