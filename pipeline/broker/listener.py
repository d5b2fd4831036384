"""What listens at an address, asked in other ways than the configuration says: a client that speaks otherwise hears only that the line was cut."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import struct
from enum import StrEnum

_SECONDS = 1.0
_VERSIONS = struct.pack(">ihhih", 10, 18, 0, 1, -1)  # ApiVersions, version 0: every broker answers it before anybody has signed in
_PAGE = b"GET / HTTP/1.0\r\n\r\n"
_WEB = b"HTTP"
_WANTS_CERTIFICATE = b"certificate required"  # stands for TLS's own message, which is none of these bytes
_ANSWER_BYTES = 8  # length and correlation id


class Listener(StrEnum):
    """What was found. SILENT is anything that does not tell: also a broker that is just starting."""

    BARE = "a broker without TLS"
    SECURED = "a broker with TLS"
    WEB = "a web server"
    SILENT = "unknown"


def found_at(host: str, port: int, patient: bool = True) -> Listener:
    """What answers there; only whether it is a web server without TLS when not `patient`. Nothing secret is sent, so no certificate is looked at."""
    if _said(host, port, None, _PAGE).startswith(_WEB):
        return Listener.WEB
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    secured.check_hostname = False
    secured.verify_mode = ssl.CERT_NONE
    for context, broker in ((None, Listener.BARE), (secured, Listener.SECURED)) if patient else ():
        said = _said(host, port, context, _VERSIONS)
        if said[4:] == struct.pack(">i", 1) or said == _WANTS_CERTIFICATE:
            return broker
    return Listener.WEB if patient and _said(host, port, secured, _PAGE).startswith(_WEB) else Listener.SILENT


def _said(host: str, port: int, context: ssl.SSLContext | None, asked: bytes) -> bytes:
    """The first bytes of the answer; none where there is no answer."""
    try:
        with contextlib.ExitStack() as stack:
            connection = stack.enter_context(socket.create_connection((host, port), timeout=_SECONDS))
            if context is not None:
                connection = stack.enter_context(context.wrap_socket(connection, server_hostname=host))
            connection.sendall(asked)
            return connection.recv(_ANSWER_BYTES)
    except ssl.SSLError as error:
        return _WANTS_CERTIFICATE if re.search("ALERT.*CERTIFICATE", error.reason or "") else b""
    except OSError:
        return b""
