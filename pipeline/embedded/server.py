"""One server as a child process: start, wait until it answers, stop, kill, start again on the same port."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.embedded.leash import Child, Command

_LARGEST_LOG_BYTES = 20_000_000
_SHOWN_LOG_LINES = 25
_POLL_SECONDS = 0.05


class StartFailed(Exception):
    """A server ended during its start, or did not answer in time."""


class GivenUp(StartFailed):
    """A start was ended because the other server's had failed."""


@dataclass(frozen=True)
class Launch:
    """How a server is started. `answers` tells whether it does its work, without raising; `prepare` runs before every start."""

    name: str
    address: str
    command: Command
    log: Path
    answers: Callable[[], bool]
    prepare: Callable[[], None] = field(default=lambda: None)
    start_seconds: float = 120.0
    stop_seconds: float = 30.0


class Server:
    """A server that can be started, stopped, killed, suspended and started again. Its data and its port stay the same."""

    def __init__(self, launch: Launch) -> None:
        self.launch = launch
        self.child: Child | None = None

    @property
    def alive(self) -> bool:
        return self.child is not None and self.child.alive

    @property
    def pid(self) -> int | None:
        return self.child.pid if self.child is not None and self.child.alive else None

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Returns when the server answers. Raises StartFailed with the last lines of its log. Does nothing when it runs already."""
        if self.alive:
            return
        self.launch.prepare()
        _set_aside(self.launch.log)
        self.child = Child(self.launch.command, self.launch.log)
        deadline = time.monotonic() + self.launch.start_seconds
        while not self.launch.answers():
            if cancelled is not None and cancelled.is_set():
                self.kill()
                raise GivenUp(f"the start of {self.launch.name} was given up")
            if not self.child.alive:
                raise StartFailed(f"{self.launch.name} ended during its start with exit code {self.child.exit_code}.{self._last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise StartFailed(f"{self.launch.name} did not answer within {self.launch.start_seconds:.0f} s.{self._last_words()}")
            time.sleep(_POLL_SECONDS)

    def stop(self) -> bool:
        """Whether it ended in peace (True also when it did not run)."""
        return self.child.stop(self.launch.stop_seconds) if self.child is not None and self.child.alive else True

    def kill(self) -> None:
        """SIGKILL, as a power cut would end it; returns when it is gone."""
        if self.child is not None:
            self.child.kill()

    def suspend(self) -> None:
        self._running().suspend()

    def resume(self) -> None:
        self._running().resume()

    def _running(self) -> Child:
        if self.child is None or not self.child.alive:
            raise RuntimeError(f"{self.launch.name} does not run")
        return self.child

    def _last_words(self) -> str:
        log = self.launch.log
        try:
            with log.open("rb") as stream:
                stream.seek(max(0, log.stat().st_size - 16_384))
                lines = stream.read().decode(errors="replace").splitlines()[-_SHOWN_LOG_LINES:]
        except OSError:
            lines = []
        return "\n".join([f" The last lines of {log}:", *(f"  {line}" for line in lines)])


def _set_aside(log: Path) -> None:
    """Keeps a log from growing without end over many starts: one older part is kept."""
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
