"""Posts to Prometheus Alertmanager (`/api/v2/alerts`), for sites that route with it. Its labels never change within an episode, so that
Alertmanager sees one alert; `endsAt` lets it end by itself.

================================  ===================================
answer                            effect
================================  ===================================
200                               taken
408, 425, 429, 5xx, no answer     again, after Retry-After
other (400 …)                     given up
================================  ===================================
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field, SecretStr

from pipeline.notifiers._login import LoginOptions, login
from pipeline.notifiers._post import JSON_HEADERS, json_body, poster_for
from pipeline.notifiers._secrets import NamedSecret
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, body, subject
from pipeline.rendering.cleaning import links_of, one_line, web_address

_TEXT_CHARACTERS = 20_000

EXAMPLE = {"url": "http://alertmanager.example.org:9093"}


class Options(LoginOptions):
    url: str = Field(description="address of Alertmanager, without /api/v2/alerts")
    token: NamedSecret = Field(SecretStr(""), description="bearer token of a proxy before it, as ${env:NAME} or ${file:/path}")
    hold_seconds: int = Field(86_400, ge=60, description="how long after its last message an alert stays active there")
    labels: dict[str, str] = Field(default_factory=dict, description="further labels for the routing there, such as team: desk")


def payload(alert: Mapping[str, Any], options: Options) -> list[dict[str, Any]]:
    """The list of one alert, as JSON."""
    at = _instant(alert.get("notified_at")) or _instant(alert.get("alerted_at")) or datetime.fromtimestamp(0, UTC)
    ended = alert.get("kind") == "resolved"
    labels = {
        "alertname": one_line(alert.get("rule_id", "")) or "lagebild",
        "severity": one_line(alert.get("severity", "")) or "info",
        "episode": one_line(alert.get("episode_id", "")) or one_line(alert.get("notification_id", "")),
        "job": "lagebild",
        **options.labels,
    }
    annotations = {
        "summary": subject(alert),
        "description": body(alert, PLAIN, _TEXT_CHARACTERS).text,
        "url": web_address(alert.get("url", "")),
        "notification": one_line(alert.get("notification_id", "")),
        "runbook_url": links_of(alert).get("runbook", ""),
    }
    return [
        {
            "labels": labels,
            "annotations": {name: text for name, text in annotations.items() if text},
            "startsAt": str(alert.get("alerted_at") or at.isoformat()),
            "endsAt": (at if ended else at + timedelta(seconds=options.hold_seconds)).isoformat(),
            "generatorURL": links_of(alert).get("episode") or web_address(alert.get("url", "")),
        }
    ]


def _instant(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None


class AlertmanagerNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._headers = {**JSON_HEADERS, **login(options, context)}
        self._poster = poster_for(options.url.rstrip("/"), options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Post the alert. Raises TryAgain or GiveUp as the module's table says."""
        answer = self._poster.post(json_body(payload(alert, self._options)), self._headers, self._context.now(), below="/api/v2/alerts")
        return answer.words


def create(options: Options, context: Context) -> AlertmanagerNotifier:
    return AlertmanagerNotifier(options, context)
