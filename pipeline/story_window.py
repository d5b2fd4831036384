"""The articles of one language that a new one is compared with: rows in a ring, and chains of entries through them.

Python objects would take 3 to 4 kB an article; here a row takes about 1 kB of numpy arrays. Rows are numbered in order of arrival; row n stands
in slot n modulo capacity, and the oldest leave first, so leaving costs nothing. A row has `KEYS` entries, one for each key under which it can
be found; entry e belongs to row e // KEYS. `_heads` holds the newest entry of each hash bucket, `_links` the next older one of each entry. A
chain descends, hence it ends at the first entry of a row that has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xxhash

from pipeline.text.signature import MINIMA, SMALLEST, Hashes

BANDS = 32
BAND_ROWS = MINIMA // BANDS
# The keys of a row: its bands, its smallest hashes, its article, its story.
ARTICLE_KEY = BANDS + SMALLEST
STORY_KEY = ARTICLE_KEY + 1
KEYS = STORY_KEY + 1
# A text that thousands print again need not be compared with all of them: of each key, this many of the newest rows count.
MATCHES_PER_KEY = 8


class Row(NamedTuple):
    """The numbers kept of one revision. Instants are microseconds since 1970; `comparable` is false for rows without minima."""

    at: int
    opened_at: int
    offset: int
    similarity: float
    containment: float
    revision: int
    members: int
    position: int
    partition: int
    shingles: int
    tokens: int
    signed_tokens: int
    comparable: bool


class Words(NamedTuple):
    """The strings kept of one revision. Rows share equal strings where the owner sees to it; `opened_by` is None without a story."""

    article_id: str
    opened_by: str | None
    nearest: str
    topic: str


_WIDE = {"at": "i8", "opened_at": "i8", "offset": "i8", "similarity": "f8", "containment": "f8", "comparable": "?"}
_ROW = np.dtype([(name, _WIDE.get(name, "i4")) for name in Row._fields])
ARTICLE, OPENED_BY = (Words._fields.index(name) for name in ("article_id", "opened_by"))

_FIRST_CAPACITY = 256
_FIRST_BUCKET_BITS = 13
_ENTRIES_PER_BUCKET = 2
_HIGHEST_ENTRY = 2**31 - 1 - KEYS
_BAND_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F], np.uint32)
_BAND_NUMBERS = np.arange(BANDS, dtype=np.uint32) * np.uint32(0x165667B1)
_MIX = np.uint32(0x9E3779B1)
_FOLD = np.uint32(15)
_NO_ENTRY = -1
_BLOCK = 4_096  # rows per step when chains are laid anew

Slots = npt.NDArray[np.intp]


class Window:
    """Rows of one language, at most `maximum`; `first` and `end` are the numbers of the oldest row and of the next one to come."""

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.first = self.end = 0
        self.newest_at = 0  # in microseconds; kept by the owner
        self._capacity = min(maximum, _FIRST_CAPACITY)
        self.rows = np.zeros(self._capacity, _ROW)
        self.words = np.full((self._capacity, len(Words._fields)), None, object)
        self.minima = np.zeros((self._capacity, MINIMA), np.uint32)
        self.smallest = np.zeros((self._capacity, SMALLEST), np.uint32)
        self._links = np.full((self._capacity, KEYS), _NO_ENTRY, np.int32)
        self._heads = np.full(1 << _FIRST_BUCKET_BITS, _NO_ENTRY, np.int32)
        self._shift = 32 - _FIRST_BUCKET_BITS
        self._linked = 0  # rows from this number on are not in the chains yet
        self._waiting: dict[tuple[int, str], list[int]] = {}  # where those rows are found until then
        self._view()

    def _view(self) -> None:
        """Memory views of the arrays: single values are read from them several times faster than from the arrays."""
        self._heads_view = self._heads.data
        self._links_view = self._links.reshape(-1).data
        self._minima_view = self.minima.reshape(-1).data
        self._smallest_view = self.smallest.reshape(-1).data

    def __len__(self) -> int:
        return self.end - self.first

    @property
    def state_bytes(self) -> int:
        """The size of the arrays, without the strings that `words` points to."""
        return sum(array.nbytes for array in (self.rows, self.words, self.minima, self.smallest, self._links, self._heads))

    def slot(self, number: int) -> int:
        """Where the row with this number stands in the arrays."""
        return number % self._capacity

    def slots(self, numbers: list[int]) -> Slots:
        return np.array(numbers, np.intp) % self._capacity

    def row(self, number: int) -> Row:
        return Row(*self.rows[self.slot(number)].item())

    def text(self, number: int) -> Words:
        return Words(*self.words[self.slot(number)])

    def drop_oldest(self) -> None:
        """Lets the oldest row leave."""
        self.words[self.slot(self.first)] = None
        self.first += 1

    def with_article(self, article_id: str) -> Iterator[int]:
        """The numbers of the article's rows, newest first."""
        return self._with_word(ARTICLE_KEY, ARTICLE, article_id)

    def with_story(self, opened_by: str) -> Iterator[int]:
        """The numbers of the rows of the story that this article opened, newest first."""
        return self._with_word(STORY_KEY, OPENED_BY, opened_by)

    def alike(self, minima: Hashes, smallest: Hashes) -> list[int]:
        """The numbers of the rows that share a band or a smallest hash with a text, ascending."""
        self._link_waiting()
        found: set[int] = set()
        self._collect_bands(_band_hashes(minima).tolist(), minima.tolist(), found)
        self._collect_smallest((smallest * _MIX).tolist(), smallest.tolist(), found)
        return sorted(found)

    def _collect_bands(self, hashes: list[int], wanted: list[int], found: set[int]) -> None:
        heads, links, values, shift = self._heads_view, self._links_view, self._minima_view, self._shift
        entries, oldest = self._capacity * KEYS, self.first * KEYS
        for band, hashed in enumerate(hashes):
            entry, matches, start = heads[hashed >> shift], 0, band * BAND_ROWS
            while entry >= oldest and matches < MATCHES_PER_KEY:
                place = entry % entries
                if place % KEYS == band:
                    seen = place // KEYS * MINIMA + start
                    if values[seen] == wanted[start] and values[seen : seen + BAND_ROWS].tolist() == wanted[start : start + BAND_ROWS]:
                        found.add(entry // KEYS)
                        matches += 1
                entry = links[place]

    def _collect_smallest(self, hashes: list[int], wanted: list[int], found: set[int]) -> None:
        heads, links, values, shift = self._heads_view, self._links_view, self._smallest_view, self._shift
        entries, oldest = self._capacity * KEYS, self.first * KEYS
        for hashed, value in zip(hashes, wanted, strict=True):
            entry, matches = heads[hashed >> shift], 0
            while entry >= oldest and matches < MATCHES_PER_KEY:
                place = entry % entries
                key = place % KEYS
                if BANDS <= key < ARTICLE_KEY and values[place // KEYS * SMALLEST + key - BANDS] == value:
                    found.add(entry // KEYS)
                    matches += 1
                entry = links[place]

    def _with_word(self, wanted_key: int, column: int, word: str) -> Iterator[int]:
        yield from (number for number in reversed(self._waiting.get((wanted_key, word), ())) if number >= self.first)
        entry, oldest = self._heads_view[_word_hash(word) >> self._shift], self.first * KEYS
        while entry >= oldest:
            place = entry % (self._capacity * KEYS)
            if place % KEYS == wanted_key and self.words[place // KEYS, column] == word:
                yield entry // KEYS
            entry = self._links_view[place]

    def append(self, row: Row, words: Words, minima: Hashes | None, smallest: Hashes | None) -> None:
        """Adds a row; the window must hold fewer than `maximum`. Without minima it is found by its article and its story only.

        Rows are put into chains when something is looked for, many at once: a restore only adds.
        """
        if len(self) == self._capacity:
            self._grow_ring()
        if (self.end + 1) * KEYS > _HIGHEST_ENTRY:
            self._renumber()
        number, slot = self.end, self.slot(self.end)
        self.end += 1
        self.rows[slot] = row
        self.words[slot] = words
        if minima is not None and smallest is not None:
            self.minima[slot] = minima
            self.smallest[slot, : len(smallest)] = smallest
        self._waiting.setdefault((ARTICLE_KEY, words.article_id), []).append(number)
        if words.opened_by is not None:
            self._waiting.setdefault((STORY_KEY, words.opened_by), []).append(number)
        if self.end - self._linked >= _BLOCK:
            self._link_waiting()

    def _link_waiting(self) -> None:
        if self._linked == self.end:
            return
        if len(self) * KEYS > len(self._heads) * _ENTRIES_PER_BUCKET:
            self._grow_heads()
        elif self._linked == self.end - 1:
            self._link_row(self._linked)
        else:
            self._link_rows(max(self._linked, self.first), self.end)
        self._linked = self.end
        self._waiting.clear()

    def _link_row(self, number: int) -> None:
        """Puts the entries of one row at the heads of their chains."""
        hashes, used = self._hashes(np.array([self.slot(number)]))
        heads, links, shift, values = self._heads_view, self._links_view, self._shift, hashes[0].tolist()
        entry, place = number * KEYS, self.slot(number) * KEYS
        for key in np.flatnonzero(used[0]).tolist():
            bucket = values[key] >> shift
            links[place + key] = heads[bucket]
            heads[bucket] = entry + key

    def _link_rows(self, start: int, stop: int) -> None:
        """Does the same for the rows from `start` to before `stop`, in one pass."""
        if start >= stop:
            return
        numbers = np.arange(start, stop)
        slots = numbers % self._capacity
        hashes, used = self._hashes(slots)
        rows, keys = np.nonzero(used)
        buckets = hashes[rows, keys] >> np.uint32(self._shift)
        order = np.argsort(buckets, kind="stable")
        rows, keys, buckets = rows[order], keys[order], buckets[order]
        entries = (numbers[rows] * KEYS + keys).astype(np.int32)
        changes = np.flatnonzero(buckets[1:] != buckets[:-1])
        oldest, newest = np.concatenate([[0], changes + 1]), np.concatenate([changes, [len(buckets) - 1]])
        older = np.concatenate([[_NO_ENTRY], entries[:-1]])
        older[oldest] = self._heads[buckets[oldest]]
        self._links[slots[rows], keys] = older
        self._heads[buckets[newest]] = entries[newest]

    def _hashes(self, slots: Slots) -> tuple[Hashes, npt.NDArray[np.bool_]]:
        """The hashes of all keys of some rows, and which of the keys they have, both of shape (rows, `KEYS`)."""
        rows = self.rows[slots]
        hashes, used = np.empty((len(slots), KEYS), np.uint32), np.zeros((len(slots), KEYS), np.bool_)
        hashes[:, :BANDS] = _band_hashes(self.minima[slots])
        hashes[:, BANDS:ARTICLE_KEY] = self.smallest[slots] * _MIX
        comparable = rows["comparable"][:, np.newaxis]
        used[:, :BANDS] = comparable
        used[:, BANDS:ARTICLE_KEY] = comparable & (np.arange(SMALLEST) < rows["shingles"][:, np.newaxis])
        for key, column in ((ARTICLE_KEY, ARTICLE), (STORY_KEY, OPENED_BY)):
            words = self.words[slots, column].tolist()
            hashes[:, key] = [_word_hash(word or "") for word in words]
            used[:, key] = [word is not None for word in words]
        return hashes, used

    def _grow_ring(self) -> None:
        """Makes room for a quarter more rows, up to `maximum`."""
        numbers = np.arange(self.first, self.end)
        old, self._capacity = numbers % self._capacity, min(self.maximum, self._capacity * 5 // 4)
        new = numbers % self._capacity
        for name in ("rows", "words", "minima", "smallest", "_links"):
            array = getattr(self, name)
            grown = np.zeros((self._capacity, *array.shape[1:]), array.dtype)
            grown[new] = array[old]
            setattr(self, name, grown)
        self._view()

    def _grow_heads(self) -> None:
        """Makes enough buckets and lays all chains anew."""
        while len(self) * KEYS > _ENTRIES_PER_BUCKET << 32 - self._shift:
            self._shift -= 1
        self._heads = np.full(1 << 32 - self._shift, _NO_ENTRY, np.int32)
        self._view()
        for start in range(self.first, self.end, _BLOCK):
            self._link_rows(start, min(start + _BLOCK, self.end))

    def _renumber(self) -> None:
        """Lets the numbers start again near 0, with every row in its slot, so that entries stay within 32 bits."""
        self._link_waiting()
        less = self.first // self._capacity * self._capacity
        self.first, self.end = self.first - less, self.end - less
        self._linked = self.end
        for array in (self._heads, self._links):
            array[...] = np.where(array >= less * KEYS, array - less * KEYS, _NO_ENTRY)


def _band_hashes(minima: Hashes) -> Hashes:
    """One hash per band, over the last axis; bands of different numbers have different hashes."""
    bands = minima.reshape(*minima.shape[:-1], BANDS, BAND_ROWS)
    hashes: Hashes = (bands * _BAND_FACTORS).sum(axis=-1, dtype=np.uint32) + _BAND_NUMBERS
    hashes ^= hashes >> _FOLD
    return hashes * _MIX


def _word_hash(word: str) -> int:
    return xxhash.xxh32_intdigest(word.encode("utf-8", "surrogatepass"))
