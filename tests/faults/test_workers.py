"""Several workers: one is thought dead and is not, one dies under load."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from pipeline.embedded.servers import Servers
from tests.faults.audit import audit, settle
from tests.faults.ledger import Ledger
from tests.faults.stream import put, stream
from tests.faults.system import configuration, running, until

ARTICLES = 1_500


def share_of(ledger: Ledger, share: float) -> int:
    """Looks once; whether so large a share of the articles has been identified."""
    return ledger.look() and len(ledger.reached["articles.identified"]) >= share * ARTICLES


@pytest.mark.timeout(240)
def test_a_worker_that_was_suspended_past_its_expulsion_spoils_nothing(tmp_path: Path, servers: Servers, chance: random.Random) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES, bad_every=0)
    put(tmp_path / "in", flow.files)
    with running(configuration(tmp_path, servers.addresses)) as system:
        ledger = Ledger(system.settings)
        until(lambda: share_of(ledger, chance.uniform(0.1, 0.3)), 60, "the first worker is at work")
        system.children["worker"].suspend()
        system.start("worker-2")
        reached = len(ledger.reached["articles.identified"])
        wanted = min(reached + 300, ARTICLES * 0.8)
        until(lambda: ledger.look() and len(ledger.reached["articles.identified"]) >= wanted, 60, "the second worker has taken over")
        system.children["worker"].resume()
        settle(system, ledger, flow, 120)
        audit(system, ledger, flow)
        assert not system.ended, "a rebalance is nothing to die of"
        ledger.close()


@pytest.mark.timeout(240)
def test_two_workers_share_the_work_and_one_killed_loses_nothing(tmp_path: Path, servers: Servers, chance: random.Random) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES, bad_every=0)
    half = len(flow.files) // 2
    put(tmp_path / "in", flow.files[:half], "a")
    with running(configuration(tmp_path, servers.addresses), "collector", "worker", "worker-2", "indexer", "alerter") as system:
        ledger = Ledger(system.settings)
        until(lambda: share_of(ledger, chance.uniform(0.1, 0.4)), 90, "both workers are at work")
        system.kill("worker-2")
        del system.children["worker-2"]
        # Its partitions return to the first worker, which knew them before: what was learned meanwhile must be read again.
        put(tmp_path / "in", flow.files[half:], "b")
        settle(system, ledger, flow, 150)
        audit(system, ledger, flow)
        assert not system.ended, "a rebalance is nothing to die of"
        ledger.close()
