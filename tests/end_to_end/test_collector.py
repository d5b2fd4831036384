"""The collector against a real Kafka: a folder and feeds to `articles.collected`, over restarts."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors._collect import collector
from connectors._collect.collector import Collector
from connectors._collect.restore import restored
from pipeline import article, broker, sources, topology
from pipeline.article import Article
from pipeline.errors import Unreachable
from pipeline.outcome import Outcome, rejected_from
from pipeline.sections import Kafka, SourceSettings
from pipeline.settings import Settings, load
from tests.local_servers import free_port, serving
from tests.websub_hub import publishing


def configured(kafka_servers: str, folder: Path, *found: SourceSettings) -> Settings:
    kafka = Kafka(servers=[kafka_servers], topic_prefix=f"collect-{uuid.uuid4().hex[:10]}-", session_seconds=2)
    settings = Settings(kafka=kafka, sources=list(found), folder=folder)
    broker.apply_topics(settings, topics=[topology.topic(name) for name in topology.stage("collect").writes])
    return settings


def watching(path: str = "in", **changes: Any) -> SourceSettings:
    return SourceSettings(id="wire", connector="directory", every_seconds=0.2, options={"path": path, "settle_seconds": 0}, **changes)


def records(settings: Settings, topic: str) -> list[broker.Record]:
    return list(broker.read_to_end(settings.kafka, settings.topic(topic)))


def articles(settings: Settings) -> list[Article]:
    return [article.decode(each.value or b"") for each in records(settings, topology.COLLECTED)]


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        threading.Event().wait(0.05)


@contextmanager
def collecting(settings: Settings) -> Iterator[Collector]:
    stop = threading.Event()
    collector = Collector(settings, lambda: broker.Publisher(settings.kafka), restore=lambda: restored(settings))
    thread = threading.Thread(target=collector.run, args=(stop,))
    thread.start()
    try:
        yield collector
    finally:
        stop.set()
        thread.join(30)
        assert not thread.is_alive()


def test_a_folder_and_a_feed_arrive_in_kafka_and_a_restart_goes_on_where_it_was(kafka_servers: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for number in range(30):
        (tmp_path / "in" / f"{number}.txt").write_text(f"Titel {number}\nText {number}")
    (tmp_path / "in" / "kaputt.json").write_bytes(b'{"title": ')
    feed = b'<rss version="2.0"><channel><title>Feed</title><link>https://example.org/</link><item><title>x</title><guid>1</guid></item></channel></rss>'
    with serving(lambda _path, _headers: (200, {"ETag": '"1"'}, feed)) as (url, _):
        source = SourceSettings(id="feed", connector="rss", every_seconds=0.2, options={"url": url, "allow_private": ["127.0.0.1"]})
        settings = configured(kafka_servers, tmp_path, watching(), source)
        with collecting(settings) as first:
            until(lambda: first.counts.articles == 31 and first.counts.unreadable == 1, "31 articles and one rejection")
        (tmp_path / "in" / "neu.txt").write_text("Neu\nText")
        with collecting(settings) as second:
            until(lambda: second.counts.articles == 1, "the new file")
    found = articles(settings)
    assert len(found) == 32 and len({each.id for each in found}) == 32
    assert all(record.key == each.id.encode() for record, each in zip(records(settings, topology.COLLECTED), found, strict=True))
    (rejected,) = records(settings, topology.REJECTED)
    assert rejected.value == b'{"title": ' and rejected_from(rejected.headers).source_id == "wire"
    (outcome,) = [msgspec.json.decode(each.value or b"", type=Outcome) for each in records(settings, topology.OUTCOMES)]
    assert (outcome.exit, outcome.article_id.encode()) == ("rejected", rejected.key)
    health = {each.source_id: each for each in (sources.decode(record.value or b"") for record in records(settings, topology.HEALTH))}
    assert health["wire"].articles == 31 and health["feed"].articles == 1 and health["feed"].state == "ok"


def test_an_embargo_outlives_a_restart(kafka_servers: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    due = datetime.now(UTC) + timedelta(seconds=4)
    (tmp_path / "in" / "a.json").write_text(f'{{"id": "a", "title": "Gesperrt", "embargoed": "{due.isoformat()}"}}')
    settings = configured(kafka_servers, tmp_path, watching())
    with collecting(settings) as first:
        until(lambda: first.counts.held == 1, "the article is held")
    assert articles(settings) == [] or datetime.now(UTC) >= due
    with collecting(settings) as second:
        until(lambda: second.counts.released == 1, "the article is released")
    (found,) = articles(settings)
    assert found.title == "Gesperrt" and found.clock.collected_at and found.clock.collected_at >= due
    assert restored(settings).held == {}


PROGRAM = "import sys; from pathlib import Path; from connectors._collect.collector import main; from pipeline.settings import load; sys.exit(main(load(Path(sys.argv[1]))))"


def started(configuration: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_a_collector_that_is_killed_loses_nothing_and_one_that_is_asked_ends_with_zero(kafka_servers: str, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    wanted = set()
    for number in range(1_500):
        (tmp_path / "in" / f"{number}.txt").write_text(f"Titel {number}\nText {number}")
        wanted.add(article.identity("wire", f"file:{number}.txt", ""))
    settings = configured(kafka_servers, tmp_path, watching())
    configuration = tmp_path / "lagebild.yaml"
    configuration.write_text(
        f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: {settings.kafka.topic_prefix}}}\n"
        "sources: [{id: wire, connector: directory, every_seconds: 0.2, options: {path: in, settle_seconds: 0}}]\n"
    )
    process = started(configuration)
    try:
        until(lambda: len(records(settings, topology.COLLECTED)) >= 200, "the first batch")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    process = started(configuration)
    try:
        until(lambda: {each.id for each in articles(settings)} == wanted, "all articles")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_without_topics_it_says_what_to_do(kafka_servers: str, tmp_path: Path) -> None:
    settings = Settings(
        kafka=Kafka(servers=[kafka_servers], topic_prefix=f"none-{uuid.uuid4().hex[:8]}-"), sources=[watching()], folder=tmp_path
    )
    with pytest.raises(Unreachable, match="lagebild topics apply"):
        collector.main(settings)


def test_a_subscription_outlives_a_kill_and_ends_when_its_source_is_paused(kafka_servers: str, tmp_path: Path) -> None:
    settings, port = configured(kafka_servers, tmp_path), free_port()
    configuration = tmp_path / "lagebild.yaml"

    def pushed(title: str) -> bool:
        """Whether a push of this article is answered with 202; then it is in Kafka."""
        with contextlib.suppress(OSError):
            if hub.push(hub.document(title))[0] == 202:
                assert title in {each.title for each in articles(settings)}
                return True
        return False

    def configure(paused: str) -> None:
        configuration.write_text(
            f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: {settings.kafka.topic_prefix}}}\n"
            f"collector: {{callback: {{url: 'http://127.0.0.1:{port}', port: {port}, websub: true}}}}\n"
            "sources:\n  - {id: feed, connector: rss, every_seconds: 3600, "
            f"paused: {paused}, options: {{url: '{hub.feed_url}', allow_private: [127.0.0.1]}}}}\n"
        )

    with publishing("alt") as hub:
        configure(paused="false")
        process = started(configuration)
        try:
            until(lambda: bool(hub.asked) and pushed("eins"), "the hub is asked, and its push is taken")
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        process = started(configuration)
        try:
            until(lambda: pushed("zwei"), "a push after the kill is taken")
            assert len(hub.asked) == 1, "what was agreed before the kill holds"
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            configure(paused="true")
            process = started(configuration)
            until(lambda: len(hub.asked) == 2 and "websub" not in restored(load(configuration)).cursors["feed"], "the hub was told the end")
        finally:
            process.kill()
            process.wait()
    assert hub.last["hub.mode"] == "unsubscribe"
    assert {each.title for each in articles(settings)} == {"alt", "eins", "zwei"}
