"""What people decide on the page, as commands for the alerter. Pure: the alerter judges each command once more and has the last word."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from pipeline.console.asked import Fault
from pipeline.decisions import LONGEST_TEXT
from pipeline.episode import Command, Verdict
from pipeline.naming import cleaned, unfit_name
from pipeline.say import command, silencing
from pipeline.silencing import LONGEST_REASON, LONGEST_SILENCE_SECONDS

VIA = "live page"
_LONGEST_ID = 128


class Act(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One decision as the page sends it. `by` is the name chosen there. `minutes` or `until` end a silence, `text` is its reason."""

    kind: Literal["acknowledge", "unacknowledge", "assign", "note", "verdict", "silence", "end_silence"]
    by: str = ""
    episode: str = ""
    text: str = ""
    to: str = ""
    verdict: Verdict | Literal[""] = ""
    scope: Literal["episode", "story", "rule", "source"] = "story"
    minutes: int = 0
    until: datetime | None = None
    silence: str = ""


def decided(act: Act, by: str, now: datetime) -> Command:
    """The command that `by` gives at `now`. Raises Fault for one that says too little or too much."""
    if max(len(act.episode), len(act.silence)) > _LONGEST_ID:
        raise Fault(400, "not_understood", "an id is longer than any of ours")
    if len(act.text) > (LONGEST_REASON if act.kind == "silence" else LONGEST_TEXT):
        raise Fault(400, "text_too_long", "the text is too long")
    if act.kind == "end_silence":
        if not act.silence:
            raise Fault(400, "not_understood", "which silence?")
        return command("end_silence", by, now, silence_id=act.silence, via=VIA)
    if not act.episode:
        raise Fault(400, "not_understood", "which episode?")
    if act.kind == "silence":
        return _silence(act, by, now)
    return _about_episode(act, by, now)


def _about_episode(act: Act, by: str, now: datetime) -> Command:
    text = cleaned(act.text)
    if act.kind == "note" and not text:
        raise Fault(400, "text_missing", "a note has a text")
    to = cleaned(act.to) if act.kind == "assign" else ""
    if to and (why := unfit_name(act.to)):
        raise Fault(400, "assignee_unfit", f"assigned to whom? {why}")
    verdict = act.verdict if act.kind == "verdict" else ""
    return command(act.kind, by, now, episode_id=act.episode, text=text, to=to, verdict=verdict, via=VIA)


def _silence(act: Act, by: str, now: datetime) -> Command:
    reason = cleaned(act.text)
    if not reason:
        raise Fault(400, "reason_missing", "a silence has a reason: others ask why nobody was told")
    if act.until is not None and act.until.tzinfo is None:
        raise Fault(400, "not_understood", "the end has no offset from UTC")
    length = act.until - now if act.until is not None else timedelta(minutes=min(max(act.minutes, 0), 1_000_000))
    if length <= timedelta():
        raise Fault(400, "end_missing", "a silence ends in the future: say when")
    if length > timedelta(seconds=LONGEST_SILENCE_SECONDS):
        raise Fault(400, "silence_too_long", f"a silence lasts {LONGEST_SILENCE_SECONDS / 86_400:g} days at most")
    return silencing(by, now, length, reason, episode_id=act.episode, scope=act.scope, via=VIA)
