"""The whole way over real servers: articles per second, latency at half of that, memory, the size of the state and how soon it is there again.

An article counts from the moment it was fetched to the moment Elasticsearch has acknowledged its document (it can be searched at the next
refresh, within a second). Repeats, which are dropped, count with their outcome.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Any

from pipeline import broker, topology
from pipeline.bench import feeding
from pipeline.bench.arrivals import FOLLOWED, Arrivals, percentiles, wait_for
from pipeline.bench.corpus import GeneratedArticle, Shares, generate
from pipeline.bench.machine import Usage, usage
from pipeline.bench.system import KEYWORD, System, Tell, processes
from pipeline.state import BIRTH_KEY

# Java compiles what is called often: of the first thousands of articles the servers take three times the CPU (measured 2026-11-21).
WARM_UP_ARTICLES = 5_000
AFTER_RESTART_ARTICLES = 200
# The slowest rate that still counts as working: the deadline of a run follows from it.
SLOWEST_PER_SECOND = 15.0
LEAST_DEADLINE_SECONDS = 90.0


@dataclass(frozen=True)
class Plan:
    """What to run. `paced_seconds` 0 leaves latency out; `rounds` are bursts of `articles`, each of other articles."""

    articles: int = 20_000
    rounds: int = 3
    workers: int = 1
    paced_seconds: float = 30.0
    seed: int = 1
    with_collector: bool = True


Figures = dict[str, Any]


def measure(system: System, plan: Plan, tell: Tell) -> Figures:
    """All figures of the module's docstring. Raises LagebildError when something does not arrive or a process ends."""
    workers = ["worker", *(f"worker-{number}" for number in range(2, plan.workers + 1))]
    seeds = iter(range(plan.seed * 1_000, plan.seed * 1_000 + 1_000))
    with processes(system, [*workers, "alerter", "indexer"]):
        tell(f"warming up with {min(plan.articles, WARM_UP_ARTICLES):,} articles")
        _burst(system, _corpus(next(seeds), min(plan.articles, WARM_UP_ARTICLES)))
        rounds = []
        for number in range(1, plan.rounds + 1):
            rounds.append(_burst(system, _corpus(next(seeds), plan.articles)))
            tell(f"round {number} of {plan.rounds}: {rounds[-1]['articles_per_second']:.0f} articles/s end to end")
        rate = median(each["articles_per_second"] for each in rounds)
        found: Figures = {"plan": asdict(plan), "articles_per_second": rate, "rounds": rounds}
        if plan.with_collector:
            found["through_collector"] = _through_collector(system, _corpus(next(seeds), plan.articles))
            tell(f"through the collector: {found['through_collector']['articles_per_second']:.0f} articles/s")
        if plan.paced_seconds:
            found["latency"] = _paced(system, next(seeds), rate / 2, plan.paced_seconds)
            tell(f"at half that rate: fetch to alert {found['latency']['fetch_to_alert_seconds']} s")
        found["memory_bytes"] = {name: each.resident_bytes for name, each in system.usage().items()}
        found["restore"] = _restart(system, workers, _corpus(next(seeds), AFTER_RESTART_ARTICLES))
        tell(f"restored: {found['restore']}")
        found["state"] = _state(system)
    return found


# Under even load more articles ring than on a real day, or percentiles would stand on a handful of alerts.
ALERTING = Shares(keyword=0.05)


def _corpus(seed: int, count: int, shares: Shares | None = None) -> Sequence[GeneratedArticle]:
    return list(generate(seed, count, shares, KEYWORD))


def _deadline(articles: int) -> float:
    return max(LEAST_DEADLINE_SECONDS, articles / SLOWEST_PER_SECOND)


def _burst(system: System, articles: Sequence[GeneratedArticle]) -> Figures:
    """All articles at once into `articles.collected`."""
    begun, before = system.ends(*FOLLOWED), _usage(system)
    first = feeding.publish(system.settings, articles)
    published = datetime.now(UTC)
    arrivals = wait_for(system, begun, len(articles), _deadline(len(articles)))
    found = _throughput(arrivals, first, len(articles))
    return found | {"published_in_seconds": (published - first).total_seconds(), "cpu_ms_per_article": _cpu(system, before, len(articles))}


