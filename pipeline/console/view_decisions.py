"""What the page shows of silences, and of what became of commands."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.episode import Audit, Silence

REFUSED = "refused: "


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
    """What became of one command; `id` is the command's. `refused` is why it was not carried out."""

    id: str
    by: str
    at: datetime
    kind: str
    outcome: str
    episode_id: str = ""
    refused: str = ""


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
    refused = audit.outcome.removeprefix(REFUSED) if audit.outcome.startswith(REFUSED) else ""
    return AnswerView(
        id=audit.command.id,
        by=audit.command.by,
        at=audit.at,
        kind=audit.command.kind,
        outcome=audit.outcome,
        episode_id=audit.command.episode_id,
        refused=refused,
    )
