"""How a server of the team is reached: its address, TLS, and who we are. What would send a password in clear is refused.

Files are named relative to the configuration file and made absolute on loading (`anchored`). Passwords and keys are references
(`${env:NAME}`, `${file:/path}`) and are resolved when a client is made, so no record here holds one.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

import pydantic
from pydantic import ConfigDict, Field

from pipeline.addresses import NAMED, BrokerAddress, ServerAddress, parts
from pipeline.section_types import Names, SecretReference, Strict, only

_CA_FILE = "PEM file of the authority that signed the {whose} certificate, relative to this file; empty: the system's authorities"


class Connection(Strict):
    """`FILES` are the names of the fields that hold paths."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    FILES: ClassVar[tuple[str, ...]] = ()

    def anchored(self, folder: Path) -> Self:
        """The same with absolute paths; relative ones start at `folder`."""
        return self.model_copy(update={name: str(folder / path) for name in self.FILES if (path := getattr(self, name))})


class KafkaConnection(Connection):
    FILES: ClassVar[tuple[str, ...]] = ("ca_file", "certificate_file", "key_file")

    servers: list[BrokerAddress] = Field(["127.0.0.1:9092"], min_length=1, description="addresses of Kafka brokers, host:port")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = Field(
        "PLAINTEXT", description="as the brokers' listener has it: SSL for TLS, SASL_SSL for TLS with user and password"
    )
    ca_file: Annotated[str, Names.AUTHORITIES] = Field("", description=_CA_FILE.format(whose="brokers'"))
    certificate_file: Annotated[str, Names.CERTIFICATE] = Field(
        "", description="PEM file of our own certificate, for brokers that ask for one (mutual TLS)"
    )
    key_file: Annotated[str, Names.KEY] = Field(
        "", description="PEM file of the key to certificate_file; empty: it stands in the same file"
    )
    key_password: SecretReference = Field("", description="the password of the key, as ${env:NAME} or ${file:/path}")
    sasl_mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"] = Field("SCRAM-SHA-512", description="how the password is proved")
    user: str = Field("", description="the user of SASL; may be ${env:NAME}, so that each process can have its own")
    password: SecretReference = Field("", description="the user's password, as ${env:NAME} or ${file:/path}")
    dangerously_send_password_without_tls: bool = Field(
        False, description="allow SASL_PLAINTEXT: everybody on the way can read what we send, and with PLAIN the password too"
    )

    @property
    def uses_tls(self) -> bool:
        return self.security_protocol.endswith("SSL")

    @property
    def uses_sasl(self) -> bool:
        return self.security_protocol.startswith("SASL")

    @pydantic.model_validator(mode="after")
    def _is_coherent(self) -> Self:
        protocol = self.security_protocol
        if protocol == "SASL_PLAINTEXT" and not self.dangerously_send_password_without_tls:
            raise ValueError(
                "SASL_PLAINTEXT sends without TLS what others can read: use SASL_SSL, or set dangerously_send_password_without_tls: true "
                "where nobody else can listen"
            )
        if self.uses_sasl and not (self.user and self.password):
            raise ValueError(f"{protocol} needs user and password; write the password for example as ${{env:KAFKA_PASSWORD}}")
        if not self.uses_sasl and (self.user or self.password):
            raise ValueError(f"user and password are not used with security_protocol {protocol}: write SASL_SSL, or leave them out")
        if not self.uses_tls and (named := [name for name in self.FILES if getattr(self, name)]):
            raise ValueError(f"{', '.join(named)}: not used with security_protocol {protocol}: write SSL or SASL_SSL, or leave it out")
        if self.key_file and not self.certificate_file:
            raise ValueError("there is a key_file and no certificate_file: name both, or neither")
        return self


class ElasticsearchConnection(Connection):
    FILES: ClassVar[tuple[str, ...]] = ("ca_file",)

    url: ServerAddress = Field("http://127.0.0.1:9200", description="address of Elasticsearch")
    user: str = Field("", description="the user that signs in; may be ${env:NAME}; or give an api_key")
    password: SecretReference = Field("", description="the user's password, as ${env:NAME} or ${file:/path}")
    api_key: SecretReference = Field("", description="an API key in its encoded form, as ${env:NAME} or ${file:/path}; instead of a user")
    ca_file: Annotated[str, Names.AUTHORITIES] = Field("", description=_CA_FILE.format(whose="server's"))
    certificate_fingerprint: str = only(
        r"^([0-9A-Fa-f]{2}:?){32}$|^$",
        "a SHA-256 fingerprint: 64 hexadecimal digits, with or without colons, or nothing",
        "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55",
        default="",
        description="SHA-256 of the server's certificate or of its authority's, as Elasticsearch shows it at its first start; instead of ca_file",
    )
    dangerously_send_password_without_tls: bool = Field(
        False, description="send the password or the api_key over http to another machine, where everybody on the way reads it"
    )

    @pydantic.model_validator(mode="after")
    def _is_coherent(self) -> Self:
        address = parts(self.url)
        if address.password and address.password != NAMED:
            raise ValueError(
                "url holds a password in clear: write user and password beside it, the password as ${env:NAME} or ${file:/path}"
            )
        named = [name for name, value in (("user", self.user), ("api_key", self.api_key), ("a user in url", address.username)) if value]
        if len(named) > 1:
            raise ValueError(f"{' and '.join(named)} are named: keep one of them")
        if bool(self.user) != bool(self.password):
            raise ValueError("user and password belong together; write the password for example as ${env:ELASTICSEARCH_PASSWORD}")
        if self.ca_file and self.certificate_fingerprint:
            raise ValueError("ca_file and certificate_fingerprint are both set: keep one of them")
        if (self.ca_file or self.certificate_fingerprint) and address.scheme != "https":
            raise ValueError("a certificate can only be checked over TLS: begin url with https://")
        if named and not self.dangerously_send_password_without_tls and (problem := password_in_clear(self.url)):
            raise ValueError(problem)
        return self


def password_in_clear(url: str) -> str:
    """Why a password must not be sent to `url`; "" when it may: over https, or to this very machine."""
    address = parts(url)
    if address.scheme == "https" or _is_this_machine(address.hostname or ""):
        return ""
    return (
        f"a password or key would go to {address.hostname} without TLS, and others can read it: begin url with https://, "
        "or set dangerously_send_password_without_tls: true where nobody else can listen"
    )


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def files_named(data: Any) -> list[tuple[str, str, str]]:
    """Section, field and path of every file that the connections of a configuration name, whatever else is wrong with it."""
    found = []
    for section, model in (("kafka", KafkaConnection), ("elasticsearch", ElasticsearchConnection)):
        written = data.get(section) if isinstance(data, dict) else None
        if isinstance(written, dict):
            paths = ((name, written.get(name)) for name in model.FILES)
            found += [(section, name, path) for name, path in paths if isinstance(path, str) and path]
    return found
