"""The Kafka channel against a real broker: alerts arrive in a topic, under their episode, once confirmed."""

from __future__ import annotations

import json
import time
import uuid
from dataclasses import replace

import pytest

from pipeline import broker, topology
from pipeline.errors import TryAgain
from pipeline.message import as_json, message
from pipeline.notifiers import kafka
from pipeline.plugins import Context
from pipeline.settings import Settings
from tests.builders import NOON, matched


def test_alerts_arrive_in_the_topic_under_their_episode(kafka_servers: str) -> None:
    settings = Settings.model_validate({"kafka": {"servers": [kafka_servers], "topic_prefix": f"c{uuid.uuid4().hex[:8]}-"}})
    wanted = replace(topology.topic(topology.EPISODES), name="for-others", compacted=False)
    broker.apply_topics(settings, topics=[wanted])
    name = settings.topic("for-others")
    missing = kafka.create(kafka.Options(servers=[kafka_servers], topic=f"{name}-missing"), Context("others"))
    began = time.monotonic()
    with pytest.raises(TryAgain, match=f"{name}-missing"):
        missing.notify({"episode_id": "e1", "notification_id": "n"})
    assert time.monotonic() - began < 15, "the failure is recorded before anybody wonders"
    notifier = kafka.create(kafka.Options(servers=[kafka_servers], topic=name), Context("others"))
    for number in range(2):
        about = message(matched(f"n{number}"), kind="first", why="first", alerted_at=NOON, episode_id="e1", step=number + 1)
        notifier.notify({**as_json(about), "notification_id": f"n{number}"})
    records = list(broker.read_to_end(settings.kafka, name))
    assert [(each.key, json.loads(each.value or b"")["headline"]) for each in records] == [(b"e1", "n0"), (b"e1", "n1")]
    assert dict(records[0].headers)["ce_id"] == b"n0"
