"""`lagebild feeds health`: what a person sees of a source that brings what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors._collect import schedule
from pipeline import broker, sources, topology
from pipeline.broker import Record
from pipeline.cli import app
from pipeline.plugins import Batch, Unreadable
from pipeline.sections import Kafka
from tests.builders import article

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BROKEN = tuple(Unreadable(f"item {number}", "empty", "the item has neither a title nor a text") for number in range(12))


@pytest.mark.parametrize(
    ("batch", "code", "shown"),
    [
        (Batch(unreadable=BROKEN), 1, ("failing", "never", "12 of 12 items could not be read: the item has neither a title nor a text")),
        (Batch((article(),), unreadable=BROKEN), 0, ("ok", "12 of 13 items could not be read: the item has neither a title nor a text")),
    ],
)
def test_health_says_how_much_could_not_be_read_and_fails_when_nothing_could(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch, code: int, shown: tuple[str, ...]
) -> None:
    health = schedule.after_batch(sources.SourceHealth(source_id="feed"), batch, NOON)
    health = schedule.in_state(health, paused=False, every_seconds=300, started_at=NOON, now=NOON)

    def read_to_end(_kafka: Kafka, topic: str) -> Iterator[Record]:
        assert topic == topology.HEALTH
        yield Record(topic, 0, 0, b"feed", sources.encode(health), (), NOON)

    monkeypatch.setattr(broker, "connect", lambda *_, **__: None)
    monkeypatch.setattr(broker, "read_to_end", read_to_end)
    config = tmp_path / "lagebild.yaml"
    config.write_text("sources: [{id: feed, connector: rss, options: {url: 'https://a.example/'}}]\n")
    told = CliRunner().invoke(app, ["feeds", "health", "--config", str(config)])
    assert told.exit_code == code, told.output
    words = " ".join(told.stdout.split())
    assert all(each in words for each in shown), words
    assert f" {len(batch.articles)} 12 " in words
