"""Decisions, silences and verdicts in a real Elasticsearch with its strict mappings: what Kibana is asked for is found."""

from __future__ import annotations

import uuid
from collections.abc import Generator
from typing import Any

import msgspec
import pytest

from pipeline import search, topology
from pipeline.broker import Record
from pipeline.episode import Command
from pipeline.index import apply, queries, templates
from pipeline.index.bulk import Next
from pipeline.index.entries import prepare
from pipeline.index.writer import Writer, write_all
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings
from tests.builders import NOON
from tests.decided import Desk, episode, notification


@pytest.fixture
def settings(elasticsearch_url: str) -> Generator[Settings]:
    made = Settings(elasticsearch=Elasticsearch(url=elasticsearch_url, index_prefix=f"t{uuid.uuid4().hex[:10]}-"))
    apply.apply(made)
    yield made
    with search.Server(made) as server:
        for name in queries.counts(server, made):
            server.request("DELETE", f"/{name}")
        for name in templates.templates(made, ()):
            server.request("DELETE", f"/_index_template/{name}")


def found(server: search.Server, settings: Settings, index: str, query: str) -> list[dict[str, Any]]:
    answer = server.request("POST", f"/{settings.index(index)}/_search", {"query": {"query_string": {"query": query}}})
    return [hit["_source"]["news"] for hit in answer["hits"]["hits"]]


def test_verdicts_silences_and_decisions_are_found_and_a_silence_that_is_gone_is_not(settings: Settings) -> None:
    desk = Desk(episode(tags=("korea",)))
    audits = [
        desk.say("verdict", "Anna", verdict="false_alarm", text="a film").audit,
        desk.say("acknowledge", "somebody").audit,
        desk.silence(scope="rule", by="Boris").audit,
    ]
    (silence,) = desk.silences.values()
    held = notification(state="suppressed", verdict=f"silence:{silence.id}")
    values = [
        (topology.EPISODES, "e1", msgspec.json.encode(desk.first)),
        (topology.NOTIFICATIONS, "n1", msgspec.json.encode(held)),
        (topology.SILENCES, silence.id, msgspec.json.encode(silence)),
        *((topology.AUDIT, "e1", msgspec.json.encode(each)) for each in audits),
    ]
    entries = [
        prepare(Record(topic, 0, number, key.encode(), value, (), NOON), settings, NOON)
        for number, (topic, key, value) in enumerate(values)
    ]
    with search.Server(settings) as server:
        writer = Writer(server.bulk, 100, 1_000_000)
        verdicts = write_all(writer, [each.operation for each in entries if each.operation], lambda seconds: None)
        assert [verdict.next for _, verdict in verdicts] == [Next.DONE] * len(values)
        queries.refresh(server, settings)
        (alert,) = found(
            server, settings, templates.ALERTS, "news.alert.verdict:false_alarm AND news.alert.tags:korea AND news.alert.note:film"
        )
        assert alert["alert"]["verdict_by"] == "Anna"
        assert len(found(server, settings, templates.NOTIFICATIONS, "news.alert.suppressed_by:silence")) == 1
        (stands,) = found(server, settings, templates.SILENCES, 'news.silence.matcher:"rule:raketentest" AND news.silence.author:Boris')
        assert stands["silence"]["ends_at"] == "2026-11-20T13:00:00Z"
        (refused,) = found(server, settings, templates.AUDIT, "news.decision.changed:false")
        assert (refused["decision"]["by"], refused["decision"]["kind"]) == ("somebody", "acknowledge")
        assert len(found(server, settings, templates.AUDIT, "event.action:verdict OR event.action:silence")) == 2
        gone = prepare(Record(topology.SILENCES, 0, 99, silence.id.encode(), None, (), NOON), settings, NOON)
        assert gone.operation is not None
        write_all(writer, [gone.operation], lambda seconds: None)
        queries.refresh(server, settings)
        assert found(server, settings, templates.SILENCES, "*") == []


def test_what_a_person_said_is_kept_whatever_it_is(settings: Settings) -> None:
    desk = Desk()
    texts = ["x" * 2_000, "\u200c" * 50, '{"a": 1}', "ﷺ" * 600]
    audits = [
        desk.obey(Command(id=f"c{n}", kind="note", by="Anna", at=NOON, episode_id="e1", text=text)).audit for n, text in enumerate(texts)
    ]
    entries = [
        prepare(Record(topology.AUDIT, 0, number, b"e1", msgspec.json.encode(each), (), NOON), settings, NOON)
        for number, each in enumerate(audits)
    ]
    with search.Server(settings) as server:
        written = write_all(
            Writer(server.bulk, 100, 1_000_000), [each.operation for each in entries if each.operation], lambda seconds: None
        )
    assert [verdict.next for _, verdict in written] == [Next.DONE] * len(texts)
