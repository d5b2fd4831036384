"""The term sets that come with Lagebild: one concept a file, in many languages, to be used as `{set: missile-test}` or `set:missile-test`.

All words were chosen for this project. A folder of rules may hold a set with the same id: then that one is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from pipeline import located
from pipeline.errors import BadConfiguration
from pipeline.rules.declare import declare_terms
from pipeline.rules.model import TermSet

FOLDER = Path(__file__).parent


@lru_cache(maxsize=1)
def shipped() -> Mapping[str, TermSet]:
    """The sets by id. Raises BadConfiguration when a file was damaged."""
    found = {}
    for path in sorted(FOLDER.glob("*.yml")):
        source = located.read(path)
        declared = declare_terms(source)
        if declared is None:
            raise BadConfiguration(source.problems)
        found[declared.id] = declared
    return found
