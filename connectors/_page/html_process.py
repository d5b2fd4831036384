"""The process that reads web pages, so that a page can cost neither time nor memory without end: started on first use, killed when it must be."""

from __future__ import annotations

import atexit
import os
import select
import struct
import subprocess
import sys
import threading
import time
from typing import Any, Literal

import msgspec

from pipeline.errors import Permanent
from pipeline.outcome import Rejection

PAGE_SECONDS = 20.0

Task = Literal["article", "links", "region"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to read in a page. `select` is a CSS selector."""

    task: Task
    page: str
    url: str = ""
    select: str = ""


def ask(question: Question, seconds: float = PAGE_SECONDS) -> Any:
    """What `_html_worker` found in a page. Raises Permanent when it takes longer than `seconds`, breaks a library or ends the process."""
    told = _worker.ask(msgspec.msgpack.encode(question), seconds)
    if "error" in told:
        raise Permanent(Rejection.UNREADABLE, f"the page broke the extraction of its text: {told['error']}")
    return told["found"]


class _Worker:
    """The child process: started on first use, replaced when it was ended, one page at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def ask(self, data: bytes, seconds: float) -> dict[str, Any]:
        """The answer of `_html_worker.answer`. Raises Permanent when it takes longer than `seconds` or the child ends."""
        with self._turn:
            process = self._running()
            deadline = time.monotonic() + seconds
            try:
                self._write(process, struct.pack(">I", len(data)) + data, deadline)
                (size,) = struct.unpack(">I", self._read(process, 4, deadline))
                found: dict[str, Any] = msgspec.msgpack.decode(self._read(process, size, deadline))
                return found
            except TimeoutError as error:
                self.end()
                raise Permanent(Rejection.UNREADABLE, f"the text of the page was not found within {seconds:g} s") from error
            except (EOFError, OSError) as error:
                self.end()
                raise Permanent(Rejection.UNREADABLE, "the page ended the process that extracts its text (out of memory?)") from error

    def end(self) -> None:
        process, self._process = self._process, None
        if process:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    try:
                        pipe.close()
                    except OSError:
                        continue

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self.end()
            command = [sys.executable, "-m", "connectors._page.html_worker"]
            environment = {**os.environ, "PYTHONPATH": os.pathsep.join(each for each in sys.path if each)}
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                env=environment,
                start_new_session=True,
            )
            assert self._process.stdin and self._process.stdout
            os.set_blocking(self._process.stdin.fileno(), False)
        return self._process

    def _write(self, process: subprocess.Popen[bytes], data: bytes, deadline: float) -> None:
        assert process.stdin
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [process.stdin], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            view = view[os.write(process.stdin.fileno(), view) :]

    def _read(self, process: subprocess.Popen[bytes], size: int, deadline: float) -> bytes:
        assert process.stdout
        data = bytearray()
        while len(data) < size:
            ready, _, _ = select.select([process.stdout], [], [], max(deadline - time.monotonic(), 0))
            if not ready:
                raise TimeoutError
            piece = os.read(process.stdout.fileno(), min(size - len(data), 1_048_576))
            if not piece:
                raise EOFError
            data += piece
        return bytes(data)


_worker = _Worker()
atexit.register(_worker.end)
