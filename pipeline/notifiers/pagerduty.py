"""Sends events to PagerDuty (Events API v2). The `dedup_key` is the episode: PagerDuty gathers its messages into one incident.

================================  ===============================================
answer                            effect
================================  ===============================================
202 `{"status": "success"}`       taken
202 with another status           given up, with PagerDuty's words
another 2xx                       again: PagerDuty itself answers 202
408, 425, 429, 5xx, no answer     again, after Retry-After
other (400 invalid event …)       given up
================================  ===============================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, json_body, poster_for, said
from pipeline.notifiers._secrets import NamedSecret, resolved
from pipeline.outgoing.answer import one_line
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, body, subject
from pipeline.rendering.cleaning import links_of, web_address
from pipeline.rendering.cleaning import one_line as clean
from pipeline.rendering.words import words_for

_SUMMARY_CHARACTERS = 1_024
_DEDUP_KEY_CHARACTERS = 255
# An event may have 512 KB (per the vendor's documentation); nobody reads that on a phone.
_DETAIL_CHARACTERS = 20_000
_SEVERITIES = {"critical": "critical", "high": "error", "medium": "warning", "low": "info", "info": "info"}
_ACTIONS = {"resolved": "resolve", "acknowledged": "acknowledge"}

EXAMPLE = {"routing_key": "${env:PAGERDUTY_ROUTING_KEY}"}


class Options(PostOptions):
    routing_key: NamedSecret = Field(description="integration key of the service, as ${env:NAME} or ${file:/path}")
    url: str = Field("https://events.pagerduty.com/v2/enqueue", description="address of the Events API; accounts in the EU have another")


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The event, as JSON, but for the routing key. A message that says `resolved` or `acknowledged` does that to the incident."""
    key = (clean(alert.get("episode_id", "")) or clean(alert.get("notification_id", "")))[:_DEDUP_KEY_CHARACTERS]
    action = _ACTIONS.get(str(alert.get("kind", "")), "trigger")
    if action != "trigger":
        return {"event_action": action, "dedup_key": key}
    return {"event_action": action, "dedup_key": key, "client": "Lagebild", "payload": _incident(alert), "links": _links(alert)}


def _incident(alert: Mapping[str, Any]) -> dict[str, Any]:
    source = alert.get("source") or {}
    whole = body(alert, PLAIN, _DETAIL_CHARACTERS)
    found = {
        "summary": subject(alert)[:_SUMMARY_CHARACTERS],
        "source": clean(source.get("name", "")) or "Lagebild",
        "severity": _SEVERITIES.get(str(alert.get("severity", "")), "warning"),
        "component": clean(alert.get("rule_id", "")),
        "group": clean(alert.get("story_id", "")),
        "class": clean(alert.get("kind", "")),
        "timestamp": alert.get("alerted_at"),
        "custom_details": {"message": whole.text, "headline": clean(whole.alert.get("headline", "")), "articles": alert.get("members", 1)},
    }
    return {name: value for name, value in found.items() if value}


def _links(alert: Mapping[str, Any]) -> list[dict[str, str]]:
    url = web_address(alert.get("url", ""))
    found = [{"href": url, "text": clean(alert.get("headline", ""))[:200] or words_for(alert).of("article")}] if url else []
    words = words_for(alert)
    return found + [{"href": each, "text": words.of(f"link.{name}") or clean(name)} for name, each in links_of(alert).items()]


class PagerDutyNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._routing_key = resolved(options.routing_key, context.name, "the routing key")
        self._poster = poster_for(options.url, options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Send the event. Raises TryAgain or GiveUp as the module's table says."""
        found = {"routing_key": self._routing_key, **payload(alert, self._options)}
        answer = self._poster.post(json_body(found), JSON_HEADERS, self._context.now())
        if answer.status != 202:
            raise TryAgain(f"{self._poster.host} answered {answer.status} instead of 202: that was not PagerDuty")
        told = said(answer) or {}
        if told.get("status", "success") != "success":
            raise GiveUp(f"PagerDuty refused the event: {one_line(answer.body)}")
        return f"dedup_key {told['dedup_key']}" if told.get("dedup_key") else answer.words


def create(options: Options, context: Context) -> PagerDutyNotifier:
    return PagerDutyNotifier(options, context)
