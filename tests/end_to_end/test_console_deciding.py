"""Deciding on the live page, in a real browser and by keyboard alone. A stand-in obeys commands with the alerter's own function."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline import topology
from pipeline.episode import Episode, Matcher, Note, Notification, Silence, Situation
from pipeline.matched import matched
from pipeline.settings import Settings
from tests.console_pages import Page, enriched, episode_of, story, until
from tests.end_to_end.test_console_page import CONTRAST, HOSTILE, one, press, texts


@pytest.fixture
def page() -> Iterator[Page]:
    with Page(Settings(language="en")) as served:
        yield served


def visit(chrome: Chrome, page: Page, query: str = "?lang=en", name: str = "Anna Berg") -> None:
    """The page as somebody sees it who has said a name, or, with "", never did."""
    chrome.set_window_size(1400, 1000)
    chrome.get(page.address + "favicon.ico")
    chrome.execute_script("localStorage.clear(); if (arguments[0]) localStorage.setItem('lagebild.name', arguments[0])", name)
    chrome.get(page.address + query)
    until(lambda: chrome.find_element(By.ID, "state").get_attribute("data-state") == "live")


def an_alert(page: Page, **changes: object) -> Episode:
    made = enriched(title="Ein Raketentest", body="Ein Raketentest im Ostmeer.", word="Raketentest", rule="raketentest", story=story(1, 1))
    page.records.put(topology.MATCHES, msgspec.json.encode(matched(made, made.matches[0], datetime.now(UTC))), "raketentest")
    return page.records.episode(episode_of(made, **changes))


def said(chrome: Chrome, selector: str) -> str:
    """The text there, read in one go: between two calls the page may draw it again."""
    return "".join(texts(chrome, selector))


def focused(chrome: Chrome) -> str:
    return str(chrome.execute_script("return document.activeElement.dataset.part ?? document.activeElement.id"))


def click(chrome: Chrome, selector: str) -> None:
    """Found and clicked in one go: between two calls the page may draw it again."""
    until(
        lambda: chrome.execute_script("const found = document.querySelector(arguments[0]); found?.click(); return Boolean(found)", selector)
    )


def tab_to(chrome: Chrome, part: str) -> None:
    """Press Tab until the control `part` has the focus, as somebody without a mouse does."""
    for _ in range(60):
        if focused(chrome) == part:
            return
        press(chrome, Keys.TAB)
    raise AssertionError(f"{part} cannot be reached with Tab")


def test_a_name_is_asked_for_once_and_the_decision_carries_it(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    visit(chrome, page, name="")
    one(chrome, ".alert")
    assert said(chrome, "#me") == "Who are you?"
    press(chrome, "j")
    press(chrome, "a")
    until(lambda: one(chrome, "#who").is_displayed())
    assert page.commands == []
    press(chrome, "Anna Berg" + Keys.ENTER)
    until(lambda: page.commands)
    assert (page.commands[0].kind, page.commands[0].by, page.commands[0].episode_id) == ("acknowledge", "Anna Berg", episode.id)
    until(lambda: "Seen by Anna Berg" in texts(chrome, ".alert .tag"))
    assert said(chrome, "#me") == "Anna Berg"
    until(lambda: one(chrome, "#act-said").get_attribute("textContent") == "Acknowledgement: recorded")
    chrome.refresh()
    until(lambda: said(chrome, "#me") == "Anna Berg")


def test_a_dismissed_question_decides_nothing(chrome: Chrome, page: Page) -> None:
    an_alert(page)
    visit(chrome, page, name="")
    click(chrome, '[data-part="do-a"]')
    until(lambda: one(chrome, "#who").is_displayed())
    press(chrome, Keys.ESCAPE)
    until(lambda: not one(chrome, "#who").is_displayed())
    assert page.commands == []


def test_what_is_sent_waits_then_is_said_to_be_unconfirmed_then_confirmed(chrome: Chrome, page: Page) -> None:
    page.alerter = False
    an_alert(page)
    visit(chrome, page)
    click(chrome, '[data-part="do-a"]')
    until(lambda: texts(chrome, ".sent li") == ["Acknowledgement: sent, waiting for confirmation …"])
    assert texts(chrome, ".alert .tag.done") == []
    until(lambda: "not confirmed yet" in "".join(texts(chrome, ".sent li")), 10)
    assert "not confirmed yet" in str(one(chrome, "#act-said").get_attribute("textContent"))
    page.obey(page.commands[0])
    until(lambda: texts(chrome, ".sent li") == ["Acknowledgement: recorded"])
    until(lambda: texts(chrome, ".sent li") == [])


def test_a_refusal_of_the_alerter_is_shown_in_the_readers_language(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    visit(chrome, page, f"?lang=en&episode={episode.id}")
    one(chrome, '[data-part="acknowledge"]')
    # Somebody else takes it back before this page has heard of it.
    page.alerter = False
    click(chrome, '[data-part="take"]')
    until(lambda: page.commands)
    page.obey(msgspec.structs.replace(page.commands[0], to="", kind="unacknowledge"))
    until(lambda: "Assignment: refused – nobody has acknowledged it" in texts(chrome, "#episode .sent li"))
    until(lambda: any("refused: nobody has acknowledged it" in each for each in texts(chrome, "#episode .log li")))
    visit(chrome, page, f"?lang=de&episode={episode.id}")
    until(lambda: any("abgelehnt: niemand hatte ihn als gesehen gemeldet" in each for each in texts(chrome, "#episode .log li")))


def test_kafka_that_is_away_is_said_and_nothing_is_taken_for_done(chrome: Chrome, page: Page) -> None:
    page.unreachable = True
    an_alert(page)
    visit(chrome, page)
    click(chrome, '[data-part="do-a"]')
    until(lambda: "not sent – Kafka does not take it" in "".join(texts(chrome, ".sent li")))


def test_everything_can_be_decided_with_keys_alone(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    visit(chrome, page)
    one(chrome, ".alert")
    press(chrome, "jw")
    until(lambda: one(chrome, "#episode").is_displayed())
    one(chrome, '[data-part="acknowledge"]')
    assert f"episode={episode.id}" in chrome.current_url
    tab_to(chrome, "acknowledge")
    press(chrome, Keys.ENTER)
    until(lambda: said(chrome, '#episode [data-part="acknowledge"]') == "Take back")
    assert focused(chrome) == "acknowledge", "the focus stays when the part is drawn again"
    tab_to(chrome, "confirmed")
    press(chrome, Keys.ENTER)
    until(lambda: "Confirmed (Anna Berg)" in texts(chrome, "#episode .tag"))
    tab_to(chrome, "assign-field")
    press(chrome, "Jan de Vries" + Keys.ENTER)
    until(lambda: "with Jan de Vries" in texts(chrome, "#episode .tag"))
    tab_to(chrome, "note-field")
    press(chrome, "Called Seoul.")
    tab_to(chrome, "note-send")
    press(chrome, Keys.ENTER)
    until(lambda: any("Called Seoul." in each for each in texts(chrome, "#episode .log li")))
    press(chrome, Keys.ESCAPE)
    until(lambda: not one(chrome, "#episode").is_displayed())
    assert "episode=" not in chrome.current_url
    assert [each.kind for each in page.commands] == ["acknowledge", "verdict", "assign", "note"]
    assert {"Seen by Anna Berg", "with Jan de Vries", "Confirmed (Anna Berg)", "1 note"} <= set(texts(chrome, ".alert .tag"))


def test_the_alert_somebody_works_on_stays_under_the_keys(chrome: Chrome, page: Page) -> None:
    quiet = an_alert(page, severity="low")
    for number in range(9):
        made = enriched(title=f"Beben {number}", body="Ein Beben.", word="Beben", rule=f"beben-{number}", story=story(number + 2, 1))
        page.records.episode(episode_of(made))
    visit(chrome, page)
    until(lambda: len(texts(chrome, ".alert")) == 8)
    click(chrome, "#alerts-more")
    until(lambda: len(texts(chrome, ".alert")) == 10)
    on_it = "return document.activeElement.closest('.alert')?.dataset.id"
    chrome.execute_script("document.querySelector(`[data-id='${arguments[0]}'] [data-part=do-a]`).focus()", quiet.id)
    click(chrome, "#alerts-more")
    until(lambda: len(texts(chrome, ".alert")) == 9)
    assert chrome.execute_script(on_it) == quiet.id
    # Somebody else was quicker, and the button that had the focus is gone.
    page.alerter = False
    press(chrome, Keys.ENTER)
    until(lambda: page.commands)
    page.obey(msgspec.structs.replace(page.commands[0], id="before", by="Boris"))
    until(lambda: "Seen by Boris" in texts(chrome, ".alert .tag"))
    page.obey(page.commands[0])
    until(lambda: "Acknowledgement: noted – Boris was first" in texts(chrome, ".sent li"))
    assert chrome.execute_script(on_it) == quiet.id
    # It rings again as the most severe of all: what moves keeps the focus.
    rung = msgspec.structs.replace(page.feed.desk.alerts.episodes[quiet.id], severity="critical", acknowledged_by="", acknowledged_at=None)
    page.records.episode(rung)
    until(lambda: chrome.execute_script("return document.querySelector('.alert').dataset.id") == quiet.id)
    assert chrome.execute_script(on_it) == quiet.id


def test_a_silence_is_made_and_ended_with_keys_alone(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    visit(chrome, page)
    one(chrome, ".alert")
    press(chrome, "js")
    until(lambda: one(chrome, "#silence").is_displayed())
    assert chrome.execute_script("return document.activeElement.name") == "scope"
    assert [each.strip() for each in texts(chrome, "#silence-scopes label")] == [
        "this story", "the whole rule “Raketentest”", "everything from the source “Tagesblatt”",
    ]  # fmt: skip
    press(chrome, Keys.ARROW_DOWN)
    tab_to(chrome, "silence-reason")
    press(chrome, Keys.ENTER)
    assert "needs a reason" in said(chrome, "#silence-fault")
    assert page.commands == []
    press(chrome, "Announced exercise" + Keys.ENTER)
    until(lambda: page.commands)
    silence = page.commands[0].silence
    assert silence is not None
    assert (page.commands[0].to, page.commands[0].episode_id, silence.reason) == ("rule", episode.id, "Announced exercise")
    assert silence.ends_at - silence.starts_at == timedelta(hours=1)
    until(lambda: "rule" in "".join(texts(chrome, ".silence-row")) and "Announced exercise" in "".join(texts(chrome, ".silence-row")))
    chrome.execute_script("document.querySelector('#silence-list').focus()")
    tab_to(chrome, "end")
    press(chrome, Keys.ENTER)
    until(lambda: texts(chrome, ".silence-row") == [])
    assert page.commands[1].kind == "end_silence"


def test_a_silence_until_a_time_means_the_configured_zone(chrome: Chrome) -> None:
    with Page(Settings(language="en", time_zone="Asia/Tokyo")) as page:
        an_alert(page)
        visit(chrome, page)
        click(chrome, '[data-part="do-s"]')
        until(lambda: one(chrome, "#silence").is_displayed())
        until(lambda: chrome.find_elements(By.CSS_SELECTOR, "#silence-scopes input"))
        click(chrome, "#silence-form input[value=until]")
        wanted = (datetime.now(UTC) + timedelta(hours=5)).replace(second=0, microsecond=0)
        local = (wanted + timedelta(hours=9)).strftime("%Y-%m-%dT%H:%M")
        chrome.execute_script("document.getElementById('silence-until').value = arguments[0]", local)
        one(chrome, "#silence-reason").send_keys("known" + Keys.ENTER)
        until(lambda: page.commands)
        assert page.commands[0].silence is not None
        assert page.commands[0].silence.ends_at == wanted


@pytest.mark.parametrize(("wish", "place"), [("acknowledge", "acknowledge"), ("silence", "")])
def test_a_link_opens_what_it_names_and_does_nothing(chrome: Chrome, page: Page, wish: str, place: str) -> None:
    episode = an_alert(page)
    until(lambda: page.hub.board.alerts)
    visit(chrome, page, f"?lang=en&episode={episode.id}&do={wish}")
    until(lambda: one(chrome, "#episode").is_displayed())
    assert "Ein Raketentest" in said(chrome, "#episode-title") or until(lambda: "Ein Raketentest" in said(chrome, "#episode-title"))
    if place:
        until(lambda: focused(chrome) == place)
    else:
        until(lambda: one(chrome, "#silence").is_displayed())
    assert page.commands == []


def test_a_link_to_an_alert_that_is_gone_says_so(chrome: Chrome, page: Page) -> None:
    visit(chrome, page, "?lang=en&episode=nothing-like-it")
    until(lambda: "does not know this alert" in said(chrome, "#episode"))


def test_an_alert_that_is_closed_can_still_be_looked_at(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page, state="closed")
    until(lambda: episode.id in page.feed.desk.alerts.episodes)
    visit(chrome, page, f"?lang=en&episode={episode.id}")
    until(lambda: "No longer open" in texts(chrome, "#episode .tag"))
    assert chrome.find_elements(By.CSS_SELECTOR, ".alert") == []


def test_why_it_fired_is_told_with_words_times_receivers_and_reports(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    now = datetime.now(UTC)
    for receiver, state, more in (
        ("desk", "sent", {"sent_at": now, "attempts": 1}),
        ("night", "failed", {"attempts": 8, "last_error": "HTTP 503"}),
    ):
        page.records.notification(
            Notification(
                id=receiver,
                episode_id=episode.id,
                rule_id="raketentest",
                receiver=receiver,
                kind="first",
                step=1,
                created_at=now,
                next_at=now,
                message=episode.message,
                state=state,
                **more,  # type: ignore[arg-type]
            )  # fmt: skip
        )
    visit(chrome, page, f"?lang=en&episode={episode.id}")
    until(lambda: len(texts(chrome, "#episode .told li")) == 2)
    body = said(chrome, "#episode-body")
    for expected in (
        "raketentest",
        "exactly so",
        "published",
        "fetched",
        "alert decided",
        "first message taken",
        "First: Tagesblatt",
        "HTTP 503",
    ):
        assert expected in body, expected
    assert texts(chrome, "#episode .quote mark") == ["Raketentest"]
    page.records.notification(
        Notification(
            id="boss",
            episode_id=episode.id,
            rule_id="raketentest",
            receiver="boss",
            kind="first",
            step=1,
            created_at=now,
            next_at=now,
            message=episode.message,
            state="suppressed",
            verdict="inhibited_by:x",
        )  # fmt: skip
    )
    until(lambda: "not sent: a louder alert covers it" in "".join(texts(chrome, "#episode .told li")))


def test_the_alerts_of_a_situation_stand_below_the_one_that_leads_it(chrome: Chrome, page: Page) -> None:
    leader = an_alert(page)
    other = episode_of(enriched(title="Japan meldet", body="Ein Raketentest.", word="Raketentest", rule="r"), situation_id=leader.id)
    page.records.episode(other)
    situation = Situation(episodes=(other.id,), episode_count=2, articles=7)
    page.records.episode(msgspec.structs.replace(leader, situation_id=leader.id, situation=situation))
    visit(chrome, page)
    until(lambda: len(texts(chrome, ".alert .situation li")) == 1)
    assert len(texts(chrome, ".alert")) == 1
    assert texts(chrome, ".situation h4") == ["2 alerts, 7 reports in this situation"]
    click(chrome, ".situation .name")
    until(lambda: said(chrome, "#episode-title") == "Japan meldet")
    until(lambda: "leads the situation" in texts(chrome, "#episode .tag"))


def test_what_came_since_the_reader_looked_is_counted(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page)
    visit(chrome, page)
    one(chrome, ".alert")
    press(chrome, "jw")
    until(lambda: texts(chrome, "#episode .words"))
    press(chrome, Keys.ESCAPE)
    page.records.episode(msgspec.structs.replace(episode, article_count=13))
    until(lambda: "12 new since you looked" in texts(chrome, ".alert .tag"))
    click(chrome, ".alert .fold")
    until(lambda: "12 new since you looked" not in texts(chrome, ".alert .tag"))


def test_what_is_settled_goes_below_and_is_no_open_alert(chrome: Chrome, page: Page) -> None:
    settled = an_alert(page, verdict="false_alarm", verdict_by="Jan")
    page.records.episode(
        episode_of(
            enriched(title="Offen", body="Ein Raketentest.", word="Raketentest", rule="r"), now=datetime.now(UTC) - timedelta(hours=1)
        )
    )
    visit(chrome, page)
    until(lambda: len(texts(chrome, ".alert")) == 2)
    assert chrome.execute_script("return [...document.querySelectorAll('.alert')].map(each => each.dataset.id)")[1] == settled.id
    until(lambda: texts(chrome, "#figure-alerts") == ["1"])


def test_hostile_names_notes_reasons_and_titles_are_only_text(chrome: Chrome, page: Page) -> None:
    note = Note(by=HOSTILE[:80], text=HOSTILE, at=datetime.now(UTC))
    episode = an_alert(
        page, rule_title=HOSTILE, acknowledged_by=HOSTILE[:80], acknowledged_at=datetime.now(UTC), assigned_to=HOSTILE[:80], notes=(note,)
    )
    now = datetime.now(UTC)
    page.records.silence(
        Silence(id="s", matchers=(Matcher(field="rule", values=(HOSTILE,)), Matcher(field="rule", values=("raketentest",))), author=HOSTILE[:80], reason=HOSTILE,
                starts_at=now - timedelta(hours=1), ends_at=now + timedelta(hours=1), created_at=now)
    )  # fmt: skip
    page.records.notification(
        Notification(
            id="n",
            episode_id=episode.id,
            rule_id="r",
            receiver=HOSTILE,
            kind="first",
            step=1,
            created_at=now,
            next_at=now,
            message=episode.message,
            state="failed",
            attempts=3,
            last_error=HOSTILE,
        )  # fmt: skip
    )
    visit(chrome, page, f"?lang=en&episode={episode.id}", name=HOSTILE[:80])
    until(lambda: any(HOSTILE in each for each in texts(chrome, "#episode .log li")))
    assert HOSTILE in said(chrome, "#episode .told")
    assert HOSTILE in said(chrome, ".silence-row")
    assert one(chrome, "#me").get_attribute("textContent") == HOSTILE[:80]
    assert chrome.execute_script("return window.hacked === undefined && document.scripts.length === 1 && document.images.length === 1")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sheet_can_be_read_by_everybody(chrome: Chrome, page: Page, theme: str) -> None:
    episode = an_alert(page, notes=(Note(by="Jan", text="x", at=datetime.now(UTC)),), verdict="confirmed", verdict_by="Jan")
    visit(chrome, page, f"?lang=en&theme={theme}&episode={episode.id}")
    one(chrome, "#episode .words")
    assert chrome.execute_script(CONTRAST) == []
    for dialog in ("#episode", "#silence"):
        if dialog == "#silence":
            tab_to(chrome, "silence")
            press(chrome, Keys.ENTER)
            until(lambda: one(chrome, "#silence").is_displayed())
            assert chrome.execute_script(CONTRAST) == []
        assert one(chrome, dialog).aria_role == "dialog"
        assert one(chrome, dialog).accessible_name
        controls = chrome.find_elements(By.CSS_SELECTOR, f"{dialog} :is(a[href], button, input, select, textarea, summary)")
        assert [each.get_attribute("outerHTML") for each in controls if each.is_displayed() and not each.accessible_name.strip()] == []
    press(chrome, Keys.ESCAPE)
    until(lambda: not one(chrome, "#silence").is_displayed())
    assert one(chrome, "#episode").is_displayed()


def test_a_narrow_phone_shows_the_sheet_without_sideways_scrolling(chrome: Chrome, page: Page) -> None:
    episode = an_alert(page, rule_title="Donaudampfschifffahrt" * 10, notes=(Note(by="x" * 80, text="y" * 400, at=datetime.now(UTC)),))
    visit(chrome, page)
    chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True})
    try:
        chrome.get(f"{page.address}?lang=en&episode={episode.id}")
        one(chrome, "#episode .words")
        assert chrome.execute_script("return document.getElementById('episode').scrollWidth") <= 360
        assert chrome.execute_script("return document.documentElement.scrollWidth") <= 360
    finally:
        chrome.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_a_page_behind_a_proxy_knows_the_name_and_does_not_ask(chrome: Chrome) -> None:
    with Page(Settings.model_validate({"language": "en", "console": {"user_header": "X-Forwarded-User"}})) as page:
        an_alert(page)
        chrome.execute_cdp_cmd("Network.enable", {})
        chrome.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {"X-Forwarded-User": "Mira Roth"}})
        try:
            visit(chrome, page)
            assert said(chrome, "#me") == "Mira Roth"
            assert not one(chrome, "#me").is_enabled()
            click(chrome, '[data-part="do-a"]')
            until(lambda: page.commands)
            assert page.commands[0].by == "Mira Roth"
        finally:
            chrome.execute_cdp_cmd("Network.setExtraHTTPHeaders", {"headers": {}})
