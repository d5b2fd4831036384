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


def windows(places: Sequence[tuple[int, P]], items: int, *, ordered: bool) -> Iterator[list[P]]:
    """For each place, given with the number of its item, the tightest row of all items that ends there: in any order, or in that of the items."""
    in_order = sorted(places, key=lambda each: (each[1].first, each[1].start))
    return _ordered(in_order, items) if ordered else _unordered(in_order, items)


def _unordered(places: Sequence[tuple[int, P]], items: int) -> Iterator[list[P]]:
    latest: dict[int, P] = {}
    for number, each in places:
        latest[number] = each
        if len(latest) == items:
            yield list(latest.values())


def _ordered(places: Sequence[tuple[int, P]], items: int) -> Iterator[list[P]]:
    """For each last item the latest-starting row before it."""
    rows: list[list[P]] = [[] for _ in range(items)]
    for number, each in places:
        before = rows[number - 1] if number else []
        if number == 0 or (before and before[-1].end <= each.start):
            rows[number] = [*before, each]
            if number == items - 1:
                yield rows[number]
