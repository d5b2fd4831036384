"""Which rights we have in Kafka, asked of the broker itself (KIP-430): so that a missing one is named before anything fails for it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import KafkaAdminClient
from kafka.errors import (
    AuthorizationError,
    CoordinatorLoadInProgressError,
    CoordinatorNotAvailableError,
    NotCoordinatorError,
    TransactionalIdNotFoundError,
)

from pipeline import privileges
from pipeline.broker.handshake import Denied
from pipeline.broker.security import client_options, credentials, signs_in
from pipeline.privileges import Privilege
from pipeline.sections import Kafka
from pipeline.settings import Settings

_PATIENCE_SECONDS = 10.0
_NOT_YET = (CoordinatorNotAvailableError, CoordinatorLoadInProgressError, NotCoordinatorError)
TOPIC_DENIED = 29  # TOPIC_AUTHORIZATION_FAILED


def need_rights(settings: Settings, process: str) -> None:
    """Return when the broker allows what `process` does. Raises Denied, naming every right that is missing.

    Asks nothing where nobody signs in: without a principal there are no rights.
    """
    kafka = settings.kafka
    if not signs_in(kafka):
        return
    missing = missing_rights(settings, privileges.role(process).privileges)
    if missing:
        raise Denied(
            f"Kafka does not allow {us(kafka)} what the {process} needs: {privileges.listed(missing)}. "
            f"deploy/kafka-acls.sh gives these rights (variable {process.upper()})"
        )


def us(kafka: Kafka) -> str:
    """Who we are at the broker, for messages."""
    who = credentials(kafka)
    return f"the user {who.user!r}" if who else "the user that our certificate names" if kafka.certificate_file else "us"


def in_words(error: Exception) -> str:
    """The error for people; one about rights comes with what to do."""
    said = str(error) or type(error).__name__
    if isinstance(error, AuthorizationError):
        said += "; our user lacks a right: `lagebild doctor --as PROCESS` names it, and deploy/kafka-acls.sh gives it"
    return said


def missing_rights(settings: Settings, wanted: Iterable[Privilege]) -> list[Privilege]:
    """Those of `wanted` that the broker does not allow us, with their real names. A topic that does not exist counts as allowed.

    A group that does not exist yet does not say more than whether it may be described.
    """
    admin = KafkaAdminClient(**client_options(settings.kafka), bootstrap_timeout_ms=5_000, request_timeout_ms=10_000)
    try:
        real = [Privilege(each.kind, settings.topic(each.name), each.operation) for each in wanted]
        topics = _allowed_by_topic(admin, sorted({each.name for each in real if each.kind == "topic"}))
        return [each for each in real if not _is_allowed(admin, each, topics)]
    finally:
        admin.close()


def _is_allowed(admin: Any, each: Privilege, topics: Mapping[str, frozenset[str] | None]) -> bool:
    if each.kind == "topic":
        allowed = topics[each.name]
        return allowed is None or each.operation in allowed
    if each.kind == "group":
        return _group_is_allowed(admin, each)
    return _transactions_are_allowed(admin, each.name)


def _allowed_by_topic(admin: Any, names: list[str]) -> dict[str, frozenset[str] | None]:
    """What we may do with each topic; None for one that does not exist, and where the broker does not say."""
    found: dict[str, frozenset[str] | None] = dict.fromkeys(names)
    for each in admin.describe_topics(names) if names else ():
        if each["error_code"] == TOPIC_DENIED:
            found[each["name"]] = frozenset()
        elif not each["error_code"]:
            found[each["name"]] = _operations(each["authorized_operations"])
    return found


def _operations(names: Iterable[str] | None) -> frozenset[str] | None:
    """The operations as `kafka-acls.sh` writes them; None from a broker that does not say."""
    return None if names is None else frozenset("".join(part.capitalize() for part in each.split("_")) for each in names)


def _group_is_allowed(admin: Any, each: Privilege) -> bool:
    try:
        found = _patiently(lambda: admin.describe_groups([each.name]))[each.name]
    except AuthorizationError:
        return False
    if "AuthorizationFailed" in str(found.get("error") or ""):
        return False
    operations = found.get("authorized_operations") or ()
    return not operations or each.operation.upper() in operations


def _transactions_are_allowed(admin: Any, transactional_id: str) -> bool:
    try:
        _patiently(lambda: admin.describe_transactions([transactional_id]))
    except AuthorizationError:
        return False
    except TransactionalIdNotFoundError:
        return True
    return True


def _patiently(ask: Any) -> Any:
    """The answer; a fresh broker has no coordinator for the first moments."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except _NOT_YET:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
