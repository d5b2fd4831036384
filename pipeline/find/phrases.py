"""Several words in a row, each in any of its spellings."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from pipeline.find.index import TextIndex
from pipeline.find.places import Place
from pipeline.text.tokens import Analysed


def phrases(index: TextIndex, words: Sequence[Sequence[Place]], slop: int) -> Iterator[Place]:
    """Where a place of each word follows one of the word before, in one sentence, with at most `slop` other words between them in all."""
    if not all(words):
        return
    near = {place.first - before for place in words[1] for before in range(slop + 2)}
    firsts = [place for place in words[0] if place.last in near]
    starts = [[place.first for place in each] for each in words] if firsts else []
    for first in firsts:
        last = _last(first, words, starts, slop)
        if last is not None and index.read.sentence_of(first.first) == index.read.sentence_of(last.last):
            yield Place(first.first, last.last, first.start, last.end, "phrase", first.before, last.after)


def _last(first: Place, words: Sequence[Sequence[Place]], starts: Sequence[Sequence[int]], slop: int) -> Place | None:
    """The earliest end of a row that begins with `first`; None when there is none."""
    edge = {first: 0}
    for places, firsts in zip(words[1:], starts[1:], strict=True):
        reached: dict[Place, int] = {}
        for before, used in edge.items():
            for at in range(bisect_left(firsts, before.last), len(places)):
                if firsts[at] - before.last - 1 > slop - used:
                    break
                gap = _gap(before, places[at])
                if 0 <= gap <= slop - used:
                    reached[places[at]] = min(used + gap, reached.get(places[at], slop))
        if not reached:
            return None
        edge = reached
    return min(edge, key=lambda place: place.end)


def _gap(before: Place, after: Place) -> int:
    """How many words stand between the places; -1 when they overlap. The last part of a hyphenated word stands for the whole of it."""
    if after.start < before.end:
        return -1
    if after.first == before.last:
        return before.after - after.after - 1
    return after.first - before.last - 1 + before.after + (after.before if after.after else 0)


def glued(read: Analysed, starts: Sequence[int], characters: Sequence[str]) -> Iterator[Place]:
    """Where the characters of a word in a script without blanks follow one another from one of the tokens `starts`, with at most blanks between them."""
    for token in starts:
        last = token + len(characters) - 1
        if read.forms[token : last + 1] == list(characters) and not _is_parted(read, token, last):
            yield Place(token, last, read.starts[token], read.ends[last], "exact")


def _is_parted(read: Analysed, first: int, last: int) -> bool:
    between = (read.text[read.ends[token] : read.starts[token + 1]] for token in range(first, last))
    return read.sentence_of(first) != read.sentence_of(last) or any(each.strip(_BLANKS) for each in between)


_BLANKS = " \n\t\xad\u200b\u200c\u200d\u2060\ufeff"
