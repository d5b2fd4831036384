"""What lies in a watched folder, and the compact memory of what was read of it."""

from __future__ import annotations

import base64
import fnmatch
import functools
import hashlib
import os
import stat
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

MAX_DEPTH = 30
# 16 bytes a file in the cursor, which is one record: at most 2.2 MB of it.
MAX_FILES = 100_000


@dataclass(frozen=True)
class Found:
    """A file (or what stands in its place). `relative` may hold surrogates for bytes that are no UTF-8; `refused` says why it is not opened."""

    relative: str
    path: str
    size_bytes: int = 0
    changed_at: float = 0.0
    mark: bytes = b"\0\0\0\0"
    refused: str = ""

    @functools.cached_property
    def key(self) -> bytes:
        return hashlib.sha256(os.fsencode(self.relative)).digest()[:8]

    @property
    def shown(self) -> str:
        """The relative path as valid text."""
        return os.fsencode(self.relative).decode("utf-8", "replace")


def listing(folder: Path, patterns: Sequence[str], recursive: bool) -> list[Found]:
    """The files that match, oldest first. Hidden ones are left out: programs write there before they rename.

    Raises Transient when the folder cannot be read and Permanent when it holds more than `MAX_FILES` matching files.
    """
    found = []
    for each in _walk(folder, recursive):
        name = os.path.basename(each.relative)
        if each.refused or any(fnmatch.fnmatch(name, pattern) or fnmatch.fnmatch(each.relative, pattern) for pattern in patterns):
            found.append(each)
        if len(found) > MAX_FILES:
            raise Permanent(
                Rejection.TOO_LARGE,
                f"the folder {folder} holds more than {MAX_FILES:,} files to read: move away what was read, or use several sources",
            )
    return sorted(found, key=lambda each: (each.changed_at, os.fsencode(each.relative)))


def _walk(folder: Path, recursive: bool) -> Iterator[Found]:
    root = os.path.realpath(folder)
    waiting = [(root, "", 0)]
    while waiting:
        path, relative, depth = waiting.pop()
        try:
            with os.scandir(path) as entries:
                children = [each for each in entries if not each.name.startswith(".")]
        except OSError as error:
            if not relative:
                raise Transient(
                    f"the folder {folder} cannot be read ({error.strerror}): create it, or correct the source's path"
                ) from error
            yield Found(relative, path, refused=f"the folder cannot be read: {error.strerror}")
            continue
        for entry in children:
            inner = f"{relative}/{entry.name}" if relative else entry.name
            if entry.is_dir(follow_symlinks=False):
                if recursive and depth < MAX_DEPTH:
                    waiting.append((entry.path, inner, depth + 1))
            elif (found := _file(entry, inner, root, recursive)) is not None:
                yield found


def _file(entry: os.DirEntry[str], relative: str, root: str, recursive: bool) -> Found | None:
    path = entry.path
    try:
        about = entry.stat(follow_symlinks=False)
        if entry.is_symlink():
            path = os.path.realpath(entry.path)
            if os.path.commonpath([root, path]) != root:
                return Found(
                    relative, path, 0, about.st_mtime, _mark(about), "it is a link to a place outside the folder: put the file itself there"
                )
            about = os.stat(path)
            if stat.S_ISDIR(about.st_mode):
                return Found(relative, path, 0, about.st_mtime, refused="links to folders are not followed") if recursive else None
    except OSError:
        # Gone since it was listed, or a link to nothing.
        return None
    return Found(relative, path, about.st_size, about.st_mtime, _mark(about)) if stat.S_ISREG(about.st_mode) else None


def _mark(about: os.stat_result) -> bytes:
    """Four bytes that change with the file. The time of the last change of rights counts, so that a file made readable is tried again."""
    return hashlib.sha256(struct.pack(">qqq", about.st_mtime_ns, about.st_ctime_ns, about.st_size)).digest()[:4]


def read(found: Found, max_bytes: int) -> bytes | None:
    """At most `max_bytes` + 1 bytes of the file, or None when it changed meanwhile. Raises OSError when it cannot be opened."""
    # Not blocking, and no link: the file may have been exchanged for a pipe or a link since it was listed.
    descriptor = os.open(found.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        data = file.read(max_bytes + 1)
        return data if _mark(os.fstat(descriptor)) == found.mark else None


@dataclass(frozen=True)
class Known:
    """What was read: per file (eight bytes of its path's hash) four bytes of its `mark` and four of its content."""

    files: Mapping[bytes, bytes]

    @classmethod
    def unpacked(cls, text: str) -> Known:
        """Raises ValueError when `text` is not what `packed` gives."""
        data = base64.b85decode(text)
        if len(data) % 16:
            raise ValueError("the memory of the folder is damaged")
        return cls({data[at : at + 8]: data[at + 8 : at + 16] for at in range(0, len(data), 16)})

    def packed(self) -> str:
        return base64.b85encode(b"".join(key + value for key, value in sorted(self.files.items()))).decode("ascii")

    def has(self, found: Found) -> bool:
        return self.files.get(found.key, b"")[:4] == found.mark

    def has_content(self, found: Found, content: bytes) -> bool:
        return self.files.get(found.key, b"")[4:] == content


def content_mark(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:4]
