"""Sends to a Matrix room, in one thread per episode. The transaction id is the notification's: the homeserver takes each message once.

================================  ==============================================
answer                            effect
================================  ==============================================
200 with an `event_id`            taken
200 without                       again: that was not a homeserver
408, 425, 429, 5xx, no answer     again, after Retry-After or `retry_after_ms`
other (M_FORBIDDEN …)             given up
================================  ==============================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import Field

from pipeline.errors import TryAgain
from pipeline.located import ALLOWED
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, Taken, checked_json, json_body, poster_for, said
from pipeline.notifiers._secrets import NamedSecret, resolved
from pipeline.notifiers._threads import Threads
from pipeline.plugins import Context
from pipeline.rendering import MATRIX, PLAIN, body
from pipeline.section_types import Names

# An event may have 65,536 bytes (Matrix specification, size limits); the text stands in it twice.
_BYTES = 24_000

EXAMPLE = {"homeserver": "https://matrix.example.org", "room": "!AbCdEf:example.org", "token": "${env:MATRIX_TOKEN}"}


class Options(PostOptions):
    homeserver: str = Field(description="address of the homeserver's client API, such as https://matrix.example.org")
    room: str = Field(
        pattern=r"^![\x21-\x7e]{1,254}$",
        examples=["!AbCdEf:example.org"],
        description="id of the room, beginning with ! (not an alias with #)",
        json_schema_extra={ALLOWED: "it must be the id of a room, which begins with !, for example !AbCdEf:example.org"},
    )
    token: NamedSecret = Field(description="access token of the user that writes, as ${env:NAME} or ${file:/path}")
    threads: Annotated[str, Names.WRITTEN] = Field(
        "", description="a file that keeps the threads over a restart, relative to the configuration"
    )


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The content of the `m.room.message` event, as JSON."""
    whole = body(alert, MATRIX, _BYTES, _bytes)
    return {
        "msgtype": "m.text",
        # An unseen blank behind "@", as in the HTML: "@room" in the text rings everybody with older clients.
        "body": body(whole.alert, PLAIN, _BYTES, _bytes).text.replace("@", "@\u200b"),
        "format": "org.matrix.custom.html",
        "formatted_body": whole.text.replace("\n", "<br>"),
        "m.mentions": {},
    }


def _bytes(text: str) -> int:
    return len(json_body(text))


class MatrixNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._headers = {**JSON_HEADERS, "authorization": f"Bearer {resolved(options.token, context.name, 'the token')}"}
        self._threads = Threads(context.folder / options.threads if options.threads else None)
        self._poster = poster_for(options.homeserver.rstrip("/"), options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Send the event. Raises TryAgain or GiveUp as the module's table says."""
        found = payload(alert, self._options)
        episode_id = str(alert.get("episode_id", ""))
        if first := self._threads.of(episode_id):
            found["m.relates_to"] = {
                "rel_type": "m.thread", "event_id": first, "is_falling_back": True, "m.in_reply_to": {"event_id": first},
            }  # fmt: skip
        room, transaction = quote(self._options.room, safe=""), quote(str(alert["notification_id"]), safe="")
        answer = self._poster.post(
            json_body(found),
            self._headers,
            self._context.now(),
            method="PUT",
            below=f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{transaction}",
            asked=_asked,
        )
        event_id = checked_json(self._poster, answer).get("event_id")
        if not isinstance(event_id, str):
            raise TryAgain(f"{self._poster.host} answered {answer.status} without an event_id: that was not a homeserver")
        self._threads.remember(episode_id, event_id)
        return f"event {event_id}"


def _asked(answer: bytes) -> float | None:
    milliseconds = (said(Taken(0, {}, answer)) or {}).get("retry_after_ms")
    return milliseconds / 1_000 if isinstance(milliseconds, int | float) and milliseconds > 0 else None


def create(options: Options, context: Context) -> MatrixNotifier:
    return MatrixNotifier(options, context)
