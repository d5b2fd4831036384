"""`lagebild feeds health`: what a person sees of a source that brings what cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from connectors._collect import schedule
from pipeline import broker, sources, topology
from pipeline.broker import Record
from pipeline.cli import app
from pipeline.plugins import Batch, Unreadable
from pipeline.sections import Kafka
from pipeline.sources import Push
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
    told = _told(tmp_path, monkeypatch, batch)
    assert told.exit_code == code, told.output
    words = " ".join(told.stdout.split())
    assert all(each in words for each in shown), words
    assert f" {len(batch.articles)} 12 " in words


@pytest.mark.parametrize(
    ("push", "shown"),
    [
        (Push(state="pushes", last_at=datetime.now(UTC) - timedelta(hours=3)), "pushed 3 h ago"),
        (Push(state="pushes"), "confirmed"),
        (Push(state="distrusted", missed=3), "distrusted"),
        (None, "0 0 0 0"),
    ],
)
def test_health_says_how_things_stand_with_a_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, push: Push | None, shown: str) -> None:
    told = _told(tmp_path, monkeypatch, Batch(push=push))
    assert told.exit_code == 0 and shown in " ".join(told.stdout.split()), told.output


def _told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch: Batch) -> Result:
    health = schedule.after_batch(sources.SourceHealth(source_id="feed"), batch, NOON)
    health = schedule.in_state(health, paused=False, every_seconds=300, started_at=NOON, now=NOON)

    def read_to_end(_kafka: Kafka, topic: str) -> Iterator[Record]:
        assert topic == topology.HEALTH
        yield Record(topic, 0, 0, b"feed", sources.encode(health), (), NOON)

    monkeypatch.setattr(broker, "connect", lambda *_, **__: None)
    monkeypatch.setattr(broker, "read_to_end", read_to_end)
    config = tmp_path / "lagebild.yaml"
    config.write_text("sources: [{id: feed, connector: rss, options: {url: 'https://a.example/'}}]\n")
    return CliRunner().invoke(app, ["feeds", "health", "--config", str(config)])
