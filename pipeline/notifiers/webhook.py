"""Posts each alert as a signed JSON event to a URL.

The body is a CloudEvents 1.0 envelope; the headers follow Standard Webhooks, so that receivers can check them with existing libraries:
`webhook-id` (the notification id, also as `Idempotency-Key`: the same for every attempt), `webhook-timestamp` (seconds), and
`webhook-signature` = `v1,` + base64 of the HMAC-SHA256 over `id.timestamp.body`. A receiver that remembers the id gets everything once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SecretStr, field_validator

from pipeline.errors import GiveUp
from pipeline.notifiers._post import PostOptions, json_body, poster_for
from pipeline.notifiers._secrets import NamedSecret, literal_secret
from pipeline.plugins import Context
from pipeline.settings import secret
from pipeline.signing import key_of, signature

# What is left out first when a message is too large; the link, the headline and the ids never are.
_SHORTENED = ("items", "held", "lead", "snippet", "new_facts", "way", "clock")

EXAMPLE = {"url": "https://hooks.example.org/news", "secret": "${env:WEBHOOK_SECRET}"}


class Options(PostOptions):
    url: SecretStr = Field(description="where to post; may hold ${env:NAME} or ${file:/path}")
    secret: NamedSecret = Field(SecretStr(""), description="key of the signature, as ${env:NAME} or ${file:/path}; empty: not signed")
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="further headers; one that is a secret, such as Authorization, as ${env:NAME}"
    )
    max_bytes: int = Field(256_000, ge=2_000, le=5_000_000, description="largest body; longer messages lose their lead and snippet")

    @field_validator("headers")
    @classmethod
    def _secrets_are_named(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        if literal := [name for name, text in value.items() if literal_secret(name, text)]:
            raise ValueError(f"write the value of {literal[0][:50]} as ${{env:NAME}} or ${{file:/path}}, not into the configuration")
        return value


def payload(alert: Mapping[str, Any], options: Options, receiver: str = "") -> dict[str, Any]:
    """The event, as JSON, shortened to `max_bytes` where that is possible. `receiver` is the receiver's name, its source."""
    data = {name: value for name, value in alert.items() if name != "template_source"}
    event: dict[str, Any] = {
        "specversion": "1.0",
        "id": alert["notification_id"],
        "type": f"lagebild.alert.{alert['kind']}",
        "source": f"lagebild/{receiver}",
        "subject": alert["episode_id"],
        "time": alert.get("notified_at") or alert.get("alerted_at"),
        "datacontenttype": "application/json",
        "dataschema": alert.get("schema"),
        "data": data,
    }
    for name in _SHORTENED:
        if len(json_body(event)) <= options.max_bytes:
            break
        data.pop(name, None)
        data["shortened"] = True
    return event


class WebhookNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._context = context
        self._key = key_of(secret(options.secret))
        self._headers = {name: secret(value) for name, value in options.headers.items()}
        self._options = options
        self._poster = poster_for(secret(options.url), options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
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
        return self._poster.post(body, headers, now).words

    def _body(self, alert: Mapping[str, Any]) -> bytes:
        body = json_body(payload(alert, self._options, self._context.name))
        if len(body) > self._options.max_bytes:
            raise GiveUp(f"the message has {len(body):,} bytes without its lead and snippet, max_bytes allows {self._options.max_bytes:,}")
        return body


def create(options: Options, context: Context) -> WebhookNotifier:
    return WebhookNotifier(options, context)
