"""Asks everybody at once: a server that does not answer costs the others nothing."""

from __future__ import annotations

import resource
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime
from importlib import metadata
from typing import TypeVar

from pipeline import broker
from pipeline.doctor.elasticsearch import ask_elasticsearch
from pipeline.doctor.facts import Facts, MachineFacts, Unanswered
from pipeline.doctor.kafka import ask_kafka
from pipeline.doctor.kibana import ask_kibana
from pipeline.errors import BadConfiguration, LagebildError, Unreachable
from pipeline.settings import Settings

_CLIENTS = ("kafka-python", "faust-streaming", "elasticsearch")
T = TypeVar("T")


def gather(settings: Settings, role: str) -> Facts:
    """The facts; what could not be asked is under `unreachable`."""
    unreachable: dict[str, Unanswered] = {}

    def answer(server: str, asked: Future[T]) -> T | None:
        try:
            return asked.result()
        except Unreachable as error:
            unreachable[server] = Unanswered(error.what, error.fix)
        except BadConfiguration as error:
            # Nothing was asked: a secret, a certificate or a key that the configuration names is not there, or cannot be used.
            said = "; ".join(each.message for each in error.problems)
            unreachable[server] = Unanswered(said, f"set it, or correct the section {server.lower()} of the configuration")
        except (LagebildError, broker.KafkaFault, OSError) as error:
            unreachable[server] = Unanswered(broker.in_words(error))
        return None

    with ThreadPoolExecutor(3) as pool:
        kafka = pool.submit(ask_kafka, settings, role)
        elasticsearch = pool.submit(ask_elasticsearch, settings, role)
        kibana = pool.submit(ask_kibana, settings)
        return Facts(
            machine=_machine(),
            kafka=answer("Kafka", kafka),
            elasticsearch=answer("Elasticsearch", elasticsearch),
            kibana=answer("Kibana", kibana),
            unreachable=unreachable,
            role=role,
            replication=settings.kafka.replication,
        )


def _machine() -> MachineFacts:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MachineFacts(
        datetime.now(UTC), soft if soft != resource.RLIM_INFINITY else 1 << 20, {name: metadata.version(name) for name in _CLIENTS}
    )
