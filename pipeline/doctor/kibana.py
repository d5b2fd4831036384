"""Asks Kibana."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.doctor.facts import KibanaFacts
from pipeline.errors import Unreachable
from pipeline.kibana.connection import Denied, Kibana, Reply
from pipeline.settings import Settings

_SECONDS = 5.0


def ask_kibana(settings: Settings) -> KibanaFacts:
    """What Kibana shows of itself. Raises Unreachable, also when it is no Kibana; Refused; or BadConfiguration."""
    # The doctor does not wait for a minute for a server that many teams do not have.
    patient = settings.kibana.model_copy(update={"timeout_seconds": min(settings.kibana.timeout_seconds, _SECONDS)})
    kibana = Kibana(settings.model_copy(update={"kibana": patient}))
    status = _mapping(kibana.get("/api/status", in_space=False))
    if "version" not in status:
        raise Unreachable(f"{kibana.shown} does not answer as a Kibana does", "set kibana.url to one")
    version = status["version"]
    number = version.get("number", "") if isinstance(version, Mapping) else version
    return KibanaFacts(str(number), _has_key(kibana))


def _has_key(kibana: Kibana) -> bool | None:
    try:
        told = _mapping(kibana.get("/api/alerting/_health"))
    except Denied:
        return None
    found = told.get("has_permanent_encryption_key")
    return found if isinstance(found, bool) else None


def _mapping(reply: Reply) -> Mapping[str, Any]:
    return reply.content if isinstance(reply.content, Mapping) else {}
