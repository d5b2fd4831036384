from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.embedded.leash import Child, ChildFailed, Command
from tests.waiting import until

ROOT = Path(__file__).parents[2]
QUIET = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {QUIET}"
FAMILY = (
    "import os, subprocess, sys; print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True); input"
)
PARENT = """
import sys, time
from pathlib import Path
from pipeline.embedded.leash import Child, Command
child = Child(Command([sys.executable, "-c", sys.argv[1]], {}, Path("/"), grace_seconds=float(sys.argv[2])), Path(sys.argv[3]))
print(child.pid, flush=True)
time.sleep(600)
"""


def state(pid: int) -> str:
    """The letter the kernel has for a process, empty when it is gone."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0].replace("Z", "")
    return ""


def command(program: str, **changes: object) -> Command:
    return Command([sys.executable, "-c", program], {"SHOWN": "1"}, Path("/"), **changes)  # type: ignore[arg-type]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Child]]:
    started: list[Child] = []

    def start_one(program: str, **changes: object) -> Child:
        child = Child(command(program, **changes), tmp_path / "log")
        started.append(child)
        until(lambda: bool((tmp_path / "log").stat().st_size) or not child.alive)
        return child

    yield start_one
    for each in started:
        each.kill()


def test_a_child_gets_exactly_its_environment_and_its_output_lands_in_the_log(start: Callable[..., Child]) -> None:
    child = start("import os; print(sorted(set(os.environ) - {'LC_CTYPE'}), os.getcwd())")
    assert child.wait(10) and child.exit_code == 0 and not child.alive
    assert child.log is not None and child.log.read_text() == "['SHOWN'] /\n"


def test_exit_codes_and_signals_are_told_apart(start: Callable[..., Child]) -> None:
    failed = start("raise SystemExit(7)")
    assert failed.wait(10) and failed.exit_code == 7
    killed = start(QUIET)
    killed.kill()
    assert killed.exit_code == -signal.SIGKILL and not state(killed.pid)


def test_stop_lets_a_child_end_in_peace(start: Callable[..., Child]) -> None:
    child = start(QUIET)
    assert child.stop(10) is True
    assert child.exit_code == -signal.SIGTERM


def test_stop_kills_a_child_that_does_not_listen(start: Callable[..., Child]) -> None:
    child = start(STUBBORN)
    assert child.stop(0.2) is False
    assert child.exit_code == -signal.SIGKILL and not state(child.pid)


def test_a_suspended_child_stands_still_and_can_go_on_or_be_stopped(start: Callable[..., Child]) -> None:
    child = start(QUIET)
    child.suspend()
    until(lambda: state(child.pid) == "T")
    assert child.alive
    child.resume()
    until(lambda: state(child.pid) == "S")
    child.suspend()
    assert child.stop(10) is True


def test_grandchildren_go_with_the_child(start: Callable[..., Child]) -> None:
    child = start(FAMILY)
    assert child.wait(10)
    assert child.log is not None
    grandchild = int(child.log.read_text())
    until(lambda: not state(grandchild))


def test_a_program_that_is_missing_is_an_error_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ChildFailed, match="cannot start /nowhere/java: .*No such file"):
        Child(Command(["/nowhere/java"], {}, Path("/")), tmp_path / "log")


def test_orders_to_a_child_that_has_ended_do_nothing(start: Callable[..., Child]) -> None:
    child = start("pass")
    assert child.wait(10)
    child.suspend()
    child.kill()
    assert child.stop() is True and child.exit_code == 0


@pytest.mark.parametrize(("program", "grace_seconds"), [(QUIET, 10.0), (STUBBORN, 0.2)])
def test_no_child_outlives_a_parent_that_is_killed(tmp_path: Path, program: str, grace_seconds: float) -> None:
    log = tmp_path / "log"
    arguments = [sys.executable, "-c", PARENT, program, str(grace_seconds), str(log)]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        until(lambda: log.stat().st_size > 0)
        parent.kill()
    until(lambda: not state(pid))


def test_no_child_outlives_its_leash(start: Callable[..., Child]) -> None:
    child = start(STUBBORN)
    leash = int(Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(leash, signal.SIGKILL)
    until(lambda: not state(child.pid))
    assert not child.alive


def test_a_child_runs_as_the_user_it_is_told_to_or_not_at_all(tmp_path: Path) -> None:
    asked = Command(["/bin/sh", "-c", "id -u; id -g; id -G"], dict(os.environ), Path("/"), uid=65_534, gid=65_534)
    if os.geteuid() != 0:
        # Only root may change the user; a program must not run as another one than it was told.
        with pytest.raises(ChildFailed, match="cannot start /bin/sh: .*not permitted"):
            Child(asked, tmp_path / "log")
        return
    child = Child(asked, tmp_path / "log")
    assert child.wait(10)
    assert (tmp_path / "log").read_text().split() == ["65534"] * 3
