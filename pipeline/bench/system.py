"""A whole system to measure: topics, templates, rules and processes over servers that answer, under a prefix and in a folder of its own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

from pipeline import broker, located, search, supervise
from pipeline.bench.machine import Usage, usage
from pipeline.embedded.leash import Child
from pipeline.embedded.servers import Addresses
from pipeline.errors import LagebildError
from pipeline.index.apply import apply as apply_index
from pipeline.rules.apply import apply as apply_rules
from pipeline.rules.compile import compile_rule, rule_set
from pipeline.rules.compiled import RuleSet
from pipeline.rules.declare import declare
from pipeline.settings import Settings, load

Tell = Callable[[str], None]

KEYWORD = "Raketentest"
RULE_ID = "bench-keyword"
ALERTS_FILE = "alerts.jsonl"
WATCHED = "watched"
READY_SECONDS = 90.0

# Every alert goes out: what is measured is the way, not the throttle.
_RULE = f"""\
schema: news-alerts/v1
kind: rule
id: {RULE_ID}
title: Keyword of the generated news
severity: high
match: {{any: [{KEYWORD}, {KEYWORD}s, missile test]}}
notify: {{route: [file], max_per_hour: 10000}}
"""
# Rules that are looked up for every article and match none: a desk has more than one.
_OTHER_RULE = """\
schema: news-alerts/v1
kind: rule
id: bench-other-{number:04}
title: Words that are in no article ({number})
severity: low
match: {{any: [Xylograbel{number}, Ypsilquand{number}, "Zwerbel {number} Quorx"]}}
"""


@dataclass
class System:
    """The parts of one installation and its running processes. `server_pids` are those of Kafka and Elasticsearch, where they are known."""

    settings: Settings
    config: Path
    server_pids: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    running: dict[str, Child] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.config.parent

    @property
    def watched(self) -> Path:
        return self.folder / WATCHED

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def start(self, *names: str) -> None:
        """Start processes: `worker`, or `worker-2` for a second one; each logs to its own file."""
        self.log("").parent.mkdir(exist_ok=True)
        for name in names:
            command = supervise.command(name.partition("-")[0], self.config, {"LAGEBILD_PROCESS": name, **self.environment})
            self.running[name] = Child(command, self.log(name))

    def stop(self, *names: str) -> None:
        """End processes in order (all without names)."""
        for name in names or tuple(self.running):
            if child := self.running.pop(name, None):
                child.stop()

    def look(self) -> None:
        """Raises LagebildError when a process has ended: a figure that was measured over a crash is none."""
        for name, child in self.running.items():
            if not child.alive:
                last = "\n".join(self._said(name).splitlines()[-5:])
                raise LagebildError(f"{name} ended with code {child.exit_code} while it was measured. Its last words:\n{last}")

    def usage(self) -> dict[str, Usage]:
        """What every process and both servers have taken until now."""
        pids = {**{name: child.pid for name, child in self.running.items()}, **self.server_pids}
        return {name: usage(pid) for name, pid in pids.items()}

    def ends(self, *topics: str) -> dict[tuple[str, int], int]:
        """Where each partition of the topics (names without prefix) ends now."""
        names = [self.settings.topic(topic) for topic in topics]
        wanted = [broker.Partition(name, number) for name in names for number in broker.partitions_of(self.settings.kafka, name)]
        consumer = broker.assigned_consumer(self.settings.kafka, wanted)
        try:
            return {(each.topic, each.partition): int(end) for each, end in consumer.end_offsets(wanted).items()}
        finally:
            consumer.close()

    def wait_until_ready(self, *names: str, seconds: float = READY_SECONDS) -> None:
        """Return once each group owns its partitions, known by their first commits or by its log. Raises LagebildError at the deadline."""
        deadline = time.monotonic() + seconds
        while missing := [name for name in names if _MARKS[name.partition("-")[0]] not in self._said(name)]:
            self.look()
            if time.monotonic() > deadline:
                raise LagebildError(f"not ready after {seconds:.0f} s: {', '.join(missing)}; see {self.log(missing[0])}")
            time.sleep(0.1)

    def _said(self, name: str) -> str:
        return self.log(name).read_text(encoding="utf-8", errors="replace") if self.log(name).exists() else ""


# What each process logs once it works.
_MARKS = {"worker": "restored", "indexer": "indexing", "alerter": "alerting", "collector": "collecting"}


def prepare(folder: Path, addresses: Addresses, *, prefix: str, rules: int, server_pids: Mapping[str, int] | None = None) -> System:
    """The system made ready in `folder`: `rules` alert rules, of which one looks for the keyword. Nothing runs yet."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    for name, text in _rules(rules).items():
        (folder / "rules" / f"{name}.yaml").write_text(text, encoding="utf-8")
    (folder / WATCHED).mkdir(exist_ok=True)
    config = folder / "lagebild.yaml"
    with config.open("w", encoding="utf-8") as file:
        YAML().dump(_configuration(addresses, prefix), file)
    settings = load(config)
    broker.apply_topics(settings)
    search.wait_until_ready(settings, 60)
    apply_index(settings)
    applied = apply_rules(settings)
    if applied.problems:
        raise LagebildError("the rules of the benchmark are broken: " + "; ".join(map(str, applied.problems[:3])))
    return System(settings, config, server_pids or {})


def _rules(count: int) -> dict[str, str]:
    """The rule files by id: the one that looks for the keyword, and `count` - 1 others."""
    others = {f"bench-other-{number:04}": _OTHER_RULE.format(number=number) for number in range(1, count)}
    return {RULE_ID: _RULE, **others}


def compiled(count: int) -> RuleSet:
    """The same rules as a set in memory."""
    declared = [declare(located.read_text(text, name)) for name, text in _rules(count).items()]
    return rule_set(compile_rule(rule) for rule in declared if rule is not None)


def _configuration(addresses: Addresses, prefix: str) -> dict[str, object]:
    source = {"id": "bench-files", "connector": "directory", "every_seconds": 0.2, "options": {"path": WATCHED, "settle_seconds": 0}}
    return {
        "kafka": {"servers": [addresses.kafka], "topic_prefix": prefix},
        "elasticsearch": {"url": addresses.elasticsearch, "index_prefix": prefix},
        "rules": "rules",
        "alerts": {"default_route": ["file"]},
        "receivers": [{"name": "file", "notifier": "file", "options": {"path": ALERTS_FILE}}],
        "sources": [source],
        "collector": {"canaries": False},
    }


@contextlib.contextmanager
def processes(system: System, names: Sequence[str]) -> Iterator[System]:
    """The processes, ready, and ended in order on leaving."""
    try:
        system.start(*names)
        system.wait_until_ready(*names)
        yield system
    finally:
        system.stop()
