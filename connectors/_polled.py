"""What is remembered of an address that is polled: its validators, its last document, where it moved to, and when it brought news."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from connectors import _pace
from connectors._http import Answer, Client, same_origin
from connectors._pace import Limits, Look
from pipeline.errors import Permanent
from pipeline.outgoing.address import without_query
from pipeline.plugins import Context

# A permanent redirect is believed when it was seen so often without a break: some are mistakes of an afternoon.
SIGHTINGS = 5
_LONGEST_VALIDATOR = 1_000
# By their names in a cursor: the header that gives one, and the header that asks with it.
_VALIDATORS = {"etag": ("etag", "If-None-Match"), "last_modified": ("last-modified", "If-Modified-Since")}
_NAMES = frozenset(("url", "address", "moved", "etag", "last_modified", "document", "looks", "wished_seconds"))


@dataclass(frozen=True)
class Polled:
    """`address` is where `url` has moved to, once that is believed; `document` is the hash of the last body."""

    url: str
    address: str = ""
    moved_to: str = ""
    sightings: int = 0
    etag: str = ""
    last_modified: str = ""
    document: str = ""
    looks: tuple[Look, ...] = ()
    wished_seconds: int = 0

    @classmethod
    def of(cls, cursor: Mapping[str, Any], url: str) -> Polled:
        """As `cursor` has it; nothing when it is that of another address."""
        if cursor.get("url") != url:
            return cls(url)
        moved = cursor.get("moved")
        target, sightings = (str(moved[0]), int(moved[1])) if isinstance(moved, list | tuple) and len(moved) == 2 else ("", 0)
        texts = {name: str(cursor[name]) for name in ("address", "etag", "last_modified", "document") if isinstance(cursor.get(name), str)}
        wish = cursor.get("wished_seconds")
        return cls(
            url,
            moved_to=target,
            sightings=sightings,
            looks=_pace.looks_of(cursor.get("looks")),
            wished_seconds=wish if isinstance(wish, int) else 0,
            **texts,
        )

    def as_cursor(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "url": self.url,
            "address": self.address,
            "moved": [self.moved_to, self.sightings] if self.moved_to else None,
            "etag": self.etag,
            "last_modified": self.last_modified,
            "document": self.document,
            "looks": _pace.stored(self.looks),
            "wished_seconds": self.wished_seconds,
        }
        return {name: value for name, value in found.items() if value}

    def within(self, cursor: Mapping[str, Any]) -> dict[str, Any]:
        """`cursor` with this in it instead of what it had."""
        return {name: value for name, value in cursor.items() if name not in _NAMES} | self.as_cursor()

    def forgotten(self) -> Polled:
        """Without the last document, so that the next one comes in full."""
        return replace(self, etag="", last_modified="", document="")

    def ask(self, client: Client, headers: Mapping[str, str], secrets: Mapping[str, str], now: datetime) -> tuple[Answer, Polled]:
        """The answer, and what is known of the address after it. `secrets` go to the origin of `url` alone. Raises what the client raises.

        Where the address that it moved to does not work any more, the old one is asked again.
        """
        own = dict(headers) | conditions({"etag": self.etag, "last_modified": self.last_modified})
        if self.address:
            try:
                sent = own | (dict(secrets) if same_origin(self.address, self.url) else {})
                return client.get(self.address, sent, now), self
            except Permanent:
                return client.get(self.url, dict(headers) | dict(secrets), now), replace(self, address="", moved_to="", sightings=0)
        answer = client.get(self.url, own | dict(secrets), now)
        return answer, self._sighted(answer.moved_to, bool(secrets))

    def _sighted(self, moved_to: str, has_secrets: bool) -> Polled:
        if not moved_to:
            return replace(self, moved_to="", sightings=0)
        sightings = self.sightings + 1 if moved_to == self.moved_to else 1
        # With a login the old address stays: its secrets must not follow to another host.
        adopted = sightings >= SIGHTINGS and (not has_secrets or same_origin(moved_to, self.url))
        return replace(self, moved_to=moved_to, sightings=min(sightings, SIGHTINGS), address=moved_to if adopted else "")

    def read(self, answer: Answer, *, keep_validators: bool = True) -> Polled:
        """After this document was read; without validators it will be sent again in full, so that its repair is seen."""
        kept = validators(answer) if keep_validators else {}
        return replace(self, document=digest(answer.body), etag=kept.get("etag", ""), last_modified=kept.get("last_modified", ""))

    def looked(self, now: datetime, new: int, shown: int, *, is_gap: bool = False, wished_seconds: float = 0.0) -> Polled:
        """After a look that brought `new` of `shown` items. The first look counts as one without news: all it shows is from before."""
        wish = int(min(wished_seconds, _pace.LONGEST_WISH_SECONDS))
        if self.looks and not new:
            return replace(self, wished_seconds=wish)
        look = Look(int(now.timestamp()), new if self.looks else 0, shown, is_gap)
        return replace(self, looks=_pace.with_look(self.looks, look), wished_seconds=wish)

    def wait_seconds(self, limits: Limits, context: Context, now: datetime) -> float | None:
        """The pause that the address's own rhythm asks for; None where the configuration names one."""
        if context.every_seconds is not None:
            return None
        return _pace.spread(_pace.pause_seconds(self.looks, now, limits, self.wished_seconds), context.name, now)

    @property
    def note(self) -> str:
        """What a person should know of the address: that it has moved. "" when there is nothing."""
        if self.address:
            return f"it has moved for good and is asked at {without_query(self.address)}: change its url"
        return ""


def conditions(known: Mapping[str, Any]) -> dict[str, str]:
    """The headers that ask for a document only when it is another than the one whose validators a cursor holds."""
    return {asked: str(known[name]) for name, (_, asked) in _VALIDATORS.items() if known.get(name)}


def validators(answer: Answer) -> dict[str, str]:
    """What a cursor keeps of the answer for `conditions`: what the server gives of it, unless that is too long to keep."""
    found = {name: answer.headers.get(given, "") for name, (given, _) in _VALIDATORS.items()}
    return {name: value for name, value in found.items() if 0 < len(value) <= _LONGEST_VALIDATOR}


def about_answer(answer: Answer) -> dict[str, Any]:
    """What a person who tries a source wants to know of the answer."""
    wanted = ("content-type", "content-encoding", "etag", "last-modified", "cache-control", "expires")
    said = {name: answer.headers[name] for name in wanted if answer.headers.get(name)}
    moved = {"moved_for_good_to": answer.moved_to} if answer.moved_to else {}
    return {"status": answer.status, "address": without_query(answer.url), "bytes": len(answer.body), **moved, **said}


def digest(body: bytes) -> str:
    """What a cursor keeps of a document, to know it again."""
    return hashlib.sha256(body).hexdigest()[:32]
