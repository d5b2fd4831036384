"""Secrets are named where they are used and stand elsewhere: `${env:NAME}` or `${file:PATH}`. They are read when they are needed, and never print."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from pipeline.errors import BadConfiguration, Problem

# Keys and tokens are far shorter; a device or a wrong file would be read for ever.
_MOST_BYTES = 65_536
_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")


def with_absolute_files(value: Any, folder: Path) -> Any:
    """`value` with the files of all secrets named absolutely; relative names start at `folder`, as all paths of a configuration do."""
    if isinstance(value, str):
        return _REFERENCE.sub(lambda match: f"${{file:{folder / match[2]}}}" if match[1] == "file" else match[0], value)
    if isinstance(value, dict):
        return {name: with_absolute_files(each, folder) for name, each in value.items()}
    return [with_absolute_files(each, folder) for each in value] if isinstance(value, list) else value


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Kind ("env", "file") and name of every reference in the texts of `value`."""
    if isinstance(value, str):
        yield from ((match[1], match[2]) for match in _REFERENCE.finditer(value))
    elif isinstance(value, dict):
        for each in value.values():
            yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def why_not_set(kind: str, name: str) -> str:
    """Why no secret can be read there now; "" when one can. An empty variable or file is none."""
    if kind == "env":
        said = "" if os.environ.get(name) else "is empty" if name in os.environ else "is not set"
        return f"the environment variable {name} {said}, and a secret is read from it" if said else ""
    try:
        said = "" if _kept_in(Path(name)) else "is empty"
    except UnicodeDecodeError:
        said = "cannot be read (it is not UTF-8)"
    except OSError as error:
        said = f"cannot be read ({error.strerror or error})"
    return f"the file {name} {said}, and a secret is read from it" if said else ""


def _kept_in(path: Path) -> str:
    """The secret in the file, without blanks around it. Raises OSError, also for what is no file or too large for a secret, and UnicodeDecodeError."""
    if path.exists() and not path.is_file():
        raise OSError("it is no file")
    with path.open("rb") as file:
        found = file.read(_MOST_BYTES + 1)
    if len(found) > _MOST_BYTES:
        raise OSError(f"it is larger than {_MOST_BYTES:,} bytes, which no secret is")
    return found.decode("utf-8").strip()


def secret(value: SecretStr) -> str:
    """The secret that `value` names (`${env:NAME}`, `${file:/path}`), or the value itself. Raises BadConfiguration when it is not there."""

    def resolve(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind == "env":
            if name not in os.environ:
                raise BadConfiguration([Problem("environment", 1, 1, f"the variable {name} is not set; a secret is read from it")])
            return os.environ[name]
        try:
            return _kept_in(Path(name))
        except (OSError, UnicodeDecodeError):
            raise BadConfiguration([Problem(name, 1, 1, why_not_set(kind, name))]) from None

    return _REFERENCE.sub(resolve, value.get_secret_value())


def given_secret(written: str, place: str) -> str:
    """Like `secret`, for one that must not be empty; `place` is its name in the configuration. Raises BadConfiguration."""
    found = secret(SecretStr(written))
    if not found:
        raise BadConfiguration([Problem(place, 1, 1, f"{written} is empty")])
    return found
