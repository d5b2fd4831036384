"""The wish to tell people something about an episode: what deciding hands to routing, which knows who they are and whether they may be told now."""

from __future__ import annotations

from datetime import datetime

import msgspec

from pipeline.message import Kind, Message


class Intent(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing to tell. `id` is the same for the same cause, so a replay makes the same notifications.

    `message.kind` and `message.why` say what it is. `withheld` is why nobody may be told (`shadow`, `replay`, `backfill`, …): it is recorded and not sent.
    `to` names receivers instead of the rule's route (escalations). `digest`: it waits for the rule's digest instead of ringing. `not_before` delays it.
    `corrects`: everybody who got an earlier message of the episode gets this one, whatever silences and hours say, and nobody else.
    """

    id: str
    episode_id: str
    rule_id: str
    message: Message
    at: datetime
    withheld: str = ""
    to: tuple[str, ...] = ()
    digest: bool = False
    not_before: datetime | None = None
    corrects: bool = False

    @property
    def kind(self) -> Kind:
        return self.message.kind
