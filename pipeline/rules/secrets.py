"""Secrets written out in files that lie in a repository: refused, and never repeated in the message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from pipeline.errors import Problem
from pipeline.located import Located

_KEYS = re.compile(r"(?i)(^|[_.-])(password|passwort|passwd|secret|token|api_?key|apikey|credentials?|private_?key|access_?key|kennwort)$")
_REFERENCE = re.compile(r"\$\{(env|file):[^}]+\}")
_SHAPES = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY")),
    ("a password in an address", re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{0,200}:[^\s/@$]{1,200}@")),
    ("a Slack token", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{8,}")),
    ("a Slack webhook", re.compile(r"hooks\.slack\.com/(services|workflows)/[A-Za-z0-9]")),
    ("a Discord webhook", re.compile(r"discord(app)?\.com/api/webhooks/[0-9]")),
    ("a Telegram token", re.compile(r"\b[0-9]{8,10}:[A-Za-z0-9_-]{35}\b")),
    ("a GitHub token", re.compile(r"\b(gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,})")),
    ("an AWS key", re.compile(r"\b(AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a bearer token", re.compile(r"(?i)\bbearer [A-Za-z0-9._~+/-]{16,}")),
)
_INSTEAD = "write ${env:NAME} or ${file:/path} instead, and change the secret: it has been written down"


def literal_secrets(source: Located) -> list[Problem]:
    """A problem for every value that is a secret, or stands under the name of one and refers to nothing."""
    found = []
    for path, value in _texts(source.data, ()):
        if _REFERENCE.fullmatch(value.strip()):
            continue
        shape = next((say for say, pattern in _SHAPES if pattern.search(value)), "")
        if shape:
            found.append(source.problem(path, f"this is {shape}: {_INSTEAD}"))
        elif value and _under_secret(path):
            found.append(source.problem(path, f"a secret is written out here: {_INSTEAD}"))
    return found


def _under_secret(path: tuple[str | int, ...]) -> bool:
    named = [part for part in path if isinstance(part, str)]
    return bool(named) and _KEYS.search(named[-1]) is not None and path[0] != "terms"


def _texts(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, each in value.items():
            yield from _texts(each, (*path, name))
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _texts(each, (*path, number))
