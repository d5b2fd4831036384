"""Child processes that cannot outlive the process that started them.

Between parent and child stands a small process, the leash. It holds the reading end of a pipe whose writing end only the
parent has. However the parent ends, even by SIGKILL, that pipe reads end-of-file, and the leash ends its child: SIGTERM to the
child, after a grace SIGKILL to its whole process group. Should the leash itself be killed, Linux kills the child
(PR_SET_PDEATHSIG); that signal belongs to the forking *thread* and is cleared by a change of uid, which is why the
single-threaded leash asks for it after the uid has been dropped, and not the parent, whose threads come and go.

Signals travel through the leash too, so none can hit a stranger that got the number of a child that is gone.

What the leash does stands in `leash_process.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LEASH_GRACE_SECONDS = 10.0
_PROCESS = Path(__file__).with_name("leash_process.py")


class ChildFailed(Exception):
    """A child could not be started."""


@dataclass(frozen=True)
class Command:
    """What to run. With `uid` None the child keeps the user of the parent; `environment` is complete, nothing is inherited beside it."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: Path
    uid: int | None = None
    gid: int | None = None
    grace_seconds: float = LEASH_GRACE_SECONDS
    held_descriptors: tuple[int, ...] = field(default=())


class Child:
    """A running process on a leash. Safe to use from several threads.

    `log` receives what the child prints (appended); None lets it print where the parent prints. Raises ChildFailed when
    the program cannot be started. `held_descriptors` of the command stay open until the child has ended, even when the parent
    ended first: a lock held through them is released only then.
    """

    def __init__(self, command: Command, log: Path | None = None) -> None:
        self.log = log
        self._lock = threading.Lock()
        read_end, write_end = os.pipe()
        with contextlib.ExitStack() as stack:
            output = stack.enter_context(log.open("ab")) if log else None
            self._leash = subprocess.Popen(
                [sys.executable, "-I", "-S", str(_PROCESS), str(write_end)],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                pass_fds=(write_end, *command.held_descriptors),
                start_new_session=True,
            )
            os.close(write_end)
        self._answers = os.fdopen(read_end, "r", encoding="utf-8")
        answer = self._ask(json.dumps(_described(command)))
        if not answer.startswith("pid "):
            self._leash.wait()
            self._close()
            raise ChildFailed(f"cannot start {command.arguments[0]}: {answer or 'its leash ended at once'}")
        self.pid = int(answer.removeprefix("pid "))

    @property
    def alive(self) -> bool:
        return self.exit_code is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; the number of the signal, negative, when a signal ended it."""
        code = self._leash.poll()
        if code is None:
            return None
        self._close()
        return code if code <= 128 else 128 - code

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Whether the child has ended within the time."""
        try:
            self._leash.wait(timeout_seconds)
        except subprocess.TimeoutExpired:
            return False
        self._close()
        return True

    def stop(self, grace_seconds: float = LEASH_GRACE_SECONDS) -> bool:
        """Whether it ended in peace: SIGTERM, and SIGKILL to its group when the grace is over."""
        self._ask("terminate")
        if self.wait(grace_seconds):
            return True
        self.kill()
        return False

    def kill(self) -> None:
        """SIGKILL to the child and all processes of its group; returns when they are gone."""
        self._ask("kill")
        self.wait()

    def suspend(self) -> None:
        """SIGSTOP to the group: alive for the system, dead for everybody else."""
        self._ask("suspend")

    def resume(self) -> None:
        self._ask("resume")

    def _ask(self, line: str) -> str:
        with self._lock, contextlib.suppress(OSError, ValueError):
            stdin = self._leash.stdin
            if stdin is not None:
                stdin.write(line.encode() + b"\n")
                stdin.flush()
                return self._answers.readline().rstrip("\n")
        return ""

    def _close(self) -> None:
        with self._lock:
            self._answers.close()
            if self._leash.stdin is not None:
                with contextlib.suppress(OSError):
                    self._leash.stdin.close()


def _described(command: Command) -> dict[str, Any]:
    return {
        "arguments": list(command.arguments),
        "environment": dict(command.environment),
        "folder": str(command.folder),
        "uid": command.uid,
        "gid": command.gid,
        "grace_seconds": command.grace_seconds,
    }
