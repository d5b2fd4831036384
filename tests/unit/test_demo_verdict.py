"""The demonstration's check is about its samples; what people put beside them is counted aside."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console

from connectors.directory import read_file
from pipeline import article, broker, topology
from pipeline.commands import demo
from pipeline.demo.declarations import SAMPLES, load
from pipeline.demo.ledger import ledger
from pipeline.demo.show import rules_in_words
from pipeline.demo.tally import Tally
from pipeline.demo.verdict import Row, summary
from pipeline.errors import Problem
from pipeline.rules.apply import Applied

LOADED = load()
NOW = datetime.fromisoformat("2026-11-21T03:04:05+00:00")


def record(value: Any, key: str = "", offset: int = 0) -> broker.Record:
    return broker.Record("", 0, offset, key.encode(), msgspec.json.encode(value), (), NOW)


def passed(tally: Tally, articles: list[article.Article]) -> None:
    """All that the topics say of articles that went through, with an episode and an alert for each under the rule `bombenfund`."""
    for number, each in enumerate(articles, len(tally.collected)):
        plain = msgspec.to_builtins(each)
        for topic in (topology.COLLECTED, topology.IDENTIFIED, topology.ENRICHED):
            tally.take(topic, record(plain, each.id, number))
        position = {"topic": "c", "partition": 0, "offset": number}
        tally.take(topology.OUTCOMES, record({"article_id": each.id, "position": position, "exit": "passed"}))
        tally.take(topology.EPISODES, record({"rule_id": "bombenfund", "members": [{"article_id": each.id}]}, each.id))
        message = {"rule_id": "bombenfund", "article_id": each.id}
        tally.take(topology.NOTIFICATIONS, record({"state": "sent", "kind": "first", "message": message}, each.id))


def files(folder: Path, source: str = "agenturordner") -> list[article.Article]:
    return [read_file(path, folder, source_id=source).articles[0] for path in sorted(folder.glob("*.txt"))]


def by_name(rows: list[Row]) -> dict[str, Row]:
    return {row.what: row for row in rows}


def test_the_sample_files_are_told_from_files_beside_them(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("Meine Meldung\n\nEin eigener Text.", encoding="utf-8")
    assert all(LOADED.includes(each.source.id, each.id) for each in files(SAMPLES / "folder"))
    assert not any(LOADED.includes(each.source.id, each.id) for each in files(tmp_path))
    assert LOADED.includes("nordlicht", "any") and not LOADED.includes("somebodys-feed", "any")


def test_own_files_change_no_row_but_one_of_their_own(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"mine-{number}.txt").write_text(f"Meine Meldung {number}\n\nEin eigener Text.", encoding="utf-8")
    samples, own = files(SAMPLES / "folder"), files(tmp_path)
    tally = Tally(LOADED.includes)
    passed(tally, samples)
    before = summary(ledger(LOADED), tally, LOADED.rules, len(samples))
    passed(tally, own)
    after = summary(ledger(LOADED), tally, LOADED.rules, len(samples) + len(own))
    assert after == [*before, Row("other articles, not of the samples", 0, 3, aside=True)]
    assert after[-1].holds and by_name(before)["articles"].found == by_name(before)["alert episodes"].found == len(samples)


def test_what_own_rules_ring_is_not_of_the_samples() -> None:
    tally = Tally(LOADED.includes)
    tally.take(topology.EPISODES, record({"rule_id": "my-own", "members": [{"article_id": "a"}]}, "e"))
    assert by_name(summary(ledger(LOADED), tally, LOADED.rules, 0))["alert episodes"].found == 0


def test_missing_and_surplus_articles_of_the_samples_are_still_wrong() -> None:
    assert not by_name(summary(ledger(LOADED), Tally(LOADED.includes), LOADED.rules, 0))["articles"].holds
    assert not Row("articles", 2, 3).holds and not Row("articles", 2, 1).holds


def test_the_table_says_what_is_counted_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(record=True, width=120)
    monkeypatch.setattr(demo, "out", console)
    assert demo._judged([Row("articles", 2, 2), Row("other articles, not of the samples", 0, 3, aside=True)], False) == 0
    shown = console.export_text()
    assert "counted aside" in shown and "WRONG" not in shown


def test_rules_are_told_in_sentences() -> None:
    applied = Applied(changed=("sturm",), removed=("alt",), active=3)
    assert rules_in_words(applied, "rules", NOW) == ["rule sturm is active since 03:04:05", "rule alt is no longer active since 03:04:05"]
    refused = rules_in_words(Applied(problems=(Problem("broken.yaml", 5, 11, "unknown name 'x'"),)), "rules", NOW)
    assert refused[0] == "rules/broken.yaml:5:11: unknown name 'x'" and "stay active" in refused[1]
    assert rules_in_words(Applied(active=3), "rules", NOW) == []
