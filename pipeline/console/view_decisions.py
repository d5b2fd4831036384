"""What the page shows of silences, and of what became of commands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.episode import Audit, Silence
from pipeline.naming import cleaned

REFUSED = "refused: "
# How it begins to say that somebody else had acknowledged before.
SECOND = "already acknowledged by "
# How the alerter begins to say why it refuses something (`pipeline.decisions`, `pipeline.silencing`): the page says it in the reader's language.
_REFUSALS = {
    "there is no episode": "no_episode",
    "nobody has acknowledged it": "not_acknowledged",
    "it is assigned to nobody": "not_assigned",
    "there is no verdict": "no_verdict",
    "there is no silence": "no_silence",
    "this silence stands in the rule folder": "silence_of_files",
    "it is longer than": "silence_too_long",
    "the episode has no": "no_such_scope",
}


class MatcherView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    field: str
    values: tuple[str, ...]
    negative: bool = False


class SilenceView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A silence that nobody has ended. The page leaves out those of which the end has passed."""

    id: str
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    matchers: tuple[MatcherView, ...] = ()
    suppressed: int = 0


class AnswerView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one command; `id` is the command's. `refused` is why it was not carried out, `refused_code` the page's word for it, "" when it has none.

    `text` is what the person wrote; `until` is the end of a silence. `unchanged`: it was so before.
    `first_by` is who had acknowledged already, when it was somebody else.
    """

    id: str
    by: str
    at: datetime
    kind: str
    outcome: str
    episode_id: str = ""
    refused: str = ""
    refused_code: str = ""
    unchanged: bool = False
    first_by: str = ""
    text: str = ""
    to: str = ""
    verdict: str = ""
    until: datetime | None = None


def silence_view(silence: Silence) -> SilenceView:
    return SilenceView(
        id=silence.id,
        author=silence.author,
        reason=silence.reason,
        starts_at=silence.starts_at,
        ends_at=silence.ends_at,
        matchers=tuple(MatcherView(field=each.field, values=each.values, negative=each.negative) for each in silence.matchers),
        suppressed=silence.suppressed,
    )


def answer_view(audit: Audit) -> AnswerView:
    command, refused = audit.command, audit.outcome.removeprefix(REFUSED) if audit.outcome.startswith(REFUSED) else ""
    return AnswerView(
        id=command.id,
        by=command.by,
        at=audit.at,
        kind=command.kind,
        outcome=audit.outcome,
        episode_id=command.episode_id,
        refused=refused,
        refused_code=refusal_code(refused),
        unchanged=not audit.changed and not refused,
        first_by=_first_by(audit),
        text=command.text,
        # Of a silence `to` is its scope.
        to=command.to if command.kind == "assign" else "",
        verdict=command.verdict,
        until=command.silence.ends_at if command.silence else None,
    )


def _first_by(audit: Audit) -> str:
    name = audit.outcome.partition(SECOND)[2].partition("; the episode goes on")[0] if audit.command.kind == "acknowledge" else ""
    return "" if name == cleaned(audit.command.by) else name


def refusal_code(refused: str) -> str:
    """The page's word for why something was refused: `refused_CODE` among its words; "" for a reason that it has no words for."""
    return next((code for beginning, code in _REFUSALS.items() if refused.startswith(beginning)), "")
