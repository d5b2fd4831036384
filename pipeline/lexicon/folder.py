"""The folder in which what is built from the dictionaries is kept, and how it is built once although many processes start at once."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import structlog

log = structlog.get_logger()

# Raised whenever what stands in the files changes: older ones are then built anew.
FORMAT = 10
DONE = "done"


def cache_folder() -> Path:
    """`$LAGEBILD_CACHE`, else `/var/cache/lagebild` if this process may write there, else `~/.cache/lagebild`."""
    if os.environ.get("LAGEBILD_CACHE"):
        return Path(os.environ["LAGEBILD_CACHE"])
    shared = Path("/var/cache/lagebild")
    nearest = shared if shared.exists() else shared.parent
    return shared if os.access(nearest, os.W_OK | os.X_OK) else Path.home() / ".cache" / "lagebild"


def built(language: str, build: Callable[[Path], None], *, again: bool = False) -> Path:
    """The folder with the finished files of `language`. The first process builds them, others wait for it.

    `again`: the files there are damaged and are made anew. Raises OSError when the folder cannot be written.
    """
    folder = cache_folder() / f"lexicon-{version('simplemma')}-{FORMAT}"
    finished = folder / language
    if (finished / DONE).exists() and not again:
        return finished
    folder.mkdir(parents=True, exist_ok=True)
    with _alone(folder / f"{language}.lock"):
        if again:
            shutil.rmtree(finished, ignore_errors=True)
        if not (finished / DONE).exists():
            _build(language, build, finished)
    return finished


def _build(language: str, build: Callable[[Path], None], finished: Path) -> None:
    began = time.monotonic()
    log.info("building the lexicon, once on this machine", language=language, folder=str(finished))
    shutil.rmtree(finished, ignore_errors=True)
    unfinished = finished.with_name(f"{language}.{os.getpid()}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    try:
        build(unfinished)
        (unfinished / DONE).touch()
        unfinished.rename(finished)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    log.info("built the lexicon", language=language, seconds=round(time.monotonic() - began, 1))


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
