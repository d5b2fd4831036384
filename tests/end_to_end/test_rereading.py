"""Pages that matched are read again by the real collector process, over Kafka and over SIGKILL."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from pipeline import article, broker, topology
from pipeline.article import Article, Clock, Match, Source
from pipeline.sections import Kafka
from pipeline.settings import Settings
from tests.local_servers import serving

PROGRAM = "import sys; from pathlib import Path; from connectors._collect.collector import main; from pipeline.settings import load; sys.exit(main(load(Path(sys.argv[1]))))"
PAGES = 40
GONE = {f"a{number}": "canceled" for number in range(2, PAGES) if number % 4}


def matched(number: int, url: str) -> Article:
    """Matched ten minutes ago: its first reading is due."""
    at = datetime.now(UTC) - timedelta(minutes=10)
    match = Match(id=f"m{number}", rule_id="brand", rule_version="1", title="Brand", severity="high", hits=())
    return Article(
        id=f"a{number}",
        source=Source(id="bote", connector="web", site="127.0.0.1"),
        url=f"{url}/{number}",
        title=f"Brand {number}",
        body="Zwölf Verletzte.",
        revision=1,
        first_seen_at=at,
        matches=(match,),
        clock=Clock(fetched_at=at, enriched_at=at),
    )


def until(condition: Callable[[], bool], what: str, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        threading.Event().wait(0.1)


def test_what_is_gone_is_withdrawn_although_the_collector_is_killed_in_between(kafka_servers: str, tmp_path: Path) -> None:
    prefix = f"reread-{uuid.uuid4().hex[:10]}-"
    settings = Settings(kafka=Kafka(servers=[kafka_servers], topic_prefix=prefix, session_seconds=2), folder=tmp_path)
    broker.apply_topics(settings)
    here = "<html><body><article><p>Zwölf Verletzte.</p></article></body></html>".encode()

    def answer(path: str, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        # Every fourth page still stands; one more is said to be wrong by its publisher.
        if path == "/1":
            return 200, {"Content-Type": "text/html"}, here.replace(b"</p>", b"</p><p>Korrektur: Es waren drei Verletzte.</p>")
        return (200, {"Content-Type": "text/html"}, here) if path == "/robots.txt" or int(path[1:]) % 4 == 0 else (410, {}, b"")

    def collected() -> dict[str, str]:
        records = broker.read_to_end(settings.kafka, settings.topic(topology.COLLECTED))
        return {each.id: each.pubstatus for each in (article.decode(record.value or b"") for record in records)}

    def waiting() -> dict[str, int]:
        found: dict[str, int] = {}
        for record in broker.read_to_end(settings.kafka, settings.topic(topology.REREADS)):
            key = (record.key or b"").decode()
            found.pop(key, None)
            if record.value:
                found[key] = msgspec.json.decode(record.value)["step"]
        return found

    with serving(answer) as (url, _):
        publisher = broker.Publisher(settings.kafka)
        for number in range(PAGES):
            publisher.send(settings.topic(topology.EVIDENCE), f"a{number}", article.encode(matched(number, url)))
        publisher.confirm()
        publisher.close()
        configuration = tmp_path / "lagebild.yaml"
        configuration.write_text(
            f"kafka: {{servers: ['{kafka_servers}'], topic_prefix: {prefix}, session_seconds: 2}}\n"
            "sources: [{id: bote, connector: web, paused: true, options: {url: 'https://www.example.org/', allow_private: ['127.0.0.1']}}]\n"
        )
        for enough in (5, None):
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(configuration)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            try:
                if enough is not None:
                    until(lambda wanted=enough: len(collected()) >= wanted, "the first readings")
                    os.kill(process.pid, signal.SIGKILL)
                else:
                    until(lambda: collected() == {"a1": "usable"} | GONE, "all that is gone")
                    # The pages that stand are read again later; those that are gone never.
                    until(lambda: waiting() == {"a1": 1} | {f"a{number}": 1 for number in range(0, PAGES, 4)}, "the next readings")
                    process.send_signal(signal.SIGTERM)
                    assert process.wait(20) == 0
            finally:
                process.kill()
                process.wait()
