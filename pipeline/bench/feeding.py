"""Generated articles on their way in: published as the collector would, all at once or paced, or written as files for a directory source."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from pipeline import broker, topology
from pipeline.article import encode
from pipeline.bench.corpus import GeneratedArticle
from pipeline.settings import Settings

# Articles a file: as many as the directory connector takes at once, so that it reads each file once.
FILE_ARTICLES = 200
CONFIRM_EVERY_SECONDS = 0.5


def publish(settings: Settings, articles: Sequence[GeneratedArticle], per_second: float | None = None) -> datetime:
    """Publish the articles into `articles.collected`, as fast as the broker takes them or `per_second`; when the first was fetched.

    Each is fetched the moment it is sent, and published by its source just then, so that none is late.
    """
    publisher = broker.Publisher(settings.kafka)
    first = None
    started = confirmed = time.monotonic()
    try:
        for number, each in enumerate(articles):
            if per_second:
                time.sleep(max(started + number / per_second - time.monotonic(), 0.0))
            now = datetime.now(UTC)
            first = first or now
            article = each.collected(now)
            dates = msgspec.structs.replace(article.dates, published_raw=now.isoformat())
            publisher.send(settings.topic(topology.COLLECTED), article.id, encode(msgspec.structs.replace(article, dates=dates)))
            if per_second and time.monotonic() - confirmed > CONFIRM_EVERY_SECONDS:
                publisher.confirm()
                confirmed = time.monotonic()
        publisher.confirm()
    finally:
        publisher.close()
    return first or datetime.now(UTC)


def write_files(folder: Path, name: str, articles: Sequence[GeneratedArticle]) -> None:
    """The articles as NDJSON files `name-….ndjson`, `FILE_ARTICLES` in each; every file appears as a whole."""
    now = datetime.now(UTC).isoformat()
    for start in range(0, len(articles), FILE_ARTICLES):
        lines = [
            json.dumps(
                {"id": each.guid, "url": f"https://corpus.example/{each.guid}", "title": each.title, "body": each.body, "published": now}
            )
            for each in articles[start : start + FILE_ARTICLES]
        ]
        hidden = folder / f".{name}-{start:07}.part"
        hidden.write_text("\n".join(lines) + "\n", encoding="utf-8")
        hidden.rename(folder / f"{name}-{start:07}.ndjson")
