"""What a hub was asked for, and what it has confirmed (WebSub, section 5): an immutable record and how events change it. Pure.

The record lives in the cursor of its feed, in the topic `sources.cursors`, so that a lease outlives a restart. It holds the secret that the hub
signs with: whoever may read that topic could forge pushes of this feed. Times are Unix seconds.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from msgspec.structs import replace

from connectors._push.paths import hub_path

# What we ask for; hubs decide (the large public one gives five days, others ten).
ASKED_LEASE_SECONDS = 864_000
SHORTEST_LEASE_SECONDS = 300
LONGEST_LEASE_SECONDS = 2_592_000
# For hubs of older drafts, which name no lease.
UNNAMED_LEASE_SECONDS = 86_400
# A hub that has not come back by then is asked again, later each time.
VERIFIED_WITHIN_SECONDS = 900
LONGEST_PAUSE_SECONDS = 86_400
MAX_CHALLENGE_CHARACTERS = 2_000
_MAX_WHY_CHARACTERS = 200


class Agreement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`wanted` is what the hub has yet to confirm: subscribe, unsubscribe, or nothing; it may do so until `verified_by`.

    The lease runs from `agreed_at` to `ends_at`. The hub is not asked before `next_at`, after so many `attempts` without an answer.
    """

    hub: str = ""
    topic: str = ""
    callback: str = ""
    secret: str = ""
    wanted: str = ""
    verified_by: int = 0
    agreed_at: int = 0
    ends_at: int = 0
    next_at: int = 0
    attempts: int = 0
    is_denied: bool = False
    why: str = ""

    @property
    def token(self) -> str:
        """The part of the callback that nobody can guess."""
        return self.callback.rpartition("/")[2]

    @property
    def path(self) -> str:
        return hub_path(self.token)

    def holds(self, now: float) -> bool:
        """Whether the hub has promised to push at this time."""
        return self.agreed_at <= now < self.ends_at

    def due_at(self, address: str) -> int:
        """When the hub is to be asked (again): when a tenth of the lease is left, or at once when our public `address` is another one."""
        lease = self.ends_at - self.agreed_at
        if not lease or not self.callback.startswith(f"{address.rstrip('/')}/v1/"):
            return self.next_at
        return max(self.ends_at - max(lease // 10, min(300, lease // 2)), self.next_at)


@dataclass(frozen=True)
class Verified:
    """The hub has confirmed what was `wanted`, at the callback that was given to it."""

    callback: str
    wanted: str
    at: int
    lease_seconds: int


@dataclass(frozen=True)
class Denied:
    """The hub does not want, or no longer."""

    callback: str
    at: int
    why: str


def asked(before: Agreement, hubs: Sequence[str], topic: str, address: str, now: float) -> Agreement:
    """`before` with a request for `topic` to the next of `hubs`, which is about to be sent.

    A renewal keeps callback and secret, so that what is under way stays valid; anything else gets new ones that nobody can guess.
    """
    hub = hubs[before.attempts % len(hubs)]
    is_renewal = bool(before.token) and (before.hub, before.topic, before.callback) == (hub, topic, _callback(address, before.token))
    fresh = before if is_renewal else Agreement(callback=_callback(address, secrets.token_urlsafe(24)), secret=secrets.token_urlsafe(32))
    attempts = before.attempts + 1
    pause = min(VERIFIED_WITHIN_SECONDS * 2 ** min(attempts - 1, 10), LONGEST_PAUSE_SECONDS)
    return replace(
        fresh,
        hub=hub,
        topic=topic,
        wanted="subscribe",
        verified_by=int(now) + VERIFIED_WITHIN_SECONDS,
        next_at=int(now) + pause,
        attempts=attempts,
        is_denied=False,
        why="",
    )


def form(agreement: Agreement) -> dict[str, str]:
    """What is sent to the hub."""
    sent = {"hub.mode": agreement.wanted, "hub.topic": agreement.topic, "hub.callback": agreement.callback}
    if agreement.wanted == "subscribe":
        sent |= {"hub.secret": agreement.secret, "hub.lease_seconds": str(ASKED_LEASE_SECONDS)}
    return sent


def refused(agreement: Agreement, why: str) -> Agreement:
    """After the request itself failed; it is made again at `next_at`."""
    return replace(agreement, wanted="", why=why[:_MAX_WHY_CHARACTERS])


def leaving(agreement: Agreement, now: float) -> Agreement:
    """With the wish to end it, which is about to be sent."""
    return replace(agreement, wanted="unsubscribe", verified_by=int(now) + VERIFIED_WITHIN_SECONDS)


def understood(agreement: Agreement, query: Mapping[str, str], now: float) -> Verified | Denied | None:
    """What a hub's question means (sections 5.2 and 5.3); None for one that nobody expects: another topic, another wish, too late, no challenge."""
    if query.get("hub.topic", "") != agreement.topic or not agreement.topic:
        return None
    mode = query.get("hub.mode", "")
    if mode == "denied":
        why = " ".join("".join(each if each.isprintable() else " " for each in query.get("hub.reason", "")).split())
        return Denied(agreement.callback, int(now), why[:_MAX_WHY_CHARACTERS])
    challenge = query.get("hub.challenge", "")
    if not 0 < len(challenge) <= MAX_CHALLENGE_CHARACTERS or mode != agreement.wanted or now > agreement.verified_by:
        return None
    return Verified(agreement.callback, mode, int(now), _lease(query.get("hub.lease_seconds", "")))


def after(agreement: Agreement, event: Verified | Denied) -> Agreement:
    """The record after what the hub said; as it was when that was said of another one, which was asked for and never saved."""
    if event.callback != agreement.callback:
        return agreement
    if isinstance(event, Denied):
        why = f"the hub denies the subscription{': ' if event.why else ''}{event.why}"
        return replace(agreement, wanted="", is_denied=True, agreed_at=0, ends_at=0, next_at=event.at + LONGEST_PAUSE_SECONDS, why=why)
    if event.wanted != "subscribe":
        return replace(agreement, wanted="", agreed_at=0, ends_at=0)
    return replace(agreement, wanted="", agreed_at=event.at, ends_at=event.at + event.lease_seconds, next_at=0, attempts=0, why="")


def _lease(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 12) or not int(text):
        return UNNAMED_LEASE_SECONDS
    return min(max(int(text), SHORTEST_LEASE_SECONDS), LONGEST_LEASE_SECONDS)


def _callback(address: str, token: str) -> str:
    return address.rstrip("/") + hub_path(token)


def host_of(agreement: Agreement) -> str:
    """The hub's host, by which people know it."""
    try:
        return urlsplit(agreement.hub).hostname or ""
    except ValueError:
        return ""
