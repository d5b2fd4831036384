"""E-mail: headers, threads, recipients, encryption, and what a mail server's answers mean. Against real servers on this machine."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pydantic
import pytest
import trustme
from aiosmtpd.smtp import AuthResult
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers import email
from pipeline.plugins import Context
from tests.channels import DESK, NIGHT, SECRET, VARIABLE, Markup, alert, letters
from tests.local_servers import raw_server
from tests.mail_servers import Mailbox, mail_server


def options(**changes: Any) -> email.Options:
    usual = {
        "host": "127.0.0.1",
        "security": "none",
        "sender": "lage@example.org",
        "to": [DESK],
        "allow_private": ["127.0.0.1", "localhost"],
    }
    return email.Options.model_validate(usual | changes)


def sending(mailbox: Mailbox, **changes: Any) -> email.EmailNotifier:
    return email.create(options(port=mailbox.port, **changes), Context("desk"))


def sent(**changes: Any) -> EmailMessage:
    """The message as the other side reads it."""
    content = email.payload(alert(**changes), options()).as_bytes()
    found = message_from_bytes(content, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def part(letter: EmailMessage, kind: str) -> str:
    found = letter.get_body((kind,))
    assert found is not None
    return str(found.get_content())


def test_a_message_has_text_and_html_with_the_matched_word_marked() -> None:
    letter = sent()
    assert "Nordkorea meldet »Raketentest«" in part(letter, "plain")
    assert "<mark>Raketentest</mark>" in part(letter, "html")
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["List-Id"] == "<raketentest.lagebild.example.org>"
    assert letter["Importance"] == "high" and letter["Subject"].startswith("[hoch] NEUE ANGABEN – Raketentests: ")
    assert letter["From"].addresses[0].addr_spec == "lage@example.org"


def test_an_episodes_messages_are_one_thread_and_each_has_one_id_in_every_attempt() -> None:
    first = sent(kind="first", why="first", notification_id="n1")
    later = [
        sent(kind=kind, step=step, notification_id=f"n{step}-{kind}") for step, kind in ((2, "update"), (3, "corrected"), (3, "withdrawn"))
    ]
    assert first["Message-ID"] == "<e1.episode@example.org>" and first["References"] is None
    assert {each["References"] for each in later} == {each["In-Reply-To"] for each in later} == {"<e1.episode@example.org>"}
    again = sent(kind="update", step=2, notification_id="n2-update", attempt=2, possible_duplicate=True)
    assert again["Message-ID"] == later[0]["Message-ID"]
    assert len({each["Message-ID"] for each in [first, *later]}) == 4
    assert sent(episode_id="", kind="digest", why="digest")["References"] is None


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_of_an_article_reaches_the_headers_as_a_header(headline: str, title: str, rule_id: str, episode_id: str) -> None:
    made = alert(headline, word="", rule_title=title, rule_id=rule_id, episode_id=episode_id)
    content = email.payload(made, options()).as_bytes()
    head = content.partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in (b" ", b"\t")}
    known = "from to subject date message-id in-reply-to references list-id auto-submitted x-auto-response-suppress importance mime-version content-type"
    assert names <= {each.encode() for each in known.split()}
    assert message_from_bytes(content, policy=policy.default)["To"] == DESK


def test_a_headline_with_line_breaks_sends_nothing_to_anybody_else() -> None:
    with mail_server() as mailbox:
        sending(mailbox).notify(
            alert("Raketentest\r\nBcc: evil@example.org\r\n.\r\nMAIL FROM:<evil@example.org>", rule_title="a\nX-Evil: 1")
        )
        ((sender, recipients, _),) = mailbox.got
        (letter,) = letters(mailbox)
    assert (sender, recipients) == ("lage@example.org", [DESK])
    assert letter["Bcc"] is None and letter["X-Evil"] is None


def test_the_servers_last_word_on_a_message_is_kept() -> None:
    with mail_server() as mailbox:
        mailbox.says = {"DATA": "250 2.0.0 Ok: queued as 4F2X"}
        assert sending(mailbox).notify(alert()) == "250 2.0.0 Ok: queued as 4F2X"


def test_everybody_gets_the_message_once_although_one_address_is_refused_for_a_while() -> None:
    with mail_server() as mailbox:
        notifier = sending(mailbox, to=[DESK, NIGHT])
        mailbox.says = {f"RCPT {NIGHT}": "451 later"}
        with pytest.raises(TryAgain, match="1 of 2 recipients.*451 later"):
            notifier.notify(alert())
        mailbox.says = {}
        notifier.notify(alert())
        assert [recipients for _, recipients, _ in mailbox.got] == [[DESK], [NIGHT]]


def test_an_address_that_is_refused_for_ever_is_reported_and_the_others_have_the_message() -> None:
    with mail_server() as mailbox:
        mailbox.says = {f"RCPT {NIGHT}": "550 no such user"}
        with pytest.raises(GiveUp, match="night@example.org: 550 no such user"):
            sending(mailbox, to=[DESK, NIGHT]).notify(alert())
        assert [recipients for _, recipients, _ in mailbox.got] == [[DESK]]


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize(
    ("answer", "raised"), [("421 closing", TryAgain), ("452 full", TryAgain), ("550 no", GiveUp), ("554 spam", GiveUp)]
)
def test_each_answer_has_its_meaning(command: str, answer: str, raised: type[Exception]) -> None:
    with mail_server() as mailbox:
        mailbox.says = {command: answer}
        with pytest.raises(raised, match=answer[:3]):
            sending(mailbox).notify(alert())
        assert mailbox.got == []


@pytest.mark.parametrize(("greeting", "raised"), [(b"421 busy\r\n", TryAgain), (b"554 go away\r\n", GiveUp), (b"nonsense\r\n", TryAgain)])
def test_a_server_that_does_not_want_to_talk_is_understood(greeting: bytes, raised: type[Exception]) -> None:
    with speaking(greeting) as port, pytest.raises(raised):
        email.create(options(port=port, timeout_seconds=2), Context("desk")).notify(alert())


class speaking:
    """A server that says one line and waits."""

    def __init__(self, line: bytes) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.line = line
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self) -> None:
        connection, _ = self.listener.accept()
        with connection:
            connection.sendall(self.line)
            self.done.wait(5)

    def __enter__(self) -> int:
        self.thread.start()
        return int(self.listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()
        self.listener.close()


def test_a_server_that_says_a_byte_now_and_then_ends_at_the_deadline() -> None:
    def dripping(stop: threading.Event, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            while not stop.wait(0.05):
                try:
                    connection.sendall(b"2")
                except OSError:
                    return

    stop, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=dripping, args=(stop, listener))
    thread.start()
    began = time.monotonic()
    try:
        with pytest.raises(TryAgain):
            email.create(options(port=listener.getsockname()[1], timeout_seconds=0.4), Context("desk")).notify(alert())
        assert time.monotonic() - began < 5
    finally:
        stop.set()
        thread.join()
        listener.close()


def test_something_that_speaks_no_smtp_is_tried_again() -> None:
    def answer(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(answer) as address, pytest.raises(TryAgain):
        email.create(options(port=int(address.rstrip("/").rpartition(":")[2]), timeout_seconds=0.5), Context("desk")).notify(alert())


def allowing(password: str) -> Any:
    def check(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        return AuthResult(success=data.login == b"lage" and data.password == password.encode(), handled=False)

    return check


@pytest.fixture
def authority(tmp_path: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's certificate for localhost, and the file of the authority that gave it."""
    found = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.issue_cert("localhost").configure_cert(server)
    path = tmp_path / "authority.pem"
    found.cert_pem.write_to_path(str(path))
    return server, path


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")  # the server takes TLS around it for none
@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_the_password_is_sent_encrypted_and_shown_nowhere(
    security: str, authority: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, path = authority
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("CHANNEL_SECRET", SECRET)
    how: dict[str, Any] = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    with mail_server(authenticator=allowing(SECRET), auth_required=True, auth_require_tls=security == "starttls", **how) as mailbox:
        chosen = {"host": "localhost", "security": security, "user": "lage", "password": VARIABLE}
        sending(mailbox, **chosen).notify(alert())
        assert len(mailbox.got) == 1
        monkeypatch.setenv("CHANNEL_SECRET", f"{SECRET}-wrong")
        notifier = sending(mailbox, **chosen)
        with pytest.raises(GiveUp, match="535") as caught:
            notifier.notify(alert())
        shown = [str(caught.value), repr(caught.value), repr(notifier._server), repr(options(**chosen))]
        assert not [each for each in shown if SECRET in each]
        assert caught.value.__cause__ is None and caught.value.__suppress_context__


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_of_nobody_we_trust_is_tried_again_and_nothing_is_sent(
    security: str, authority: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    context, _ = authority
    how: dict[str, Any] = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    monkeypatch.setenv("CHANNEL_SECRET", SECRET)
    other = trustme.CA()
    with other.cert_pem.tempfile() as path:
        monkeypatch.setenv("SSL_CERT_FILE", path)
        with mail_server(**how) as mailbox:
            with pytest.raises(TryAgain, match="cannot be trusted"):
                sending(mailbox, host="localhost", security=security, user="lage", password=VARIABLE).notify(alert())
            assert mailbox.got == []


def test_a_server_without_encryption_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHANNEL_SECRET", SECRET)
    with mail_server() as mailbox, pytest.raises(GiveUp, match="cannot do what is asked"):
        sending(mailbox, security="starttls", user="lage", password=VARIABLE).notify(alert())
    with pytest.raises(pydantic.ValidationError, match="encrypted"):
        options(security="none", user="lage", password=VARIABLE)


@pytest.mark.parametrize(
    "address", ["", "desk", "desk@", "@example.org", "a@b\r\nRCPT TO:<evil@example.org>", "a b@c", "<a@b.c>", "a@b,c@d"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(pydantic.ValidationError):
        options(to=[address])
    with pytest.raises(pydantic.ValidationError):
        options(sender=address)


def test_a_template_words_both_parts() -> None:
    made = alert("<b>x</b> Raketentest") | {"template_source": "EIGEN {{ marked_headline }}\n{{ url|link('hin') }}"}
    letter = message_from_bytes(email.payload(made, options()).as_bytes(), policy=policy.default)
    assert isinstance(letter, EmailMessage)
    assert part(letter, "plain").startswith("EIGEN <b>x</b> »Raketentest«")
    assert Markup(part(letter, "html")).text.strip().startswith("EIGEN <b>x</b> Raketentest")
