"""A real worker process around a stage that misbehaves on demand: `python -m tests.faults.held_worker CONFIG BEHAVIOUR [NUMBER]`.

The stage passes numbers on from `articles.deduplicated` to `articles.enriched`. At NUMBER it does what BEHAVIOUR says, once unless
that is to try again for ever: a file beside the configuration has a line for each time. With "forget", NUMBER is a seed: about half of the
first fetches are thrown away when the client has moved on behind them, as Faust does in a rebalance.
"""

from __future__ import annotations

import hashlib
import random
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from aiokafka.consumer.fetcher import Fetcher

from pipeline import agents, events, settings, topology
from pipeline.errors import Transient
from pipeline.runner import Out, Work


class Stage:
    name = "enrich"

    def __init__(self, folder: Path, behaviour: str, number: str) -> None:
        self._mark = folder / f"did-{behaviour}"
        self._behaviour = behaviour
        self._number = number.encode()

    def run(self, work: Work, now: datetime) -> list[Out]:
        if work.value == self._number and (self._behaviour == "retry" or not self._mark.exists()):
            with self._mark.open("a") as mark:
                mark.write("once\n")
            self._misbehave()
        if self._behaviour == "slow":
            time.sleep(0.002)
        # Not to be compressed: the broker looks at what it gets.
        value = (
            hashlib.shake_256(work.value).hexdigest(2_000).encode()
            if self._behaviour == "swell" and work.value == self._number
            else work.value
        )
        return [Out(topology.ENRICHED, work.value.decode().strip(), value.strip())]

    def _misbehave(self) -> None:
        if self._behaviour == "raise":
            raise ZeroDivisionError("what nobody foresaw")
        if self._behaviour == "retry":
            raise Transient("not yet")
        while self._behaviour == "hang":
            time.sleep(1)


def forget(mark: Path, chance: random.Random, fetches: int = 12) -> None:
    """From now on, some of the first `fetches` that bring something bring nothing, and what they brought is behind the client."""
    fetched_records: Any = Fetcher.fetched_records
    thrown = [chance.random() < 0.5 for _ in range(fetches - 1)] + [True]

    async def forgetful(fetcher: Fetcher, *partitions: Any, **options: Any) -> Any:
        records = await fetched_records(fetcher, *partitions, **options)
        if records and thrown and thrown.pop():
            with mark.open("a") as file:
                file.write("once\n")
            return {}
        return records

    Fetcher.fetched_records = forgetful


def main(config: str, behaviour: str, number: str = "-1") -> int:
    loaded = settings.load(Path(config))
    events.configure("worker")
    if behaviour == "forget":
        forget(loaded.folder / "did-forget", random.Random(int(number)))
    return agents.run(loaded, [agents.Row(Stage(loaded.folder, behaviour, number))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
