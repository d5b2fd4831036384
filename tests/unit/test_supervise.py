from __future__ import annotations

import sys
import threading
from functools import partial
from pathlib import Path

from pipeline.embedded.leash import Command
from pipeline.supervise import EXIT_BAD_CONFIGURATION, Supervisor
from tests import waiting


def python(code: str) -> Command:
    return Command([sys.executable, "-c", code], {}, Path.cwd())


until = partial(waiting.until, seconds=20)


def test_what_ends_is_started_again_after_a_growing_pause() -> None:
    supervisor = Supervisor({"worker": python("raise SystemExit(1)")})
    worker = supervisor.processes["worker"]
    now = 0.0
    pauses = []
    for _ in range(3):
        supervisor.look(now)
        until(lambda: worker.child is not None and not worker.child.alive)
        supervisor.look(now)
        assert worker.child is None
        pauses.append(worker.next_start_at_seconds - now)
        now = worker.next_start_at_seconds
    assert pauses == [0.5, 1.0, 2.0]
    assert worker.starts == 3


def test_a_wrong_configuration_is_final() -> None:
    supervisor = Supervisor({"worker": python("raise SystemExit(3)")})
    assert supervisor.run(threading.Event()) == EXIT_BAD_CONFIGURATION


def test_everything_ends_in_the_order_of_the_flow() -> None:
    changes: list[tuple[str, str]] = []
    sleeper = python("import time; time.sleep(60)")
    supervisor = Supervisor(
        {"console": sleeper, "worker": sleeper, "collector": sleeper}, on_change=lambda name, what: changes.append((name, what))
    )
    supervisor.look(0.0)
    supervisor.stop()
    assert [name for name, what in changes if what == "stopped"] == ["collector", "worker", "console"]
    assert all(each.child is None for each in supervisor.processes.values())
