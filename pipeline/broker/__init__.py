"""Kafka through kafka-python: the only package that imports it (the Faust worker has its own client in `agents`).

`connecting`: is it there. `handshake`: the first words, by hand. `security`: TLS and who we are. `rights`: what we may do. `sending`: publish and confirm. `groups`: read as a group. `reading`: read whole topics and state. `window`: read a
stretch of time.
`administration`: topics and lag. `records`: what a record is.
"""

from __future__ import annotations

from pipeline.broker.administration import Lag, Progress, TopicChange, apply_topics, lag, lag_by, progress, wanted_configuration
from pipeline.broker.connecting import ADVICE, FAULTS, KafkaFault, admin_client, connect, greeted
from pipeline.broker.groups import commit, committed, group_consumer, group_offsets, join_to_the_end, owns, positions, rewind
from pipeline.broker.handshake import Denied, Greeted
from pipeline.broker.reading import assigned_consumer, beginnings, ends, partitions_of, polled, read_to_end, reader, tail_consumer
from pipeline.broker.records import PROMPT_FETCH_WAIT_MS, Headers, Partition, Record, offset_of, record_of
from pipeline.broker.rights import in_words, missing_rights, need_rights
from pipeline.broker.security import Credentials, credentials, signs_in, tls_context
from pipeline.broker.sending import (
    BATCH_BYTES,
    FENCED,
    MAX_OUTSTANDING_BYTES,
    MAX_OUTSTANDING_RECORDS,
    Publisher,
    batch_bytes,
    producer,
    publish_in_transactions,
)
from pipeline.broker.survey import Survey, SurveyedTopic, survey
from pipeline.broker.window import Window, window

__all__ = [
    "ADVICE",
    "BATCH_BYTES",
    "Credentials",
    "Denied",
    "FAULTS",
    "FENCED",
    "Greeted",
    "Headers",
    "KafkaFault",
    "Lag",
    "MAX_OUTSTANDING_BYTES",
    "MAX_OUTSTANDING_RECORDS",
    "PROMPT_FETCH_WAIT_MS",
    "Partition",
    "Progress",
    "Publisher",
    "Record",
    "Survey",
    "SurveyedTopic",
    "TopicChange",
    "Window",
    "admin_client",
    "apply_topics",
    "assigned_consumer",
    "batch_bytes",
    "beginnings",
    "commit",
    "committed",
    "connect",
    "credentials",
    "ends",
    "greeted",
    "group_consumer",
    "group_offsets",
    "in_words",
    "join_to_the_end",
    "lag",
    "lag_by",
    "missing_rights",
    "need_rights",
    "offset_of",
    "owns",
    "partitions_of",
    "polled",
    "positions",
    "producer",
    "progress",
    "publish_in_transactions",
    "read_to_end",
    "reader",
    "record_of",
    "rewind",
    "signs_in",
    "survey",
    "tail_consumer",
    "tls_context",
    "wanted_configuration",
    "window",
]
