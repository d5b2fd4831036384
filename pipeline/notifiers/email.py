"""Sends e-mail over SMTP: text and HTML, an episode's messages in one thread, several recipients.

The `Message-ID` is made from episode, step and notification: every attempt has the same. The first message of an episode is the root to which
the later ones refer. Headers are set through `email.message`, from text on one line: nothing of an article can begin another header.

=========================================  ==================================================================
answer                                     effect
=========================================  ==================================================================
250 after the data                         taken
4yz anywhere, no answer, broken off        again
5yz to a recipient                         given up for that one; the others get the message
5yz elsewhere (authentication, content)    given up
=========================================  ==================================================================
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from email.message import EmailMessage
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers._letter import ADDRESS, letter
from pipeline.notifiers._post import PostOptions
from pipeline.notifiers._secrets import NamedSecret, resolved
from pipeline.notifiers._smtp import Refused, Server, deliver
from pipeline.outgoing.address import Guard
from pipeline.plugins import Context

_REMEMBERED = 500

EXAMPLE = {"host": "mail.example.org", "sender": "lagebild@example.org", "to": ["desk@example.org"]}


class Options(PostOptions):
    host: str = Field(min_length=1, max_length=253, description="the mail server; one in the own network is listed in allow_private")
    port: int = Field(587, ge=1, le=65_535, description="its port: 587 for starttls, 465 for tls, 25 for a relay")
    security: Literal["starttls", "tls", "none"] = Field("starttls", description="starttls, tls, or none for a relay nearby")
    user: str = Field("", max_length=200, description="user name, when the server wants one")
    password: NamedSecret = Field(SecretStr(""), description="password of the user, as ${env:NAME} or ${file:/path}")
    sender: str = Field(description="address that the messages come from")
    sender_name: str = Field("Lagebild", max_length=100, description="name that the messages come from")
    to: list[str] = Field(min_length=1, max_length=100, description="addresses of the recipients")
    reply_to: str = Field("", description="address that answers go to")
    timeout_seconds: float = Field(30, gt=0, le=60, description="for one attempt as a whole")
    max_bytes: int = Field(
        32_768, ge=4_000, le=1_000_000, description="largest text and HTML together; longer messages lose their snippet first"
    )

    @field_validator("sender", "reply_to", "to")
    @classmethod
    def _are_addresses(cls, value: str | list[str], about: ValidationInfo) -> str | list[str]:
        for each in [value] if isinstance(value, str) else value:
            if not each and about.field_name == "reply_to":
                continue
            if not ADDRESS.fullmatch(each):
                raise ValueError(f"{each[:100]!r} is no e-mail address: write it as name@example.org")
        return value

    @model_validator(mode="after")
    def _passwords_are_not_sent_openly(self) -> Options:
        if self.security == "none" and self.password.get_secret_value():
            raise ValueError("a password is only sent over an encrypted connection: set security to starttls or tls")
        return self


def payload(alert: Mapping[str, Any], options: Options) -> EmailMessage:
    """The message, complete with its headers."""
    return letter(
        alert, sender=(options.sender_name, options.sender), to=options.to, reply_to=options.reply_to, max_bytes=options.max_bytes
    )


class EmailNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        password = resolved(options.password, context.name, "the password")
        self._server = Server(
            host=options.host,
            port=options.port,
            security=options.security,
            client_name=options.sender.rpartition("@")[2],
            user=options.user,
            password=password,
            guard=Guard(options.allow_private),
            timeout_seconds=options.timeout_seconds,
        )
        self._lock = threading.Lock()
        self._have_it: OrderedDict[str, set[str]] = OrderedDict()

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Send the message to those who do not have it yet. Raises TryAgain or GiveUp as the module's table says."""
        notification_id = str(alert.get("notification_id", ""))
        with self._lock:
            have_it = set(self._have_it.get(notification_id, ()))
        wanted = [each for each in self._options.to if each not in have_it]
        if not wanted:
            return ""
        delivered = deliver(self._server, payload(alert, self._options), self._options.sender, wanted)
        refused = delivered.refused
        if not refused:
            with self._lock:
                self._have_it.pop(notification_id, None)
            return delivered.answer
        self._remember(notification_id, have_it | (set(wanted) - refused.keys()))
        raise self._complaint(refused, len(self._options.to))

    def _remember(self, notification_id: str, have_it: set[str]) -> None:
        with self._lock:
            self._have_it[notification_id] = have_it
            while len(self._have_it) > _REMEMBERED:
                self._have_it.popitem(last=False)

    def _complaint(self, refused: Mapping[str, Refused], count: int) -> TryAgain | GiveUp:
        words = "; ".join(f"{address}: {each}" for address, each in list(refused.items())[:5])
        if any(not each.for_ever for each in refused.values()):
            return TryAgain(f"{self._options.host} did not take the message for {len(refused)} of {count} recipients: {words}")
        others = "" if len(refused) == count else ", the others have the message"
        return GiveUp(f"{self._options.host} refuses {len(refused)} of {count} recipients{others}: {words}")


def create(options: Options, context: Context) -> EmailNotifier:
    return EmailNotifier(options, context)
