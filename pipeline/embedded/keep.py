"""Keeps the embedded servers running: one that ends is started again on its port with its data, and people are told in a sentence.

Each server has a thread of its own, because a start takes seconds and the other server may end meanwhile. The pause before a start doubles
while the server ends again and again; after `QUICK_ENDS` quick ones it is given up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from pipeline.embedded.leash import ChildFailed
from pipeline.embedded.server import GivenUp, Server, StartFailed
from pipeline.restarts import History

LOOK_EVERY_SECONDS = 0.2
QUICK_ENDS = 5

Tell = Callable[[str], None]


def is_hopeless(history: History) -> bool:
    """Whether a server with this history is not started again."""
    return history.quick_ends >= QUICK_ENDS


def how(exit_code: int | None) -> str:
    """An exit in words: `signal 9` or `exit code 1`."""
    if exit_code is None:
        return "no exit code"
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"


@dataclass
class Keeper:
    """Looks after one server. `given_up` says why it is not started again, or is empty."""

    server: Server
    tell: Tell
    history: History = field(default_factory=lambda: History(0, time.monotonic()))
    given_up: str = ""

    def run(self, stop: threading.Event) -> None:
        """Look after the server until `stop` is set or it is given up. Blocks: run it in a thread."""
        while not stop.wait(LOOK_EVERY_SECONDS) and not self.given_up:
            if not self.server.alive:
                self._start_again(stop)

    def _start_again(self, stop: threading.Event) -> None:
        name = self.server.launch.name
        child = self.server.child
        self._note(f"{name} ended ({how(child.exit_code if child else None)})")
        while not self.given_up and not stop.wait(self.history.pause_seconds):
            try:
                self.server.start(stop)
            except GivenUp:
                return
            except (StartFailed, ChildFailed, OSError) as error:
                if not stop.is_set():
                    self._note(str(error).splitlines()[0])
                continue
            self.history = self.history._replace(started_at_seconds=time.monotonic())
            self.tell(f"{name} answers again at {self.server.launch.address}, with its data.")
            return

    def _note(self, what: str) -> None:
        self.history = self.history.ended(time.monotonic())
        if is_hopeless(self.history):
            launch = self.server.launch
            self.given_up = (
                f"{launch.name} ended {self.history.quick_ends} times in a row and is not started again ({what.rstrip('.')}). "
                f"Its log, {launch.log}, says why; mend that and start again: the data stay."
            )
            self.tell(self.given_up)
        else:
            self.tell(f"{what}: starting it again")


@contextmanager
def keeping(servers: Sequence[Server], tell: Tell, stop: threading.Event) -> Iterator[list[Keeper]]:
    """Look after `servers` until the block ends; when one is given up, `stop` is set. On leaving, nothing is started any more."""
    keepers = [Keeper(each, tell) for each in servers]
    ending = threading.Event()

    def look_after(keeper: Keeper) -> None:
        keeper.run(ending)
        if keeper.given_up:
            stop.set()

    threads = [threading.Thread(target=look_after, args=(each,), name=f"keeper of {each.server.launch.name}") for each in keepers]
    for thread in threads:
        thread.start()
    try:
        yield keepers
    finally:
        ending.set()
        for thread in threads:
            thread.join()
