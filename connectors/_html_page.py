"""A saved web page to an article, in a child process, so that a page can cost neither time nor memory without end."""

from __future__ import annotations

import atexit
import os
import select
import struct
import subprocess
import sys
import threading
import time
from typing import Any

import msgspec

from connectors._canonical import shown
from connectors._item import Item, clean
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode, without_controls

MAX_CHARACTERS = 5_000_000
PAGE_SECONDS = 20.0


def read(data: bytes, seconds: float = PAGE_SECONDS) -> tuple[Item, str]:
    """The article in an HTML page, and the encoding it was read in. Raises Permanent when nothing can be got out of it within `seconds`."""
    decoded = decode(data, None, "html")
    if len(decoded.text) > MAX_CHARACTERS:
        raise Permanent(Rejection.TOO_LARGE, f"a page of {len(decoded.text):,} characters; {MAX_CHARACTERS:,} are read at most")
    page, flags = without_controls(decoded.text)
    found = _worker.ask(page, seconds)
    if "error" in found:
        raise Permanent(Rejection.UNREADABLE, f"the page broke the extraction of its text: {found['error']}")
    item = Item(
        url=shown(clean(found["url"])),
        title=clean(found["title"]),
        summary=clean(found["description"]),
        body=clean(found["text"]),
        authors=tuple(each.strip() for each in clean(found["author"]).split(";") if each.strip()),
        keywords=tuple(each.strip() for keyword in found["keywords"] for each in clean(keyword).split(",")),
        published=clean(found["date_raw"]),
        updated=clean(found["updated_raw"]),
        language=clean(found["language"]),
        original=data,
        flags=flags,
    )
    return item, decoded.encoding


class _Worker:
    """The child process: started on first use, replaced when it was ended, one page at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def ask(self, page: str, seconds: float) -> dict[str, Any]:
        """The answer of `_html_worker.extract`. Raises Permanent when it takes longer than `seconds` or the child ends."""
        with self._turn:
            process = self._running()
            deadline = time.monotonic() + seconds
            try:
                data = page.encode("utf-8", "replace")
                self._write(process, struct.pack(">I", len(data)) + data, deadline)
                (size,) = struct.unpack(">I", self._read(process, 4, deadline))
                found: dict[str, Any] = msgspec.json.decode(self._read(process, size, deadline))
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
            command = [sys.executable, "-m", "connectors._html_worker"]
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
