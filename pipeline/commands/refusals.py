"""Errors of ours for scripts: with --json they stand on stdout too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.commands.terminal import errors_told, print_json
from pipeline.errors import BadConfiguration, LagebildError


@contextmanager
def errors_answered(as_json: bool) -> Iterator[None]:
    """`errors_told`, and with `as_json` the error as an object {"error": …} on stdout as well."""
    with errors_told():
        try:
            yield
        except LagebildError as error:
            if as_json:
                said = "\n".join(map(str, error.problems)) if isinstance(error, BadConfiguration) else str(error)
                print_json({"error": said or type(error).__name__})
            raise
