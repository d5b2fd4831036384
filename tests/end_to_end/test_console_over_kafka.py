"""The live page with a real Kafka and the real processes behind it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from pipeline import broker, topology
from pipeline.console.app import make_app
from pipeline.console.feed import kafka_feed
from pipeline.console.hub import Hub
from pipeline.console.serve import Server, address_of, listen
from pipeline.embedded.servers import Servers
from pipeline.episode import Audit, Episode
from pipeline.matched import matched
from pipeline.rules.apply import watch
from pipeline.settings import Settings
from tests.console_pages import browsing, enriched, serving, until
from tests.end_to_end.test_console_deciding import click
from tests.end_to_end.test_console_page import press, texts
from tests.faults.system import configuration, running


@contextmanager
def the_page(settings: Settings) -> Iterator[str]:
    """The address of the page over this installation's topics."""
    feed = kafka_feed(settings)
    hub = Hub(feed.status)
    listener = listen("127.0.0.1", 0)
    with serving(Server(make_app(settings, feed, hub), hub), listener):
        yield address_of(listener)


def opened(chrome: Chrome, address: str, query: str = "?lang=en") -> None:
    chrome.get(address + "favicon.ico")
    chrome.execute_script("localStorage.setItem('lagebild.name', 'Anna Berg')")
    chrome.get(address + query)
    until(lambda: chrome.find_element(By.ID, "state").get_attribute("data-state") == "live", 30)


# Starting the servers counts too when this is the first test that needs them.
@pytest.mark.timeout(180)
def test_an_acknowledgement_on_the_page_is_carried_out_by_the_alerter_and_comes_back(servers: Servers, tmp_path: Path) -> None:
    config = configuration(tmp_path, servers.addresses)
    with running(config, "alerter") as system, the_page(system.settings) as address, browsing() as chrome:
        opened(chrome, address)
        made = enriched(title="Ein Raketentest", body="Ein Raketentest im Ostmeer.", word="Raketentest", rule="keyword")
        publisher = broker.Publisher(system.settings.kafka)
        publisher.send(
            system.settings.topic(topology.MATCHES), "keyword", msgspec.json.encode(matched(made, made.matches[0], datetime.now(UTC)))
        )
        publisher.confirm()
        publisher.close()
        until(lambda: texts(chrome, ".alert"), 60, "the alert on the page")
        press(chrome, "ja")
        began = time.monotonic()
        until(lambda: "Seen by Anna Berg" in texts(chrome, ".alert .tag"), 30, "the confirmation")
        assert time.monotonic() - began < 10
        press(chrome, "w")
        until(lambda: any("Anna Berg · Acknowledgement" in each for each in texts(chrome, "#episode .log li")))
        until(lambda: "desk" in "".join(texts(chrome, "#episode .told li")), 30, "who was told")
        (audit,) = [
            msgspec.json.decode(each.value or b"", type=Audit)
            for each in broker.read_to_end(system.settings.kafka, system.settings.topic(topology.AUDIT))
        ]
        assert (audit.command.by, audit.command.via, audit.changed) == ("Anna Berg", "live page", True)
        episodes = [
            msgspec.json.decode(each.value or b"", type=Episode)
            for each in broker.read_to_end(system.settings.kafka, system.settings.topic(topology.EPISODES))
        ]
        assert episodes[-1].acknowledged_by == "Anna Berg"


# Starting the servers counts too when this is the first test that needs them.
@pytest.mark.timeout(240)
def test_a_rule_made_on_the_page_rings_within_seconds_of_saving(servers: Servers, tmp_path: Path) -> None:
    config = configuration(tmp_path, servers.addresses, alerts={"default_route": ["desk"]})
    stop = threading.Event()
    with running(config, "collector", "worker", "alerter") as system, the_page(system.settings) as address, browsing() as chrome:
        watcher = threading.Thread(target=watch, args=(system.settings, stop))
        watcher.start()
        try:
            (tmp_path / "in" / "before.txt").write_text(
                "Vorher\n\nEin Hafen ohne jedes Ereignis, nur damit alles warm ist.", encoding="utf-8"
            )
            opened(chrome, address)
            until(lambda: texts(chrome, "#article-list .headline"), 90, "the first article")
            press(chrome, "n")
            press(chrome, "Fährunglück heute" + Keys.TAB + Keys.TAB + "Fährunglück")
            # The dictionary is read once, when somebody first tries words.
            click(chrome, "#watch-try")
            until(lambda: chrome.find_elements(By.CSS_SELECTOR, "#watch-results p:not(.none), #watch-fault:not(:empty)"), 60, "the answer")
            click(chrome, "#watch-save:enabled")
            until(lambda: list((tmp_path / "rules").glob("faehrunglueck*.yaml")), 30, "the rule file")
            began = time.monotonic()
            until(lambda: "Active since" in "".join(texts(chrome, "#watch-results p")), 30, "the rule to be active")
            active_seconds = time.monotonic() - began
            text = "Bei einem Fährunglück vor Rostock sind am Abend alle Passagiere gerettet worden, teilte die Küstenwache mit."
            (tmp_path / "in" / "after.txt").write_text(f"Fähre vor Rostock\n\n{text}", encoding="utf-8")
            until(lambda: [each for each in system.alerts() if each["rule_id"].startswith("faehrunglueck")], 30, "the ring")
            rang_seconds = time.monotonic() - began
            until(lambda: "Fährunglück heute" in "".join(texts(chrome, ".alert .rule-title")), 30, "the alert on the page")
        finally:
            stop.set()
            watcher.join(20)
    print(f"active after {active_seconds:.1f} s, rang after {rang_seconds:.1f} s")  # noqa: T201
    assert active_seconds < 5
    assert rang_seconds < 10
