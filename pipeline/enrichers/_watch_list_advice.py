"""Advice on watch lists that can be used and may still disappoint: shown by `lagebild entities lists check`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.enrichers._watch_list_rows import rows_of
from pipeline.entities.signs import is_listed_word
from pipeline.errors import Problem

_Said = tuple[str, str]  # column, message


def advice(path: Path) -> list[Problem]:
    """What to look at in one file, in its order; [] for a file that cannot be read, whose problems are told elsewhere."""
    return [Problem(str(path), *place(column), message) for row, place in rows_of(path)[0] for column, message in _on(row)]


def _on(row: dict[str, Any]) -> Iterator[_Said]:
    aliases = row.get("aliases") or []
    named = [("name", row.get("name")), *(("aliases", each) for each in aliases if isinstance(aliases, list))]
    for column, name in named:
        if not isinstance(name, str):
            continue
        if column == "aliases" and "," in name:
            yield column, f"{name!r} is one alias with a comma in it: if these are several, put | between them"
        if _is_noun(name):
            yield column, f"{name!r} is a common word, too, and is found wherever that stands: a longer name finds less that is not meant"


def _is_noun(name: str) -> bool:
    return name.isalpha() and not name.isupper() and is_listed_word(name, "de")
