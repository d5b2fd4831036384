"""How Faust is held: settings whose defaults lose articles or stand still."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

import pytest
from aiokafka.consumer import consumer

from pipeline import broker
from pipeline.agents import create_app
from pipeline.agents.app import FETCH_WAIT_MS, IDLE_AFTER_SECONDS, IDLE_FETCH_WAIT_MS, fetch_wait_ms
from pipeline.sections import Kafka, Worker
from pipeline.settings import Settings


class Seen(Exception): ...


@pytest.mark.parametrize("session_seconds", [1.5, 10, 300])
@pytest.mark.parametrize("restore_seconds", [1, 120, 900])
def test_a_restore_fits_into_a_rebalance_and_a_rebalance_into_a_request(session_seconds: float, restore_seconds: float) -> None:
    settings = Settings(kafka=Kafka(session_seconds=session_seconds), worker=Worker(restore_seconds=restore_seconds))
    conf = create_app(settings).conf
    assert conf.broker_session_timeout == session_seconds
    assert conf.broker_heartbeat_interval <= session_seconds / 3
    assert conf.broker_rebalance_timeout == restore_seconds + 30
    assert conf.broker_request_timeout > conf.broker_rebalance_timeout
    assert conf.broker_request_timeout >= conf.broker_session_timeout


def test_a_dead_worker_is_noticed_within_ten_seconds_by_default() -> None:
    assert create_app(Settings()).conf.broker_session_timeout == 10


def test_an_awaited_send_does_not_wait_for_company() -> None:
    """`producer_linger` is in seconds: 10 would make ten seconds of every batch."""
    assert create_app(Settings()).conf.producer_linger == 0


def test_faust_keeps_no_tables_and_promises_no_more_than_at_least_once() -> None:
    app = create_app(Settings())
    assert str(app.conf.processing_guarantee.value) == "at_least_once"
    assert app.conf.table_standby_replicas == 0
    assert not app.tables
    assert app.conf.key_serializer == app.conf.value_serializer == "raw"


def test_a_group_without_offsets_begins_at_the_beginning() -> None:
    assert create_app(Settings()).conf.consumer_auto_offset_reset == "earliest"


def test_the_producer_waits_for_all_replicas_and_not_for_twenty_minutes() -> None:
    conf = create_app(Settings()).conf
    assert conf.producer_acks == -1
    assert conf.producer_request_timeout <= 60


@pytest.mark.parametrize("max_record_bytes", [100_000, 4_000_000])
def test_a_batch_of_small_records_is_never_larger_than_what_a_topic_takes(max_record_bytes: int) -> None:
    """A topic's limit is for a batch: a larger one is refused with every record in it, however small they are."""
    kafka = Kafka(max_record_bytes=max_record_bytes)
    assert create_app(Settings(kafka=kafka)).conf.producer_max_batch_size < max_record_bytes
    assert broker.batch_bytes(kafka) < max_record_bytes


def test_a_partition_that_is_read_empty_is_not_kept_waiting_by_the_others() -> None:
    """The client takes one answer at a time from a broker, and Faust would let it wait 1.5 s for the partitions that have nothing."""

    async def at_the_start() -> int:
        app = create_app(Settings())
        app.finalize()
        made_by_faust: Any = app.consumer
        thread = made_by_faust._thread
        client = thread._create_worker_consumer(app.transport)
        client._client = AsyncMock()
        with patch.object(consumer, "Fetcher", side_effect=Seen) as made, pytest.raises(Seen):
            await client.start()
        await client.stop()
        thread.thread_loop.close()
        return int(made.call_args.kwargs["fetch_max_wait_ms"])

    assert asyncio.run(at_the_start()) == FETCH_WAIT_MS <= 100


def test_an_idle_worker_asks_seldom_and_a_busy_one_at_once_again() -> None:
    assert [fetch_wait_ms(seconds) for seconds in (0.0, IDLE_AFTER_SECONDS - 0.1)] == [FETCH_WAIT_MS, FETCH_WAIT_MS]
    assert fetch_wait_ms(IDLE_AFTER_SECONDS) == IDLE_FETCH_WAIT_MS > FETCH_WAIT_MS


async def _first_start(settings: Settings) -> None:
    await create_app(settings).on_first_start()


def test_a_worker_writes_nothing_where_it_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Faust makes a folder for tables in the current directory: a service's is often read-only, and the worker would start for ever."""
    monkeypatch.chdir(tmp_path)
    asyncio.run(_first_start(Settings()))
    assert list(tmp_path.iterdir()) == []
