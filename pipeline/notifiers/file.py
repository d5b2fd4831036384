"""Appends each alert as one line of JSON to a file, and returns only when the line is on the disk."""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.errors import GiveUp, TryAgain
from pipeline.plugins import Context
from pipeline.section_types import Names

# JSON lets these stand as they are, but a terminal that shows the file obeys them.
_STEERING = re.compile(r"[\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
_PASSING = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.ESTALE, errno.EINTR})
# Where a repeat is looked for: more than anything that can be written between a crash and the next start.
_TAIL_BYTES = 4_000_000


EXAMPLE = {"path": "alerts.jsonl"}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Annotated[str, Names.WRITTEN] = Field(
        min_length=1, description="the file, relative to the configuration's folder; made with its folders where missing"
    )


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The line's object, as JSON."""
    return {name: value for name, value in alert.items() if name != "template_source"}


class FileNotifier:
    def __init__(self, path: Path, options: Options) -> None:
        self._path = path
        self._options = options
        self._lock = threading.Lock()

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Append the line. A message that may have been written before a crash is looked for first, so that it stands there once.

        Raises TryAgain for a full disk and the like, GiveUp when the path cannot be written at all.
        """
        text = _STEERING.sub(
            lambda found: f"\\u{ord(found[0]):04x}", json.dumps(payload(alert, self._options), ensure_ascii=False, separators=(",", ":"))
        )
        with self._lock:
            try:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                with self._path.open("ab+") as file:
                    if alert.get("possible_duplicate") and self._has(file, str(alert.get("notification_id", ""))):
                        return
                    file.write(b"\n" * self._is_torn(file) + text.encode("utf-8", "replace") + b"\n")
                    file.flush()
                    os.fsync(file.fileno())
            except OSError as error:
                problem = f"{self._path} cannot be written: {error.strerror}"
                raise (TryAgain if error.errno in _PASSING else GiveUp)(problem) from error

    def _is_torn(self, file: Any) -> bool:
        """Whether the last line lacks its end, because somebody was interrupted."""
        if not file.seek(0, os.SEEK_END):
            return False
        file.seek(-1, os.SEEK_END)
        return bool(file.read(1) != b"\n")

    def _has(self, file: Any, notification_id: str) -> bool:
        file.seek(max(file.seek(0, os.SEEK_END) - _TAIL_BYTES, 0))
        lines: list[bytes] = file.read().split(b"\n")
        wanted = notification_id.encode()
        return any(wanted in each and _id(each) == notification_id for each in lines)


def _id(line: bytes) -> str:
    try:
        return str(json.loads(line).get("notification_id", ""))
    except (ValueError, AttributeError):
        return ""  # a torn line


def create(options: Options, context: Context) -> FileNotifier:
    return FileNotifier(context.folder / options.path, options)
