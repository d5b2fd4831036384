"""The benchmark of very many feeds: its server behaves like one, and its figures add up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors import rss
from pipeline import settings
from pipeline.bench import polling
from pipeline.bench.feed_server import ITEMS_SHOWN, Manner, serving_feeds
from pipeline.bench.report import rows
from pipeline.embedded.servers import Addresses
from pipeline.errors import Transient
from pipeline.plugins import Context


def test_the_server_knows_validators_fails_as_told_and_counts(tmp_path: Path) -> None:
    with serving_feeds(Manner(latency_seconds=0.001, error_share=0, hanging_share=0, change_seconds=1e9)) as (url, server):
        configured = tmp_path / "lagebild.yaml"
        (tmp_path / "rules").mkdir()
        configured.write_text(polling.configuration(url, 2, Addresses(kafka="127.0.0.1:1", elasticsearch="http://127.0.0.1:1"), "x-"))
        source = settings.load(configured).sources[1]
        feed = rss.create(rss.Options.model_validate(source.options), Context(source.id, now=lambda: datetime.now(UTC), every_seconds=600))
        first = feed.fetch({})
        second = feed.fetch(first.cursor)
        server.send("tell")
        asked = server.recv()
    assert (len(first.articles), second.unchanged, asked["statuses"], asked["feeds"]) == (ITEMS_SHOWN, True, {200: 1, 304: 1}, 1)
    with serving_feeds(Manner(latency_seconds=0.001, error_share=1, hanging_share=0)) as (url, _), pytest.raises(Transient, match="503"):
        rss.create(rss.Options(url=f"{url}/feed/1", allow_private=["127.0.0.1"]), Context("x")).fetch({})


def test_the_figures_say_who_was_asked_in_time_and_what_it_took() -> None:
    asked = {"statuses": {304: 90, 200: 10}, "pauses": [600.0, 610.0, 800.0, 590.0], "feeds": 50}
    found = json.loads(json.dumps(polling.figures(asked, 10.0, 0.5, 200_000_000) | {"sources": 50}))
    assert (found["requests_per_second"], found["on_time_share"], found["cpu_share"], found["cpu_ms_per_request"]) == (10, 0.75, 0.05, 5)
    ((what, words),) = rows({"polling": found})
    assert "50 feeds every 600 s" in what and "75 % asked in time, the slowest after 800 s" in words and "200 MB" in words
