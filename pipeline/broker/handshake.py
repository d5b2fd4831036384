"""The first words with a broker, spoken by hand: kafka-python tells of a failed handshake only that no broker was found.

A TCP connection, TLS where it is configured, the one request that every broker understands (ApiVersions, version 0), which it answers
before anybody has signed in, and SASL with the client's own mechanisms. What fails here is named; the client is made when this went well.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kafka.net.sasl import get_sasl_mechanism

from pipeline import tls
from pipeline.broker.listener import Listener, found_at
from pipeline.broker.security import Credentials, sasl_options
from pipeline.errors import Unreachable
from pipeline.sections import Kafka

_SECONDS = 3.0
_LARGEST_ANSWER_BYTES = 100_000
_NOT_WANTED = 34  # ILLEGAL_SASL_STATE: this listener knows no users
_API_VERSIONS, _SASL_HANDSHAKE, _SASL_AUTHENTICATE = 18, 17, 36  # Kafka's protocol guide


class Denied(Unreachable):
    """A broker answers and we cannot work with it: its certificate, our certificate, the password or the rights are wrong."""


@dataclass(frozen=True)
class Greeted:
    """A broker that answers. `certificate_ends_at` is None without TLS."""

    server: str
    certificate_ends_at: datetime | None = None


def greet(kafka: Kafka, server: str, context: ssl.SSLContext | None, who: Credentials | None) -> Greeted:
    """The broker at `server` (host:port), once it has let us in. Raises OSError when nobody answers, Denied when TLS or the password fails."""
    with _opened(kafka, server, context) as connection, _tls_told(kafka, server):
        _speak(kafka, connection, server)
        if who is not None:
            sign_in(connection, who, server)
        return Greeted(server, tls.end_of(connection) if isinstance(connection, ssl.SSLSocket) else None)


@contextlib.contextmanager
def _opened(kafka: Kafka, server: str, context: ssl.SSLContext | None) -> Iterator[socket.socket]:
    host, port = _split(server)
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.create_connection((host, port), timeout=_SECONDS))
        if context is not None:
            with _tls_told(kafka, server):
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname=host))
        yield connection


def need_no_password(kafka: Kafka, server: str, context: ssl.SSLContext | None) -> None:
    """Return when the broker that does not serve us wants no password either. Raises Denied when it does, OSError when it is away."""
    with _opened(kafka, server, context) as connection:
        answer = ask(connection, _SASL_HANDSHAKE, 1, _string("PLAIN"))
    if len(answer) >= 2 and struct.unpack(">h", answer[:2])[0] != _NOT_WANTED:
        wanted = "SASL_SSL" if kafka.uses_tls else "SASL_PLAINTEXT"
        raise Denied(
            f"Kafka at {server} wants a user and a password at this port, and kafka.security_protocol is {kafka.security_protocol}",
            f"set it to {wanted}, with kafka.user and kafka.password",
        )


def sign_in(connection: socket.socket, who: Credentials, server: str) -> None:
    """Sign in by SASL. Raises Denied with the broker's reason."""
    try:
        answer = ask(connection, _SASL_HANDSHAKE, 1, _string(who.mechanism))
        (error,) = struct.unpack(">h", answer[:2])
        if error == _NOT_WANTED:
            raise Denied(
                f"Kafka at {server} wants no password at this port, and kafka.security_protocol says SASL",
                "set kafka.servers to the port of its listener with SASL, or kafka.security_protocol to SSL or PLAINTEXT without user and password",
            )
        if error:
            offered = ", ".join(_strings(answer[2:])) or "none"
            raise Denied(
                f"Kafka at {server} does not know {who.mechanism} (it offers {offered})", "set kafka.sasl_mechanism to one that it offers"
            )
        mechanism = get_sasl_mechanism(who.mechanism)(**sasl_options(who))
        while not mechanism.is_done():
            token = mechanism.auth_bytes()
            answer = ask(connection, _SASL_AUTHENTICATE, 0, struct.pack(">i", len(token)) + token)
            (error,) = struct.unpack(">h", answer[:2])
            said, rest = _nullable(answer[2:])
            if error:
                raise _not_accepted(server, who, said)
            mechanism.receive(rest[4:])
    except (struct.error, ValueError) as error:
        raise _not_accepted(server, who, str(error)) from error


def _not_accepted(server: str, who: Credentials, why: str) -> Denied:
    return Denied(
        f"Kafka at {server} does not accept the user {who.user!r} with this password ({why or 'no reason given'})",
        f"check kafka.user and kafka.password, and that the broker has {who.mechanism} credentials for this user",
    )


