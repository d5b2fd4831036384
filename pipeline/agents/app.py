"""The Faust app and its Kafka client, with every setting that was found to matter."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import faust
from aiokafka.errors import IllegalStateError
from faust.auth import SASLCredentials, SSLCredentials
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from pipeline import broker
from pipeline.sections import Kafka
from pipeline.settings import Settings

GROUP = "worker"

# Faust waits 1.5 s for a fetch to bring something, and asks a broker for one thing at a time: a partition whose records were just used up is not
# asked for again before another one has brought something. One busy language then moves in steps of seconds. With 50 ms instead, 234 articles/s
# became 455 on the same machine; 20 and 100 ms are no better (measured 2026-11-21). When nothing has come for a while, nothing is used up either:
# then a fetch holds all partitions, and the broker answers it at once when one of them has a record.
FETCH_WAIT_MS = 50
IDLE_FETCH_WAIT_MS = 250
IDLE_AFTER_SECONDS = 2.0


def fetch_wait_ms(quiet_seconds: float) -> int:
    """How long the broker may keep a fetch that finds nothing, when the last record came so long ago."""
    return FETCH_WAIT_MS if quiet_seconds < IDLE_AFTER_SECONDS else IDLE_FETCH_WAIT_MS


class _Thread(driver.AIOKafkaConsumerThread):
    _last_at_seconds = 0.0

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS  # Faust has no setting for it; read when the client starts
        return consumer

    async def _fetch_records(
        self, consumer: Any, active_partitions: Any, timeout: float | None = None, max_records: int | None = None
    ) -> Any:
        # Here alone a seek is safe: in the client's own thread, and with nothing between it and the fetch that could move the position again.
        # Faust's own seeks, from outside, broke the client or had no effect (tried 2026-11-21).
        ours: Any = self.consumer
        while ours.again and ours.flow_active:
            partition, offset = ours.again.popitem()
            with suppress(IllegalStateError):  # no longer assigned
                consumer.seek(partition, offset)
        found = await super()._fetch_records(consumer, active_partitions, timeout=timeout, max_records=max_records)
        now_seconds = time.monotonic()
        if found:
            self._last_at_seconds = now_seconds
        consumer._fetcher._fetch_max_wait_ms = fetch_wait_ms(now_seconds - self._last_at_seconds)
        return found


class _Unread(dict[Any, Any]):
    """Faust's record of what it has read, never kept: it drops what is read again below it, and counts what it lost itself as acknowledged.

    What is taken and what is left out is decided by `pipeline.succession`, by record.
    """

    def __getitem__(self, partition: Any) -> None:
        return None


class _Consumer(driver.Consumer):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.again: dict[Any, int] = {}
        self._read_offset = _Unread()

    def _new_consumer_thread(self) -> driver.AIOKafkaConsumerThread:
        return _Thread(self, loop=self.loop, beacon=self.beacon)

    def read_again(self, topic: str, partition: int, offset: int) -> None:
        """Let the next fetch begin at `offset`; nothing happens when the partition is no longer ours then."""
        self.again[TP(topic, partition)] = offset

    def _new_offset(self, tp: Any) -> int | None:
        """The offset to commit: behind the last that was acknowledged, since stages acknowledge in order and without holes (pipeline.acknowledge)."""
        acknowledged = self._acked[tp]
        if not acknowledged:
            return None
        last: int = max(acknowledged)
        acknowledged.clear()
        self._acked_index[tp].clear()
        return last + 1


class _Transport(driver.Transport):
    Consumer = _Consumer


def _credentials(kafka: Kafka) -> Any:
    """Who we are, as Faust wants it; None for brokers that do not ask. Without a context Faust would sign in without TLS."""
    context, who = broker.tls_context(kafka), broker.credentials(kafka)
    if who:
        return SASLCredentials(username=who.user, password=who.password, mechanism=who.mechanism, ssl_context=context)
    return SSLCredentials(context) if context else None


class _App(faust.App):
    def _create_directories(self) -> None:
        """Nothing: Faust makes folders for its tables in the current directory, which may be read-only, and there are no tables here."""


def create_app(settings: Settings) -> faust.App:
    """The Faust app with every setting that `reference` found to matter; seconds unless named otherwise."""
    session = settings.kafka.session_seconds
    # A restore that takes longer than the rebalance timeout makes two workers expel each other for ever (measured 2026-11).
    rebalance = settings.worker.restore_seconds + 30
    app = _App(
        settings.topic(GROUP),
        broker=[f"kafka://{server}" for server in settings.kafka.servers],
        broker_credentials=_credentials(settings.kafka),
        key_serializer="raw",
        value_serializer="raw",
        processing_guarantee="at_least_once",
        broker_session_timeout=session,
        broker_heartbeat_interval=max(session / 4, 0.25),
        broker_request_timeout=max(rebalance + 10, session * 2),
        broker_rebalance_timeout=rebalance,
        broker_commit_interval=1.0,
        broker_commit_every=1_000,
        # A poll takes all that was fetched, which `consumer_max_fetch_size` bounds, and Faust turns over the partitions within a poll. With a
        # number here the client empties one partition after the other: a busy language kept the others waiting for seconds (tests/faults).
        broker_max_poll_records=None,
        consumer_auto_offset_reset="earliest",
        # Compressed bytes: some hundred articles. A small fetch turns to the next partition soon; its first record may be larger than this.
        consumer_max_fetch_size=262_144,
        consumer_metadata_max_age_ms=10_000,
        stream_buffer_maxsize=512,
        stream_wait_empty=False,
        producer_linger=0,
        producer_acks=-1,
        # 5 µs an article to compress and a fifth of its bytes (measured 2026-11-21); without it a fetch would hold some fifty articles.
        producer_compression_type="zstd",
        producer_max_batch_size=broker.batch_bytes(settings.kafka),
        producer_max_request_size=settings.kafka.max_record_bytes + 200_000,
        producer_request_timeout=30.0,
        topic_allow_declare=False,
        topic_disable_leader=True,
        table_standby_replicas=0,
        web_enabled=False,
        web_in_thread=False,
        worker_redirect_stdouts=False,
        stream_recovery_delay=0.0,
    )
    app.transport = _Transport(app.conf.broker_consumer, app)
    return app
