"""A small IMAP server on 127.0.0.1 for tests: one mailbox, IDLE, TLS where a context is given. It speaks to real clients over real sockets."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PASSWORD = "geheim und lang"


class MailServer:
    """What the server holds; tests change it while it runs."""

    def __init__(self) -> None:
        self.mails: dict[int, bytes] = {}
        self.uidvalidity = 7
        self.capabilities = "IMAP4rev1 IDLE"
        self.commands: list[str] = []
        self.port = 0
        self.changed = threading.Condition()
        self.idling = 0

    def deliver(self, mail: bytes) -> int:
        with self.changed:
            uid = max(self.mails, default=0) + 1
            self.mails[uid] = mail
            self.changed.notify_all()
        return uid


class _Session(socketserver.StreamRequestHandler):
    server: _Listener

    def handle(self) -> None:
        with suppress(OSError, ValueError):
            self._say("* OK bereit")
            while line := self.rfile.readline(10_000):
                tag, _, command = line.decode().strip().partition(" ")
                self.server.box.commands.append(command)
                if not self._run(tag, command):
                    return

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")
        self.wfile.flush()

    def _run(self, tag: str, command: str) -> bool:
        box, name = self.server.box, command.upper()
        if name.startswith("CAPABILITY"):
            self._say(f"* CAPABILITY {box.capabilities}")
        elif name.startswith("LOGIN"):
            if PASSWORD not in command:
                self._say(f"{tag} NO falsch")
                return True
        elif name.startswith("EXAMINE"):
            if "INBOX" not in name:
                self._say(f"{tag} NO gibt es nicht")
                return True
            self._say(f"* {len(box.mails)} EXISTS\r\n* OK [UIDVALIDITY {box.uidvalidity}] gut")
        elif name.startswith("UID SEARCH"):
            self._search(name)
        elif name.startswith("UID FETCH"):
            self._fetch(command)
        elif name.startswith("IDLE"):
            self._idle()
        elif name.startswith("LOGOUT"):
            self._say(f"* BYE bis bald\r\n{tag} OK gut")
            return False
        self._say(f"{tag} OK gut")
        return True

    def _search(self, command: str) -> None:
        box = self.server.box
        begin = re.search(r"UID (\d+):\*", command.removeprefix("UID SEARCH"))
        first = int(begin[1]) if begin else 0
        # As real servers do: "*" is the last mail, whatever its number.
        found = [uid for uid in sorted(box.mails) if uid >= first] or (sorted(box.mails)[-1:] if begin else [])
        self._say("* SEARCH " + " ".join(map(str, found)))

    def _fetch(self, command: str) -> None:
        asked = re.match(r"UID FETCH (\d+) \(RFC822\.SIZE BODY\.PEEK\[\]<0\.(\d+)>\)", command)
        assert asked, command
        mail = self.server.box.mails.get(int(asked[1]))
        if mail is not None:
            part = mail[: int(asked[2])]
            self.wfile.write(f"* 1 FETCH (UID {asked[1]} RFC822.SIZE {len(mail)} BODY[]<0> {{{len(part)}}}\r\n".encode() + part + b")\r\n")

    def _idle(self) -> None:
        box = self.server.box
        with box.changed:
            known = len(box.mails)
            self._say("+ warte")
            box.idling += 1
            box.changed.notify_all()
            if box.changed.wait_for(lambda: len(box.mails) > known, timeout=5):
                self._say(f"* {len(box.mails)} EXISTS")
            box.idling -= 1
        assert self.rfile.readline(100).strip() == b"DONE"


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, box = True, True, MailServer()

    def __init__(self, box: MailServer, trusted: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.box, self._trusted = box, trusted

    def get_request(self) -> tuple[object, object]:  # type: ignore[override]
        connection, address = super().get_request()
        return (self._trusted.wrap_socket(connection, server_side=True) if self._trusted else connection), address

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that breaks off, or does not trust us, is no fault of the server."""


@contextmanager
def imap_server(trusted: ssl.SSLContext | None = None) -> Iterator[MailServer]:
    box = MailServer()
    with _Listener(box, trusted) as server:
        box.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()


def mail(subject: str, body: str, sender: str = "Der Brief <brief@example.org>", **headers: str) -> bytes:
    further = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
    return f"From: {sender}\r\nSubject: {subject}\r\nMessage-ID: <{subject.encode().hex()[:40]}@example.org>\r\n{further}\r\n{body}\r\n".encode()