def _string(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack(">h", len(encoded)) + encoded


def _nullable(data: bytes) -> tuple[str, bytes]:
    """A string that may be null, and what follows it."""
    (length,) = struct.unpack(">h", data[:2])
    end = 2 + max(length, 0)
    return data[2:end].decode("utf-8", "replace"), data[end:]


def _strings(data: bytes) -> list[str]:
    (count,) = struct.unpack(">i", data[:4])
    found, rest = [], data[4:]
    for _ in range(min(count, 20)):
        text, rest = _nullable(rest)
        found.append(text)
    return found


def _split(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    if not port.isdigit():
        raise OSError(f"{server!r} is no address: write host:port")
    return host.strip("[]"), int(port)


def _speak(kafka: Kafka, connection: socket.socket, server: str) -> None:
    """Raises OSError when it is no broker: one that does not speak as we do closes the connection, or says nothing."""
    try:
        ask(connection, _API_VERSIONS, 0)
    except ssl.SSLError:
        raise
    except OSError as error:
        raise _no_answer(kafka, server, error) from error


def ask(connection: socket.socket, api: int, version: int, body: bytes = b"") -> bytes:
    """The answer to one request, without its header (requests with header version 1, no client id). Raises OSError when none comes."""
    request = struct.pack(">hhih", api, version, 1, -1) + body
    connection.sendall(struct.pack(">i", len(request)) + request)
    length, correlation = struct.unpack(">ii", _exactly(connection, 8))
    if correlation != 1 or not 4 <= length <= _LARGEST_ANSWER_BYTES:
        raise OSError("the answer is none of a Kafka broker")
    return _exactly(connection, length - 4)


def _exactly(connection: socket.socket, count: int) -> bytes:
    received = b""
    while len(received) < count:
        part = connection.recv(count - len(received))
        if not part:
            raise OSError("the connection was closed before the answer")
        received += part
    return received


@contextlib.contextmanager
def _tls_told(kafka: Kafka, server: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLError as error:
        if told := tls.distrust(error, "kafka", "kafka.servers"):
            raise Denied(f"Kafka at {server} is not trusted: {told[0]}", told[1]) from error
        reason = _reason(error)
        if "alert" not in reason:
            raise _no_answer(kafka, server, error) from error
        done = "does not accept our certificate" if kafka.certificate_file else "asks for a certificate of ours"
        raise Denied(
            f"Kafka at {server} {done} ({reason})",
            "set kafka.certificate_file and kafka.key_file to a certificate that an authority of the broker (its ssl.truststore) has signed and "
            "that is still valid",
        ) from error


def _no_answer(kafka: Kafka, server: str, error: OSError) -> OSError | Denied:
    """Why there is no answer: Denied when it is known that waiting does not help."""
    # Of those who say nothing, which costs seconds, only web servers are told apart: they wait for the end of a line.
    found = found_at(*_split(server), patient=not isinstance(error, TimeoutError))
    configured = f"kafka.security_protocol is {kafka.security_protocol}"
    if found is Listener.WEB:
        return Denied(f"what listens at {server} is a web server, no Kafka broker", "set kafka.servers to host and port of a broker")
    if found is Listener.BARE and kafka.uses_tls:
        return Denied(
            f"Kafka at {server} speaks no TLS at this port, and {configured}",
            "set kafka.servers to the port of its listener with TLS, or kafka.security_protocol to "
            f"{'SASL_PLAINTEXT' if kafka.uses_sasl else 'PLAINTEXT'} where nobody else can listen",
        )
    if found is Listener.SECURED and not kafka.uses_tls:
        wanted = "SASL_SSL" if kafka.uses_sasl else "SSL, or to SASL_SSL with kafka.user and kafka.password,"
        return Denied(
            f"Kafka at {server} speaks TLS at this port, and {configured}",
            f"set it to {wanted} as that listener has it, and kafka.ca_file to the authority that signed its certificate",
        )
    spoken = "TLS" if kafka.uses_tls else "no TLS"
    return OSError(
        f"what listens at {server} does not answer as a Kafka broker when spoken to with {spoken} ({_reason(error)}): if it is not just starting, "
        f"kafka.security_protocol ({kafka.security_protocol}) is not that of its listener at this port"
    )


def _reason(error: OSError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower() if isinstance(error, ssl.SSLError) else str(error)
