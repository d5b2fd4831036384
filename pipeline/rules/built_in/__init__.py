"""The rules that come with Lagebild and are live without anybody's doing: they tell of its own sources, not of the news.

A file of the same name in the team's folder takes the place of one; `alerts.built_in_rules` of the configuration says which are wanted at all.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from pipeline.rules.reading_files import File
from pipeline.sources import CANARY_RULE_ID

FOLDER = Path(__file__).parent
NAMES = (CANARY_RULE_ID, "sources")
# The tag of each, by which lists know it.
MARK = "built-in"
# Before the name of each file, so that people see where it comes from.
PLACE = "built-in/"


def shipped(wanted: Collection[str], own: Collection[str], before: Mapping[str, File]) -> dict[str, File]:
    """The files of the `wanted` rules, not yet understood, by name; those of `before` where they are there. `own` are the team's file names."""
    taken = {Path(each).stem for each in own}
    found = {}
    for name in sorted({*wanted} - taken):
        place = f"{PLACE}{name}.yaml"
        found[place] = before.get(place) or _read(place)
    return found


def is_built_in(name: str) -> bool:
    """Whether the file called so came with Lagebild."""
    return name.startswith(PLACE) and Path(name).stem in NAMES


def _read(place: str) -> File:
    data = (FOLDER / Path(place).name).read_bytes()
    return File(place, hashlib.sha256(data).hexdigest(), data.decode("utf-8"))
