"""The records of alerting: episodes, notifications, silences, and what people say of them. All immutable, encoded as JSON."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

import msgspec

from pipeline.message import Kind, Message

EpisodeState = Literal["pending", "firing", "quiet", "closed", "reopened"]
Verdict = Literal["confirmed", "denied", "false_alarm"]


def identity(*parts: str | int) -> str:
    """The id made of `parts`: the same parts, the same id."""
    return hashlib.sha256("\x00".join(str(part) for part in parts).encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One article of the episode. `role` says what became of its newest match: rang, folded, withdrawn, or why it was withheld.

    `rang`: people were pointed to this article; `facts` are then those they were told, each with its words.
    """

    article_id: str
    source_id: str
    source_name: str
    at: datetime
    title: str = ""
    url: str = ""
    country: str = ""
    owner: str = ""
    language: str = ""
    revision: int = 0
    role: str = "folded"
    rang: bool = False
    facts: dict[str, str] = {}


class Note(msgspec.Struct, frozen=True, kw_only=True):
    by: str
    text: str
    at: datetime


class Situation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the leading episode remembers of those that joined it, and of itself.

    `subjects` counts the reports that name each place, person and country (`place:geo:1835848`), `spots` says where the places are. `heard` names the first
    publisher of each fact that nobody was told yet. `messages` were sent while it was hot, that is since nothing had come for half an hour. `draft` is
    the next message, which waits until `due_at`.
    """

    episodes: tuple[str, ...] = ()
    episode_count: int = 1
    reports: int = 0
    articles: int = 0
    owners: tuple[str, ...] = ()
    last_at: datetime | None = None
    subjects: dict[str, int] = {}
    spots: dict[str, tuple[float, float]] = {}
    heard: dict[str, str] = {}
    messages: int = 0
    draft: Message | None = None
    due_at: datetime | None = None


class Episode(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is known of one story under one rule. `step` counts how often it rang; `message` is what people were told last, or would have been.

    `told` are facts of the members' titles, leads and matched sentences, `readable` those of the whole articles people were pointed to.
    `situation_id` is the id of the episode that leads the situation this one belongs to, its own when it leads one. `merged_into` names the episode that
    goes on when two stories turned out to be one. `pending` episodes wait for their trigger and have told nobody.
    `groups` are further groups (stories) that turned out to be this one. `waiting_until` is when the first message leaves, while it still collects siblings.
    `abandoned` is why it was closed before its time: expired_pending, withdrawn, merged, heard_again.
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
    schema: int = 2
    state: EpisodeState = "firing"
    rule_version: str = ""
    tags: tuple[str, ...] = ()
    story_id: str = ""
    situation_id: str = ""
    situation: Situation | None = None
    merged_into: str = ""
    abandoned: str = ""
    groups: tuple[str, ...] = ()
    shadow: bool = False
    exercise: bool = False
    step: int = 0
    milestone: int = 0
    last_rang_at: datetime | None = None
    waiting_until: datetime | None = None
    repeated: int = 0
    escalated_at: datetime | None = None
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
    assigned_to: str = ""
    verdict: Verdict | Literal[""] = ""
    verdict_by: str = ""
    verdict_at: datetime | None = None
    notes: tuple[Note, ...] = ()
    commands: tuple[str, ...] = ()


class Notification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message to one receiver. `sending` is written before an attempt, so that a crash in the middle is seen afterwards.

    `attempts` counts the attempts begun, `claimed_by` names the process that began the last one. `not_before` is what the receiver asked for,
    `answer` what it said when it took the message: an id, the name of a queue.
    A `suppressed` one is recorded and never sent; `verdict` says why (silence:<id>, inhibited_by:<episode>, outside_hours, throttled, shadow, …), and for
    one that is held in a digest or storm it names that one; `because` says which hours, with the holiday, that its article came late, or the rule
    and headline of the alert that inhibits it.
    `stands_in_for` is the receiver that failed, when this is the fallback's copy.
    `failing` are the receivers that a report about channels tells of, each with its last error.
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
    schema: int = 2
    state: Literal["pending", "sending", "sent", "failed", "suppressed"] = "pending"
    verdict: str = ""
    because: str = ""
    stands_in_for: str = ""
    route: tuple[str, ...] = ()
    attempts: int = 0
    claimed_by: str = ""
    first_tried_at: datetime | None = None
    not_before: datetime | None = None
    sent_at: datetime | None = None
    last_error: str = ""
    answer: str = ""
    failing: dict[str, str] = {}
    possible_duplicate: bool = False


class Matcher(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an episode must have: one of `values` in `field` or, with `negative`, none of them."""

    field: Literal["rule", "tag", "severity", "owner", "episode", "story", "source", "country", "kind"]
    values: tuple[str, ...]
    negative: bool = False


class Silence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Messages that nobody wants for a while. All `matchers` must hold; records are kept all the same, and counted in `suppressed`."""

    id: str
    matchers: tuple[Matcher, ...]
    author: str
    reason: str
    starts_at: datetime
    ends_at: datetime
    created_at: datetime
    schema: int = 1
    ended_by: str = ""
    ended_at: datetime | None = None
    suppressed: int = 0
    episodes: tuple[str, ...] = ()
    notice_sent: bool = False
    summarised: bool = False


CommandKind = Literal["acknowledge", "unacknowledge", "assign", "note", "verdict", "silence", "end_silence"]


class Command(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person says: a record in `alerts.commands` under the episode id, or under the silence id where no episode is meant."""

    id: str
    kind: CommandKind
    by: str
    at: datetime
    episode_id: str = ""
    text: str = ""
    to: str = ""
    verdict: Verdict | Literal[""] = ""
    silence: Silence | None = None
    silence_id: str = ""
    via: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One decision as it was carried out or refused: a record in `alerts.audit`. `outcome` says what changed, or why nothing did."""

    id: str
    at: datetime
    command: Command
    outcome: str
    changed: bool
    schema: int = 1
    rule_id: str = ""
    headline: str = ""
