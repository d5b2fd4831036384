"""The small process between a parent and its child; see `leash.py`.

It is run by path with `python -I -S`, before any environment is set up: nothing but the standard library may be imported here.
Orders come line by line on standard input, the first being the description of what to run; answers go to the descriptor named
on the command line.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from typing import Any

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.05


def _lead(report_descriptor: int) -> int:
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: None)  # an ignored signal would stay ignored in the child, a handled one does not
    wake_read, wake_write = os.pipe()
    for descriptor in (wake_read, wake_write):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    stopped: list[int] = []
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    with os.fdopen(0, "rb", buffering=0, closefd=False) as orders, os.fdopen(report_descriptor, "w", encoding="utf-8") as report:
        wanted = json.loads(_line(orders))
        try:
            child = _launched(wanted)
        except (OSError, subprocess.SubprocessError) as error:
            print(error, file=report, flush=True)
            return 127
        print("pid", child.pid, file=report, flush=True)
        _follow(child, orders, report, wake_read, stopped)
    return _ended(child, wanted["grace_seconds"])


def _launched(wanted: dict[str, Any]) -> subprocess.Popen[bytes]:
    who: dict[str, Any] = {}
    if wanted["uid"] is not None:
        who = {"user": wanted["uid"], "group": wanted["gid"], "extra_groups": []}
    leash = os.getpid()
    libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def tied() -> None:
        if libc is not None:
            libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != leash:
                os._exit(1)

    return subprocess.Popen(
        wanted["arguments"],
        env=wanted["environment"],
        cwd=wanted["folder"],
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=tied,
        **who,
    )


def _follow(child: subprocess.Popen[bytes], orders: Any, report: Any, wake: int, stopped: list[int]) -> None:
    """Carries out orders until the child has ended, the parent is gone, or the leash is told to end."""
    while child.poll() is None and not stopped:
        ready, _, _ = select.select([orders, wake], [], [])
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
        if orders in ready:
            order = _line(orders)
            if not order:
                return
            _obey(child, order)
            with contextlib.suppress(OSError):
                print("done", file=report, flush=True)


def _obey(child: subprocess.Popen[bytes], order: str) -> None:
    match order:
        case "terminate":
            child.terminate()
            _signal_group(child, signal.SIGCONT)
        case "kill":
            _signal_group(child, signal.SIGKILL)
        case "suspend":
            _signal_group(child, signal.SIGSTOP)
        case "resume":
            _signal_group(child, signal.SIGCONT)


def _ended(child: subprocess.Popen[bytes], grace_seconds: float) -> int:
    """The exit code in the manner of a shell, once the child and its whole group are gone."""
    if child.poll() is None:
        _obey(child, "terminate")
        deadline = time.monotonic() + grace_seconds
        while child.poll() is None and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
    _signal_group(child, signal.SIGKILL)
    code = child.wait()
    return code if code >= 0 else 128 - code


def _signal_group(child: subprocess.Popen[bytes], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, number)


def _line(stream: Any) -> str:
    collected = bytearray()
    while (byte := stream.read(1)) and byte != b"\n":
        collected += byte
    return collected.decode()


if __name__ == "__main__":
    sys.exit(_lead(int(sys.argv[1])))
