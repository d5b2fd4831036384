"""Posts to Slack: through an incoming webhook, or with a bot token, which puts an episode's later messages into one thread.

A message is a `rich_text` block: its texts are data, so that nothing in a headline can mention people, format, or look like a link. The text of a
rule's template is `mrkdwn`, with everything that comes from an article escaped.

==========================================  =========================================
answer                                      effect
==========================================  =========================================
200 `ok`, 200 `{"ok": true}`                taken
200 `{"ok": false}` with a passing error    again: ratelimited, internal_error …
200 `{"ok": false}` with another error      given up, with Slack's word for it
408, 425, 429, 5xx, no answer               again, after Retry-After
other                                       given up (`invalid_blocks`, `no_service` …)
==========================================  =========================================
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SecretStr, model_validator

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, Taken, checked_json, json_body, poster_for, said
from pipeline.notifiers._secrets import NamedSecret, SecretAddress, resolved
from pipeline.notifiers._threads import Threads
from pipeline.outgoing.answer import one_line
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, SLACK, Line, Run, body, subject
from pipeline.section_types import Names

# Slack refuses longer blocks without saying why at about 12,000 characters (bolt-js #2867), and splits a text above 4,000.
_BLOCK_CHARACTERS = 11_000
_TEXT_CHARACTERS = 4_000
_ANSWER_BYTES = 200_000  # chat.postMessage answers with the whole message
_PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)
_THREAD_GONE = frozenset({"thread_not_found", "message_not_found"})

EXAMPLE = {"url": "${env:SLACK_WEBHOOK_URL}"}


class Options(PostOptions):
    url: SecretAddress = Field(SecretStr(""), description="address of an incoming webhook, from ${env:NAME} or ${file:/path}")
    token: NamedSecret = Field(SecretStr(""), description="bot token (chat:write) instead of a webhook, as ${env:NAME}: gives threads")
    channel: str = Field("", max_length=100, description="with a token: id of the channel, such as C0123456789")
    api: str = Field("https://slack.com/api", description="with a token: address of the Slack API")
    threads: Annotated[str, Names.WRITTEN] = Field(
        "", description="with a token: a file that keeps the threads over a restart, relative to the configuration"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Options:
        if bool(self.url.get_secret_value()) == bool(self.token.get_secret_value()):
            raise ValueError("a Slack receiver has either a url (incoming webhook) or a token with a channel")
        if self.token.get_secret_value() and not self.channel:
            raise ValueError("a Slack receiver with a token needs a channel")
        return self


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """What is sent to Slack, as JSON."""
    found: dict[str, Any] = {"unfurl_links": False, "unfurl_media": False}
    if options.channel:
        found["channel"] = options.channel
    if alert.get("template_source"):
        own = body(alert, SLACK, _TEXT_CHARACTERS)
        if own.templated:
            return {**found, "text": own.text}
        alert = own.in_usual_form(alert)
    whole = body(alert, PLAIN, _BLOCK_CHARACTERS)
    # The text is what notifications on phones show.
    return {
        **found,
        "text": SLACK.escape(subject(alert)),
        "mrkdwn": False,
        "blocks": [{"type": "rich_text", "elements": _elements(whole.lines)}],
    }


def _elements(found: tuple[Line, ...]) -> list[dict[str, Any]]:
    """The lines as sections and quotations of a `rich_text` block."""
    elements: list[dict[str, Any]] = []
    for line in found:
        kind = "rich_text_quote" if line.role in ("snippet", "lead") else "rich_text_section"
        runs = [_element(run) for run in line.runs if run.text]
        if elements and elements[-1]["type"] == kind:
            elements[-1]["elements"] += [{"type": "text", "text": "\n"}, *runs]
        else:
            elements.append({"type": kind, "elements": runs})
    return elements


def _element(run: Run) -> dict[str, Any]:
    if run.url:
        return {"type": "link", "url": run.url, "text": run.text}
    style = {name: True for name, holds in (("bold", run.strong or run.marked), ("code", run.marked)) if holds}
    return {"type": "text", "text": run.text, **({"style": style} if style else {})}


class SlackNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._token = resolved(options.token, context.name, "the token")
        self._threads = Threads(context.folder / options.threads if options.threads else None)
        url = options.api.rstrip("/") if self._token else resolved(options.url, context.name, "the url")
        self._poster = poster_for(url, options, context, _ANSWER_BYTES)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Post the message, below the first one of its episode. Raises TryAgain or GiveUp as the module's table says."""
        found = payload(alert, self._options)
        now = self._context.now()
        if not self._token:
            taken = self._poster.post(json_body(found), JSON_HEADERS, now)
            self._check_webhook(taken)
            return taken.words
        episode_id = str(alert.get("episode_id", ""))
        if thread := self._threads.of(episode_id):
            found["thread_ts"] = thread
        answer = self._poster.post(
            json_body(found), {**JSON_HEADERS, "authorization": f"Bearer {self._token}"}, now, below="/chat.postMessage"
        )
        told = checked_json(self._poster, answer)
        if told.get("ok") is not True:
            self._refuse(told, episode_id)
        stamp = str(told.get("ts") or "")
        self._threads.remember(episode_id, stamp)
        return f"ts {stamp} in {told.get('channel') or self._options.channel}"

    def _check_webhook(self, answer: Taken) -> None:
        told = said(answer)
        if told is not None and told.get("ok", told.get("success", True)) is False:
            self._refuse(told, "")
        if answer.body.lstrip()[:1] == b"<":
            raise TryAgain(f"{self._poster.host} answered {answer.status} with a web page instead of ok")

    def _refuse(self, told: Mapping[str, Any], episode_id: str) -> None:
        error = one_line(str(told.get("error") or "no reason").encode("utf-8", "replace"))
        if error in _THREAD_GONE:
            self._threads.forget(episode_id)
            raise TryAgain("Slack no longer has the thread of this episode: the message begins a new one", 1)
        if error in _PASSING:
            raise TryAgain(f"Slack did not take the message: {error}")
        raise GiveUp(f"Slack refused the message: {error}")


def create(options: Options, context: Context) -> SlackNotifier:
    return SlackNotifier(options, context)
