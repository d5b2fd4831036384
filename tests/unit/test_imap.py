"""Newsletters from a real IMAP server on this machine, and damaged mails."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path
from typing import Any

import pydantic
import pytest
import trustme
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import _mail_item, imap
from connectors._item import Item
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.plugins import Context
from tests.imap_server import PASSWORD, MailServer, imap_server, mail
from tests.waiting import until

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def source(box: MailServer, place: Path, now: Callable[[], datetime] = lambda: NOW, **changes: Any) -> imap.Imap:
    (place / "password").write_text(PASSWORD)
    options = {"host": "127.0.0.1", "port": box.port, "tls": "none", "user": "desk", "password": f"${{file:{place / 'password'}}}"}
    return imap.create(imap.Options.model_validate(options | changes), Context("brief", place, now=now))


def test_the_server_tells_of_a_new_mail_at_once(tmp_path: Path) -> None:
    with imap_server() as box:
        box.deliver(mail("Eins", "Der erste Text."))
        found = source(box, tmp_path)
        first = found.fetch({})
        assert [each.title for each in first.articles] == ["Eins"] and found.listens
        deliver = threading.Thread(target=lambda: (until(lambda: box.idling, what="somebody waits"), box.deliver(mail("Zwei", "Text"))))
        deliver.start()
        began = time.monotonic()
        second = found.fetch(first.cursor)
        deliver.join()
        assert [each.title for each in second.articles] == ["Zwei"] and time.monotonic() - began < 10
        found.close()
    with pytest.raises(Transient, match="cannot be read"):
        found.fetch(second.cursor)


def test_a_connection_that_broke_is_made_anew(tmp_path: Path) -> None:
    with imap_server() as box:
        found = source(box, tmp_path, idle=False)
        cursor = found.fetch({}).cursor
        assert found._mailbox
        found._mailbox.client.shutdown()
        with pytest.raises(Transient):
            found.fetch(cursor)
        box.deliver(mail("Eins", "Text"))
        assert [each.title for each in found.fetch(cursor).articles] == ["Eins"]
        found.close()


def test_tls_is_checked_and_works_with_the_authority_that_was_named(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(trusted)
    with imap_server(trusted) as box:
        box.deliver(mail("Eins", "Text"))
        found = source(box, tmp_path, tls="tls", ca_file="ca.pem", idle=False)
        assert [each.title for each in found.fetch({}).articles] == ["Eins"]
        found.close()
        with pytest.raises(Permanent, match="cannot be trusted"):
            source(box, tmp_path, tls="tls").fetch({})


def test_a_server_that_speaks_no_tls_or_nothing_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with imap_server() as box, pytest.raises(Permanent, match="no TLS from the first byte on: try tls: starttls, or none"):
        source(box, tmp_path, tls="tls").fetch({})
    monkeypatch.setattr(imap, "TIMEOUT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(Transient, match=r"did not answer within 0\.2 s"):
        box = MailServer()
        box.port = silent.getsockname()[1]
        source(box, tmp_path).fetch({})


def test_wrong_passwords_and_folders_say_what_to_correct(tmp_path: Path) -> None:
    with imap_server() as box:
        with pytest.raises(Permanent, match="has no folder 'Archiv'"):
            source(box, tmp_path, folder="Archiv").fetch({})
        wrong = source(box, tmp_path)
        (tmp_path / "password").write_text("falsch")
        with pytest.raises(Permanent, match="refuses the user or the password") as refused:
            wrong.fetch({})
        assert "falsch" not in str(refused.value)


def test_large_mails_and_other_senders_are_reported_and_the_rest_is_read(tmp_path: Path) -> None:
    with imap_server() as box:
        box.deliver(mail("Groß", "x" * 5_000))
        box.deliver(mail("Fremd", "Text", sender="werbung@spam.example"))
        box.deliver(mail("Eins", "Text", sender="Brief <brief@news.example.org>"))
        found = source(box, tmp_path, max_bytes=1_000, senders=["example.org"], idle=False)
        batch = found.fetch({})
        found.close()
    assert [each.title for each in batch.articles] == ["Eins"] and batch.articles[0].source.site == "news.example.org"
    assert [(each.reason, each.subject) for each in batch.unreadable] == [("too_large", "INBOX/1"), ("invalid", "INBOX/2")]
    assert "5," in batch.unreadable[0].detail and "werbung@spam.example is not among the senders" in batch.unreadable[1].detail
    assert any(each.startswith("EXAMINE") for each in box.commands) and not any(
        each.startswith(("SELECT", "UID STORE")) for each in box.commands
    )


def test_a_mailbox_that_was_numbered_anew_is_read_again_and_the_ids_stay(tmp_path: Path) -> None:
    with imap_server() as box:
        box.deliver(mail("Eins", "Text"))
        found = source(box, tmp_path, idle=False)
        first = found.fetch({})
        box.uidvalidity = 8
        again = found.fetch(first.cursor)
        found.close()
    assert [each.id for each in again.articles] == [each.id for each in first.articles] and again.cursor["uidvalidity"] == 8


def test_html_is_preferred_and_attachments_are_not_read() -> None:
    letter = MIMEMultipart("mixed")
    letter["Subject"], letter["From"], letter["Message-ID"] = "Müll & mehr", "Der Brief <brief@example.org>", "<1@example.org>"
    letter["Date"], letter["Archived-At"] = "Fri, 20 Nov 2026 11:58:00 +0100", "<https://example.org/brief/1>"
    attached = MIMEText("Anhang", "html", "utf-8")
    attached.add_header("Content-Disposition", "attachment", filename="a.html")
    for part in (attached, MIMEText("Nur Text", "plain", "utf-8"), MIMEText("<p>Über Brücken</p>", "html", "iso-8859-1")):
        letter.attach(part)
    item, encoding = _mail_item.read(letter.as_bytes())
    assert (item.title, item.body, item.markup, encoding) == (
        "Müll &amp; mehr",
        "<p>Über Brücken</p>",
        "html",
        "iso-8859-1",
    ) or encoding == "cp1252"
    assert (item.guid, item.url, item.published) == ("1@example.org", "https://example.org/brief/1", "Fri, 20 Nov 2026 11:58:00 +0100")


def test_a_password_is_neither_written_out_nor_sent_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(pydantic.ValidationError, match="could be read on its way"):
        imap.Options(host="mail.example.org", user="a", password="${env:A}", tls="none")
    with pytest.raises(pydantic.ValidationError, match="should match pattern"):
        imap.Options(host="mail.example.org", user="a", password="geheim")


LETTER = mail(
    "=?utf-8?q?Br=C3=BCcke?=",
    "--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Text</p>\r\n--x--",
    Content_Type='multipart/mixed; boundary="x"',
)


# 600 inputs at every run; 25,000 were tried by hand on 2026-11-21.
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 20), st.binary(max_size=10)), min_size=1, max_size=5))
def test_damaged_mails_end_in_an_item_or_a_reason(cuts: list[tuple[int, int, bytes]]) -> None:
    data = LETTER
    for at, length, put in cuts:
        data = data[:at] + put + data[at + length :]
    try:
        item, _ = _mail_item.read(data)
        assert isinstance(item, Item)
    except Permanent as error:
        assert error.reason in set(Rejection)


@pytest.mark.parametrize(
    "hostile",
    [
        b"Subject: " + b"=?utf-8?q?a?= " * 100_000 + b"\r\n\r\nText",
        b"From: " + b"a,<" * 100_000 + b"\r\n\r\nText",
        b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (level, level) for level in range(3_000)),
        b"Content-Type: " + b"x;" * 200_000 + b"\r\n\r\nText",
    ],
    ids=["subject", "from", "nested", "parameters"],
)
def test_hostile_mails_take_no_time(hostile: bytes) -> None:
    began = time.monotonic()
    try:
        _mail_item.sender_address(hostile)
        _mail_item.read(hostile)
    except Permanent as error:
        assert error.reason == "unreadable"
    assert time.monotonic() - began < 10
