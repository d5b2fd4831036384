"""Records of WARC files (ISO 28500), plain or gzip with one member a record: read from an offset on, within bounds.

Written here because a reader must stop at a bomb inside a member and must name the offset at which it goes on.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection

MAX_HEAD_BYTES = 65_536
# A record that is too large to be an article is read past, up to this; videos in archives of news are smaller.
MAX_SKIPPED_BYTES = 2_000_000_000
# Two line ends close a record; whatever is more than that is another record.
MAX_TAIL_BYTES = 64
_STEP_BYTES = 65_536
_HEADER = re.compile(rb"([!-9;-~]{1,100})[ \t]*:[ \t]*([^\r\n]{0,10000})")


@dataclass(frozen=True)
class Record:
    """`content` is empty when it is larger than was asked for: then `is_cut`. `end` is the offset of the next record."""

    headers: Mapping[str, str]
    content: bytes
    is_cut: bool
    offset: int
    end: int


def records(file: BinaryIO, offset: int, max_bytes: int) -> Iterator[Record]:
    """The records from `offset` on, which is the beginning of one.

    Raises Permanent at the first that is damaged: nothing behind it can be found. Raises Transient where the file ends within one.
    """
    while True:
        file.seek(offset)
        begin = file.read(2)
        if not begin:
            return
        source = _Member(file, offset) if begin == b"\x1f\x8b" else _Plain(file, offset)
        head = source.head()
        if not head.strip():
            return
        found = _headers(head, offset)
        length = _length(found, offset)
        content = source.content(length, max_bytes)
        offset, before = source.end(), offset
        yield Record(found, content, length > max_bytes, before, offset)


def _damaged(offset: int, why: str) -> Permanent:
    return Permanent(Rejection.UNREADABLE, f"the archive is damaged at byte {offset:,}: {why}; nothing behind it was read")


def _cut(offset: int) -> Transient:
    return Transient(f"it ends within the record at byte {offset:,}")


def _headers(head: bytes, offset: int) -> dict[str, str]:
    if not head.lstrip().startswith(b"WARC/"):
        raise _damaged(offset, "no WARC record begins there")
    lines = (_HEADER.fullmatch(line.strip()) for line in head.lstrip().split(b"\n")[1:])
    return {found[1].decode("ascii").lower(): found[2].decode("utf-8", "replace").strip() for found in lines if found}


def _length(headers: Mapping[str, str], offset: int) -> int:
    text = headers.get("content-length", "")
    if not (text.isascii() and text.isdigit() and len(text) < 16) or int(text) > MAX_SKIPPED_BYTES:
        raise _damaged(offset, f"the length of a record is {text[:40]!r}; up to {MAX_SKIPPED_BYTES:,} bytes are read past")
    return int(text)


class _Plain:
    """An uncompressed record."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        self._file = file
        self._offset = offset
        self._at = offset

    def head(self) -> bytes:
        self._file.seek(self._offset)
        data = self._file.read(MAX_HEAD_BYTES)
        bare = data.lstrip(b"\r\n")
        begun = len(data) - len(bare)
        end = _end_of_head(bare)
        if bare and end < 0 and len(data) < MAX_HEAD_BYTES:
            raise _cut(self._offset)
        if bare and end < 0:
            raise _damaged(self._offset, "the head of a record does not end")
        self._at = self._offset + begun + max(end, 0)
        return bare[: max(end, 0)]

    def content(self, length: int, max_bytes: int) -> bytes:
        self._file.seek(self._at)
        data = self._file.read(length) if length <= max_bytes else b""
        self._at += length
        if self._file.seek(0, os.SEEK_END) < self._at:
            raise _cut(self._offset)
        return data

    def end(self) -> int:
        # Two line ends close a record; head() reads past them.
        return self._at


class _Member:
    """A record in a gzip member of its own."""

    def __init__(self, file: BinaryIO, offset: int) -> None:
        file.seek(offset)
        self._file = file
        self._offset = offset
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._ready = bytearray()
        self._read = 0

    def _more(self) -> bool:
        """Whether something came out, or may still."""
        if self._inflater.eof:
            return False
        data = self._inflater.unconsumed_tail
        if not data:
            data = self._file.read(_STEP_BYTES)
            self._read += len(data)
            if not data:
                raise _cut(self._offset)
        try:
            self._ready += self._inflater.decompress(data, _STEP_BYTES)
        except zlib.error as error:
            raise _damaged(self._offset, str(error)) from error
        return True

    def head(self) -> bytes:
        while (end := _end_of_head(self._ready)) < 0:
            if len(self._ready) > MAX_HEAD_BYTES or not self._more():
                raise _damaged(self._offset, "the head of a record does not end")
        head = bytes(self._ready[:end])
        del self._ready[:end]
        return head

    def content(self, length: int, max_bytes: int) -> bytes:
        kept, left = bytearray(), length
        while left:
            if not self._ready and not self._more():
                raise _damaged(self._offset, "a record is shorter than it says")
            taken = self._ready[:left]
            del self._ready[: len(taken)]
            left -= len(taken)
            if length <= max_bytes:
                kept += taken
        return bytes(kept)

    def end(self) -> int:
        while len(self._ready) > MAX_TAIL_BYTES or self._more():
            if len(self._ready) > MAX_TAIL_BYTES:
                raise _damaged(self._offset, "a gzip member holds more than one record: compress each record alone")
        return self._offset + self._read - len(self._inflater.unused_data)


def _end_of_head(data: bytes | bytearray) -> int:
    """Where the content begins, or -1."""
    found = data.find(b"\r\n\r\n", 0, MAX_HEAD_BYTES)
    return found + 4 if found >= 0 else -1
