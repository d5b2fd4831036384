"""The files of a folder of rules: found, read within limits, and remembered, so that what has not changed is not read again."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.errors import Problem
from pipeline.routing.declare import Part
from pipeline.rules.compiled import CompiledRule
from pipeline.rules.model import TermSet

# The thorough YAML reader manages about 300,000 bytes a second (measured 2026-11-21), so a hostile file costs a second, not minutes.
MAX_FILE_BYTES = 200_000
MAX_FILES = 200_000
_SUFFIXES = (".yml", ".yaml")
_LOOKED_AT = (*_SUFFIXES, ".j2", ".ics")
Stamp = tuple[int, int, int]  # when it changed, in nanoseconds; size; inode
# A file changed within the clock's grain of being read may change again without its time telling.
_SETTLED_NANOSECONDS = 2_000_000_000


@dataclass(frozen=True)
class File:
    """What one file says: a rule, a set of terms or a part of the routing, or what is wrong with it.

    `uses` are the term sets that its rule names, and `context` is the hash of everything outside the file that the rule was compiled with.
    """

    name: str
    digest: str
    text: str
    rule: CompiledRule | None = None
    terms: TermSet | None = None
    part: Part | None = None
    problems: tuple[Problem, ...] = ()
    uses: frozenset[str] = frozenset()
    context: str = ""
    stamp: Stamp = field(default=(0, 0, 0), compare=False)
    settled: bool = field(default=False, compare=False)


def look(folder: Path) -> dict[str, Stamp]:
    """What lies below `folder`, by name: the `.yml` and `.yaml` files, and the templates and calendars that they may name. Hidden ones are left out.

    Nothing is read: 100,000 files cost about half a second. At most MAX_FILES + 1 files are named. What cannot be listed is left out.
    """
    found: dict[str, Stamp] = {}
    waiting = [("", str(folder))]
    while waiting and len(found) <= MAX_FILES:
        prefix, here = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(here) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    continue
                if name.endswith(_LOOKED_AT):
                    with contextlib.suppress(OSError):
                        status = entry.stat()
                        found[prefix + name] = (status.st_mtime_ns, status.st_size, status.st_ino)
                        if len(found) > MAX_FILES:
                            break
                elif entry.is_dir(follow_symlinks=False):
                    waiting.append((f"{prefix}{name}/", entry.path))
    return found


def rule_files(stamps: Mapping[str, Stamp]) -> list[str]:
    """The names of the files that hold rules, sets and routing, in order."""
    return sorted(name for name in stamps if name.endswith(_SUFFIXES))


def settled(stamps: Mapping[str, Stamp], looked_at_ns: int) -> bool:
    """Whether a later change of any of these files is sure to show in its time."""
    return looked_at_ns - max((stamp[0] for stamp in stamps.values()), default=0) > _SETTLED_NANOSECONDS


def read(folder: Path, name: str, stamp: Stamp, before: File | None) -> File:
    """The file's text, not yet understood; `before` itself when it still holds. Never raises for what a file may hold."""
    if before is not None and before.settled and before.stamp == stamp:
        return before
    path = folder / name
    try:
        # Before it is read: what is written while it is read then has a later time.
        settled = time.time_ns() - stamp[0] > _SETTLED_NANOSECONDS
        if not path.is_file():  # reading a pipe would wait for ever
            return _refused(name, "this is not a file: remove it, or give it another name")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        return _refused(name, f"the file cannot be read: {error.strerror}")
    if len(data) > MAX_FILE_BYTES:
        return _refused(name, f"the file is larger than {MAX_FILE_BYTES:,} bytes: split the rule")
    digest = hashlib.sha256(data).hexdigest()
    if before is not None and before.digest == digest:
        return replace(before, stamp=stamp, settled=settled)
    try:
        return File(name, digest, data.decode("utf-8"), stamp=stamp, settled=settled)
    except UnicodeDecodeError as error:
        return replace(
            _refused(name, f"the file is not UTF-8 (byte {error.start}): save it as UTF-8"), digest=digest, stamp=stamp, settled=settled
        )


def _refused(name: str, message: str) -> File:
    return File(name, "", "", problems=(Problem(name, 1, 1, message),))
