"""What a server can do beyond what every Elasticsearch can: found out by asking, because distributions and licences differ.

The small server that the demonstration brings along has no language analysers and no lifecycle management; everything works there all the same,
and what it lacks is said once, with what follows from it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import structlog

from pipeline.index import analysis, mappings
from pipeline.search import Refused, Server

log = structlog.get_logger()

# What a server says, with status 400, of a part of the analysis that it does not have, and of an interface.
_NO_ANALYSIS = re.compile(r"failed to find|Unknown \S+ type")
_NO_INTERFACE = "no handler found"


@dataclass(frozen=True)
class Abilities:
    """`analysers` are the language analysers that it has, ours for German among them."""

    analysers: frozenset[str] = frozenset()
    has_lifecycle: bool = False
    lifecycle_stopped: bool = False

    def lacking(self) -> Iterator[tuple[str, str]]:
        """What is missing, and what follows from it, for people."""
        if missing := sorted({*mappings.ANALYSERS.values(), analysis.GERMAN} - self.analysers):
            yield (
                f"language analysers ({', '.join(missing) if self.analysers else 'all'})",
                "such texts are indexed word by word, without stems: a search for one form of a word finds only that form; "
                "news.terms finds the normalised forms",
            )
        if not self.has_lifecycle:
            yield "lifecycle management", "old months stay until `lagebild index retention` removes them: run it daily"
        elif self.lifecycle_stopped:
            yield "running lifecycle management", "old months stay until somebody starts it: POST _ilm/start"


_told: set[tuple[str, str]] = set()


def abilities(server: Server) -> Abilities:
    """What this server has. Each thing that it lacks is logged once in the life of a process. Raises Transient, Denied or Refused."""
    found = Abilities(frozenset(_analysers(server)), *_lifecycle(server))
    for missing, follows in found.lacking():
        if (server.url, missing) not in _told:
            _told.add((server.url, missing))
            log.info("Elasticsearch lacks something", missing=missing, so=follows)
    return found


def _analysers(server: Server) -> Iterator[str]:
    for name in sorted(set(mappings.ANALYSERS.values())):
        if _has(server, {"analyzer": name, "text": ""}):
            yield name
    if _has(server, analysis.inline("")):
        yield analysis.GERMAN


def _has(server: Server, question: dict[str, object]) -> bool:
    try:
        server.request("POST", "/_analyze", question)
    except Refused as error:
        if error.status == 400 and _NO_ANALYSIS.search(str(error)):
            return False
        raise
    return True


def _lifecycle(server: Server) -> tuple[bool, bool]:
    """Whether the server has lifecycle management, and whether that was stopped."""
    try:
        answer = server.request("GET", "/_ilm/status")
    except Refused as error:
        if error.status in (404, 405, 410) or (error.status == 400 and _NO_INTERFACE in str(error)):
            return False, False
        raise
    return True, not isinstance(answer, dict) or answer.get("operation_mode") != "RUNNING"
