"""The word lists beside this module. Each file begins with its source and licence."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def listed(name: str) -> frozenset[str]:
    """All words of the file `name` in `words/`."""
    return frozenset(word for line in lines(name) for word in line.split())


@cache
def lines(name: str) -> tuple[str, ...]:
    """The lines of the file `name` in `words/` that are neither empty nor comment."""
    text = (files("pipeline.lexicon") / "words" / name).read_text(encoding="utf-8")
    return tuple(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
