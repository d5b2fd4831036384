"""Newsletters in a mailbox: read over IMAP, told by IDLE when one arrives. The mailbox is not changed."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from connectors import _mail_item
from connectors._item import article_of, site_of
from pipeline.article import Article, Source
from pipeline.errors import Permanent, Transient
from pipeline.outcome import Rejection
from pipeline.plugins import Batch, Context, Unreadable
from pipeline.section_types import Names, SecretReference
from pipeline.settings import secret

BATCH_MAILS = 50
TIMEOUT_SECONDS = 30.0
IDLE_SECONDS = 20.0
FIRST_BYTES = 100_000
# What OpenSSL 3 calls an answer in clear (seen 2026-11-22 with the greeting of an IMAP server).
_NO_TLS = "WRONG_VERSION_NUMBER"
_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,12})")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Options(BaseModel):
    """A mailbox that receives newsletters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str = Field(min_length=1, description="the mail server")
    port: int = Field(993, ge=1, le=65_535, description="its IMAP port")
    tls: Literal["tls", "starttls", "none"] = Field("tls", description="tls, starttls, or none, which is allowed on this machine only")
    ca_file: Annotated[str, Names.AUTHORITIES] = Field(
        "", description="PEM file of the authority that signed the server's certificate; default: the system's"
    )
    user: str = Field(min_length=1, description="the mailbox's user")
    password: SecretReference = Field(min_length=1, description="the password, as ${env:NAME} or ${file:/path}")
    folder: str = Field("INBOX", description="the folder to read")
    senders: list[str] = Field(
        default_factory=list, description="addresses or domains whose mail is read, such as example.org; others are rejected. Default: all"
    )
    since_days: int = Field(7, ge=1, le=3_650, description="at the first look, mail of so many days is read")
    max_bytes: int = Field(5_000_000, ge=1_000, le=50_000_000, description="largest mail, attachments included")
    idle: bool = Field(True, description="let the server tell at once of new mail, where it can; otherwise it is asked every every_seconds")
    site: str = Field("", description="the publisher's host; default: the domain of the sender")

    @pydantic.model_validator(mode="after")
    def _passwords_are_not_sent_in_the_clear(self) -> Options:
        if self.tls == "none" and self.host not in ("127.0.0.1", "::1", "localhost"):
            raise ValueError("without TLS the password could be read on its way: use tls or starttls")
        return self


def create(options: Options, context: Context) -> Imap:
    return Imap(options, context)


