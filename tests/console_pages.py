"""The live page for tests: a real HTTP server on 127.0.0.1 over records that the test makes, and a real browser."""

from __future__ import annotations

import itertools
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from pipeline import sources, topology
from pipeline.alerts import Alerts
from pipeline.article import Article, Clock, Dates, Hit, Language, Match, Source, Story, encode
from pipeline.broker import Record
from pipeline.console.app import make_app
from pipeline.console.board import GroupLag, Limits
from pipeline.console.feed import Feed
from pipeline.console.hub import Hub
from pipeline.console.serve import Server, address_of, listen
from pipeline.decisions import key_of, obeyed
from pipeline.episode import Command, Episode, Notification, Silence
from pipeline.episodes.decide import decide
from pipeline.errors import Unreachable
from pipeline.matched import matched
from pipeline.policy import RulePolicy
from pipeline.rules.compiled import CompiledRule
from pipeline.settings import Settings
from tests.builders import article
from tests.waiting import until as until

T = TypeVar("T")
_numbers = itertools.count(1)


class Records:
    """A feed of records that a test writes. `stopped` makes it bring nothing, as a broker that is gone does."""

    def __init__(self) -> None:
        self._waiting: list[Record] = []
        self._lock = threading.Lock()
        self.complete_at: datetime | None = None
        self.stopped = False

    def put(self, topic: str, value: bytes | None, key: str = "", at: datetime | None = None) -> None:
        record = Record(topic, 0, next(_numbers), key.encode(), value, (), at or datetime.now(UTC))
        with self._lock:
            self._waiting.append(record)

    def article(self, **changes: Any) -> Article:
        made = enriched(**changes)
        self.put(topology.ENRICHED, encode(made))
        return made

    def episode(self, episode: Episode) -> Episode:
        self.put(topology.EPISODES, msgspec.json.encode(episode), episode.id)
        return episode

    def notification(self, notification: Notification) -> None:
        self.put(topology.NOTIFICATIONS, msgspec.json.encode(notification), notification.id)

    def silence(self, silence: Silence) -> None:
        self.put(topology.SILENCES, msgspec.json.encode(silence), silence.id)

    def rule(self, compiled: CompiledRule, at: datetime | None = None) -> None:
        self.put(topology.RULES, msgspec.json.encode(compiled), compiled.rule.id, at)

    def health(self, **fields: Any) -> None:
        self.put(topology.HEALTH, sources.encode(sources.SourceHealth(**fields)), fields["source_id"])

    def open(self) -> Records:
        if self.stopped:
            raise Unreachable("Kafka does not answer at 127.0.0.1:9092 (the live page needs it)")
        return self

    def poll(self) -> list[Record]:
        time.sleep(0.02)
        if self.stopped:
            return []
        with self._lock:
            found, self._waiting = self._waiting, []
        if not found:
            self.complete_at = datetime.now(UTC)
        return found

    def close(self) -> None: ...


def enriched(*, word: str = "", rule: str = "", severity: str = "high", source: str = "tagesblatt", **changes: Any) -> Article:
    """An article as enrich writes it; `word` in its title or body is marked by the rule `rule`."""
    at = changes.pop("at", datetime.now(UTC))
    plain = article(
        id=f"a{next(_numbers)}",
        source=Source(id=source, name=source.title(), connector="rss"),
        language=Language(code="de", confidence=0.99, origin="detected"),
        dates=Dates(published_raw="x", published_at=at - timedelta(minutes=3), precision="second", confidence="exact"),
        first_seen_at=at,
        revision=1,
        clock=Clock(fetched_at=at - timedelta(milliseconds=400), collected_at=at, enriched_at=at),
    )
    made = msgspec.structs.replace(plain, **changes)
    if not rule:
        return made
    return msgspec.structs.replace(made, matches=(match_of(made, word, rule, severity),))


def match_of(made: Article, word: str, rule: str, severity: str = "high") -> Match:
    hits = []
    for field in ("title", "summary", "body"):
        text = getattr(made, field)
        start = text.find(word)
        if start >= 0:
            hits.append(
                Hit(
                    term=word.lower(),
                    surface=word,
                    mode="token",
                    field=field,  # type: ignore[arg-type]
                    start=start,
                    end=start + len(word),
                    sentence_start=0,
                    sentence_end=len(text),
                    sentence_id=f"{field}:{made.id}",
                )
            )
    return Match(
        id=f"{rule}-{made.id}-{made.revision}", rule_id=rule, rule_version="1", title=rule.title(), severity=severity, hits=tuple(hits)
    )


