"""How each source is doing: the value of the records in `sources.health`, keyed by source id."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

# Sources that no configuration names: our own reports on sources, and the canaries.
REPORTS_ID = "lagebild-sources"
CANARIES_ID = "lagebild-canary"
OWN_IDS = (REPORTS_ID, CANARIES_ID)
# The built-in rule that matches canaries, and the only one.
CANARY_RULE_ID = "canary"

State = Literal["ok", "failing", "silent", "paused", "starting"]


PushState = Literal["asked", "pushes", "distrusted", "denied", "lapsed"]


class Push(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How things stand with a hub that is to push a source (WebSub).

    `asked` until the hub has confirmed, `pushes` while its word holds (`until`), `distrusted` when looks of ours found what it had not sent, `denied`
    when it refuses, `lapsed` when its word ran out or it cannot be asked. `pushes` counts what came, `ignored` what came without a valid signature,
    `missed` the items that it never sent. `why` is one line for a person.
    """

    state: PushState
    hub: str = ""
    until: datetime | None = None
    last_at: datetime | None = None
    pushes: int = 0
    ignored: int = 0
    missed: int = 0
    why: str = ""


class SourceHealth(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One source as the collector last saw it.

    `starting` until the first fetch ends, `failing` while the last fetch failed or nothing that the source brought last could be read,
    `silent` when fetches work but nothing new came for much longer than usual, `paused` when the configuration says so.
    `articles` and `unreadable` count over restarts; `last_success_at` is the last fetch that worked while the source could be read.
    `last_error` is one line for a person and stays until a fetch succeeds. `unreadable_note` says how much of what came last could
    not be read, and stays until something else comes: a fetch that brings nothing new tells nothing about that.

    Completeness: `possible_losses` counts the looks between which items may have come and gone, `left_out` the items that a limit of ours
    kept out. `error_class` is a short word for why the last fetch failed (`timeout`, `gone`, …). `silent_after_seconds` is how long a
    quiet time of this source must be before it is `silent`: twice the longest that was usual (`longest_gap_seconds`, which fades).
    `note` says what a person should know although fetches work, such as an address that has moved. `complained_of` is the state that the
    desk was told of (`failing`, `silent`) and has not been told the end of; `losses_told` are the losses and caps it was told of.
    `push` is None for a source that is only asked.

    Canaries (only of the source that carries those of its connector, or has its own): when the last one flew, since when one is missed
    (None: none is), when the alerter met the last that came, how long that took from source to alert, and when the desk was told of a missing one.
    """

    source_id: str
    state: State = "starting"
    name: str = ""
    connector: str = ""
    last_fetch_at: datetime | None = None
    last_success_at: datetime | None = None
    last_article_at: datetime | None = None
    next_fetch_at: datetime | None = None
    articles: int = 0
    unreadable: int = 0
    consecutive_failures: int = 0
    last_error: str = ""
    unreadable_note: str = ""
    is_unreadable: bool = False
    fetches: int = 0
    unchanged: int = 0
    error_class: str = ""
    possible_losses: int = 0
    last_loss_at: datetime | None = None
    left_out: int = 0
    first_article_at: datetime | None = None
    longest_gap_seconds: float = 0.0
    silent_after_seconds: float = 0.0
    note: str = ""
    complained_of: str = ""
    complained_at: datetime | None = None
    losses_told: int = 0
    losses_told_at: datetime | None = None
    push: Push | None = None
    canary_sent_at: datetime | None = None
    canary_waiting_since: datetime | None = None
    canary_heard_at: datetime | None = None
    canary_seconds: float | None = None
    canary_told_at: datetime | None = None
    updated_at: datetime | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SourceHealth)


def encode(health: SourceHealth) -> bytes:
    return _encoder.encode(health)


def decode(value: bytes) -> SourceHealth:
    """The health in `value`. Raises `msgspec.DecodeError` or `msgspec.ValidationError` on anything else."""
    return _decoder.decode(value)
