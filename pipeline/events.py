"""Log lines: one event with its facts, readable on a terminal and as JSON elsewhere, always on stderr.

Levels by what an operator has to do: `error` somebody must act; `warning` it goes on, look when it repeats; `info` what happens; `debug` how.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Any

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


def configure(process: str, level: str | None = None) -> None:
    """Set up logging for this process; `process` stands in every line. `LAGEBILD_LOG` (debug, info, warning) overrides the level."""
    chosen = getattr(logging, (os.environ.get("LAGEBILD_LOG") or level or "info").upper(), logging.INFO)
    shared: list[Any] = [
        _named(process),
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _one_line,
    ]
    last: Any = (
        structlog.dev.ConsoleRenderer(colors=not os.environ.get("NO_COLOR"))
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, last],
        wrapper_class=structlog.make_filtering_bound_logger(chosen),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last]
        )
    )
    logging.basicConfig(handlers=[handler], level=chosen, force=True)
    for name in _QUIET:
        # Their warnings are about single tries; what fails for good reaches us as an error and is logged by us.
        logging.getLogger(name).setLevel(max(chosen, logging.ERROR))


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
