"""How a process is asked to end, and with which exit code it does."""

from __future__ import annotations

import signal
import threading
from types import FrameType

EXIT_INTERRUPTED = 130


class Stop(threading.Event):
    """Set when everything is to end. `exit_code` follows the first signal: 130 after Ctrl-C, 0 after SIGTERM or when no signal came."""

    exit_code = 0


def interrupt_on_sigterm() -> None:
    """From now on SIGTERM breaks off what runs, as Ctrl-C does: with KeyboardInterrupt. Must be called in the main thread."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def stop_on_signals() -> Stop:
    """An event that SIGTERM and Ctrl-C set, instead of ending the process in the middle. Must be called in the main thread."""
    stop = Stop()
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        stop.exit_code = EXIT_INTERRUPTED if received[0] == signal.SIGINT else 0
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, note)
    return stop
