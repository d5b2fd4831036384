"""Secrets of receivers: named in the configuration, written elsewhere, resolved when a notifier is made, and shown nowhere."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

from pipeline.errors import BadConfiguration, Problem
from pipeline.settings import secret

_REFERENCE = re.compile(r"\$\{(?:env|file):[^}]+\}")
_SPOKEN = re.compile(r"authori[sz]ation|cookie|token|secret|password|key\b", re.IGNORECASE)


def _is_named(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not _REFERENCE.fullmatch(value.get_secret_value()):
        raise ValueError("write the secret as ${env:NAME} or ${file:/path}, not into the configuration")
    return value


def _holds_named(value: SecretStr) -> SecretStr:
    if value.get_secret_value() and not _REFERENCE.search(value.get_secret_value()):
        raise ValueError(
            "whoever knows this address can write to the channel: write it, or the secret part of it, as ${env:NAME} or ${file:/path}"
        )
    return value


# A secret: one reference and nothing else, or nothing.
NamedSecret = Annotated[SecretStr, AfterValidator(_is_named)]
# An address that is itself a secret, as chat webhooks have them: at least a part of it is a reference.
SecretAddress = Annotated[SecretStr, AfterValidator(_holds_named)]


def literal_secret(name: str, value: SecretStr) -> bool:
    """Whether the header `name` holds by its name a secret, and `value` has it written out."""
    text = value.get_secret_value()
    return bool(text and _SPOKEN.search(name) and not _REFERENCE.search(text))


def resolved(value: SecretStr, receiver: str, what: str) -> str:
    """The secret. Raises BadConfiguration when it is not there, or holds what no address and no header may hold; it is not shown."""
    found = secret(value)
    if not found.isprintable():
        raise BadConfiguration([Problem(f"receiver {receiver}", 1, 1, f"{what} holds a line break or another control character")])
    return found
