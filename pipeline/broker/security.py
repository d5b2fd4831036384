"""What every Kafka client needs to be let in, for kafka-python; `agents/app.py` makes the same of it for Faust.

Passwords are read here, when a client is made, and live in the client only.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from pipeline import tls
from pipeline.connections import KafkaConnection
from pipeline.settings import given_secret, secret


@dataclass(frozen=True)
class Credentials:
    """Who we are at a broker. `user` is empty without SASL."""

    user: str
    password: str = field(repr=False)
    mechanism: str


def credentials(kafka: KafkaConnection) -> Credentials | None:
    """User and password with their references resolved; None without SASL. Raises BadConfiguration when one is not there, or is empty."""
    if not kafka.uses_sasl:
        return None
    return Credentials(given_secret(kafka.user, "kafka.user"), given_secret(kafka.password, "kafka.password"), kafka.sasl_mechanism)


def tls_context(kafka: KafkaConnection) -> ssl.SSLContext | None:
    """The context for connections to the brokers; None without TLS. Raises BadConfiguration."""
    if not kafka.uses_tls:
        return None
    context = tls.trusting(kafka.ca_file, "kafka")
    if kafka.certificate_file:
        tls.present(context, kafka.certificate_file, kafka.key_file, lambda: secret(SecretStr(kafka.key_password)), "kafka")
    return context


def signs_in(kafka: KafkaConnection) -> bool:
    """Whether the broker learns who we are: without that there are no rights to speak of."""
    return kafka.uses_sasl or bool(kafka.certificate_file)


def client_options(kafka: KafkaConnection) -> dict[str, Any]:
    """The options that every client of kafka-python gets: where the brokers are and how we sign in. Raises BadConfiguration."""
    options: dict[str, Any] = {"bootstrap_servers": kafka.servers, "security_protocol": kafka.security_protocol}
    if context := tls_context(kafka):
        options["ssl_context"] = context
    if who := credentials(kafka):
        options |= sasl_options(who)
    return options


def sasl_options(who: Credentials) -> dict[str, str]:
    """User, password and mechanism as kafka-python calls them."""
    return {"sasl_mechanism": who.mechanism, "sasl_plain_username": who.user, "sasl_plain_password": who.password}
