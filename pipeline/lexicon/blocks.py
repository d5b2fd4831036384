"""A dictionary as simplemma stores it, cut into blocks, and where each word stands: made in seconds, and mapped into memory.

simplemma keeps a dictionary as a row of records, each written as what differs from the one before. So it can be read from any record on, given
the one before, and only a block of records is read for a word. Its own classes read it all, which takes 19 seconds and 1.3 GB for Polish.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt
from simplemma.strategies.dictionaries.dictionary_factory import _read_decompressed
from simplemma.strategies.dictionaries.frontcode import _iter_records, _read_header

from pipeline.text.folding import fold

RECORDS, RESTARTS, INDEX = "records.bin", "restarts.msgpack", "index.npy"
_BLOCK_RECORDS = 64
_BLOCKS_AT_ONCE = 1_000
_WORDS_IN_BUCKET = 2
_LOW = np.uint64(32)
# Longer entries, and those of several words, are no keyword's.
MAX_CHARACTERS = 60


class _Restarts(msgspec.Struct):
    """How to read the records: where each block begins, with the record before it. `backwards`: words are written from their end."""

    size_bytes: int
    backwards: bool
    buckets: int
    blocks: list[tuple[int, bytes, bytes]]


def pairs(language: str) -> Iterator[tuple[str, str]]:
    """Every form of the dictionary with its lemma. Raises ValueError for a language without a dictionary."""
    data = _read_decompressed(language)
    backwards, _, start = _read_header(data)
    for _, key, value in _iter_records(data, start):
        yield _decoded(key, backwards), _decoded(value, backwards)


def write_blocks(language: str, folder: Path) -> None:
    """The files for `Blocks`. Raises ValueError for a language without a dictionary."""
    data = _read_decompressed(language)
    backwards, count, start = _read_header(data)
    buckets = 1 << max(8, (count // _WORDS_IN_BUCKET).bit_length())
    records = _iter_records(data, start)
    restarts: list[tuple[int, bytes, bytes]] = []
    places: list[npt.NDArray[np.uint64]] = []
    words: list[bytes] = []
    counts: list[int] = []
    key = value = b""
    while block := list(islice(records, _BLOCK_RECORDS)):
        restarts.append((block[0][0], key, value))
        _, key, value = block[-1]
        found = {each for _, *both in block for each in both}
        words += [each[::-1] for each in found] if backwards else found
        counts.append(len(found))
        if len(counts) == _BLOCKS_AT_ONCE:
            places.append(_places(words, counts, len(restarts), buckets))
            words, counts = [], []
    places.append(_places(words, counts, len(restarts), buckets))
    np.save(folder / INDEX, _index(np.concatenate(places), buckets))
    (folder / RECORDS).write_bytes(data)
    (folder / RESTARTS).write_bytes(msgspec.msgpack.encode(_Restarts(len(data), backwards, buckets, restarts)))


def _places(words: list[bytes], counts: list[int], blocks: int, buckets: int) -> npt.NDArray[np.uint64]:
    """The bucket of each word and its block, as one number each; `counts` words stand in each of the last of `blocks`."""
    lines = fold(b"\n".join(words).decode()).encode().split(b"\n") if words else []
    if len(lines) != len(words):
        raise ValueError("a word of the dictionary holds a line break: install simplemma as it is published")
    bucket = np.fromiter(map(crc32, lines), np.uint64, len(lines)) & np.uint64(buckets - 1)
    block = np.repeat(np.arange(blocks - len(counts), blocks, dtype=np.uint64), counts)
    return np.unique((bucket << _LOW) | block)


def _index(places: npt.NDArray[np.uint64], buckets: int) -> npt.NDArray[np.uint32]:
    """Where the blocks of each bucket begin, then the blocks bucket by bucket."""
    places.sort()
    begins = np.searchsorted(places, np.arange(buckets + 1, dtype=np.uint64) << _LOW)
    return np.concatenate([begins.astype(np.uint32) + np.uint32(buckets + 1), places.astype(np.uint32)])


class Blocks:
    """The dictionary in the files of `write_blocks`. Raises OSError or ValueError when they are damaged."""

    def __init__(self, folder: Path) -> None:
        self._restarts = msgspec.msgpack.decode((folder / RESTARTS).read_bytes(), type=_Restarts)
        with (folder / RECORDS).open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self._index = np.load(folder / INDEX, mmap_mode="r")
        if len(self._data) != self._restarts.size_bytes or self._index.dtype != np.uint32 or len(self._index) <= self._restarts.buckets:
            raise ValueError("the files of the dictionary do not belong together")

    def entries(self, folded: str) -> Iterator[tuple[str, str]]:
        """Every form and lemma of which one, when folded, is `folded`; a lemma that is no form stands as its own form."""
        lemmas: set[str] = set()
        forms: set[str] = set()
        for key, value in self._near(folded):
            form, lemma = self._decoded(key), self._decoded(value)
            is_form, is_lemma = fold(form) == folded, fold(lemma) == folded
            if (is_form or is_lemma) and is_word(form) and is_word(lemma):
                if is_form:
                    forms.add(form)
                    yield form, lemma
                if is_lemma:
                    lemmas.add(lemma)
        yield from ((lemma, lemma) for lemma in sorted(lemmas - forms))

    def forms_of(self, lemma: str) -> Iterator[str]:
        """The forms listed under exactly this lemma."""
        wanted = lemma.encode()[:: -1 if self._restarts.backwards else 1]
        found = (self._decoded(key) for key, value in self._near(fold(lemma)) if value == wanted)
        return (form for form in found if is_word(form))

    def _near(self, folded: str) -> Iterator[tuple[bytes, bytes]]:
        """The records of all blocks that may hold `folded`."""
        at = crc32(folded.encode()) & (self._restarts.buckets - 1)
        for block in self._index[self._index[at] : self._index[at + 1]]:
            # A mapped file is read like bytes.
            records = _iter_records(cast(bytes, self._data), *self._restarts.blocks[block])
            for _, key, value in islice(records, _BLOCK_RECORDS):
                yield key, value

    def _decoded(self, word: bytes) -> str:
        return _decoded(word, self._restarts.backwards)


def _decoded(word: bytes, backwards: bool) -> str:
    return (word[::-1] if backwards else word).decode()


def is_word(word: str) -> bool:
    return len(word) <= MAX_CHARACTERS and len(word.split()) == 1
