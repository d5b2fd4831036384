"""Writes each alert as one readable line to the terminal, with the matched words marked."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from rich.console import Console
from rich.text import Text

from pipeline.errors import GiveUp, TryAgain
from pipeline.plugins import Context
from pipeline.rendering.cleaning import one_line, spans

_STYLES = {"critical": "bold white on red", "high": "bold red", "medium": "bold yellow", "low": "cyan", "info": "dim"}
_WHY = {
    "first": "ALERT",
    "new_facts": "NEWS",
    "new_text": "NEWS",
    "milestone": "GROWING",
    "reopened": "AGAIN",
    "corrected": "CORRECTED",
    "withdrawn": "WITHDRAWN",
    "resolved": "RESOLVED",
    "not_acknowledged": "NOT ACKNOWLEDGED",
    "digest": "DIGEST",
    "storm": "STORM",
    "silence_ended": "AFTER THE SILENCE",
    "channel_failed": "CHANNEL FAILED",
    "drill": "DRILL",
    "silent": "SILENT",
    "heartbeat": "HEARTBEAT",
}

EXAMPLE: dict[str, str] = {}


class Options(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    stream: Literal["stdout", "stderr"] = Field("stderr", description="where the lines go: stdout or stderr")


class ConsoleNotifier:
    def __init__(self, options: Options) -> None:
        # Text objects are never parsed for markup, and soft wrapping keeps one alert on one line.
        self._console = Console(stderr=options.stream == "stderr", highlight=False, emoji=False, soft_wrap=True)

    def notify(self, alert: Mapping[str, Any]) -> None:
        """Write the line. Raises TryAgain when the stream does not take it."""
        try:
            self._console.print(line(alert))
            (sys.stderr if self._console.stderr else sys.stdout).flush()
        except BrokenPipeError as error:
            raise GiveUp("nobody reads the terminal any more") from error
        except OSError as error:
            raise TryAgain(f"the terminal did not take the line: {error}") from error


def payload(alert: Mapping[str, Any], options: Options) -> str:
    """The line, without colours."""
    return line(alert).plain


def create(options: Options, context: Context) -> ConsoleNotifier:
    return ConsoleNotifier(options)


def line(alert: Mapping[str, Any]) -> Text:
    """The alert in one line without control characters; the matched words are bold and stand between » and «."""
    text = Text(
        f"{_WHY.get('drill' if alert.get('kind') == 'drill' else alert['why'], 'ALERT')} ",
        style=_STYLES.get(alert.get("severity", ""), "bold"),
    )
    text.append(f"[{one_line(alert.get('severity', ''))}] {one_line(alert.get('rule_title', ''))}: ", style="bold")
    if alert.get("possible_duplicate"):
        text.append("(possibly sent before) ")
    if alert.get("old"):
        text.append(f"(old, published {one_line((alert.get('dates') or {}).get('published_at') or '')[:10]}) ")
    if alert.get("text"):
        text.append(f"{one_line(alert['text'])} ")
    if alert["why"] == "storm":
        text.append(f"{alert.get('held_back', 0)} alerts held back, the last ones about ")
    elif alert.get("items"):
        text.append(
            f"{len(alert['items'])} episodes: " + "; ".join(one_line(each.get("headline", "")) for each in alert["items"][:20]) + " "
        )
    _append_marked(text, alert.get("headline", ""), alert.get("headline_marks", ()))
    snippet = alert.get("snippet") or {}
    if snippet.get("text") and snippet.get("field") != "title":
        text.append(" | ")
        _append_marked(text, snippet["text"], snippet.get("marks", ()))
    text.append(" | ", style="dim")
    text.append(_about(alert), style="dim")
    return text


def _append_marked(text: Text, words: str, marks: Sequence[Mapping[str, Any]]) -> None:
    for each in spans(words, marks):
        text.append(f"»{each.text}«" if each.marked else each.text, style="bold reverse" if each.marked else "")


def _about(alert: Mapping[str, Any]) -> str:
    source = alert.get("source") or {}
    took = alert.get("took_seconds")
    parts = [
        f"{source.get('name', '')} ({source['country']})" if source.get("country") else source.get("name", ""),
        f"published {(alert.get('dates') or {}).get('published_at') or 'unknown'}",
        f"new: {', '.join(each['words'] for each in alert['new_facts'])}" if alert.get("new_facts") else "",
        f"{alert['members']} articles" if alert.get("members", 1) > 1 else "",
        f"after {took:.1f} s" if took is not None else "",
        "late" if alert.get("late") else "",
        alert.get("url", ""),
    ]
    return " · ".join(one_line(part) for part in parts if part)
