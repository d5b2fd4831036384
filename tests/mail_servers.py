"""Mail servers on 127.0.0.1 for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from aiosmtpd.controller import Controller


class Mailbox:
    """A mail server on 127.0.0.1 that keeps what it got. `says` gives its answer to a command ("RCPT desk@…", "DATA", …) in place of the usual one."""

    def __init__(self) -> None:
        self.got: list[tuple[str, list[str], bytes]] = []
        self.says: dict[str, str] = {}
        self.port = 0

    async def handle_MAIL(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        envelope.mail_from = address
        return self.says.get("MAIL", "250 OK")

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = self.says.get(f"RCPT {address}", self.says.get("RCPT", "250 OK"))
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        answer = self.says.get("DATA", "250 OK")
        if answer.startswith("250"):
            self.got.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.original_content))
        return answer


@contextmanager
def mail_server(**options: Any) -> Iterator[Mailbox]:
    """A running Mailbox; `options` are those of aiosmtpd's SMTP class and controller (`tls_context`, `ssl_context`, `authenticator` …)."""
    mailbox = Mailbox()

    class Server(Controller):
        def _trigger_server(self) -> None:
            self.port = mailbox.port = self.server.sockets[0].getsockname()[1]
            super()._trigger_server()

    server = Server(mailbox, hostname="127.0.0.1", port=0, ready_timeout=10, **options)
    server.start()
    try:
        yield mailbox
    finally:
        server.stop()
