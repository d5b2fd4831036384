"""Who may push: a bearer token, or a signature over the raw bytes of the request. Pure.

Every comparison takes the same time whether it fails early or late, and several tokens and keys may be valid at once, so that they can be exchanged
without a gap.
"""

from __future__ import annotations

import hashlib
import hmac
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.signing import signature

MAX_SIGNATURES = 10
MAX_ID_CHARACTERS = 200
# What a restart may forget: a request that comes again brings the same article ids, and identify drops it as a repeat.
SAVED_MARKS = 200
REMEMBERED_MARKS = 100_000


@dataclass(frozen=True)
class Access:
    """What opens the way: any of the tokens, or a signature with any of the keys whose time is within `tolerance_seconds`."""

    tokens: Sequence[bytes]
    keys: Sequence[bytes]
    tolerance_seconds: float

    def refusal(self, headers: Mapping[str, str], body: bytes | None, now_seconds: float) -> str:
        """Why the request is refused, or "" when it is let in. `headers` have lower-case names. Without a `body`: whether it is worth taking."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and token.strip():
            given = token.strip().encode("utf-8", "replace")
            # No early end: how many tokens there are, and which one it is, must not show in the time.
            valid = [hmac.compare_digest(given, each) for each in self.tokens]
            return "" if any(valid) else "the bearer token is not one of this source's"
        if "webhook-signature" in headers:
            return self._signature_refusal(headers, body, now_seconds)
        return "it has neither a bearer token nor a webhook-signature"

    def _signature_refusal(self, headers: Mapping[str, str], body: bytes | None, now_seconds: float) -> str:
        if not self.keys:
            return "this source has no secrets, so it takes no signed requests"
        message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
        if not message_id or len(message_id) > MAX_ID_CHARACTERS:
            return f"a signed request has a webhook-id of at most {MAX_ID_CHARACTERS} characters"
        if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
            return "webhook-timestamp is not a number of seconds since 1970"
        if abs(now_seconds - int(stamp)) > self.tolerance_seconds:
            return f"webhook-timestamp is more than {self.tolerance_seconds:g} s away from now: sign it again, and look at both clocks"
        if body is None:
            return ""
        given = headers["webhook-signature"].split()[:MAX_SIGNATURES]
        expected = [signature(key, message_id, stamp, body).encode() for key in self.keys]
        valid = [hmac.compare_digest(mine, each.encode("utf-8", "replace")) for mine in expected for each in given]
        return "" if any(valid) else "the signature does not belong to these bytes, this webhook-id and this webhook-timestamp"


def mark_of(headers: Mapping[str, str], body: bytes) -> str:
    """What two copies of one request share: its id, where it has one, and its bytes."""
    return hashlib.sha256(headers.get("webhook-id", "").encode("utf-8", "replace") + b"\x00" + body).hexdigest()[:24]


class Replays:
    """The marks of requests that Kafka has confirmed, the newest last: the same one again changes nothing."""

    def __init__(self, saved: Iterable[str] = ()) -> None:
        self._marks = OrderedDict.fromkeys(str(each) for each in saved)

    def __contains__(self, mark: str) -> bool:
        return mark in self._marks

    def add(self, mark: str) -> None:
        self._marks[mark] = None
        self._marks.move_to_end(mark)
        while len(self._marks) > REMEMBERED_MARKS:
            self._marks.popitem(last=False)

    def saved(self, further: Iterable[str] = ()) -> list[str]:
        """The newest marks together with `further`, for the cursor."""
        newest = [each for each, _ in zip(reversed(self._marks), range(SAVED_MARKS), strict=False)]
        return list(dict.fromkeys((*reversed(newest), *further)))[-SAVED_MARKS:]
