"""Very many feeds on one collector: whether each is asked when it is due, and what that costs in memory and CPU."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from pipeline import broker, settings, topology
from pipeline.bench.arrivals import percentiles
from pipeline.bench.feed_server import Manner, serving_feeds
from pipeline.bench.system import System, Tell, processes
from pipeline.embedded.servers import Addresses

Figures = dict[str, Any]

CYCLE_SECONDS = 600.0
FETCHES_AT_ONCE = 64
# The collector takes 50 new feeds a second, so that its start is no burst; the first round is over then.
FIRST_PER_SECOND = 50.0
# Due is due within the spread of five percent that parts sources, and a few seconds of waiting for a free place.
LATE_SHARE = 0.1


def configuration(url: str, count: int, addresses: Addresses, prefix: str) -> str:
    """A configuration of `count` feeds at `url`, as JSON, which is YAML."""
    sources = [
        {
            "id": f"feed-{number:05}",
            "connector": "rss",
            "every_seconds": CYCLE_SECONDS,
            "options": {"url": f"{url}/feed/{number}", "allow_private": ["127.0.0.1"]},
        }
        for number in range(count)
    ]
    kafka = {"servers": [addresses.kafka], "topic_prefix": prefix}
    return json.dumps(
        {"kafka": kafka, "collector": {"fetches_at_once": FETCHES_AT_ONCE, "canaries": False}, "sources": sources, "enrichers": []}
    )


def measure_polling(folder: Path, addresses: Addresses, prefix: str, count: int, seconds: float, tell: Tell) -> Figures:
    """Figures of a collector with `count` feeds: first all of them are fetched once, then it is watched for `seconds`."""
    (folder / "rules").mkdir(parents=True, exist_ok=True)
    with serving_feeds(Manner()) as (url, server):
        config = folder / "lagebild.yaml"
        config.write_text(configuration(url, count, addresses, prefix), encoding="utf-8")
        began = time.monotonic()
        made = settings.load(config)
        loaded_seconds = time.monotonic() - began
        broker.apply_topics(made, topics=[topology.topic(name) for name in topology.stage("collect").writes])
        with processes(System(made, config), ("collector",)) as system:
            tell(f"feeds: {count:,}, the first fetch of each")
            _wait(system, count / FIRST_PER_SECOND)
            server.send("forget")
            first = server.recv()
            before, started = system.usage()["collector"], time.monotonic()
            tell(f"feeds: {count:,} every {CYCLE_SECONDS:.0f} s, watched for {seconds:.0f} s")
            _wait(system, seconds)
            server.send("tell")
            asked, watched = server.recv(), time.monotonic() - started
            took = system.usage()["collector"].since(before)
    return figures(asked, watched, took.cpu_seconds, took.resident_bytes) | {
        "sources": count,
        "load_seconds": loaded_seconds,
        "first_round": {"statuses": first["statuses"], "feeds": first["feeds"]},
    }


def _wait(system: System, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        system.look()
        time.sleep(1)


def figures(asked: dict[str, Any], seconds: float, cpu_seconds: float, resident_bytes: int) -> Figures:
    """What the server saw in `seconds`, beside what the collector took."""
    requests = sum(asked["statuses"].values())
    on_time = [each for each in asked["pauses"] if each <= CYCLE_SECONDS * (1 + LATE_SHARE)]
    return {
        "cycle_seconds": CYCLE_SECONDS,
        "watched_seconds": seconds,
        "requests_per_second": requests / seconds,
        "statuses": {str(status): count for status, count in sorted(asked["statuses"].items())},
        "pause_seconds": percentiles(sorted(asked["pauses"])),
        "on_time_share": len(on_time) / max(len(asked["pauses"]), 1),
        "cpu_share": cpu_seconds / seconds,
        "cpu_ms_per_request": 1_000 * cpu_seconds / max(requests, 1),
        "memory_bytes": resident_bytes,
    }
