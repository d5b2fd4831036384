"""Ending: in peace on request, and never leaving anything behind."""

from __future__ import annotations

import os
import random
import signal
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import supervise
from pipeline.embedded.leash import Child
from pipeline.embedded.servers import Servers
from tests.faults.audit import audit, settle
from tests.faults.ledger import Ledger
from tests.faults.stream import put, stream
from tests.faults.system import PROCESSES, System, configuration, running, until

ARTICLES = 800
# What the supervisor gives each process before it kills it.
GRACE_SECONDS = 10


@pytest.mark.timeout(240)
def test_every_process_ends_in_peace_when_asked_and_goes_on_after_a_restart(
    tmp_path: Path, servers: Servers, chance: random.Random
) -> None:
    flow = stream(chance.randrange(10**6), ARTICLES, bad_every=0)
    put(tmp_path / "in", flow.files)
    with running(configuration(tmp_path, servers.addresses)) as system:
        ledger = Ledger(system.settings)
        until(lambda: ledger.look() and ledger.outcome_count > ARTICLES // 10, 90, "all processes are at work")
        for name in chance.sample(PROCESSES, len(PROCESSES)):
            child = system.children[name]
            assert child.stop(GRACE_SECONDS), f"{name} did not end within {GRACE_SECONDS} s"
            assert child.exit_code == 0, f"{name} ended with {child.exit_code}"
            system.start(name)
        settle(system, ledger, flow, 120)
        audit(system, ledger, flow)
        ledger.close()


@pytest.mark.timeout(120)
def test_nothing_listens_but_the_live_page_and_nothing_outlives_a_killed_parent(tmp_path: Path, servers: Servers) -> None:
    config = configuration(tmp_path, servers.addresses, console={"port": 0})
    System(config)
    everything = replace(supervise.command("", config), arguments=[sys.executable, "-m", "pipeline.cli", "run", "--config", str(config)])
    parent = Child(everything, tmp_path / "logs" / "run.log")
    family: dict[str, int] = {}
    try:
        until(lambda: listening(processes_of(config).get("console", 0)), 60, "the live page answers")
        until(lambda: processes_of(config).keys() >= {*PROCESSES, "console"}, 60, "all processes run")
        family = processes_of(config)
        until(lambda: joined(config), 60, "worker, indexer and alerter have joined their groups")
        for name, pid in processes_of(config).items():
            if name == "console":
                assert all(address.startswith("0100007F:") for address in listening(pid)), "the live page is for this machine only"
            else:
                assert listening(pid) == [], f"{name} listens"
        family = processes_of(config)
        os.kill(family["run"], signal.SIGKILL)
        until(lambda: not processes_of(config), 30, "all children have ended")
    except BaseException:
        print((tmp_path / "logs" / "run.log").read_text(encoding="utf-8")[-3_000:])  # noqa: T201
        raise
    finally:
        parent.kill()


def processes_of(config: Path) -> dict[str, int]:
    """Our processes that use this configuration, by name: found in the system's own list, so that an orphan is seen too."""
    found = {}
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0") if folder.name.isdigit() else []
        except OSError:
            continue
        if str(config) in words and "pipeline.cli" in words:
            name = words[words.index("run") + 1]
            found["run" if name == "--config" else name] = int(folder.name)
    return found


def listening(pid: int) -> list[str]:
    """The addresses (hexadecimal, as the system has them) on which a process accepts connections."""
    try:
        inodes = {os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir() if os.path.lexists(each)}
        lines = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]]
    except OSError:
        return []
    return [fields[1] for fields in lines if fields[3] == "0A" and f"socket:[{fields[9]}]" in inodes]


def joined(config: Path) -> bool:
    """Whether the processes are past their start: a worker would open its web server before it restores anything."""
    return "restored" in (config.parent / "logs" / "run.log").read_text(encoding="utf-8", errors="replace")
