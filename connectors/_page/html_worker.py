"""Run as a process of its own: takes HTML pages on stdin, answers with what is said in them on stdout.

Frames are a length of four bytes (big-endian) and then a question (`Question`) or an answer as MessagePack. The parent ends this process when a page
takes too long; the memory limit ends it when a page takes too much; should the parent be gone, the alarm ends it.
"""

from __future__ import annotations

import contextlib
import resource
import signal
import struct
import sys
from collections.abc import Callable
from typing import Any

import lxml.etree
import msgspec

from connectors._page import links, text
from connectors._page.html_process import Question
from pipeline.errors import LagebildError

MEMORY_BYTES = 1_500_000_000
# The parent gives up long before.
ALARM_SECONDS = 120

_TASKS: dict[str, Callable[[Question], Any]] = {
    "article": lambda asked: text.extract(asked.page, asked.url),
    "links": lambda asked: links.links(asked.page, asked.url, asked.select),
    "region": lambda asked: links.region(asked.page, asked.url, asked.select),
}


def answer(question: bytes) -> bytes:
    """`{"found": …}`, or `{"error": …}` when the page broke a library."""
    try:
        asked = msgspec.msgpack.decode(question, type=Question)
        return msgspec.msgpack.encode({"found": _plain(_TASKS[asked.task](asked))})
    except (
        MemoryError,
        RecursionError,
        ArithmeticError,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
        AssertionError,
        lxml.etree.LxmlError,
        LagebildError,
    ) as error:
        return msgspec.msgpack.encode({"error": f"{type(error).__name__}: {error}"[:300].encode("utf-8", "replace").decode()})


def _plain(value: Any) -> Any:
    """With nothing but plain texts: lxml's are of a type of its own, and half characters have no UTF-8."""
    if isinstance(value, str):
        return str(value).encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def main() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    # Whatever a library prints must not get between the frames.
    with contextlib.redirect_stdout(sys.stderr):
        while len(head := source.read(4)) == 4:
            question = source.read(struct.unpack(">I", head)[0])
            signal.alarm(ALARM_SECONDS)
            told = answer(question)
            signal.alarm(0)
            sink.write(struct.pack(">I", len(told)) + told)
            sink.flush()


if __name__ == "__main__":
    main()
