"""TLS for connections to servers of the team: whom we trust, our own certificate, and what a failed handshake means for people."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from pipeline.errors import BadConfiguration, Problem

# What OpenSSL says of a certificate it does not accept (x509_vfy.h).
_EXPIRED, _NOT_YET = 10, 9
_WRONG_NAME = (62, 64)
# What it says of an answer that is no TLS: which of them depends on what the first bytes happen to be.
_NOT_TLS = (
    "WRONG_VERSION_NUMBER",
    "RECORD_LAYER_FAILURE",
    "PACKET_LENGTH_TOO_LONG",
    "UNKNOWN_PROTOCOL",
    "HTTP_REQUEST",
    "UNEXPECTED_MESSAGE",
)

_SECONDS = 5.0


def trusting(ca_file: str, section: str) -> ssl.SSLContext:
    """A context for clients that trusts the authorities in `ca_file` and no others; the system's when it is empty. TLS 1.2 or newer.

    Raises BadConfiguration, naming `section`, when the file holds no certificates.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        why = (
            f"{ca_file} cannot be read as certificates (PEM): {_plain(error)}; name a file with -----BEGIN CERTIFICATE-----, "
            "which `openssl x509 -inform der -in FILE -out ca.pem` makes of a binary one"
        )
        raise BadConfiguration([Problem(f"{section}.ca_file", 1, 1, why)]) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def present(context: ssl.SSLContext, certificate_file: str, key_file: str, key_password: Callable[[], str], section: str) -> None:
    """Let `context` show our certificate when it is asked for. Raises BadConfiguration when certificate and key do not fit or cannot be read.

    `key_password` is asked only for a key that has one; without it OpenSSL would ask on the terminal.
    """
    try:
        context.load_cert_chain(certificate_file, key_file or None, password=key_password)
    except (OSError, ssl.SSLError) as error:
        why = f"{certificate_file} and {key_file or 'the key in it'} cannot be used as certificate and key (PEM): {_plain(error)}"
        raise BadConfiguration([Problem(f"{section}.certificate_file", 1, 1, why)]) from None


@dataclass(frozen=True)
class Certificate:
    """How long a certificate is valid."""

    begins_at: datetime
    ends_at: datetime


def certificates_in(path: Path) -> list[Certificate]:
    """The certificates of a PEM file in their order, keys left out; [] for a file that holds none or cannot be read as some."""
    # Read by few commands; it takes a tenth of a second to load.
    from cryptography.x509 import load_pem_x509_certificates

    try:
        found = load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError):
        return []
    return [Certificate(each.not_valid_before_utc, each.not_valid_after_utc) for each in found]


def end_of(connection: ssl.SSLSocket) -> datetime | None:
    """When the certificate that the other side has shown ends; None when it was not checked."""
    ends = (connection.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None


def certificate_ends_at(host: str, port: int, context: ssl.SSLContext) -> datetime | None:
    """When the certificate of the server at `host` ends; None when it does not answer, or is not trusted."""
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as plain, context.wrap_socket(plain, server_hostname=host) as secured:
            return end_of(secured)
    except OSError:
        return None


def distrust(error: BaseException, section: str, address_field: str) -> tuple[str, str] | None:
    """Why the server's certificate was not accepted, and what to do; None when `error` and its causes are about something else."""
    found = next((each for each in causes(error) if isinstance(each, ssl.SSLCertVerificationError)), None)
    if found is None:
        return None
    if found.verify_code in (_EXPIRED, _NOT_YET):
        when = "has expired" if found.verify_code == _EXPIRED else "is not valid yet"
        clock = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
        return f"its certificate {when}", f"renew it on the server, or set this machine's clock right (it says {clock})"
    if found.verify_code in _WRONG_NAME:
        return (
            f"its certificate is for another name ({found.verify_message})",
            f"write a name of the certificate into {address_field}, or have one issued for this name",
        )
    return (
        f"its certificate is signed by an authority that we do not trust ({found.verify_message})",
        f"set {section}.ca_file to the PEM file of the authority that signed it",
    )


def other_protocol(error: BaseException, url: str, address_field: str) -> tuple[str, str] | None:
    """Why a request to `url` failed, and what to do, when the server speaks TLS and `url` says http, or the other way round; None when that is not it.

    Whether a server that was asked over http speaks TLS is found out by one more connection.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        found = next((each for each in causes(error) if isinstance(each, ssl.SSLError)), None)
        if found is None or found.reason not in _NOT_TLS:
            return None
        return "it speaks no TLS at this port", f"begin {address_field} with http://, or name the port at which it does"
    if any(isinstance(each, ConnectionRefusedError | TimeoutError | socket.gaierror) for each in causes(error)):
        return None
    if not _speaks_tls(parts.hostname or "", parts.port or 80):
        return None
    return "it speaks TLS at this port", f"begin {address_field} with https://"


def _speaks_tls(host: str, port: int) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Nothing is sent that would be worth a look at the certificate.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((host, port), timeout=_SECONDS) as plain, context.wrap_socket(plain, server_hostname=host):
            return True
    except OSError as error:
        return isinstance(error, ssl.SSLError) and "ALERT" in (error.reason or "")


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and those behind it; libraries hand the inner one on as an argument, too."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = next((each for each in (*error.args, *getattr(error, "errors", ())) if isinstance(each, BaseException)), None)
        error = error.__cause__ or error.__context__ or inner


def _plain(error: Exception) -> str:
    """The reason without OpenSSL's source lines."""
    if isinstance(error, ssl.SSLError) and error.reason:
        return str(error.reason).replace("_", " ").lower()
    return str(getattr(error, "strerror", None) or error)
