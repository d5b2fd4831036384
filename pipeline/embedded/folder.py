"""The data folder of the embedded servers, its lock and its ports.

    <data folder>/
        lock                    held while servers run; names the process that runs them
        ports.json              the ports of the last start, taken again when they are free
        packages/               what was downloaded; may lie elsewhere and be shared by several data folders
            kafka-<version>/        jars
            elasticsearch-<version>/
        java-<hash of its release>/ copy of the Java runtime, only where the servers' user cannot enter the original
        kafka/                  data/ config/ tmp/ kafka.log
        elasticsearch/          data/ config/ tmp/ logs/ elasticsearch.log

When we are root, only data/, tmp/ and logs/ belong to the servers' user: root must not write where that user could plant a link.

Deleting the folder removes everything. The default place is `$LAGEBILD_HOME`, else `/var/lib/lagebild` for root, else
`$XDG_DATA_HOME/lagebild`, else `~/.local/share/lagebild`.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipeline import whole_file

# Below 32768, where Linux takes ports for outgoing connections: a client that keeps knocking at the port of a stopped
# server would otherwise sooner or later be given that very port, and be connected with itself.
_PORTS = range(15_000, 32_000)


class InUse(Exception):
    """Another process runs its servers on this data folder."""


@dataclass(frozen=True)
class DataFolder:
    """Where things are. `packages` defaults to the folder of that name inside `path`."""

    path: Path
    packages: Path

    @staticmethod
    def at(path: Path, packages: Path | None = None) -> DataFolder:
        full = path.expanduser().absolute()
        return DataFolder(full, packages.expanduser().absolute() if packages else full / "packages")

    @property
    def lock(self) -> Path:
        return self.path / "lock"

    @property
    def ports(self) -> Path:
        return self.path / "ports.json"

    @property
    def kafka(self) -> Path:
        return self.path / "kafka"

    @property
    def elasticsearch(self) -> Path:
        return self.path / "elasticsearch"


def default_path(environment: Mapping[str, str] | None = None, is_root: bool | None = None) -> Path:
    """Where data goes when nobody says otherwise."""
    environment = os.environ if environment is None else environment
    is_root = os.geteuid() == 0 if is_root is None else is_root
    if environment.get("LAGEBILD_HOME"):
        return Path(environment["LAGEBILD_HOME"]).expanduser()
    if is_root:
        return Path("/var/lib/lagebild")
    if environment.get("XDG_DATA_HOME"):
        return Path(environment["XDG_DATA_HOME"]) / "lagebild"
    return Path(environment.get("HOME") or Path.home()) / ".local" / "share" / "lagebild"


class Lock:
    """An exclusive hold on a file, for as long as any process has its descriptor open.

    The leashes of the servers inherit the descriptor, so the hold lasts until the last server has ended, even when the process
    that took it was killed. Raises InUse: at once while that process lives, else after `wait_seconds`.
    """

    def __init__(self, path: Path, wait_seconds: float = 20.0) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self._take(path, time.monotonic() + wait_seconds)
        except BaseException:
            os.close(self.descriptor)
            raise
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{os.getpid()}\n".encode(), 0)

    def _take(self, path: Path, deadline: float) -> None:
        while True:
            try:
                return fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(self.descriptor, 32, 0).decode(errors="replace").strip()
                if _lives(holder) or time.monotonic() > deadline:
                    raise InUse(
                        f"the data folder {path.parent} is in use by process {holder or 'unknown'} (lock file {path}). "
                        "Stop that one first, or name another data folder."
                    ) from None
                time.sleep(0.1)

    def release(self) -> None:
        os.close(self.descriptor)


def choose_ports(file: Path, names: tuple[str, ...]) -> dict[str, int]:
    """A free port on 127.0.0.1 for each name: the remembered one where it is free, else a new one. Remembers the choice in `file`."""
    remembered = _remembered(file)
    chosen: dict[str, int] = {}
    for name in names:
        old = remembered.get(name, 0)
        chosen[name] = old if old and old not in chosen.values() and is_free(old) else _new_port(set(chosen.values()))
    whole_file.put(file, json.dumps(chosen).encode())
    return chosen


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 at this port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _remembered(file: Path) -> dict[str, int]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {name: port for name, port in found.items() if isinstance(port, int) and port in _PORTS} if isinstance(found, dict) else {}


def _new_port(taken: set[int]) -> int:
    for port in random.sample(_PORTS, 200):
        if port not in taken and is_free(port):
            return port
    raise OSError(f"no free port on 127.0.0.1 among 200 tried between {_PORTS.start} and {_PORTS.stop}")


def _lives(process_id: str) -> bool:
    if not process_id.isdigit():
        return False
    try:
        os.kill(int(process_id), 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
