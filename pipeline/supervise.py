"""All processes of Lagebild under one roof: `lagebild run` without a name.

Each process is started on a leash (it cannot outlive this one), started again when it ends, and ended in the order of the flow. When a process
ends again and again, the pause before its next start doubles, so that a broken configuration does not turn into a busy loop.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from pipeline.embedded.leash import Child, Command
from pipeline.restarts import History

log = structlog.get_logger()

# The order in which they end: first what brings work in, last what shows it.
PROCESSES = ("collector", "worker", "alerter", "indexer", "console")
# Linear algebra threads cost a worker up to twenty times its speed on small machines (measured 2026-11).
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}

# An exit with this code is final: the configuration is wrong, and starting again would not mend it.
EXIT_BAD_CONFIGURATION = 3


def command(name: str, config: Path, environment: Mapping[str, str] | None = None) -> Command:
    """How to run one of our processes with the interpreter that runs us."""
    return Command(
        arguments=[sys.executable, "-m", "pipeline.cli", "run", name, "--config", str(config)],
        environment={**os.environ, **ONE_THREAD, **(environment or {})},
        folder=Path.cwd(),
    )


@dataclass
class Supervised:
    """One process and how it fared. Times are monotonic seconds."""

    name: str
    command: Command
    child: Child | None = None
    starts: int = 0
    history: History = History()
    next_start_at_seconds: float = 0.0
    given_up: bool = False


@dataclass
class Supervisor:
    """Keeps `commands` running. `log_folder` takes one file per process; None lets them print where we print."""

    commands: Mapping[str, Command]
    log_folder: Path | None = None
    on_change: Callable[[str, str], None] = lambda name, what: None
    processes: dict[str, Supervised] = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.processes = {name: Supervised(name, each) for name, each in self.commands.items()}

    def run(self, stop: threading.Event) -> int:
        """Keep everything running until `stop` is set, then end it in order. Returns 0, or 3 when a process found the configuration wrong."""
        try:
            while not stop.is_set():
                self.look(time.monotonic())
                if any(each.given_up for each in self.processes.values()):
                    return EXIT_BAD_CONFIGURATION
                stop.wait(0.1)
            return 0
        finally:
            self.stop()

    def look(self, now_seconds: float) -> None:
        """Start what does not run and is due; note what has ended."""
        with self._lock:
            for each in self.processes.values():
                if each.child is not None and not each.child.alive:
                    self._ended(each, now_seconds)
                if each.child is None and not each.given_up and now_seconds >= each.next_start_at_seconds:
                    self._start(each, now_seconds)

    def _start(self, each: Supervised, now_seconds: float) -> None:
        path = self.log_folder / f"{each.name}.log" if self.log_folder else None
        each.child = Child(each.command, path)
        each.starts += 1
        each.history = each.history._replace(started_at_seconds=now_seconds)
        self.on_change(each.name, "started" if each.starts == 1 else "started again")

    def _ended(self, each: Supervised, now_seconds: float) -> None:
        assert each.child is not None
        code = each.child.exit_code
        each.child = None
        if code == EXIT_BAD_CONFIGURATION:
            each.given_up = True
            log.error("a process found the configuration wrong", name=each.name)
            self.on_change(each.name, "found the configuration wrong")
            return
        each.history = each.history.ended(now_seconds)
        each.next_start_at_seconds = now_seconds + each.history.pause_seconds
        log.warning("a process ended and is started again", name=each.name, exit_code=code, after_seconds=each.history.pause_seconds)
        self.on_change(each.name, f"ended with code {code}")

    def stop(self, names: Sequence[str] = PROCESSES, grace_seconds: float = 10) -> None:
        """End everything: the flow's order, and what is not part of it last."""
        with self._lock:
            order = [name for name in names if name in self.processes] + [name for name in self.processes if name not in names]
            for name in order:
                child = self.processes[name].child
                if child is not None and child.alive:
                    child.stop(grace_seconds)
                    self.on_change(name, "stopped")
                self.processes[name].child = None
