"""Sends to a Telegram chat through the Bot API, in its HTML with everything of an article escaped. Later messages of an episode answer the first.

Telegram knows no key against repeats: a message that may have been sent before says so in its text.

================================================  =======================================
answer                                            effect
================================================  =======================================
200 `{"ok": true}`                                taken
200 `{"ok": false}`, by its `error_code`          as that status
408, 425, 429, 5xx, no answer                     again, after Retry-After or `retry_after`
other (chat not found, bot was blocked …)         given up
================================================  =======================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from pipeline.errors import GiveUp, TryAgain
from pipeline.located import ALLOWED
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, Taken, checked_json, json_body, poster_for, said
from pipeline.notifiers._secrets import NamedSecret, resolved
from pipeline.notifiers._threads import Threads
from pipeline.outgoing.answer import one_line
from pipeline.plugins import Context
from pipeline.rendering import TELEGRAM, body
from pipeline.section_types import Names

_CHARACTERS = 4_096  # of UTF-16, counted here with the tags, although Telegram counts without them
_ANSWER_BYTES = 100_000  # it answers with the whole message

EXAMPLE = {"token": "${env:TELEGRAM_BOT_TOKEN}", "chat": "-1001234567890"}


class Options(PostOptions):
    token: NamedSecret = Field(description="the bot's token, as ${env:NAME} or ${file:/path}")
    chat: str = Field(
        pattern=r"^(-?\d{1,20}|@\w{1,64})$",
        examples=["-1001234567890"],
        description="id of the chat, such as -1001234567890, or @name of a public channel",
        json_schema_extra={ALLOWED: "it must be the number of a chat, or @ and the name of a public channel, for example -1001234567890"},
    )
    topic: int = Field(0, ge=0, description="id of the topic in a group that has topics; 0: none")
    api: str = Field("https://api.telegram.org", description="address of the Bot API")
    threads: Annotated[str, Names.WRITTEN] = Field(
        "", description="a file that keeps what to answer over a restart, relative to the configuration"
    )


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What is sent to `sendMessage`, as JSON."""
    found: dict[str, Any] = {
        "chat_id": options.chat,
        "text": body(alert, TELEGRAM, _CHARACTERS, _length).text,
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": alert.get("severity") in ("low", "info"),
    }
    return {**found, "message_thread_id": options.topic} if options.topic else found


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class TelegramNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        # In the path and not in the poster's address: what is said of a fault names the address's host only.
        self._below = f"/bot{resolved(options.token, context.name, 'the token')}/sendMessage"
        self._threads = Threads(context.folder / options.threads if options.threads else None)
        self._poster = poster_for(options.api.rstrip("/"), options, context, _ANSWER_BYTES)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Send the message. Raises TryAgain or GiveUp as the module's table says."""
        found = payload(alert, self._options)
        episode_id = str(alert.get("episode_id", ""))
        if first := self._threads.of(episode_id):
            found["reply_parameters"] = {"message_id": int(first), "allow_sending_without_reply": True}
        answer = self._poster.post(json_body(found), JSON_HEADERS, self._context.now(), below=self._below, asked=_asked)
        told = checked_json(self._poster, answer)
        if told.get("ok") is not True:
            _refuse(told, answer)
        message = told.get("result")
        if isinstance(message, dict) and isinstance(message.get("message_id"), int):
            self._threads.remember(episode_id, str(message["message_id"]))
            return f"message {message['message_id']}"
        return "ok"


def _refuse(told: Mapping[str, Any], answer: Taken) -> None:
    code = told.get("error_code")
    words = f"Telegram refused the message: {one_line(str(told.get('description', '')).encode('utf-8', 'replace'))}"
    if isinstance(code, int) and (code in (408, 425, 429) or code >= 500):
        raise TryAgain(words, _asked(answer.body))
    raise GiveUp(words)


def _asked(answer: bytes) -> float | None:
    parameters = (said(Taken(0, {}, answer)) or {}).get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return float(seconds) if isinstance(seconds, int | float) and seconds > 0 else None


def create(options: Options, context: Context) -> TelegramNotifier:
    return TelegramNotifier(options, context)