def _through_collector(system: System, articles: Sequence[GeneratedArticle]) -> Figures:
    """The same number of articles as NDJSON files in a folder that the collector watches."""
    begun = system.ends(*FOLLOWED)
    system.start("collector")
    system.wait_until_ready("collector")
    before = _usage(system)
    feeding.write_files(system.watched, f"s{articles[0].guid}", articles)
    arrivals = wait_for(system, begun, len(articles), _deadline(len(articles)))
    first = min(each.fetched_at for each in arrivals.clocks.values() if each.fetched_at)
    found = _throughput(arrivals, first, len(articles)) | {"cpu_ms_per_article": _cpu(system, before, len(articles))}
    system.stop("collector")
    return found


def _throughput(arrivals: Arrivals, first: datetime, articles: int) -> Figures:
    seconds = (arrivals.finished_at() - first).total_seconds()
    return {
        "articles": articles,
        "seconds": seconds,
        "articles_per_second": articles / seconds,
        "outcomes": arrivals.counts(),
        "stage_articles_per_second": arrivals.stage_rates(),
    }


def _usage(system: System) -> dict[str, Usage]:
    return {**system.usage(), "bench": usage(os.getpid(), with_children=False)}


def _cpu(system: System, before: Mapping[str, Usage], articles: int) -> dict[str, float]:
    """CPU milliseconds an article of each process; `bench` is this one, which publishes and waits."""
    return {name: round(now.since(before[name]).cpu_seconds / articles * 1000, 4) for name, now in _usage(system).items() if name in before}


def _paced(system: System, seed: int, per_second: float, seconds: float) -> Figures:
    """Articles at an even rate; how long they took to the alert and to the index."""
    articles = _corpus(seed, max(int(per_second * seconds), 1), ALERTING)
    begun, before = system.ends(*FOLLOWED), _usage(system)
    first = feeding.publish(system.settings, articles, per_second)
    took = (datetime.now(UTC) - first).total_seconds()
    arrivals = wait_for(system, begun, len(articles), _deadline(len(articles)))
    return {
        "wanted_per_second": per_second,
        "published_per_second": len(articles) / max(took, 0.001),
        "articles": len(articles),
        "outcomes": arrivals.counts(),
        "fetch_to_alert_seconds": percentiles(arrivals.to_alert_seconds()),
        "fetch_to_index_seconds": percentiles(arrivals.to_index_seconds()),
        "cpu_ms_per_article": _cpu(system, before, len(articles)),
    }


def _restart(system: System, workers: Sequence[str], articles: Sequence[GeneratedArticle]) -> Figures:
    """Stop the workers, publish, start one: seconds from its start until each stage has done its first article."""
    system.stop(*workers)
    begun = system.ends(*FOLLOWED)
    feeding.publish(system.settings, articles)
    said = len(_restores(system))
    started_at, started = datetime.now(UTC), time.monotonic()
    system.start(workers[0])
    arrivals = wait_for(system, begun, len(articles), _deadline(len(articles)))
    firsts = {
        name.removesuffix("_at"): (min(times) - started_at).total_seconds()
        for name in ("identified_at", "deduplicated_at", "enriched_at")
        if (times := [at for clock in arrivals.clocks.values() if (at := getattr(clock, name))])
    }
    return {
        "seconds_to_first_article": firsts,
        "seconds_to_all": time.monotonic() - started,
        "articles": len(articles),
        "restores": [{name: each[name] for name in ("topic", "records", "seconds")} for each in _restores(system)[said:]],
    }


def _restores(system: System) -> list[Figures]:
    """What the first worker said of its restores."""
    lines = system.log("worker").read_text(encoding="utf-8", errors="replace").splitlines()
    return [json.loads(line) for line in lines if '"restored"' in line and line.startswith("{")]


def _state(system: System) -> Figures:
    """What the stages remember, as the topics hold it: records and their bytes (keys and values, before compression)."""
    found: Figures = {}
    for topic in (topology.KNOWN, topology.STORIES):
        sizes = [
            len(record.key or b"") + len(record.value or b"")
            for record in broker.read_to_end(system.settings.kafka, system.settings.topic(topic))
            if record.key != BIRTH_KEY.encode()
        ]
        found[topic] = {"records": len(sizes), "bytes_per_record": sum(sizes) / max(len(sizes), 1)}
    return found
