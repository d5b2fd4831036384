"""The records of alerting: episodes, notifications, and what people say of them. All immutable, encoded as JSON."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from pipeline.message import Kind, Message

EpisodeState = Literal["firing", "quiet", "closed", "reopened"]


def identity(*parts: str | int) -> str:
    """The id made of `parts`: the same parts, the same id."""
    return hashlib.sha256("\x00".join(str(part) for part in parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of the episode. `role` says what became of its newest match: rang, folded, held_back, or why it was withheld."""

    article_id: str
    source_id: str
    source_name: str
    at: datetime
    title: str = ""
    url: str = ""
    country: str = ""
    owner: str = ""
    revision: int = 0
    role: str = "folded"


class Note(msgspec.Struct, frozen=True, kw_only=True):
    by: str
    text: str
    at: datetime


class Episode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one story under one rule. `step` counts how often it rang; `message` is what people were told last, or would have been.

    `told` are facts of the members' titles, leads and matched sentences, `readable` those of the whole articles people were pointed to.
    """

    id: str
    rule_id: str
    rule_title: str
    severity: str
    group: str
    opened_seq: int
    opened_at: datetime
    last_match_at: datetime
    updated_at: datetime
    message: Message
    schema: int = 1
    state: EpisodeState = "firing"
    story_id: str = ""
    shadow: bool = False
    step: int = 0
    members: tuple[Member, ...] = ()
    article_count: int = 0
    sources: tuple[str, ...] = ()
    match_count: int = 0
    folded: int = 0
    held_back: int = 0
    withheld: dict[str, int] = {}
    told: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    sentences: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    commands: tuple[str, ...] = ()


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to one receiver. `sending` is written before an attempt, so that a crash in the middle is seen afterwards.

    `attempts` counts the attempts begun, `claimed_by` names the process that began the last one. `not_before` is what the receiver asked for.
    """

    id: str
    episode_id: str
    rule_id: str
    receiver: str
    kind: Kind
    step: int
    created_at: datetime
    next_at: datetime
    message: Message
    schema: int = 1
    state: Literal["pending", "sending", "sent", "failed"] = "pending"
    route: tuple[str, ...] = ()
    attempts: int = 0
    claimed_by: str = ""
    first_tried_at: datetime | None = None
    not_before: datetime | None = None
    sent_at: datetime | None = None
    last_error: str = ""
    possible_duplicate: bool = False


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says of an episode: a record in `alerts.commands` under the episode id."""

    id: str
    episode_id: str
    kind: Literal["acknowledge", "note"]
    by: str
    at: datetime
    text: str = ""


@dataclass(frozen=True)
class RulePolicy:
    """What a rule says about telling people. The defaults are those of a rule that says nothing.

    `on_update` is about later revisions of an article that belongs to the episode already; not `by_story` opens one episode per article.
    """

    route: tuple[str, ...] = ()
    max_per_hour: int = 20
    quiet_after_seconds: float = 24 * 3600
    reopen_within_seconds: float = 72 * 3600
    on_update: Literal["ignore", "material", "always"] = "material"
    by_story: bool = True
