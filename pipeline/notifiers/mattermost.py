"""Posts to a Mattermost incoming webhook, in Markdown with everything of an article escaped. Rocket.Chat takes the same message.

=================================  =================================
answer                             effect
=================================  =================================
200 `ok`, `{"success": true}`      taken
200 `{"success": false}`           given up
200 with a web page                again: that was not Mattermost
408, 425, 429, 5xx, no answer      again, after Retry-After
other                              given up
=================================  =================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, json_body, poster_for, said
from pipeline.notifiers._secrets import SecretAddress, resolved
from pipeline.outgoing.answer import one_line
from pipeline.plugins import Context
from pipeline.rendering import MATTERMOST, body

EXAMPLE = {"url": "${env:MATTERMOST_WEBHOOK_URL}"}


class Options(PostOptions):
    url: SecretAddress = Field(description="address of the incoming webhook, from ${env:NAME} or ${file:/path}")
    channel: str = Field("", max_length=100, description="another channel than the webhook's own, where it allows that")
    max_characters: int = Field(
        4_000, ge=500, le=16_000, description="longest message: 4,000 by Mattermost's default, 1,000 for Rocket.Chat"
    )


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What is sent to Mattermost, as JSON."""
    found = {"text": body(alert, MATTERMOST, options.max_characters).text}
    return {**found, "channel": options.channel} if options.channel else found


class MattermostNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._poster = poster_for(resolved(options.url, context.name, "the url"), options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Post the message. Raises TryAgain or GiveUp as the module's table says."""
        answer = self._poster.post(json_body(payload(alert, self._options)), JSON_HEADERS, self._context.now())
        told = said(answer)
        if told is not None and told.get("success", told.get("ok", True)) is False:
            raise GiveUp(f"{self._poster.host} refused the message: {one_line(answer.body)}")
        if answer.body.lstrip()[:1] == b"<":
            raise TryAgain(f"{self._poster.host} answered {answer.status} with a web page instead of ok")
        return answer.words


def create(options: Options, context: Context) -> MattermostNotifier:
    return MattermostNotifier(options, context)
