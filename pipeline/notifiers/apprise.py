"""Sends through Apprise, for every channel that has no notifier of its own (Signal, Threema, Discord, Pushover, SMS providers …).

Apprise connects by itself: it resolves names again and follows redirects, so the guard against private addresses can only look beforehand at the
host that the address names. Where that is not enough, use the webhook notifier. Apprise says only whether it worked: a refusal for ever looks like
a passing one.

=====================================  ==========
what Apprise says                      effect
=====================================  ==========
true                                   taken
false, or it raises                    again
a private host that is not allowed     given up
=====================================  ==========
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from pipeline.errors import BadConfiguration, GiveUp, Problem, TryAgain
from pipeline.notifiers._post import PostOptions
from pipeline.notifiers._secrets import SecretAddress, resolved
from pipeline.outgoing.address import Guard
from pipeline.outgoing.network import resolve
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, body, subject

_TYPES = {"critical": "failure", "high": "failure", "medium": "warning", "low": "info", "info": "info"}

EXAMPLE = {"url": "${env:APPRISE_URL}"}


class Options(PostOptions):
    url: SecretAddress = Field(description="Apprise's address of the service, such as signal://…, from ${env:NAME} or ${file:/path}")
    allowed_hosts: list[str] = Field(
        default_factory=list,
        description="the only hosts that the address may name; empty: any public host. Apprise connects by itself, follows redirects and "
        "resolves names again, so private addresses are refused only as far as the address itself shows them",
    )
    max_characters: int = Field(2_000, ge=300, le=50_000, description="longest text; a service that takes less gets less")


def payload(alert: Mapping[str, Any], options: Options, max_characters: int = 0) -> dict[str, Any]:
    """What Apprise is asked to send: `max_characters` is what the service takes, where it says so."""
    limit = min(options.max_characters, max_characters or options.max_characters)
    text = body(alert, PLAIN, limit).text
    return {
        # An unseen blank behind each "@", because many services read mentions.
        "title": subject(alert).replace("@", "@\u200b"),
        "body": text.replace("@", "@\u200b"),
        "notify_type": _TYPES.get(str(alert.get("severity", "")), "info"),
        "body_format": "text",
    }


class AppriseNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        library = _library(context)
        self._sender = library.Apprise(
            asset=library.AppriseAsset(app_id="Lagebild", secure_logging=True, plugin_paths=[], storage_mode="memory")
        )
        url = resolved(options.url, context.name, "the url")
        if not self._sender.add(url) or len(self._sender) != 1:
            raise BadConfiguration([Problem(f"receiver {context.name}", 1, 1, "the url is none that Apprise knows, or lacks a part")])
        self._service = self._sender[0]
        self._service.socket_connect_timeout = self._service.socket_read_timeout = options.timeout_seconds
        self._guard = Guard(options.allow_private)

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Send the message. Raises TryAgain or GiveUp as the module's table says."""
        self._check_host()
        longest = int(getattr(self._service, "body_maxlen", 0) or 0)
        try:
            taken = self._sender.notify(**payload(alert, self._options, longest))
        except Exception as error:  # whatever one of its hundred services raises; its words may hold the address
            raise TryAgain(f"Apprise failed: {type(error).__name__}") from None
        if not taken:
            raise TryAgain(
                f"Apprise could not deliver through {getattr(self._service, 'service_name', 'the service')}; its own log says why"
            )

    def _check_host(self) -> None:
        host = str(getattr(self._service, "host", "") or "")
        if self._options.allowed_hosts and host not in self._options.allowed_hosts:
            raise GiveUp("the address names a host that is not among the receiver's allowed_hosts")
        if not host:
            return
        try:
            found = resolve(host, int(getattr(self._service, "port", None) or 443))
        except (OSError, UnicodeError):
            return  # for many services that part of the address is no host, but a key
        if refused := self._guard.first_refused(host, found):
            raise GiveUp(f"{host} leads to {refused}, which is not on the open internet; if that is meant, add {host} to allow_private")


def _library(context: Context) -> Any:
    # At lower levels both write the whole address, which is a secret.
    logging.getLogger("apprise").setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.WARNING)
    try:
        return importlib.import_module("apprise")
    except ImportError:
        problem = "the notifier apprise needs the package apprise, which is not installed: pip install 'lagebild[apprise]'"
        raise BadConfiguration([Problem(f"receiver {context.name}", 1, 1, problem)]) from None


def create(options: Options, context: Context) -> AppriseNotifier:
    return AppriseNotifier(options, context)
