"""Rows of places that stand close together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class _Placed(Protocol):
    @property
    def first(self) -> int: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


P = TypeVar("P", bound=_Placed)
# A row is mostly found at the first try. More are needed where items share words; nobody can make it take long.
_MOST_TRIES = 200


def windows(places: Sequence[tuple[int, P]], items: int, *, ordered: bool) -> Iterator[list[P]]:
    """For each place, given with the number of its item, the tightest row of all items that ends there: in any order, or in that of the items."""
    in_order = sorted(places, key=lambda each: (each[1].first, each[1].start))
    return _ordered(in_order, items) if ordered else _unordered(in_order, items)


def _unordered(places: Sequence[tuple[int, P]], items: int) -> Iterator[list[P]]:
    held: list[list[P]] = [[] for _ in range(items)]
    for number, each in places:
        held[number] = [each, *held[number][: items - 1]]
        if all(held):
            others = (held[at] for at in range(items) if at != number)
            row = next(_apart([each], list(others), [_MOST_TRIES]), None)
            if row is not None:
                yield row


def _apart(chosen: list[P], left: list[list[P]], tries: list[int]) -> Iterator[list[P]]:
    """`chosen` with one of each list, the first ones first, so that no two overlap: one word does not count for two items."""
    if not left:
        yield chosen
        return
    for each in left[0]:
        tries[0] -= 1
        if tries[0] < 0:
            return
        if all(each.end <= other.start or other.end <= each.start for other in chosen):
            yield from _apart([*chosen, each], left[1:], tries)


def _ordered(places: Sequence[tuple[int, P]], items: int) -> Iterator[list[P]]:
    """For each last item the latest-starting row before it."""
    rows: list[list[P]] = [[] for _ in range(items)]
    for number, each in places:
        before = rows[number - 1] if number else []
        if number == 0 or (before and before[-1].end <= each.start):
            rows[number] = [*before, each]
            if number == items - 1:
                yield rows[number]
