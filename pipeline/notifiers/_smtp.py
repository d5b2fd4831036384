"""One e-mail to a mail server: a checked address, one deadline over everything, and what its answers mean."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any, Literal

from pipeline.errors import GiveUp, TryAgain
from pipeline.outgoing.address import Guard
from pipeline.outgoing.answer import one_line
from pipeline.outgoing.connection import connected
from pipeline.outgoing.errors import NotAllowed, NotResolved, OutgoingError
from pipeline.outgoing.network import certificates_of_environment


@dataclass(frozen=True)
class Server:
    """A mail server and how to talk to it. The password is not shown."""

    host: str
    port: int
    security: Literal["starttls", "tls", "none"]
    client_name: str  # what we call ourselves: the sender's domain, because the name of this machine is nobody's business
    user: str
    password: str = field(repr=False)
    guard: Guard
    timeout_seconds: float


@dataclass(frozen=True)
class Refused:
    """What the server said of one recipient."""

    code: int
    words: str

    @property
    def for_ever(self) -> bool:
        return self.code >= 500

    def __str__(self) -> str:
        return f"{self.code} {self.words}".strip()


@dataclass(frozen=True)
class Delivered:
    """Those of the recipients that the server refused; the others have the message. `answer` is the server's last word on it, with its queue's id."""

    refused: Mapping[str, Refused]
    answer: str = ""


def deliver(server: Server, message: EmailMessage, sender: str, recipients: Sequence[str]) -> Delivered:
    """What became of the message. Raises TryAgain or GiveUp when nobody got it for another reason."""
    with _told(server), _session(server) as session:
        try:
            refused = session.send_message(message, from_addr=sender, to_addrs=list(recipients))
        except smtplib.SMTPRecipientsRefused as error:
            refused = error.recipients
        return Delivered({address: Refused(code, _said(answer)) for address, (code, answer) in refused.items()}, session.taken)


class _Session(smtplib.SMTP):
    """smtplib's client on a socket of ours. `_get_socket` is the place where smtplib itself lets other kinds of sockets in (SMTP_SSL)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._opened: socket.socket | None = None
        self.taken = ""
        super().__init__(timeout=server.timeout_seconds, local_hostname=server.client_name)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        found = connected(self._server.guard, host, port, timeout)
        found.settimeout(timeout)
        self._opened = found
        if self._server.security == "tls":
            # From here on errors are ssl.SSLError, a kind of OSError.
            found = certificates_of_environment().wrap_socket(found, server_hostname=host)
            self._opened = found
        return found

    def data(self, msg: Any) -> tuple[int, bytes]:
        """smtplib drops what the server says when it has the message."""
        code, answer = super().data(msg)
        self.taken = f"{code} {_said(answer)}"
        return code, answer

    def break_off(self) -> None:
        """End whatever it waits for, from another thread."""
        if self._opened is not None:
            with contextlib.suppress(OSError):
                self._opened.shutdown(socket.SHUT_RDWR)

    def opened(self) -> None:
        code, answer = self.connect(self._server.host, self._server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, answer)
        self._host = self._server.host
        if self._server.security == "starttls":
            self.ehlo_or_helo_if_needed()
            self.starttls(context=certificates_of_environment())
        if self._server.password:
            self.login(self._server.user, self._server.password)


@contextmanager
def _session(server: Server) -> Iterator[_Session]:
    session = _Session(server)
    # smtplib's timeout is for one read: a server that says a byte now and then would hold us for ever.
    watch = threading.Timer(server.timeout_seconds, session.break_off)
    watch.daemon = True
    watch.start()
    try:
        session.opened()
        yield session
        with contextlib.suppress(smtplib.SMTPException, OSError):
            session.quit()
    finally:
        watch.cancel()
        session.close()


def _said(answer: Any) -> str:
    return one_line(answer if isinstance(answer, bytes) else str(answer).encode("utf-8", "replace"))


@contextmanager
def _told(server: Server) -> Iterator[None]:
    """Turns what connecting and smtplib raise into TryAgain and GiveUp. Their own texts may quote what we sent, so only the answer is shown."""
    host = server.host
    try:
        yield
    except NotAllowed as error:
        raise GiveUp(f"{error}; if that is meant, add {host} to the receiver's allow_private") from None
    except NotResolved as error:
        raise TryAgain(str(error)) from None
    except OutgoingError as error:
        raise TryAgain(f"{host} does not answer: {error}") from None
    except smtplib.SMTPNotSupportedError as error:
        raise GiveUp(f"{host} cannot do what is asked ({error}): check security, user and port") from None
    except smtplib.SMTPResponseException as error:
        words = f"{host} answered {error.smtp_code} {_said(error.smtp_error)}"
        raise (GiveUp if error.smtp_code >= 500 else TryAgain)(words) from None
    except ssl.SSLCertVerificationError as error:
        raise TryAgain(f"{host} shows a certificate that cannot be trusted: {error.verify_message}") from None
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise TryAgain(f"{host} broke off or does not answer: {type(error).__name__}") from None
