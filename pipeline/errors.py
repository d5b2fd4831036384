"""Errors whose type decides what happens next.

Every error of ours says what failed, which one, why, and what to do. The runner reads only the type:

========================  ==========================================================================
raised                    effect
========================  ==========================================================================
`Transient`               the same work is tried again in place, with capped back-off
`Permanent`               the record goes to `articles.rejected`; the rest goes on
`TryAgain` (notifiers)    this notification is tried again after `after_seconds`
`GiveUp` (notifiers)      this notification is marked failed, and that is reported
`Unreachable`             a service cannot be reached: commands exit with code 4
`NoSuchRule`              a command was given a name that does not exist: it exits with code 2
`BadConfiguration`        all problems of a configuration at once: commands exit with code 3
anything else             a defect: the process ends with a non-zero code and is started again
========================  ==========================================================================
"""

from __future__ import annotations

import sys
from dataclasses import dataclass


class LagebildError(Exception):
    """The root of all errors that Lagebild raises on purpose."""


class Transient(LagebildError):
    """Something outside failed that may work in a moment; `after_seconds` is the earliest that the other side allows.

    `kind` is a short stable word for the class of the failure ("timeout", "server"), for counting and filtering.
    """

    def __init__(self, message: str = "", after_seconds: float | None = None, kind: str = "") -> None:
        super().__init__(message)
        self.after_seconds = after_seconds
        self.kind = kind


class Permanent(LagebildError):
    """This record can never be processed as it is.

    `reason` is a short stable word of `pipeline.outcome.Rejection`; the message is for people; `kind` is a narrower word than `reason`
    where there is one ("not_found", "certificate").
    """

    def __init__(self, reason: str, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.reason = reason
        self.kind = kind or reason


class TryAgain(LagebildError):
    """A notifier could not send now."""

    def __init__(self, message: str, after_seconds: float | None = None) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class GiveUp(LagebildError):
    """A notifier will never be able to send this."""


class Unreachable(LagebildError):
    """A service that is needed does not answer, or does not let us in. `what` is the fault alone, `fix` what to do where that is known."""

    def __init__(self, what: str = "", fix: str = "") -> None:
        super().__init__(f"{what}: {fix}" if fix else what)
        self.what = what
        self.fix = fix


def why_unreadable(error: Exception) -> str:
    """What a decoder's error says, for people: of depth Python tells only that it gave up."""
    if isinstance(error, RecursionError):
        return f"nested deeper than the {sys.getrecursionlimit():,} levels that are read"
    return str(error)


class NoSuchRule(LagebildError):
    """A command names a rule that does not exist: a slip of whoever typed it, and so commands exit with code 2."""


@dataclass(frozen=True, order=True)
class Problem:
    """One fault in a configuration or rule file, at its place (line and column count from 1)."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class BadConfiguration(LagebildError):
    """All problems of a configuration, found in one pass."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))
