"""Rules made and mended on the live page, in a real browser and by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline import topology
from pipeline.article import Article, Clock, Dates
from pipeline.episode import Episode
from pipeline.rules.load import load_text
from pipeline.rules.versions import RuleVersion
from pipeline.settings import Settings
from tests.console_pages import Page, enriched, episode_of, until
from tests.end_to_end.test_console_deciding import click, focused, said, tab_to, visit
from tests.end_to_end.test_console_page import CONTRAST, HOSTILE, one, press, texts

FILE = """\
schema: news-alerts/v1
kind: rule
id: raketen
title: Raketen
severity: high
match:
  any: [Rakete]   # the word
tests:
  - {text: "Nordkorea testet eine Rakete.", match: true}
"""


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    (tmp_path / "rules").mkdir()
    settings = Settings.model_validate({"language": "en", "receivers": [{"name": "desk", "notifier": "console"}]})
    with Page(settings.model_copy(update={"folder": tmp_path})) as served:
        yield served


def applied(page: Page, folder: Path) -> None:
    """What the watcher of the folder does: every rule file into the topic."""
    for path in folder.glob("*.y*ml"):
        rule, problems = load_text(path.read_text(encoding="utf-8"), path.name)
        assert rule is not None, problems
        page.records.rule(rule)


def an_article(title: str, body: str, hours: float = 1) -> Article:
    at = datetime.now(UTC) - timedelta(hours=hours)
    return enriched(title=title, body=body, at=at, dates=Dates(), clock=Clock(fetched_at=at, enriched_at=at))


def a_false_alarm(page: Page) -> Episode:
    made = enriched(
        title="Feuer in Gera", body="In Gera brannte nach einer Silvesterrakete ein Balkon.", word="Silvesterrakete", rule="raketen"
    )
    hits = tuple(msgspec.structs.replace(each, term="Rakete", mode="head") for each in made.matches[0].hits)
    made = msgspec.structs.replace(made, matches=(msgspec.structs.replace(made.matches[0], hits=hits),))
    return page.records.episode(episode_of(made))


def test_a_rule_is_written_tried_and_saved_with_keys_alone(chrome: Chrome, page: Page, tmp_path: Path) -> None:
    page.articles = [an_article("Rakete gestartet", "Eine Trägerrakete."), an_article("Hafen", "Ein Schiff.")]
    visit(chrome, page)
    press(chrome, "n")
    until(lambda: one(chrome, "#watch").is_displayed())
    assert chrome.execute_script("return document.activeElement.name") == "title"
    press(chrome, "Raketen heute" + Keys.TAB + Keys.TAB + "Rakete" + Keys.ENTER + "Marschflugkörper")
    assert one(chrome, "[name=words]").get_attribute("value") == "Rakete\nMarschflugkörper"
    assert one(chrome, "[name=expires]").get_attribute("value") == "12h"
    chrome.execute_script("document.querySelector('[name=text]').focus()")
    press(chrome, "Eine Trägerrakete stieg auf.")
    tab_to(chrome, "watch-try")
    press(chrome, Keys.ENTER)
    until(lambda: texts(chrome, "#watch-results .quote mark") == ["Trägerrakete"], 60)
    assert "end of a compound" in said(chrome, "#watch-results")
    tab_to(chrome, "watch-day")
    press(chrome, Keys.ENTER)
    until(lambda: "1 matches in 1 stories, among 2 articles" in said(chrome, "#watch-results"), 60)
    assert texts(chrome, "#watch-results .found mark") == ["Rakete", "Trägerrakete"]
    assert page.commands == []
    tab_to(chrome, "watch-save")
    press(chrome, Keys.ENTER)
    until(lambda: "Saved as raketen-heute.yaml" in said(chrome, "#watch-results"), 60)
    text = (tmp_path / "rules" / "raketen-heute.yaml").read_text(encoding="utf-8")
    assert 'owner: "Anna Berg"' in text
    applied(page, tmp_path / "rules")
    until(lambda: "Active since" in said(chrome, "#watch-results"))
    until(lambda: any("Raketen heute" in each and "expires" in each for each in texts(chrome, ".rule-row")))


def test_a_faulty_query_is_shown_with_its_place_and_the_cursor_goes_there(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    click(chrome, "#watch-open")
    click(chrome, "[name=kind][value=query]")
    one(chrome, "[name=query]").send_keys("Rakete\nAND (Ostsee")
    click(chrome, "#watch-try")
    until(lambda: "Line 2, character 5" in said(chrome, "#watch-fault"), 60)
    assert chrome.execute_script("return [document.activeElement.name, document.activeElement.selectionStart]") == ["query", 11]


def test_a_rule_without_a_name_is_not_saved_and_the_field_is_shown(chrome: Chrome, page: Page, tmp_path: Path) -> None:
    visit(chrome, page)
    click(chrome, "#watch-open")
    one(chrome, "[name=words]").send_keys("Rakete")
    click(chrome, "#watch-save")
    until(lambda: "needs a name" in said(chrome, "#watch-fault"))
    assert chrome.execute_script("return document.activeElement.name") == "title"
    assert list((tmp_path / "rules").iterdir()) == []


def test_a_saved_rule_that_nobody_applies_is_said_not_to_be_active(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    click(chrome, "#watch-open")
    one(chrome, "[name=title]").send_keys("Still")
    one(chrome, "[name=words]").send_keys("Rakete")
    click(chrome, "#watch-save")
    until(lambda: "is saved, but not active after 10 s" in said(chrome, "#watch-results"), 60)


def test_one_press_says_false_alarm_and_a_second_one_mends_the_rule(chrome: Chrome, page: Page, tmp_path: Path) -> None:
    path = tmp_path / "rules" / "raketen.yml"
    path.write_text(FILE, encoding="utf-8")
    page.articles = [an_article("Trägerrakete gestartet", "x"), an_article("Hafen", "Ein Schiff.")]
    episode = a_false_alarm(page)
    visit(chrome, page)
    one(chrome, ".alert")
    press(chrome, "jf")
    until(lambda: page.commands)
    assert (page.commands[0].kind, page.commands[0].verdict, page.commands[0].episode_id) == ("verdict", "false_alarm", episode.id)
    until(lambda: len(texts(chrome, ".way")) >= 4, 60)
    body = said(chrome, "#tighten-body")
    assert "In Gera brannte nach einer Silvesterrakete ein Balkon." in body
    assert "loses 1 of 1 other matches" in body
    assert one(chrome, "[name=way]:checked").get_attribute("value") == "word:Silvesterrakete"
    tab_to(chrome, "save")
    press(chrome, Keys.ENTER)
    until(lambda: "raketen.yml is changed" in said(chrome, "#tighten-body"), 60)
    assert "# the word" in path.read_text(encoding="utf-8")
    assert "match: false" in path.read_text(encoding="utf-8")
    applied(page, tmp_path / "rules")
    until(lambda: "Active since" in said(chrome, "#tighten-body"))
    assert [each.kind for each in page.commands] == ["verdict", "note"]
    press(chrome, Keys.ESCAPE)
    until(lambda: chrome.execute_script("return document.activeElement.closest('.alert')?.dataset.id") == episode.id)
    assert one(chrome, '[data-part="do-w"]').get_attribute("aria-label") == f"Why? – {episode.rule_title}"


def test_a_false_alarm_whose_rule_lies_elsewhere_says_so_and_keeps_the_verdict(chrome: Chrome, page: Page) -> None:
    a_false_alarm(page)
    visit(chrome, page)
    click(chrome, '[data-part="do-f"]')
    until(lambda: "there is no one file of the rule raketen" in said(chrome, "#tighten-body"))
    until(lambda: "False alarm (Anna Berg)" in texts(chrome, ".alert .tag"))
    click(chrome, '#tighten [data-part="back"]')
    until(lambda: len(page.commands) == 2)
    assert page.commands[1].verdict == ""


def test_a_rule_turns_grey_when_those_who_report_first_are_silent(chrome: Chrome, page: Page) -> None:
    rule, _ = load_text(FILE, "raketen.yml")
    assert rule is not None
    page.records.rule(rule)
    for number in range(3):
        made = enriched(title=f"{number}", body="Eine Rakete.", word="Rakete", rule="raketen", source="yonhap", id=f"y{number}")
        page.records.episode(episode_of(made, state="closed"))
    page.records.health(source_id="yonhap", name="Yonhap", state="ok")
    visit(chrome, page)
    until(lambda: "Usually first: Yonhap" in "".join(texts(chrome, ".rule-row")))
    assert chrome.find_elements(By.CSS_SELECTOR, ".quiet-rule") == []
    page.records.health(source_id="yonhap", name="Yonhap", state="silent")
    until(lambda: "Yonhap usually reports it first, and is silent" in "".join(texts(chrome, ".quiet-rule")))


def test_hostile_rules_are_only_text(chrome: Chrome, page: Page) -> None:
    rule, _ = load_text(FILE, "raketen.yml")
    assert rule is not None
    page.records.rule(msgspec.structs.replace(rule, rule=msgspec.structs.replace(rule.rule, title=HOSTILE, owner=HOSTILE)))
    page.articles = [an_article(f"Rakete {HOSTILE}", HOSTILE)]
    visit(chrome, page)
    until(lambda: HOSTILE in "".join(texts(chrome, ".rule-row")))
    click(chrome, "#watch-open")
    one(chrome, "[name=title]").send_keys(HOSTILE)
    one(chrome, "[name=words]").send_keys("Rakete")
    one(chrome, "[name=text]").send_keys(f"Rakete {HOSTILE}")
    click(chrome, "#watch-try")
    until(lambda: HOSTILE in "".join(texts(chrome, "#watch-results .quote")), 60)
    click(chrome, "#watch-day")
    until(lambda: HOSTILE in "".join(texts(chrome, "#watch-results .found")), 60)
    assert chrome.execute_script("return window.hacked === undefined && document.scripts.length === 1 && document.images.length === 1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_forms_can_be_read_by_everybody(chrome: Chrome, page: Page, tmp_path: Path, theme: str) -> None:
    (tmp_path / "rules" / "raketen.yml").write_text(FILE, encoding="utf-8")
    page.articles = [an_article("Trägerrakete gestartet", "x")]
    a_false_alarm(page)
    visit(chrome, page, f"?lang=en&theme={theme}")
    click(chrome, "#watch-open")
    one(chrome, "[name=words]").send_keys("Rakete")
    click(chrome, "#watch-day")
    until(lambda: texts(chrome, "#watch-results .found"), 60)
    everything_is_readable(chrome, "#watch")
    click(chrome, "#watch-close")
    click(chrome, '[data-part="do-f"]')
    until(lambda: texts(chrome, ".way"), 60)
    everything_is_readable(chrome, "#tighten")


def everything_is_readable(chrome: Chrome, dialog: str) -> None:
    assert chrome.execute_script(CONTRAST) == []
    controls = chrome.find_elements(By.CSS_SELECTOR, f"{dialog} :is(a[href], button, input, select, textarea, summary)")
    assert controls
    assert [each.get_attribute("outerHTML") for each in controls if each.is_displayed() and not each.accessible_name.strip()] == []
    assert one(chrome, dialog).accessible_name


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_shifts_page_stands_alone_and_can_be_read(chrome: Chrome, page: Page, theme: str) -> None:
    episode = a_false_alarm(page)
    until(lambda: episode.id in page.feed.desk.alerts.episodes)
    page.records.put(
        topology.RULE_VERSIONS,
        msgspec.json.encode(RuleVersion(rule_id="raketen", version="abc", at=datetime.now(UTC), by=HOSTILE)),
        "raketen",
    )
    until(lambda: page.feed.desk.versions)
    chrome.get(f"{page.address}handover?lang=en&theme={theme}")
    assert "Feuer in Gera" in said(chrome, "main")
    assert HOSTILE in said(chrome, "main")
    assert chrome.execute_script(CONTRAST) == []
    assert chrome.execute_script("return document.scripts.length") == 0
    assert all(len(texts(chrome, f"section:nth-child({number}) h2")) == 1 for number in range(1, 9))


def test_the_way_there_and_back_is_a_link(chrome: Chrome, page: Page) -> None:
    visit(chrome, page)
    click(chrome, "#handover")
    until(lambda: "/handover" in chrome.current_url)
    chrome.find_element(By.LINK_TEXT, "Back to the page").click()
    until(lambda: chrome.find_elements(By.ID, "alert-list"))
    assert focused(chrome) == ""
