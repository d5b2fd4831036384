"""Every process and both servers are killed at random moments while articles flow."""

from __future__ import annotations

import os
import random
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.embedded.servers import Servers
from tests.faults.audit import audit, settle
from tests.faults.ledger import Ledger
from tests.faults.stream import LINES_PER_FILE, Stream, put, stream
from tests.faults.system import System, configuration, running

# More for a soak, fewer while one changes the test itself.
ARTICLES = int(os.environ.get("LAGEBILD_FAULT_ARTICLES") or 5_000)
VICTIMS = ("collector", "worker", "indexer", "alerter", "kafka", "elasticsearch")
# So many articles are put in ahead of what came out, so that every process has work whenever it dies.
AHEAD = 1_200


@dataclass
class Strikes:
    """Kills one victim after the other, each when so many outcomes have been recorded, and starts it again."""

    system: System
    servers: Servers
    plan: list[tuple[int, str]]
    pool: ThreadPoolExecutor
    under_way: Future[None] | None = None
    done: list[str] = field(default_factory=list)
    moment: int = 0

    @property
    def over(self) -> bool:
        return not self.plan and self.under_way is None

    def look(self, outcomes: int) -> None:
        """Strike when it is time."""
        if self.under_way is not None and self.under_way.done():
            self.under_way.result()
            self.under_way = None
        if self.plan and self.under_way is None and outcomes >= self.plan[0][0]:
            self.moment, victim = self.plan.pop(0)
            self.done.append(victim)
            self.under_way = self.pool.submit(self._strike, victim)

    def _strike(self, victim: str) -> None:
        print(f"{datetime.now(UTC):%H:%M:%S} killed: {victim}")  # noqa: T201
        if victim in ("kafka", "elasticsearch"):
            server = self.servers.kafka if victim == "kafka" else self.servers.elasticsearch
            server.kill()
            server.start()
        else:
            self.system.restart(victim)


@dataclass
class Feed:
    """Puts the files into the watched folder, not further ahead than `AHEAD`."""

    folder: Path
    stream: Stream
    put_in: int = 0

    def look(self, outcomes: int) -> None:
        while self.put_in < len(self.stream.files) and self.put_in * LINES_PER_FILE < outcomes + AHEAD:
            put(self.folder, [self.stream.files[self.put_in]], f"{self.put_in:04}")
            self.put_in += 1


@pytest.mark.timeout(420)
def test_everything_arrives_once_while_each_process_and_each_server_is_killed(
    tmp_path: Path, victims: Servers, chance: random.Random
) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES)
    order = chance.sample(VICTIMS, len(VICTIMS))
    moments = sorted(chance.randrange(ARTICLES // 20, ARTICLES * 4 // 5) for _ in order)
    print("plan:", list(zip(moments, order, strict=True)))  # noqa: T201
    config = configuration(tmp_path, victims.addresses)
    with running(config) as system, ThreadPoolExecutor(1) as pool:
        ledger = Ledger(system.settings)
        strikes = Strikes(system, victims, list(zip(moments, order, strict=True)), pool)
        feed = Feed(tmp_path / "in", flow)

        def meanwhile() -> bool:
            strikes.look(ledger.outcome_count)
            # While a victim is down the rest must not come to its end, or the next one would die idle.
            feed.look(strikes.moment if strikes.under_way else ledger.outcome_count)
            return strikes.over

        settle(system, ledger, flow, 390, meanwhile)
        assert sorted(strikes.done) == sorted(VICTIMS)
        audit(system, ledger, flow, alerter_kills=1)
        ledger.close()
