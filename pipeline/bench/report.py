"""The figures for people: which targets are reached, a table, and the block in README. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.bench.targets import number, targets

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"

Figures = Mapping[str, Any]


class NoPlace(ValueError):
    """The text has no block to write the figures into."""


def rows(figures: Figures) -> list[tuple[str, str]]:
    """What was measured beside the targets, as rows of two cells."""
    found: list[tuple[str, str]] = []
    for part in (
        _stage_rows,
        _matching_rows,
        _backtest_rows,
        _following_rows,
        _polling_rows,
        _function_rows,
        _flow_rows,
        _latency_rows,
        _state_rows,
        _process_rows,
    ):
        found += part(figures)
    return found


def _stage_rows(figures: Figures) -> list[tuple[str, str]]:
    return [
        (f"stages in memory, one core, {corpus} articles", _listed(each["articles_per_second"], "articles/s"))
        for corpus, each in figures.get("in_memory", {}).get("stages", {}).items()
    ]


def _matching_rows(figures: Figures) -> list[tuple[str, str]]:
    found = figures.get("in_memory", {}).get("matching")
    if not found:
        return []
    described = [(f"{each['rules']:,} mixed rules", each) for each in found["sizes"].values()]
    silent = found["silent"]
    described.append((f"{silent['rules']:,} mixed rules that match no article ({number(silent['growth'])} times the fewest rules)", silent))
    rows = [
        (
            f"analysis and matching, {what}",
            f"{number(each['ms_per_article'])} ms an article; {number(each['candidates_per_article'])} rules tried, "
            f"{number(each['matches_per_article'])} match",
        )
        for what, each in described
    ]
    held = found["worker"]
    what = f"{held['rules']:,} mixed rules in a worker"
    size = f"{number(held['memory_bytes'] / 1e6)} MB, read in {number(held['load_seconds'])} s from {number(held['topic_bytes'] / 1e6)} MB of records"
    return [*rows, (what, f"{size}; compiled in {number(found['compile_ms_per_rule'])} ms a rule")]


def _backtest_rows(figures: Figures) -> list[tuple[str, str]]:
    found = figures.get("in_memory", {}).get("backtest")
    if not found:
        return []
    what = f"back-test of a desk's {number(found['rules'])} rules, {number(found['matching_share'] * 100)} % of the articles match"
    looked = f"{number(found['look_ms_per_article'])} ms an article, {number(found['replay_ms_per_match'])} ms a match"
    return [(what, f"{looked}: {number(found['minutes_per_million'])} minutes for a million on two cores, without Kafka's reading")]


def _following_rows(figures: Figures) -> list[tuple[str, str]]:
    found = figures.get("following")
    if not found:
        return []
    changes = f"{', '.join(map(number, found['changes']))} s"
    held = f"{number(found['follower_memory_bytes'] / 1e6)} MB, read from Kafka in {number(found['read_seconds'])} s"
    folder = (
        f"understood in {number(found['load_seconds'])} s, published in {number(found['publish_seconds'])} s; a look for changes takes "
        f"{number(found['look_seconds'])} s; the watcher holds {number(found['watcher_memory_bytes'] / 1e6)} MB"
    )
    what = f"{found['rules']:,} rule files"
    return [
        (f"one of {what} changed, until {found['followers']} processes match with it", changes),
        (f"{what} in a follower", held),
        (f"{what} in the folder", folder),
    ]


def _polling_rows(figures: Figures) -> list[tuple[str, str]]:
    found = figures.get("polling")
    if not found:
        return []
    what = f"{found['sources']:,} feeds every {number(found['cycle_seconds'])} s on one collector"
    kept = f"{number(found['on_time_share'] * 100)} % asked in time, the slowest after {number(found['pause_seconds'].get('max', 0))} s"
    cost = f"{number(found['cpu_share'] * 100)} % of a core, {number(found['memory_bytes'] / 1e6)} MB, {number(found['cpu_ms_per_request'])} ms CPU a fetch"
    return [(what, f"{kept}; {number(found['requests_per_second'])} fetches/s; {cost}")]


def _function_rows(figures: Figures) -> list[tuple[str, str]]:
    memory = figures.get("in_memory", {})
    found = []
    for corpus, each in memory.get("stages", {}).items():
        parts = each["parts_ms_per_article"]
        found.append((f"matching {each['rules']} rules, {corpus} articles", f"{number(parts['match'])} ms an article"))
    for corpus, each in memory.get("language", {}).items():
        found.append(
            (
                f"language, {corpus} texts",
                f"{number(each['warm_ms_per_text'])} ms warm, {number(each['cold_ms_per_text'])} ms cold; langdetect "
                f"{number(each['langdetect_ms_per_text'])} ms ({number(each['times_langdetect_warm'])} and "
                f"{number(each['times_langdetect_cold'])} times)",
            )
        )
    if entities := memory.get("entities"):
        found.append(
            (
                f"entities, article of 2,600 characters, {number(entities['articles'])} articles",
                f"{number(entities['gazetteers_ms'])} ms gazetteers alone, {number(entities['all_ms'])} ms with the model; "
                f"{number(entities['watched'])} watched names add {number(max(0.0, entities['watched_adds_ms']))} ms",
            )
        )
    for corpus, each in memory.get("signature", {}).items():
        found.append((f"signature, {corpus} texts", f"{number(each['ours_ms_per_text'])} ms a text"))
    if feeds := memory.get("feeds"):
        rates = [
            f"{number(feeds[f'{name}_items_per_second'])} a second of CPU {what}"
            for name, what in (("ours", "by us"), ("feedparser", "by it"))
        ]
        found.append((f"items of {number(feeds['feeds'])} plain feeds beside feedparser", "; ".join(rates)))
    if pages := memory.get("extraction"):
        told = [
            f"{what} F1 {number(pages[f'{name}_f1'])} in {number(pages[f'{name}_cpu_ms_per_page'])} ms of CPU"
            for name, what in (("ours", "ours"), ("trafilatura_fast", "trafilatura's fast mode"))
        ]
        found.append((f"text of {number(pages['pages'])} web pages", "; ".join(told)))
    if hot := memory.get("hot_story"):
        found.append((f"story decision, {number(hot['copies'])} copies of one text", f"{number(hot['decisions_per_second'])} decisions/s"))
    return found


def _flow_rows(figures: Figures) -> list[tuple[str, str]]:
    flow = figures.get("end_to_end", {})
    found = []
    if flow.get("rounds"):
        rates = [each["articles_per_second"] for each in flow["rounds"]]
        found.append(("end to end, each round", f"{', '.join(map(number, rates))} articles/s"))
        found.append(("each stage, last round", _listed(flow["rounds"][-1]["stage_articles_per_second"], "articles/s")))
        found.append(("CPU, last round", _listed(flow["rounds"][-1]["cpu_ms_per_article"], "ms an article")))
    if collector := flow.get("through_collector"):
        found.append(("with the collector reading files", f"{number(collector['articles_per_second'])} articles/s"))
    return found


def _latency_rows(figures: Figures) -> list[tuple[str, str]]:
    latency = figures.get("end_to_end", {}).get("latency", {})
    rate = latency.get("published_per_second", 0.0)
    return [
        (f"{what}, at {number(rate)} articles/s", _listed({name: each[name] for name in ("p50", "p95", "p99")}, "s"))
        for what, each in (
            ("fetch to alert", latency.get("fetch_to_alert_seconds")),
            ("fetch to index", latency.get("fetch_to_index_seconds")),
        )
        if each
    ]


def _state_rows(figures: Figures) -> list[tuple[str, str]]:
    memory, flow = figures.get("in_memory", {}), figures.get("end_to_end", {})
    found = []
    if memory:
        sizes = {
            "known articles": memory["known"]["memory_bytes_per_article"],
            "stories": memory["stories"]["state_bytes_per_article"],
        }
        found.append(("state in memory", _listed(sizes, "bytes an article")))
    if state := flow.get("state"):
        found.append(("state in the topics", _listed({name: each["bytes_per_record"] for name, each in state.items()}, "bytes a revision")))
    if restore := flow.get("restore"):
        records = max((each["records"] for each in restore["restores"]), default=0)
        what = f"restart of the worker over {records:,} revisions, to the first article of"
        found.append((what, _listed(restore["seconds_to_first_article"], "s")))
    return found


def _process_rows(figures: Figures) -> list[tuple[str, str]]:
    memory = figures.get("end_to_end", {}).get("memory_bytes", {})
    return [("memory at the end", _listed({name: each / 1e6 for name, each in memory.items()}, "MB"))] if memory else []


def _listed(values: Mapping[str, float], unit: str) -> str:
    return ", ".join(f"{name} {number(value)}" for name, value in values.items()) + f" {unit}"


def conditions(figures: Figures) -> str:
    """One line: when, on what, over which articles."""
    machine, plan = figures["machine"], figures.get("end_to_end", {}).get("plan", {})
    versions = machine["versions"]
    shared = figures["parameters"]["data_folder_present"]
    return (
        f"{figures['date'][:10]}, {machine['cpu']}, {machine['cores']} cores, {machine['memory_bytes'] / 2**30:.0f} GiB, "
        f"Python {versions['python']}, Kafka {versions['Kafka']}, Elasticsearch {versions['Elasticsearch']}; "
        + (
            f"{plan['articles']:,} generated articles a round, {plan['workers']} worker(s), seed {plan['seed']}; "
            if plan
            else "no servers; "
        )
        + ("with" if shared else "without")
        + " real newspaper articles beside the generated ones"
    )


def markdown(figures: Figures) -> str:
    """The figures as Markdown: the conditions, the targets, the rest."""
    lines = [f"Measured by `lagebild bench`: {conditions(figures)}.", "", "| | target | found | |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(target.shown) + " |" for target in targets(figures)]
    lines += ["", "| measured | |", "|---|---|"]
    lines += [f"| {what} | {found} |" for what, found in rows(figures)]
    return "\n".join(lines) + "\n"


def with_block(text: str, block: str) -> str:
    """`text` with `block` between the marks. Raises NoPlace unless each mark stands in it once, in order."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in after:
        raise NoPlace(f"there is no single place for the figures: the text needs the lines {BEGIN} and {END}, once each and in this order")
    return f"{before}{BEGIN}\n{block}{END}{after}"
