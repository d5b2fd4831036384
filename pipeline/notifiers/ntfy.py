"""Publishes to an ntfy topic, as JSON and plain text: pushes to phones without a vendor account.

================================  ===================================
answer                            effect
================================  ===================================
200 with an `id`                  taken
200 without                       again: that was not ntfy
408, 425, 429, 5xx, no answer     again, after Retry-After
other                             given up
================================  ===================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field, SecretStr

from pipeline.errors import TryAgain
from pipeline.notifiers._login import LoginOptions, login
from pipeline.notifiers._post import JSON_HEADERS, checked_json, json_body, poster_for
from pipeline.notifiers._secrets import resolved
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, body, subject
from pipeline.rendering.cleaning import links_of, web_address
from pipeline.rendering.words import words_for

# ntfy turns a message above 4,096 bytes into an attached file (its default, per the vendor's documentation).
_BYTES = 4_000
_PRIORITIES = {"critical": 5, "high": 4, "medium": 3, "low": 2, "info": 1}

EXAMPLE = {"topic": "${env:NTFY_TOPIC}"}


class Options(LoginOptions):
    url: str = Field("https://ntfy.sh", description="address of the ntfy server")
    topic: SecretStr = Field(description="name of the topic; on a public server it is a password, so write it as ${env:NAME} there")


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What is published, as JSON, but for the topic."""
    found: dict[str, Any] = {
        "title": subject(alert),
        "message": body(alert, PLAIN, _BYTES, lambda text: len(text.encode("utf-8", "replace"))).text,
        "priority": _PRIORITIES.get(str(alert.get("severity", "")), 3),
        "markdown": False,
    }
    if url := web_address(alert.get("url", "")):
        found["click"] = url
    if acknowledge := links_of(alert).get("acknowledge"):
        found["actions"] = [{"action": "view", "label": words_for(alert).of("link.acknowledge"), "url": acknowledge, "clear": True}]
    return found


class NtfyNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._topic = resolved(options.topic, context.name, "the topic")
        self._headers = {**JSON_HEADERS, **login(options, context)}
        self._poster = poster_for(options.url, options, context, 20_000)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Publish the message. Raises TryAgain or GiveUp as the module's table says."""
        found = {"topic": self._topic, **payload(alert, self._options)}
        answer = self._poster.post(json_body(found), self._headers, self._context.now())
        told = checked_json(self._poster, answer)
        if "id" not in told:
            raise TryAgain(f"{self._poster.host} answered {answer.status} without an id: that was not ntfy")
        return f"id {told['id']}"


def create(options: Options, context: Context) -> NtfyNotifier:
    return NtfyNotifier(options, context)