def episode_of(*articles: Article, now: datetime | None = None, **changes: Any) -> Episode:
    """The episode that the alerter makes of articles that match one rule."""
    now = now or datetime.now(UTC)
    state = Alerts()
    for each in articles:
        decision = decide(state, matched(each, each.matches[0], now), RulePolicy(), now)
        if decision.episode:
            state.put(decision.episode)
    (episode,) = state.episodes.values()
    return msgspec.structs.replace(episode, **changes)


def story(number: int, position: int) -> Story:
    return Story(id=f"story-{number}", position=position)


class Page:
    """A served page: `address`, and `records` to write to."""

    def __init__(self, settings: Settings, *, max_clients: int = 20, heartbeat_seconds: float = 0.2, port: int = 0) -> None:
        self.records = Records()
        self.lag: tuple[GroupLag, ...] = (GroupLag("worker", 3), GroupLag("indexer", 0), GroupLag("alerter", None))
        limits = Limits(articles=settings.console.articles, late_hours=settings.alerts.late_hours)
        self.stuck = False
        self.feed = Feed(self.records.open, limits, read_lag=self._read_lag)
        self.hub = Hub(self.feed.status, max_clients=max_clients, heartbeat_seconds=heartbeat_seconds)
        self.commands: list[Command] = []
        self.articles: list[Article] = []
        self.alerter = True
        self.unreachable = False
        self._listener = listen("127.0.0.1", port)
        self.address = address_of(self._listener)
        self.server = Server(make_app(settings, self.feed, self.hub, self._said, self._day), self.hub)
        self._serving = serving(self.server, self._listener)

    def _read_lag(self) -> tuple[GroupLag, ...]:
        """`lag`, of processes that move on, unless they are `stuck`."""
        return self.lag if self.stuck else tuple(msgspec.structs.replace(each, committed=next(_numbers)) for each in self.lag)

    def _said(self, _: Settings, command: Command) -> None:
        """Takes a command as Kafka does, and obeys it as the alerter does while `alerter` is true."""
        if self.unreachable:
            raise Unreachable("Kafka does not answer at 127.0.0.1:9092")
        self.commands.append(command)
        if self.alerter:
            self.obey(command)

    @contextmanager
    def _day(self, _: Settings, now: datetime) -> Iterator[Iterator[Article]]:
        """The articles of the last 24 hours: those that the test puts into `articles`."""
        yield iter(self.articles)

    def obey(self, command: Command) -> None:
        with self.feed.desk.lock:
            found = obeyed(self.feed.desk.alerts, command, datetime.now(UTC))
        for each in found.records:
            if isinstance(each, Episode):
                self.records.episode(each)
            else:
                self.records.silence(each)
        self.records.put(topology.AUDIT, msgspec.json.encode(found.audit), key_of(command))

    def __enter__(self) -> Page:
        self._serving.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.__exit__(None, None, None)


@contextmanager
def serving(server: Server, listener: socket.socket) -> Iterator[None]:
    """The server in a thread, for as long as the block lasts."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started)
        yield
    finally:
        server.end()
        thread.join(10)
        assert not thread.is_alive(), "the server did not end"


@contextmanager
def browsing(*arguments: str) -> Iterator[Chrome]:
    """A headless Chromium with a fresh profile that speaks to 127.0.0.1 only."""
    chromium = next((found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    assert chromium and driver, "the live page is tested in a browser: install chromium and chromium-driver (deploy/test.sh does)"
    profile = Path(tempfile.mkdtemp(prefix="lagebild-browser-"))
    options = ChromeOptions()
    options.binary_location = chromium
    for each in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
        "--lang=de-DE",
        # Selenium takes what is just fading in for invisible.
        "--force-prefers-reduced-motion",
        "--window-size=1400,1000",
        f"--user-data-dir={profile}",
        *arguments,
    ):
        options.add_argument(each)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = Chrome(options=options, service=Service(driver))
    try:
        chrome.set_page_load_timeout(20)
        yield chrome
    finally:
        chrome.quit()
        shutil.rmtree(profile, ignore_errors=True)
