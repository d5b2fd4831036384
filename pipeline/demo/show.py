"""The demonstration: real servers, sample feeds, all processes, from nothing to an alert.

Everything it makes lies in the data folder of the embedded servers; the configuration and the rules it writes there are meant to be looked at
and changed while it runs.
"""

from __future__ import annotations

import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ruamel.yaml import YAML

from pipeline import broker, search, supervise
from pipeline.demo.declarations import SAMPLES
from pipeline.demo.feeds import SampleFeeds, sources
from pipeline.demo.ledger import ledger
from pipeline.demo.tally import Follower, Tally
from pipeline.demo.verdict import Row, summary
from pipeline.embedded.servers import Addresses
from pipeline.errors import LagebildError, Transient, Unreachable
from pipeline.index.apply import apply as apply_index
from pipeline.index.queries import article_count
from pipeline.rules.apply import Applied, watch
from pipeline.rules.apply import apply as apply_rules
from pipeline.settings import Settings, load

Tell = Callable[[str], None]

GROUPS = {
    "worker": ("articles.collected", "articles.identified", "articles.deduplicated"),
    "indexer": ("articles.enriched",),
    "alerter": ("matches",),
}
ONCE_EVERY_SECONDS = 0.5
# A step is over when nothing has moved for so long: several rounds of fetching and the watched folder's settling time.
QUIET_SECONDS = 4.0
STEP_DEADLINE_SECONDS = 120.0


@dataclass(frozen=True)
class Demo:
    """A prepared demonstration: its settings, where they lie, and the feeds."""

    settings: Settings
    config: Path
    feeds: SampleFeeds
    folder: Path

    @property
    def page(self) -> str:
        return f"http://{self.settings.console.host}:{self.settings.console.port}/"


def prepare(data: Path, addresses: Addresses, tell: Tell, *, once: bool, speed: float = 1.0, port: int = 8080) -> Demo:
    """Topics, templates, rules and feeds made ready over servers that answer. Everything is idempotent, so a second start finds its data."""
    folder = data / "demo"
    feeds = SampleFeeds(stepwise=once, speed=speed, port=_free_port(18_080))
    feeds.start()
    rules = folder / "rules"
    if not rules.exists():
        shutil.copytree(SAMPLES / "rules", rules)
    config = folder / "lagebild.yaml"
    _write(config, _configuration(addresses, feeds, folder, once, _free_port(port)))
    settings = load(config)
    created = [change for change in broker.apply_topics(settings) if change.change == "created"]
    tell(f"Kafka topics: {len(created)} created." if created else "Kafka topics: all there; the data of the last run are found again.")
    search.wait_until_ready(settings, 60)
    apply_index(settings)
    tell("Elasticsearch templates: applied.")
    applied = apply_rules(settings)
    if applied.problems:
        raise LagebildError("the rules in the demo folder are broken:\n" + "\n".join(str(each) for each in applied.problems))
    tell(f"Alert rules: {applied.active} active, in {rules}")
    return Demo(settings, config, feeds, folder / "watched")


def _configuration(addresses: Addresses, feeds: SampleFeeds, folder: Path, once: bool, port: int) -> dict[str, object]:
    return {
        "kafka": {"servers": [addresses.kafka]},
        "elasticsearch": {"url": addresses.elasticsearch},
        "rules": "rules",
        # The first missile test is dated nine hours back, so that the second, eight hours later, is fresh.
        "alerts": {"late_hours": 24, "default_route": ["console"]},
        "receivers": [{"name": "console", "notifier": "console"}],
        "console": {"port": port},
        "sources": sources(feeds.base_url, folder / "watched", feeds.samples, every_seconds=ONCE_EVERY_SECONDS if once else 2.0),
    }


