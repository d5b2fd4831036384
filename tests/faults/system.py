"""A running Lagebild: its configuration, its processes as real children, and waiting for what they do."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline import broker, search, settings, supervise
from pipeline.embedded.leash import Child
from pipeline.embedded.servers import Addresses
from pipeline.rules import apply as rules
from pipeline.settings import Settings
from tests.faults.stream import KEYWORD
from tests.waiting import until as until

PROCESSES = ("collector", "worker", "indexer", "alerter")
RULE = f"""\
schema: news-alerts/v1
kind: rule
id: keyword
title: {KEYWORD}
match:
  any: [{KEYWORD}]
notify:
  route: [desk]
  max_per_hour: 10000
"""


def configuration(folder: Path, addresses: Addresses, **changes: Mapping[str, Any] | None) -> Path:
    """The configuration file of an installation of its own in `folder`; `changes` are merged into its sections, None leaves one out."""
    prefix = f"f{uuid.uuid4().hex[:8]}-"
    content: dict[str, Any] = {
        "kafka": {"servers": [addresses.kafka], "topic_prefix": prefix, "session_seconds": 2},
        "elasticsearch": {"url": addresses.elasticsearch, "index_prefix": prefix},
        # They are no part of the ledger.
        "collector": {"canaries": False},
        "worker": {"stalled_seconds": 20, "restore_seconds": 30},
        "sources": [
            {"id": "files", "connector": "directory", "every_seconds": 0.3, "options": {"path": "in", "settle_seconds": 0}},
        ],
        # The recogniser only costs time here: faults have nothing to do with it.
        "enrichers": [],
        "receivers": [{"name": "desk", "notifier": "file", "options": {"path": "alerts.ndjson"}}],
    }
    for section, values in changes.items():
        if values is None:
            del content[section]
        else:
            content[section] = {**content.get(section, {}), **values}
    for name in ("in", "rules", "logs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "keyword.yaml").write_text(RULE, encoding="utf-8")
    path = folder / "lagebild.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


class System:
    """The processes of one installation, started, killed, suspended and restarted by name; `worker-2` is a second worker."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.folder = config.parent
        self.settings: Settings = settings.load(config)
        self.children: dict[str, Child] = {}
        self.ended: list[str] = []  # what ended by itself
        self._lock = threading.RLock()
        broker.apply_topics(self.settings)
        applied = rules.apply(self.settings)
        assert not applied.problems, applied.problems

    def start(self, *names: str) -> None:
        with self._lock:
            for name in names or PROCESSES:
                self.children[name] = Child(supervise.command(name.split("-")[0], self.config), self.log(name))

    def log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def kill(self, name: str) -> None:
        self.children[name].kill()

    def restart(self, name: str) -> None:
        with self._lock:
            self.kill(name)
            self.start(name)

    def revive(self) -> list[str]:
        """Start again what has ended by itself, as the supervisor does, and say what that was."""
        with self._lock:
            ended = {name: child.exit_code for name, child in self.children.items() if not child.alive}
            if ended:
                self.start(*ended)
        found = [f"{name} (exit code {code})" for name, code in ended.items()]
        self.ended += found
        return found

    def stop(self) -> None:
        for child in self.children.values():
            child.resume()
            child.kill()

    def alerts(self) -> list[dict[str, Any]]:
        """The lines of the receiver's file."""
        path = self.folder / "alerts.ndjson"
        return [json.loads(each) for each in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    def documents(self) -> list[dict[str, Any]]:
        """Every article in Elasticsearch, without its analysed copies; at most 10,000."""
        with search.Server(self.settings) as server:
            index = self.settings.index("news-articles")
            server.request("POST", f"/{index}/_refresh", None, {"ignore_unavailable": "true"})
            wanted = {"query": {"match_all": {}}, "size": 10_000, "version": True, "_source": {"excludes": ["news.*_by_language"]}}
            hits = server.request("POST", f"/{index}/_search", wanted, {"ignore_unavailable": "true"})["hits"]["hits"]
        return [{**each["_source"], "_id": each["_id"], "_version": each["_version"]} for each in hits]

    def tail(self, lines: int = 12) -> str:
        """The ends of all logs, for a failed test's report."""
        parts = []
        for path in sorted((self.folder / "logs").glob("*.log")):
            content = path.read_text(encoding="utf-8", errors="replace").splitlines()
            parts += [f"--- {path.name}: {len(content)} lines, the last of them:", *(line[:400] for line in content[-lines:])]
        return "\n".join(parts)


def resident_bytes(pid: int) -> int:
    """The resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


@contextmanager
def running(config: Path, *names: str) -> Generator[System]:
    """The installation with its processes; ended with the block. When the block fails, the ends of the logs are printed."""
    system = System(config)
    try:
        system.start(*names)
        yield system
    except BaseException:
        print(system.tail())  # noqa: T201
        raise
    finally:
        system.stop()
