"""A place in a text where something was found."""

from __future__ import annotations

import msgspec


class Place(msgspec.Struct, frozen=True, order=True, gc=False):
    """Characters `start` to `end`, in the tokens `first` to `last`, found by `mode`.

    `before` and `after` count the parts of a hyphenated token that stand before and after the place, for neighbours must touch.
    """

    first: int
    last: int
    start: int
    end: int
    mode: str
    before: int = 0
    after: int = 0
