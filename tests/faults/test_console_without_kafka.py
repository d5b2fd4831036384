"""The live page's feed while its Kafka hangs, dies and comes back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from pipeline import broker, topology
from pipeline.article import encode
from pipeline.console.board import Board
from pipeline.console.feed import Feed, kafka_feed
from pipeline.embedded.servers import Servers
from pipeline.settings import Settings
from tests.console_pages import enriched, until


def age_seconds(feed: Feed) -> float:
    """How old the data shown are; for ever when there have been none."""
    status = feed.status()
    return (status.now - status.as_of).total_seconds() if status.as_of else float("inf")


def write(settings: Settings, title: str) -> None:
    publisher = broker.Publisher(settings.kafka)
    try:
        made = enriched(title=title)
        publisher.send(settings.topic(topology.ENRICHED), made.id, encode(made))
        publisher.confirm()
    finally:
        publisher.close()


@contextmanager
def following(settings: Settings) -> Iterator[tuple[Feed, Callable[[], list[str]]]]:
    boards: list[Board] = [Board()]
    feed = kafka_feed(settings)
    feed.start(lambda board, change: boards.append(board))
    try:
        yield feed, lambda: ["".join(each.title) for each in boards[-1].articles]
    finally:
        feed.stop(20)


# Starting the servers counts too when this is the first test that needs them.
@pytest.mark.timeout(300)
def test_the_data_are_said_to_be_old_while_kafka_hangs_or_is_dead_and_fresh_when_it_is_back(victims: Servers) -> None:
    settings = Settings.model_validate({"kafka": {"servers": [victims.addresses.kafka], "topic_prefix": f"page-{uuid.uuid4().hex[:8]}."}})
    broker.apply_topics(settings)
    with following(settings) as (feed, titles):
        until(lambda: age_seconds(feed) < 3, 40)
        write(settings, "Eins")
        until(lambda: titles() == ["Eins"])
        victims.kafka.suspend()
        try:
            until(lambda: age_seconds(feed) > 6)
        finally:
            victims.kafka.resume()
        until(lambda: age_seconds(feed) < 3, 40)
        victims.kafka.kill()
        until(lambda: age_seconds(feed) > 6)
        victims.kafka.start()
        write(settings, "Zwei")
        until(lambda: titles() == ["Zwei", "Eins"], 40)
        until(lambda: age_seconds(feed) < 3, 40)
