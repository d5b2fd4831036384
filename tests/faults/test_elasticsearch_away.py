"""Elasticsearch is away for a while: nobody waits for it, and nothing grows without end."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from pipeline.embedded.servers import Servers
from tests.faults.audit import audit, settle
from tests.faults.ledger import Ledger
from tests.faults.stream import put, stream
from tests.faults.system import configuration, resident_bytes, running, until

ARTICLES = 1_500
AWAY_SECONDS = 25
# A batch is 5 MB at most (elasticsearch.bulk_bytes); decoding, its operations and the client's buffers take several times that.
MAY_GROW_BYTES = 60_000_000


@pytest.mark.timeout(300)
def test_alerts_go_out_and_memory_stays_bounded_while_elasticsearch_is_away(
    tmp_path: Path, victims: Servers, chance: random.Random
) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES, bad_every=0)
    put(tmp_path / "in", flow.files[:1], "a")
    with running(configuration(tmp_path, victims.addresses)) as system:
        ledger = Ledger(system.settings)
        until(lambda: ledger.look() and ledger.outcome_count >= 100, 60, "the first articles are in the index")
        indexer = system.children["indexer"].pid
        before = largest = resident_bytes(indexer)
        victims.elasticsearch.kill()
        gone_at = time.monotonic()
        told = len(system.alerts())
        put(tmp_path / "in", flow.files[1:], "b")

        def meanwhile() -> None:
            nonlocal largest
            largest = max(largest, resident_bytes(indexer))

        def enough() -> bool:
            meanwhile()
            away = time.monotonic() - gone_at
            return ledger.look() and away >= AWAY_SECONDS and len(system.alerts()) >= told + 10

        until(enough, 120, "alerts are delivered while Elasticsearch is away")
        assert system.children["indexer"].alive
        indexed = ledger.committed.get(("indexer", "articles.enriched", 0), 0)
        assert ledger.look() and ledger.committed.get(("indexer", "articles.enriched", 0), 0) == indexed
        victims.elasticsearch.start()
        settle(system, ledger, flow, 150, meanwhile)
        print(f"indexer: {before / 1e6:.0f} MB before, {largest / 1e6:.0f} MB at most")  # noqa: T201
        assert largest - before < MAY_GROW_BYTES
        assert system.children["indexer"].pid == indexer, "it waited, it did not restart"
        audit(system, ledger, flow)
        ledger.close()
