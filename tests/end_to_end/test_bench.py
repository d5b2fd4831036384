"""A small run of the benchmark over real servers: everything arrives and every figure is there. How fast it is, is not a test's business."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from pipeline.bench.corpus import generate
from pipeline.bench.end_to_end import Plan, measure
from pipeline.bench.report import rows
from pipeline.bench.system import prepare
from pipeline.embedded.servers import Servers

PLAN = Plan(articles=300, rounds=1, workers=1, paced_seconds=3.0, seed=7)


@pytest.fixture(scope="module")
def figures(servers: Servers) -> Generator[dict[str, Any]]:
    folder = Path(tempfile.mkdtemp(prefix="lagebild-bench-test-"))
    pids = {"kafka": servers.kafka.pid or 0, "elasticsearch": servers.elasticsearch.pid or 0}
    try:
        system = prepare(folder, servers.addresses, prefix=f"{folder.name.lower()}-", rules=3, server_pids=pids)
        yield json.loads(json.dumps(measure(system, PLAN, lambda text: None)))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_every_article_has_its_outcome(figures: dict[str, Any]) -> None:
    for found in (*figures["rounds"], figures["through_collector"]):
        outcomes = found["outcomes"]
        assert (outcomes["rejected"], outcomes["indexed"] + outcomes["dropped"]) == (0, PLAN.articles)
        assert found["articles_per_second"] > 0


def test_repeats_are_dropped_and_nothing_else(figures: dict[str, Any]) -> None:
    corpus = list(generate(PLAN.seed * 1_000 + 1, PLAN.articles))
    seen: set[tuple[str, str]] = set()
    repeats = sum((each.guid, each.body) in seen or seen.add((each.guid, each.body)) is not None for each in corpus)
    assert figures["rounds"][0]["outcomes"]["dropped"] == repeats


def test_latency_memory_state_and_restore_are_measured(figures: dict[str, Any]) -> None:
    latency = figures["latency"]
    assert latency["outcomes"]["indexed"] == latency["fetch_to_index_seconds"]["count"]
    assert latency["outcomes"]["alerts"] == latency["fetch_to_alert_seconds"].get("count", 0)
    assert {"worker", "alerter", "indexer", "kafka", "elasticsearch"} <= figures["memory_bytes"].keys()
    assert all(size > 10_000_000 for size in figures["memory_bytes"].values())
    assert set(figures["restore"]["seconds_to_first_article"]) == {"identified", "deduplicated", "enriched"}
    assert {each["topic"].rpartition("-")[2] for each in figures["restore"]["restores"]} == {"articles.known", "stories"}
    assert all(each["records"] > PLAN.articles and each["bytes_per_record"] > 100 for each in figures["state"].values())


def test_the_figures_fit_the_table(figures: dict[str, Any]) -> None:
    assert any(what.startswith("fetch to index") for what, _ in rows({"end_to_end": figures}))
