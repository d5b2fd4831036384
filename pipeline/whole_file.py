"""Files that others read while we write them, or that must outlive a crash."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path


def put(path: Path, content: bytes) -> None:
    """Write the file in one step: whoever reads it, also after a crash, finds what it was or what it is to be. Raises OSError, and then it is what it was.

    A file that is replaced hands on its rights, and a link goes on leading to it. Until it is whole the new one stands hidden beside it, where nobody who reads the folder takes it.
    """
    path = path.resolve()
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileNotFoundError):
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
