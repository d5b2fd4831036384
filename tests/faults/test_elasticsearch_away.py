"""Elasticsearch is away for a while: nobody waits for it, and nothing grows without end."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pipeline import broker, topology
from pipeline.article import Language, Position, encode
from pipeline.embedded.servers import Servers
from tests.builders import NOON, article
from tests.faults.audit import audit, settle
from tests.faults.ledger import Ledger
from tests.faults.stream import put, stream
from tests.faults.system import System, configuration, resident_bytes, running, until

ARTICLES = 1_000
AWAY_SECONDS = 25
# 45 MB of articles wait in Kafka, while the indexer may hold a batch of 400 kB and what its consumer has fetched (100 kB for each partition).
# The rest is the memory that Python and the client need for their ordinary work, measured as 20 to 30 MB (2026-11-20).
LIMITS = {"bulk_documents": 40, "bulk_bytes": 400_000}
BULKY = 700
MAY_GROW_BYTES = 45_000_000


@pytest.mark.timeout(300)
def test_alerts_go_out_and_memory_stays_bounded_while_elasticsearch_is_away(
    tmp_path: Path, victims: Servers, chance: random.Random
) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES, bad_every=0)
    put(tmp_path / "in", flow.files[:1], "a")
    config = configuration(tmp_path, victims.addresses, elasticsearch=LIMITS, kafka={"max_record_bytes": 100_000})
    with running(config) as system:
        ledger = Ledger(system.settings)
        until(lambda: ledger.look() and ledger.outcome_count >= 200, 60, "the first articles are in the index")
        indexer = system.children["indexer"].pid
        before = largest = resident_bytes(indexer)
        victims.elasticsearch.kill()
        gone_at = time.monotonic()
        told = len(system.alerts())
        put(tmp_path / "in", flow.files[1:], "b")
        bulky = put_bulky(system, chance)

        def meanwhile() -> bool:
            nonlocal largest
            largest = max(largest, resident_bytes(indexer))
            return True

        def enough() -> bool:
            meanwhile()
            away = time.monotonic() - gone_at
            return ledger.look() and away >= AWAY_SECONDS and len(system.alerts()) >= told + 10

        until(enough, 120, "alerts are delivered while Elasticsearch is away")
        print(f"indexer: {before / 1e6:.0f} MB before, {largest / 1e6:.0f} MB at most while Elasticsearch was away")  # noqa: T201
        assert largest - before < MAY_GROW_BYTES
        victims.elasticsearch.start()
        settle(system, ledger, flow, 150, meanwhile)
        assert largest - before < MAY_GROW_BYTES
        assert system.children["indexer"].pid == indexer, "it waited, it did not restart"
        audit(system, ledger, flow, besides=bulky)
        ledger.close()


def put_bulky(system: System, chance: random.Random) -> frozenset[str]:
    """Put large articles straight before the indexer; their ids."""
    publisher = broker.Publisher(system.settings.kafka)
    ids = []
    for number in range(BULKY):
        words = " ".join(f"{chance.getrandbits(40):x}" for _ in range(6_000))
        made = article(
            id=f"bulky{number}",
            body=words,
            first_seen_at=NOON,
            revision=1,
            language=Language(code="de", confidence=1.0, origin="detected"),
            position=Position("elsewhere", 0, number),
        )
        publisher.send(system.settings.topic(topology.ENRICHED), made.id, encode(made))
        ids.append(made.id)
    publisher.confirm()
    publisher.close()
    return frozenset(ids)