def _write(path: Path, content: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write("# Written by `lagebild demo` at every start. Copy it to make your own.\n")
        YAML().dump(content, file)


def _free_port(wanted: int) -> int:
    """`wanted` if it is free on 127.0.0.1, or any free one."""
    for port in (wanted, 0):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise LagebildError("there is no free port on 127.0.0.1")


@contextlib.contextmanager
def running(demo: Demo, logs: Path, tell: Tell) -> Iterator[Follower]:
    """All processes of the demonstration, supervised, and a tally of what they do; ended in order on leaving."""
    logs.mkdir(parents=True, exist_ok=True)
    commands = {name: supervise.command(name, demo.config) for name in supervise.PROCESSES}
    stop = threading.Event()

    def changed(name: str, what: str) -> None:
        if what not in ("started", "stopped"):
            tell(f"{name}: {what}; its log is {logs / name}.log")

    supervisor = supervise.Supervisor(commands, logs, changed)
    thread = threading.Thread(target=supervisor.run, args=(stop,), name="supervisor")
    rules = threading.Thread(
        target=watch, args=(demo.settings, stop, rules_told(demo.settings.rules, tell)), name="rules watcher", daemon=True
    )
    follower = Follower(demo.settings, demo.feeds.samples.includes).start()
    thread.start()
    rules.start()
    try:
        yield follower
    finally:
        stop.set()
        thread.join(60)
        follower.stop()
        demo.feeds.stop()


def rules_told(folder: str, tell: Tell) -> Callable[[Applied], None]:
    """What says in sentences what became of the rules folder."""

    def told(applied: Applied) -> None:
        for line in rules_in_words(applied, folder, datetime.now().astimezone()):
            tell(line)

    return told


def rules_in_words(applied: Applied, folder: str, now: datetime) -> list[str]:
    """One sentence per rule that became active or is gone, or per fault in a file of `folder`; [] when nothing changed."""
    if applied.problems:
        return [
            *(f"{folder}/{each}" for each in applied.problems),
            "The rules folder is refused as it is: the rules that were active stay active.",
        ]
    since = f"{now:%H:%M:%S}"
    return [
        *(f"rule {each} is active since {since}" for each in applied.changed),
        *(f"rule {each} is no longer active since {since}" for each in applied.removed),
    ]


def keep_filling(demo: Demo, stop: threading.Event) -> None:
    """Copy the sample files into the watched folder as they become due, until `stop` is set."""
    while not stop.wait(1.0):
        demo.feeds.write_due_files(demo.folder)


def process_once(demo: Demo, tally: Tally, stop: threading.Event, tell: Tell) -> list[Row]:
    """Serve one step after the other, each processed to its end before the next; the summary. Ends early when `stop` is set."""
    for step in range(demo.feeds.steps):
        demo.feeds.advance(step)
        demo.feeds.write_due_files(demo.folder)
        _drain(demo, tally, stop)
        tell(f"step {step + 1} of {demo.feeds.steps}: {tally.line()}")
        if stop.is_set():
            break
    samples = demo.feeds.samples
    with search.Server(demo.settings) as server:
        documents = article_count(server, demo.settings)
    return summary(ledger(samples), tally, samples.rules, documents)


def _drain(demo: Demo, tally: Tally, stop: threading.Event) -> None:
    """Return when every feed was fetched since the step began and nothing has moved for `QUIET_SECONDS`. Raises LagebildError at the deadline."""
    started = changed = time.monotonic()
    last = ""
    feeds = [name for name, feed in demo.feeds.samples.feeds.items() if feed.format != "folder"]
    while not stop.wait(0.2):
        now = time.monotonic()
        if tally.line() != last:
            last, changed = tally.line(), now
        fetched = all(demo.feeds.served[name] >= 2 for name in feeds)
        try:
            if fetched and now - changed > QUIET_SECONDS and not behind(demo.settings):
                return
        except (Unreachable, Transient, broker.KafkaFault):
            changed = now  # Kafka is being started again
        if now - started > STEP_DEADLINE_SECONDS:
            waiting = [name for name in feeds if demo.feeds.served[name] < 2] or behind(demo.settings)
            raise LagebildError(f"the samples were not processed within {STEP_DEADLINE_SECONDS:.0f} s; still waiting for {waiting}")


def behind(settings: Settings) -> list[str]:
    """The groups that have not read everything yet."""
    return [f"{group} on {lag.topic}" for group, topics in GROUPS.items() for lag in broker.lag(settings, group, topics) if lag.records]
