"""Posts each alert as a signed JSON event to a URL.

The body is a CloudEvents 1.0 envelope; the headers follow Standard Webhooks, so that receivers can check them with existing libraries:
`webhook-id` (the notification id, also as `Idempotency-Key`: the same for every attempt), `webhook-timestamp` (seconds), and
`webhook-signature` = `v1,` + base64 of the HMAC-SHA256 over `id.timestamp.body`. A receiver that remembers the id gets everything once.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from pipeline.errors import BadConfiguration, GiveUp, Problem
from pipeline.notifiers._post import Poster, json_body
from pipeline.outgoing.address import Allowance
from pipeline.plugins import Context
from pipeline.settings import secret

_REFERENCE = re.compile(r"\$\{(?:env|file):[^}]+\}")
# What is left out first when a message is too large; the link, the headline and the ids never are.
_SHORTENED = ("held", "lead", "snippet", "new_facts", "way", "clock")


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    url: SecretStr = Field(description="where to post; may hold ${env:NAME} or ${file:/path}")
    secret: SecretStr = Field(SecretStr(""), description="key of the signature, as ${env:NAME} or ${file:/path}; empty: not signed")
    headers: dict[str, SecretStr] = Field(default_factory=dict, description="further headers, such as Authorization; may hold ${env:NAME}")
    timeout_seconds: float = Field(10, gt=0, le=60, description="for one attempt as a whole")
    max_bytes: int = Field(256_000, ge=2_000, le=5_000_000, description="largest body; longer messages lose their lead and snippet")
    allow_private: list[Allowance] = Field(
        default_factory=list, description="hosts, addresses or networks that may be private, such as 127.0.0.1 or 10.0.0.0/8"
    )

    @field_validator("secret")
    @classmethod
    def _secret_is_named(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _REFERENCE.fullmatch(value.get_secret_value()):
            raise ValueError("write the secret as ${env:NAME} or ${file:/path}, not into the configuration")
        return value


class WebhookNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._context = context
        self._key = _key(secret(options.secret))
        self._headers = {name: secret(value) for name, value in options.headers.items()}
        self._max_bytes = options.max_bytes
        try:
            self._poster = Poster(secret(options.url), options.timeout_seconds, options.allow_private)
        except ValueError as error:
            raise BadConfiguration([Problem(f"receiver {context.name}", 1, 1, str(error))]) from None

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Post the event. Raises TryAgain for 408, 425, 429, 5xx and network faults, GiveUp for every other answer but 2xx."""
        body = self._body(alert)
        now = self._context.now()
        notification_id = str(alert["notification_id"])
        stamp = str(int(now.timestamp()))
        headers = {
            **self._headers,
            "content-type": "application/cloudevents+json; charset=utf-8",
            "idempotency-key": notification_id,
            "webhook-id": notification_id,
            "webhook-timestamp": stamp,
        }
        if self._key:
            headers["webhook-signature"] = signature(self._key, notification_id, stamp, body)
        self._poster.post(body, headers, now)

    def _body(self, alert: Mapping[str, Any]) -> bytes:
        event: dict[str, Any] = {
            "specversion": "1.0",
            "id": alert["notification_id"],
            "type": f"lagebild.alert.{alert['kind']}",
            "source": f"lagebild/{self._context.name}",
            "subject": alert["episode_id"],
            "time": alert.get("notified_at") or alert.get("alerted_at"),
            "datacontenttype": "application/json",
            "dataschema": alert.get("schema"),
        }
        data = dict(alert)
        body = json_body({**event, "data": data})
        for name in _SHORTENED:
            if len(body) <= self._max_bytes:
                return body
            data.pop(name, None)
            body = json_body({**event, "data": data | {"shortened": True}})
        if len(body) > self._max_bytes:
            raise GiveUp(f"the message has {len(body):,} bytes without its lead and snippet, max_bytes allows {self._max_bytes:,}")
        return body


def create(options: Options, context: Context) -> WebhookNotifier:
    return WebhookNotifier(options, context)


def signature(key: bytes, notification_id: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature`."""
    signed = f"{notification_id}.{stamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def _key(text: str) -> bytes:
    """The key's bytes: base64 after `whsec_`, as Standard Webhooks writes it, or else the text itself."""
    if text.startswith("whsec_"):
        try:
            return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return text.encode()
    return text.encode()
