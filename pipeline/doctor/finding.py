"""What a check says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "note", "problem"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table. A note is worth knowing and no fault; `fix` says what to do, and only what is all right has none."""

    group: str
    level: Level
    what: str
    fix: str = ""


def ok(group: str, what: str) -> Finding:
    return Finding(group, "ok", what)


def note(group: str, what: str, fix: str) -> Finding:
    return Finding(group, "note", what, fix)


def problem(group: str, what: str, fix: str) -> Finding:
    return Finding(group, "problem", what, fix)
