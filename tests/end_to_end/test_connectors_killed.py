"""All connectors in one collector process on a real Kafka, killed again and again between fetch, publish and cursor."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from pipeline import article, broker, topology
from pipeline.outcome import rejected_from
from pipeline.sections import Kafka, SourceSettings
from pipeline.settings import Settings
from tests.connector_examples import EXAMPLES, TITLES, TOKEN, World
from tests.waiting import until

# Ends itself with SIGKILL at the place named by its second argument: "fetched" when a batch is about to be published, "published" when its
# articles are safe and its cursor is not, "saved" when its cursor is.
PROGRAM = """
import os, signal, sys
from pathlib import Path
from connectors._collect import collector
from connectors._collect.collector import Collector
from connectors._collect.outbox import Outbox
from pipeline import topology
from pipeline.settings import load

place, publish, confirm, settle = sys.argv[2], Outbox.publish, Outbox.confirm, Collector._settle

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def publishing(self, records):
    brings = any(each.topic == topology.COLLECTED for each in records)
    if brings and place == "fetched":
        kill()
    publish(self, records)
    if brings and place == "published":
        kill()

def settling(self, done):
    brings = any(each.batch is not None and each.batch.articles for each in done)
    settle(self, done)
    if brings and place == "saved":
        kill()

Outbox.publish, Collector._settle = publishing, settling
sys.exit(collector.main(load(Path(sys.argv[1]))))
"""


def records(settings: Settings, topic: str) -> list[broker.Record]:
    return list(broker.read_to_end(settings.kafka, settings.topic(topic)))


@pytest.mark.timeout(180)
def test_nothing_is_lost_and_ids_stay_the_same_over_kills_at_every_place(kafka_servers: str, tmp_path: Path) -> None:
    settings = Settings(kafka=Kafka(servers=[kafka_servers], topic_prefix=f"killed-{uuid.uuid4().hex[:10]}-"), folder=tmp_path)
    broker.apply_topics(settings, topics=[topology.topic(name) for name in topology.stage("collect").writes])
    with ExitStack() as stack:
        sources = [
            _source(name, World(_folder(tmp_path, name), stack, datetime.now(UTC), lambda: kafka_servers)) for name in sorted(EXAMPLES)
        ]
        port = next(each.options["port"] for each in sources if each.connector == "push")
        configuration = tmp_path / "lagebild.yaml"
        kafka = {"servers": [kafka_servers], "topic_prefix": settings.kafka.topic_prefix}
        configuration.write_text(yaml.safe_dump({"kafka": kafka, "sources": [each.model_dump() for each in sources]}), encoding="utf-8")
        for place in ("fetched", "published", "saved"):
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAM, str(configuration), place], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
            )
            try:
                assert process.wait(40) == -signal.SIGKILL, place
            finally:
                process.kill()
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(configuration), "nowhere"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )
        try:
            _everything_arrives(settings)
            _pushed_articles_are_in_kafka_when_the_answer_comes(settings, port)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def _source(name: str, world: World) -> SourceSettings:
    options = EXAMPLES[name](world)
    if "path" in options:
        options["path"] = os.path.join(name, options["path"])
    if name == "push":
        options["confirm_seconds"] = 10  # a broker under load takes its time
    id = "quelle" if name == "push" else name.replace("_", "-")
    return SourceSettings(id=id, connector=name, every_seconds=0.5, options=options)


def _everything_arrives(settings: Settings) -> None:
    wanted = {(name, title) for name in EXAMPLES for title in TITLES}

    def arrived() -> bool:
        return {(each.source.connector, each.title) for each in _collected(settings)} >= wanted

    until(arrived, 40, "every article of every connector")
    found = _collected(settings)
    assert {(each.source.connector, each.title) for each in found} == wanted
    assert len({each.id for each in found}) == len(wanted), "what came twice has the same id"
    assert {each.source.connector for each in found if each.backfill} == {"http_json", "rss", "sitemap", "warc", "web"}, (
        "what was there before us"
    )
    refused = {
        rejected_from(each.headers).source_id.replace("quelle", "push").replace("-", "_") for each in records(settings, topology.REJECTED)
    }
    assert refused == set(EXAMPLES)


def _collected(settings: Settings) -> list[article.Article]:
    return [article.decode(each.value or b"") for each in records(settings, topology.COLLECTED)]


def _pushed_articles_are_in_kafka_when_the_answer_comes(settings: Settings, port: int) -> None:
    body = json.dumps({"id": "neu", "title": "Gepusht"}).encode()
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("POST", "/v1/sources/quelle/articles", body, {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        said = json.loads(answer.read())
    assert answer.status == 202 and [each["id"] for each in said["articles"]] == [
        each.id for each in _collected(settings) if each.title == "Gepusht"
    ]
