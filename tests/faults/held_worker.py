"""A real worker process around a stage that misbehaves on demand: `python -m tests.faults.held_worker CONFIG BEHAVIOUR [NUMBER]`.

The stage passes numbers on from `articles.deduplicated` to `articles.enriched`. At NUMBER it does what BEHAVIOUR says, once: a file beside the
configuration remembers that it did.
"""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

from pipeline import agents, events, settings, topology
from pipeline.runner import Out, Work


class Stage:
    name = "enrich"

    def __init__(self, folder: Path, behaviour: str, number: str) -> None:
        self._mark = folder / f"did-{behaviour}"
        self._behaviour = behaviour
        self._number = number.encode()

    def run(self, work: Work, now: datetime) -> list[Out]:
        if work.value == self._number and not self._mark.exists():
            self._mark.touch()
            self._misbehave()
        if self._behaviour == "slow":
            time.sleep(0.002)
        value = work.value * 400 if self._behaviour == "swell" and work.value == self._number else work.value
        return [Out(topology.ENRICHED, work.value.decode().strip(), value.strip())]

    def _misbehave(self) -> None:
        if self._behaviour == "raise":
            raise ZeroDivisionError("what nobody foresaw")
        while self._behaviour == "hang":
            time.sleep(1)


def main(config: str, behaviour: str, number: str = "-1") -> int:
    loaded = settings.load(Path(config))
    events.configure("worker")
    return agents.run(loaded, [agents.Row(Stage(loaded.folder, behaviour, number))])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
