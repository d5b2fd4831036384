"""Log lines: one event with its facts, readable on a terminal and as JSON elsewhere, always on stderr.

Levels by what an operator has to do: `error` somebody must act; `warning` it goes on, look when it repeats; `info` what happens; `debug` how.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import structlog

# Libraries speak up only when something is wrong; their chatter at info level would bury ours.
_QUIET = (
    "kafka",
    "aiokafka",
    "faust",
    "mode",
    "elastic_transport",
    "elasticsearch",
    "httpx",
    "httpcore",
    "httpx2",
    "httpcore2",
    "uvicorn",
    "trafilatura",
)


# Clients complain ten times a second while a server is away: one line of a kind in so many seconds tells as much.
RARELY_SECONDS = 10.0
_MAX_KINDS = 1_000


def configure(process: str, level: str | None = None, file: Path | None = None) -> None:
    """Set up logging for this process; `process` stands in every line. `LAGEBILD_LOG` (debug, info, warning) overrides the level.

    With `file`, lines are appended to it as JSON and none reaches stderr.
    """
    stream: TextIO = sys.stderr
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        stream = file.open("a", encoding="utf-8", buffering=1)  # open until the process ends
    chosen = getattr(logging, (os.environ.get("LAGEBILD_LOG") or level or "info").upper(), logging.INFO)
    shared: list[Any] = [
        _named(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _one_line,
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
        if stream.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last],
        wrapper_class=structlog.make_filtering_bound_logger(chosen),
        logger_factory=structlog.PrintLoggerFactory(file=stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(Rarely())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    logging.basicConfig(handlers=[handler], level=chosen, force=True)
    for name in _QUIET:
        # Their warnings are about single tries; what fails for good reaches us as an error and is logged by us.
        logging.getLogger(name).setLevel(max(chosen, logging.ERROR))


def keep_off_stdout() -> None:
    """Send the log lines of a short command to stderr, for stdout is for answers; what `configure` has set up stays."""
    if structlog.is_configured():
        return
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    last = structlog.dev.ConsoleRenderer(colors=False) if sys.stderr.isatty() else structlog.processors.JSONRenderer(ensure_ascii=False)
    processors: list[Any] = [structlog.processors.add_log_level, stamp, _one_line, structlog.processors.format_exc_info, last]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


@contextmanager
def only_warnings() -> Iterator[None]:
    """Lets nothing below `warning` through: a back-test decides in seconds what happened in a month."""
    before = structlog.get_config()["wrapper_class"]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        yield
    finally:
        structlog.configure(wrapper_class=before)


class Rarely(logging.Filter):
    """Lets one line of a kind (logger, level, text before its values) of the quiet libraries through in `RARELY_SECONDS`, and says how many it held."""

    def __init__(self, now_seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now_seconds = now_seconds
        self._kinds: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in _QUIET:
            return True
        kind, now = _kind(record), self._now_seconds()
        told_at, held = self._kinds.get(kind, (-RARELY_SECONDS, 0))
        if now - told_at < RARELY_SECONDS:
            self._kinds[kind] = (told_at, held + 1)
            return False
        if len(self._kinds) >= _MAX_KINDS:
            self._kinds.clear()
        self._kinds[kind] = (now, 0)
        if held:
            record.msg, record.args = f"{record.getMessage()} (and {held} lines like it before)", ()
        return True


def _kind(record: logging.LogRecord) -> tuple[str, int, str]:
    """What makes lines alike: digits count for nothing, because libraries write times and numbers into the text itself."""
    return record.name, record.levelno, "".join(letter for letter in str(record.msg)[:100] if not letter.isdigit())


def _named(process: str) -> Any:
    def add(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
        return {"process": process, **event}

    return add


def _one_line(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Texts from outside must not forge log lines or move the cursor."""
    return {key: _printable(value) if isinstance(value, str) else value for key, value in event.items()}


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else " " for letter in text)
