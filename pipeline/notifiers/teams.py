"""Posts an Adaptive Card to the address of a Microsoft Teams workflow ("When a Teams webhook request is received").

The texts are runs of `RichTextBlock`s, in which Teams reads no Markdown. The classic connector addresses (Office 365 connectors) are retired and
not served. Workflows take a message with 202 before they post it; a fault after that shows only in the workflow's own history.

=============================================  ========================================
answer                                         effect
=============================================  ========================================
200, 202                                       taken
200 that speaks of "HTTP error 429" or 5xx     again
200 that speaks of another HTTP error          given up
200 `{"error": {"code": …}}`                   given up; again when it is throttling
408, 425, 429, 5xx, no answer                  again, after Retry-After
other (`WorkflowTriggerIsNotEnabled` …)        given up
=============================================  ========================================
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from pipeline.errors import GiveUp, TryAgain
from pipeline.notifiers._post import JSON_HEADERS, PostOptions, Taken, json_body, poster_for, said
from pipeline.notifiers._secrets import SecretAddress, resolved
from pipeline.outgoing.answer import one_line
from pipeline.plugins import Context
from pipeline.rendering import PLAIN, Line, Run, body, fitted, subject

_BYTES = 27_000  # Teams takes 28 KB, per the vendor's documentation
_BUTTONS = 5  # Teams shows six at most
_ERROR = re.compile(rb"HTTP error (\d{3})")
_COLOURS = {"critical": "attention", "high": "attention", "medium": "warning", "low": "accent"}

EXAMPLE = {"url": "${env:TEAMS_WORKFLOW_URL}"}


class Options(PostOptions):
    url: SecretAddress = Field(description="address of the workflow, from ${env:NAME} or ${file:/path}")
    max_characters: int = Field(1_000, ge=300, le=10_000, description="longest text of a card; longer messages lose their snippet first")


def payload(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    """The message with its card, as JSON."""
    small = fitted(alert, lambda each: len(json_body(_message(each, options))) <= _BYTES)
    return _message(small, options)


def _message(alert: Mapping[str, Any], options: Options) -> dict[str, Any]:
    whole = body(alert, PLAIN, options.max_characters, _without_addresses(alert))
    if whole.templated:
        blocks = [_block((Run(text),), alert) for text in whole.text.split("\n") if text.strip()]
    else:
        blocks = [_block(line.runs, alert, line) for line in whole.lines if line.role != "link"]
    links = [line.runs[0] for line in whole.lines if line.role == "link"]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "fallbackText": _unmentioned(subject(alert)),
        "msteams": {"width": "Full"},
        "body": blocks,
        "actions": [{"type": "Action.OpenUrl", "title": each.text, "url": each.url} for each in links[:_BUTTONS]],
    }
    return {
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}],
    }


def _without_addresses(alert: Mapping[str, Any]) -> Any:
    """The length of a text without the addresses in it, which a card does not show."""
    hidden = [str(alert.get("url") or ""), *(str(each) for each in (alert.get("links") or {}).values())]
    hidden += [
        str(each.get("url") or "") for each in (*(alert.get("items") or ()), *(alert.get("held") or ())) if isinstance(each, Mapping)
    ]

    def measured(text: str) -> int:
        for url in hidden:
            text = text.replace(url, "", 1) if url else text
        return len(text)

    return measured


def _block(runs: tuple[Run, ...], alert: Mapping[str, Any], line: Line | None = None) -> dict[str, Any]:
    role = line.role if line else "text"
    inlines = []
    for run in runs:
        inline: dict[str, Any] = {"type": "TextRun", "text": _unmentioned(run.text)}
        if run.strong or role == "why":
            inline["weight"] = "bolder"
        if run.marked:
            inline["highlight"] = True
        if role == "why":
            inline["color"] = _COLOURS.get(str(alert.get("severity", "")), "default")
        if role in ("about", "ids"):
            inline |= {"isSubtle": True, "size": "small"}
        if role == "headline":
            inline["size"] = "large"
        if run.url:
            inline["selectAction"] = {"type": "Action.OpenUrl", "url": run.url}
        inlines.append(inline)
    return {"type": "RichTextBlock", "inlines": inlines, "spacing": "small" if role in ("about", "entry") else "default"}


def _unmentioned(text: str) -> str:
    """With an unseen blank behind each "@": a card can mention people, and an expression of Power Automate begins with @{ or @@."""
    return text.replace("@", "@\u200b")


class TeamsNotifier:
    def __init__(self, options: Options, context: Context) -> None:
        self._options = options
        self._context = context
        self._poster = poster_for(resolved(options.url, context.name, "the url"), options, context)

    def notify(self, alert: Mapping[str, Any]) -> str:
        """Post the card. Raises TryAgain or GiveUp as the module's table says."""
        answer = self._poster.post(json_body(payload(alert, self._options)), JSON_HEADERS, self._context.now())
        self._check(answer)
        return answer.words

    def _check(self, answer: Taken) -> None:
        words = f"{self._poster.host} answered {answer.status} and says: {one_line(answer.body)}"
        if error := _ERROR.search(answer.body):
            status = int(error[1])
            raise (TryAgain if status in (408, 425, 429) or status >= 500 else GiveUp)(words)
        told = (said(answer) or {}).get("error")
        if told:
            code = str(told.get("code", "") if isinstance(told, Mapping) else told).lower()
            raise (TryAgain if "throttl" in code or "toomany" in code or "timeout" in code else GiveUp)(words)


def create(options: Options, context: Context) -> TeamsNotifier:
    return TeamsNotifier(options, context)
