"""Addresses of servers as the configuration writes them: host:port for brokers, a URL for what speaks HTTP.

The user and the password in a URL may be references (`${env:NAME}`, `${file:/path}`); what is checked here is the rest.
"""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

from pipeline.section_types import only

_REFERENCE = re.compile(r"\$\{(?:env|file):[^}]+\}")
NAMED = "REFERENCE"  # stands for a reference while an address is taken apart: a path in one would end the host
_HOST_AND_PORT = re.compile(r"(?P<host>[\w.-]+|\[[0-9A-Fa-f:.%]+\]):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65_535


def parts(url: str) -> SplitResult:
    """The parts of an address, with `NAMED` where references stand. Raises ValueError when it cannot be taken apart."""
    return urlsplit(_REFERENCE.sub(NAMED, url))


def _broker(address: str) -> str:
    found = _HOST_AND_PORT.fullmatch(address)
    if found and 0 < int(found["port"]) <= _LAST_PORT:
        return address
    if "@" in address:
        # What stands before it may be a password.
        raise ValueError("it names a user: write host:port alone, and the user in kafka.user, the password in kafka.password")
    if "://" in address:
        why = "is a web address, and a broker has none"
    elif found:
        why = f"has a port beyond {_LAST_PORT:,}" if int(found["port"]) else "has the port 0"
    else:
        why = "names no host" if address.startswith(":") else "has no port" if ":" not in address else "is no address of a broker"
    raise ValueError(f"{address[:200]!r} {why}: write host:port, for example kafka1.example:9092 or [::1]:9092")


def _server(url: str) -> str:
    try:
        found = parts(url)
        host, port = found.hostname, found.port
    except ValueError:
        # The exception quotes the part that it cannot read, which may be a password.
        raise ValueError("its host or its port cannot be read: write for example https://search.example:9200") from None
    if not host or port == 0 or re.search(r"\s", url):
        raise ValueError("it names no host and port that can be reached: write for example https://search.example:9200")
    if found.query or found.fragment:
        raise ValueError("leave out what stands behind ? and #: only the server's address is wanted, with its base path when it has one")
    return url


BrokerAddress = Annotated[str, AfterValidator(_broker)]
ServerAddress = Annotated[
    str, only(r"^https?://", "an address that begins with http:// or https://", "http://127.0.0.1:9200"), AfterValidator(_server)
]
