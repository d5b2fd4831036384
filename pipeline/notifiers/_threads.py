"""Which message began the thread of an episode, so that later ones go below it. Losing that costs a thread, never a message."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import structlog

from pipeline import whole_file

log = structlog.get_logger()

_MOST = 2_000
_FILE_BYTES = 1_000_000


class Threads:
    """The newest 2,000 threads by episode, kept in `path` over a restart where one is given. May be used by several threads."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._threads: dict[str, str] = _read(path) if path else {}

    def of(self, episode_id: str) -> str:
        """The thread of the episode, "" when it has none yet."""
        with self._lock:
            return self._threads.get(episode_id, "")

    def remember(self, episode_id: str, thread: str) -> None:
        """Keep `thread` unless the episode has one."""
        with self._lock:
            if not episode_id or not thread or episode_id in self._threads:
                return
            self._threads[episode_id] = thread
            while len(self._threads) > _MOST:
                del self._threads[next(iter(self._threads))]
            self._write()

    def forget(self, episode_id: str) -> None:
        """The thread is gone: somebody deleted its first message."""
        with self._lock:
            if self._threads.pop(episode_id, None) is not None:
                self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            whole_file.put(self._path, json.dumps(self._threads).encode())
        except OSError as error:
            log.warning("threads not kept", file=str(self._path), why=error.strerror)


def _read(path: Path) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8") as file:
            found = json.loads(file.read(_FILE_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return {str(episode): str(thread) for episode, thread in found.items()} if isinstance(found, dict) else {}
