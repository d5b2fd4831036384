"""What is remembered of a feed's hub, in the cursor of the feed beside what polling remembers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from connectors._websub import agreement, trust
from connectors._websub.agreement import Agreement, host_of
from connectors._websub.endpoint import Event, Ignored
from connectors._websub.trust import Trust
from connectors._websub.wanted import NAME
from pipeline.sources import Push, PushState

# Somebody who sends without a signature is worth a word for a day; the count stays.
IGNORED_TOLD_SECONDS = 86_400


class Memory(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`is_known` once a document was read; without `hubs` nobody pushes the feed. The texts are what the last document said of the feed."""

    is_known: bool = False
    hubs: tuple[str, ...] = ()
    topic: str = ""
    address: str = ""
    site: str = ""
    title: str = ""
    language: str = ""
    agreement: Agreement = Agreement()
    trust: Trust = Trust()


def parted(cursor: Mapping[str, Any]) -> tuple[Memory, dict[str, Any]]:
    """The memory in `cursor`, and the rest of it; a fresh memory where it holds something else."""
    rest = {name: value for name, value in cursor.items() if name != NAME}
    try:
        return msgspec.convert(cursor.get(NAME, {}), Memory), rest
    except msgspec.ValidationError:
        return Memory(), rest


def joined(memory: Memory, rest: Mapping[str, Any]) -> dict[str, Any]:
    """A cursor of both."""
    return {**rest, NAME: msgspec.to_builtins(memory)}


def after(memory: Memory, event: Event) -> Memory:
    """The memory after what the hub said."""
    if isinstance(event, Ignored):
        return replace(memory, trust=replace(memory.trust, ignored=memory.trust.ignored + event.pushes, ignored_at=event.at))
    return replace(memory, agreement=agreement.after(memory.agreement, event))


def after_document(memory: Memory, about: Mapping[str, Any]) -> Memory:
    """With what a polled document says of the feed (`about` of its batch); as it was when none came."""
    if "hubs" not in about:
        return memory
    texts = {name: str(about.get(name, ""))[:1_000] for name in ("topic", "address", "site", "title", "language")}
    return replace(memory, is_known=True, hubs=tuple(about["hubs"]), **texts)


def after_poll(memory: Memory, found: frozenset[str], polled_at: float, now: float) -> Memory:
    """After a poll that found these new ids, the one before it having been at `polled_at` (0: not known).

    What came before the hub's word, or while we were away, it need not have sent. One that has missed something is asked again, or the next one
    that the feed names.
    """
    agreed = memory.agreement
    if not agreed.holds(now):
        return replace(memory, trust=replace(memory.trust, awaited={}))
    after = trust.after_poll(memory.trust, found, now, is_promised=polled_at >= agreed.agreed_at)
    if after.is_lost and not memory.trust.is_lost:
        at = memory.hubs.index(agreed.hub) + 1 if agreed.hub in memory.hubs else 0
        agreed = replace(agreed, agreed_at=0, ends_at=0, next_at=int(now), attempts=at)
    return replace(memory, trust=after, agreement=agreed)


def state(memory: Memory, now: float) -> Push | None:
    """How it stands, for people; None for a feed that was never to be pushed."""
    agreed, trusted = memory.agreement, memory.trust
    if not agreed.hub:
        return None
    return Push(
        state=_word(memory, now),
        hub=host_of(agreed),
        until=datetime.fromtimestamp(agreed.ends_at, UTC) if agreed.holds(now) else None,
        last_at=datetime.fromtimestamp(trusted.pushed_at, UTC) if trusted.pushed_at else None,
        pushes=trusted.pushes,
        ignored=trusted.ignored,
        missed=trusted.missed,
        why=agreed.why,
    )


def _word(memory: Memory, now: float) -> PushState:
    agreed = memory.agreement
    if agreed.is_denied:
        return "denied"
    if memory.trust.is_lost:
        return "distrusted"
    if agreed.holds(now):
        return "pushes"
    return "asked" if agreed.wanted and now <= agreed.verified_by else "lapsed"


def note(memory: Memory, now: float) -> str:
    """What a person should know, in a sentence; "" while all is well."""
    found, hub = [], host_of(memory.agreement)
    match state(memory, now):
        case Push(state="distrusted", missed=missed):
            found.append(f"its hub {hub} has not sent {missed:,} items that polls found: it is polled at its own rhythm again")
        case Push(state="denied" | "lapsed", why=why):
            found.append(f"its hub {hub} does not push, so it is polled: {why or 'it has not confirmed in time'}")
        case Push(why=why) if why:
            found.append(why)
    if now - memory.trust.ignored_at < IGNORED_TOLD_SECONDS:
        found.append(f"{memory.trust.ignored:,} pushes without a valid signature were ignored")
    return "; ".join(found)
