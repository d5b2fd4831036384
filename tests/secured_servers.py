"""The embedded servers with security on: TLS from an authority made on the spot, SCRAM users, ACLs, Elasticsearch users with our roles.

The broker has one listener for each situation: SECURE (SASL_SSL), MUTUAL (TLS with our certificate), EXPIRED and OTHER_NAME (SASL_SSL with a
certificate that has expired, or is for another name), BARE (SASL without TLS). CLIENTS is open and belongs to the broker itself and to `admin`.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from pipeline.embedded.account import write_open
from pipeline.embedded.folder import choose_ports
from pipeline.embedded.servers import Servers
from tests.conftest import open_folder

ROOT = Path(__file__).parents[1]
LISTENERS = {"SECURE": "SASL_SSL", "EXPIRED": "SASL_SSL", "OTHER_NAME": "SASL_SSL", "MUTUAL": "SSL", "BARE": "SASL_PLAINTEXT"}
KAFKA_USERS = ("collector", "worker", "alerter", "indexer", "console", "operator", "nobody")
ELASTICSEARCH_USERS = {"setup": "lagebild_setup", "indexer": "lagebild_indexer", "reader": "lagebild_reader", "nobody": ""}


def password(user: str) -> str:
    """Each user has a password of its own, which must appear nowhere."""
    return f"geheim-{user}-4711"


@dataclass(frozen=True)
class Secured:
    servers: Servers
    ports: Mapping[str, int]
    folder: Path

    def kafka(self, user: str = "worker", listener: str = "SECURE", **more: Any) -> dict[str, Any]:
        """The section `kafka` of the configuration for `user`."""
        section: dict[str, Any] = {"servers": [f"127.0.0.1:{self.ports[listener]}"], "security_protocol": LISTENERS[listener]}
        if LISTENERS[listener].endswith("SSL"):
            section["ca_file"] = str(self.folder / "ca.pem")
        if LISTENERS[listener].startswith("SASL"):
            section |= {"user": f"lagebild-{user}", "password": f"${{file:{self.secret(user)}}}"}
        return section | more

    def elasticsearch(self, user: str = "indexer", **more: Any) -> dict[str, Any]:
        """The section `elasticsearch` of the configuration for `user`."""
        section = {"url": self.servers.addresses.elasticsearch, "ca_file": str(self.folder / "ca.pem")}
        return section | {"user": user, "password": f"${{file:{self.secret(user)}}}"} | more

    def secret(self, user: str) -> Path:
        path = self.folder / f"{user}.secret"
        path.write_text(password(user) + "\n", encoding="utf-8")
        return path


@contextmanager
def secured_servers(packages_folder: Path) -> Iterator[Secured]:
    with ExitStack() as stack:
        folder = open_folder(stack)
        authority, certificates = trustme.CA(), folder / "certificates"
        certificates.mkdir(mode=0o755)
        write_open(folder / "ca.pem", authority.cert_pem.bytes().decode())
        ports = choose_ports(folder / "listeners.json", tuple(LISTENERS))
        now = datetime.now(UTC)
        _issue(authority, certificates / "server.pem", "127.0.0.1")
        _issue(authority, certificates / "other_name.pem", "kafka.example")
        _issue(authority, certificates / "expired.pem", "127.0.0.1", not_before=now - timedelta(days=9), not_after=now - timedelta(days=2))
        _issue(authority, folder / "client.pem", "lagebild", common_name="lagebild-worker")
        data = folder / "servers"
        data.mkdir(mode=0o755)
        _write_elasticsearch(data / "elasticsearch" / "config", authority)
        servers = Servers(
            data,
            packages_folder=packages_folder,
            settings=_elasticsearch_settings(),
            kafka_settings=_kafka_settings(ports, certificates, folder / "ca.pem"),
            kafka_users={f"lagebild-{user}": password(user) for user in KAFKA_USERS},
        )
        yield Secured(stack.enter_context(servers), ports, folder)


def _issue(authority: trustme.CA, path: Path, name: str, **more: Any) -> None:
    made = authority.issue_cert(name, **more)
    # Java reads keys as PKCS 8 only.
    key = load_pem_private_key(made.private_key_pem.bytes(), None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_open(path, (pem + b"".join(each.bytes() for each in made.cert_chain_pems)).decode())


def _kafka_settings(ports: Mapping[str, int], certificates: Path, authority: Path) -> dict[str, str]:
    addresses = ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items())
    settings = {
        "listeners": addresses,
        "advertised.listeners": addresses,
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in LISTENERS.items()),
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates / "server.pem"),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(authority),
        "ssl.principal.mapping.rules": "RULE:^.*?CN=([^,]+).*$/$1/,DEFAULT",
        "listener.name.mutual.ssl.client.auth": "required",
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        # The broker itself, on its listener that only this machine reaches.
        "super.users": "User:ANONYMOUS",
    }
    for name in ("expired", "other_name"):
        settings |= {
            f"listener.name.{name}.ssl.keystore.type": "PEM",
            f"listener.name.{name}.ssl.keystore.location": str(certificates / f"{name}.pem"),
        }
    module = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    for name, protocol in LISTENERS.items():
        if protocol.startswith("SASL"):
            settings[f"listener.name.{name.lower()}.scram-sha-512.sasl.jaas.config"] = module
    return settings


def _elasticsearch_settings() -> dict[str, str]:
    return {
        "xpack.security.enabled": "true",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.key": "http.key",
        "xpack.security.http.ssl.certificate": "http.pem",
    }


def _write_elasticsearch(config: Path, authority: trustme.CA) -> None:
    """Certificate, users of the file realm, and the roles that production uses."""
    config.mkdir(parents=True, mode=0o755)
    config.parent.chmod(0o755)
    made = authority.issue_cert("127.0.0.1")
    write_open(config / "http.key", made.private_key_pem.bytes().decode())
    write_open(config / "http.pem", "".join(each.bytes().decode() for each in made.cert_chain_pems))
    write_open(config / "roles.yml", (ROOT / "deploy" / "elasticsearch-roles.yml").read_text(encoding="utf-8"))
    write_open(config / "users", "".join(f"{user}:{_hashed(password(user))}\n" for user in ELASTICSEARCH_USERS))
    write_open(config / "users_roles", "".join(f"{role}:{user}\n" for user, role in ELASTICSEARCH_USERS.items() if role))


def _hashed(plain: str) -> str:
    """A password as Elasticsearch's file realm keeps it (PBKDF2 with SHA-512, 10,000 rounds)."""
    salt = os.urandom(32)
    found = hashlib.pbkdf2_hmac("sha512", plain.encode(), salt, 10_000, 32)
    return f"{{PBKDF2}}10000${base64.b64encode(salt).decode()}${base64.b64encode(found).decode()}"
