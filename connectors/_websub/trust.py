"""Whether a hub sends all that its feed shows, and how soon the feed is polled for all that. Pure. Times are Unix seconds.

Hubs die silently: they confirm, take the publisher's word, and send nothing. A poll that finds what was not pushed makes the feed's own rhythm
return at once; when the hub has not sent it `GRACE_SECONDS` later either, it has missed it, and is trusted again only after it was first several times.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from msgspec.structs import replace

# A poll may come between the publisher's new item and the hub's word of it: hubs take seconds, seldom minutes.
GRACE_SECONDS = 300
# So often must a distrusted hub bring news before a poll does.
PROOFS = 3
# While a hub is trusted: eight of the feed's own pauses, a quarter of an hour at least, an hour at most. What a dead hub withholds comes so late, once.
SAFETY_PAUSES = 8
SHORTEST_SAFETY_SECONDS = 900.0
LONGEST_SAFETY_SECONDS = 3_600.0
MAX_AWAITED = 200


class Trust(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`pushes`, `ignored` (no valid signature) and `missed` count over restarts. `awaited`: items that a poll found before the hub, and when."""

    pushes: int = 0
    pushed_at: int = 0
    ignored: int = 0
    ignored_at: int = 0
    missed: int = 0
    awaited: dict[str, int] = {}
    is_lost: bool = False
    proofs: int = 0

    @property
    def is_earned(self) -> bool:
        """Whether polling may be slow: something was pushed, and nothing is amiss."""
        return bool(self.pushes) and not self.is_lost and not self.awaited


def after_push(trust: Trust, ids: Collection[str], news: int, now: float) -> Trust:
    """After a signed document with items of these ids, `news` of them new to us."""
    awaited = {each: at for each, at in trust.awaited.items() if each not in ids}
    proofs = trust.proofs + bool(news) if trust.is_lost else 0
    is_lost = trust.is_lost and proofs < PROOFS
    return replace(trust, pushes=trust.pushes + 1, pushed_at=int(now), awaited=awaited, is_lost=is_lost, proofs=proofs if is_lost else 0)


def after_poll(trust: Trust, found: Collection[str], now: float, *, is_promised: bool) -> Trust:
    """After a poll that found these ids, new to us. `is_promised`: the hub had promised to push since before the poll before."""
    missed = [each for each, at in trust.awaited.items() if now - at >= GRACE_SECONDS]
    awaited = {each: at for each, at in trust.awaited.items() if each not in missed}
    if is_promised:
        awaited |= {each: int(now) for each in found}
    awaited = dict(list(awaited.items())[-MAX_AWAITED:])
    is_lost = trust.is_lost or bool(missed)
    return replace(
        trust, missed=trust.missed + len(missed), awaited=awaited, is_lost=is_lost, proofs=0 if missed or awaited else trust.proofs
    )


def safety_seconds(own_seconds: float) -> float:
    """The pause between polls while a hub is trusted, for a feed whose own pause this is."""
    return max(min(max(own_seconds * SAFETY_PAUSES, SHORTEST_SAFETY_SECONDS), LONGEST_SAFETY_SECONDS), own_seconds)