class Imap:
    """One folder. The cursor: its UIDVALIDITY and the highest UID that was read."""

    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._mailbox: BaseMailBox | None = None
        self.listens = options.idle

    def fetch(self, cursor: Mapping[str, Any]) -> Batch:
        """The next mails, `BATCH_MAILS` at most; when there are none, waits up to `IDLE_SECONDS` for the server to tell of one.

        Raises Transient when the server is away, Permanent when it refuses the user or the folder.
        """
        with self._faults_named():
            mailbox, validity = self._opened()
            uids = self._new(mailbox, cursor, validity)
            can_idle = self._options.idle and "IDLE" in mailbox.client.capabilities
            if not uids and can_idle and cursor.get("uidvalidity") == validity:
                mailbox.idle.wait(IDLE_SECONDS)
                uids = self._new(mailbox, cursor, validity)
            batch = self._read(mailbox, uids[:BATCH_MAILS])
        last = max((*uids[:BATCH_MAILS], int(cursor.get("uid", 0)) if cursor.get("uidvalidity") == validity else 0))
        return Batch(
            batch.articles, {"uidvalidity": validity, "uid": last}, 0 if can_idle else None, batch.unreadable, len(uids) > BATCH_MAILS
        )

    def close(self) -> None:
        """Leave the server."""
        mailbox, self._mailbox = self._mailbox, None
        if mailbox:
            try:
                mailbox.client.shutdown()
            except OSError:
                return

    @contextmanager
    def _faults_named(self) -> Iterator[None]:
        place = f"the mailbox {self._options.user} at {self._options.host}:{self._options.port}"
        try:
            yield
        except MailboxLoginError as error:
            self.close()
            raise Permanent(Rejection.INVALID, f"{place} refuses the user or the password: correct them") from error
        except MailboxFolderSelectError as error:
            self.close()
            raise Permanent(Rejection.INVALID, f"{place} has no folder {self._options.folder!r}: correct the option folder") from error
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise Permanent(Rejection.INVALID, f"{place} shows a certificate that cannot be trusted: {error.verify_message}") from error
        except ssl.SSLError as error:
            self.close()
            if error.reason != _NO_TLS:
                raise Transient(f"{place} breaks off TLS: {error.reason or error}"[:400]) from error
            raise Permanent(Rejection.INVALID, f"{place} speaks no TLS from the first byte on: try tls: starttls, or none") from error
        except TimeoutError as error:
            self.close()
            raise Transient(f"{place} did not answer within {TIMEOUT_SECONDS:g} s", kind="timeout") from error
        except (ImapToolsError, imaplib.IMAP4.error, OSError, UnicodeError) as error:
            self.close()
            raise Transient(f"{place} cannot be read: {error or type(error).__name__}"[:400]) from error

    def _opened(self) -> tuple[BaseMailBox, int]:
        if self._mailbox is None:
            self._mailbox = self._connected()
            self._mailbox.login(self._options.user, secret(SecretStr(self._options.password)), None)
        # Selecting it again each time also tells whether the connection still stands.
        self._mailbox.folder.set(self._options.folder, readonly=True)
        _, found = self._mailbox.client.response("UIDVALIDITY")
        return self._mailbox, int(found[0]) if found and found[0] else 0

    def _connected(self) -> BaseMailBox:
        options = self._options
        if options.tls == "none":
            return MailBoxUnencrypted(options.host, options.port, timeout=TIMEOUT_SECONDS)
        trusted = ssl.create_default_context(cafile=str(Path(self._context.folder) / options.ca_file) if options.ca_file else None)
        kind = MailBox if options.tls == "tls" else MailBoxStartTls
        return kind(options.host, options.port, timeout=TIMEOUT_SECONDS, ssl_context=trusted)

    def _new(self, mailbox: BaseMailBox, cursor: Mapping[str, Any], validity: int) -> list[int]:
        """The UIDs that were not read yet, in the order of their arrival. Another UIDVALIDITY means that the server has numbered anew."""
        last = int(cursor.get("uid", 0)) if cursor.get("uidvalidity") == validity else 0
        day = self._context.now() - timedelta(days=self._options.since_days)
        wanted = f"UID {last + 1}:*" if last else f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}"
        status, found = mailbox.client.uid("SEARCH", wanted)
        if status != "OK":
            raise imaplib.IMAP4.error(f"SEARCH answers {status}")
        numbers = (found[0] or b"").split() if found else []
        # "5:*" names the last mail even when its number is smaller.
        return sorted(uid for each in numbers if each.isdigit() and len(each) < 12 and (uid := int(each)) > last)

    def _read(self, mailbox: BaseMailBox, uids: list[int]) -> Batch:
        articles: list[Article] = []
        unreadable: list[Unreadable] = []
        for uid in uids:
            # A part of the mail is asked for, so that a large one is not sent in full.
            _, found = mailbox.client.uid("FETCH", str(uid), f"(RFC822.SIZE BODY.PEEK[]<0.{self._options.max_bytes + 1}>)")
            answered = next((each for each in found or () if isinstance(each, tuple)), None)
            if answered is None:
                continue  # deleted since it was listed
            try:
                articles.append(self._article(answered[0], answered[1]))
            except Permanent as error:
                subject = f"{self._options.folder}/{uid}"
                unreadable.append(Unreadable(subject, error.reason, f"{subject}: {error}", answered[1][:FIRST_BYTES]))
        return Batch(tuple(articles), {}, None, tuple(unreadable))

    def _article(self, about: bytes, data: bytes) -> Article:
        size = _SIZE.search(about)
        if len(data) > self._options.max_bytes:
            bytes_said = int(size[1]) if size else len(data)
            why = f"the mail has {bytes_said:,} bytes and {self._options.max_bytes:,} are read at most: raise max_bytes"
            raise Permanent(Rejection.TOO_LARGE, why)
        address = _mail_item.sender_address(data)
        if not self._is_expected(address):
            raise Permanent(Rejection.INVALID, f"{address or 'somebody without an address'} is not among the senders of this source")
        item, encoding = _mail_item.read(data)
        if item.is_empty:
            raise Permanent(Rejection.EMPTY, "the mail has neither a subject nor a text")
        site = self._options.site or site_of(f"https://{address.rpartition('@')[2]}/") or self._context.name
        source = Source(id=self._context.name, connector="imap", site=site)
        return article_of(item, source, guid=item.guid, encoding=encoding, fetched_at=self._context.now())

    def _is_expected(self, address: str) -> bool:
        wanted = [each.lower().removeprefix("@") for each in self._options.senders]
        domain = address.rpartition("@")[2]
        return not wanted or any(address == each or domain == each or domain.endswith(f".{each}") for each in wanted)
