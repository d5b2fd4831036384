"""Whether a pushed document comes from the hub that was given the secret (WebSub, section 8: X-Hub-Signature). Pure."""

from __future__ import annotations

import hashlib
import hmac

# The methods that the Recommendation names. HMAC with SHA-1 is still sound, and many hubs know nothing else.
_METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def problem(secret: str, header: str, body: bytes) -> str:
    """Why `header` does not sign the raw bytes of `body`, or "" when it does. The comparison takes the same time wherever it fails."""
    if not secret:
        return "no secret was agreed"
    method, _, given = header.strip().partition("=")
    if not given:
        return "it has no X-Hub-Signature"
    if method.lower() not in _METHODS:
        return "its X-Hub-Signature names no method that is known (sha1, sha256, sha384, sha512)"
    expected = hmac.new(secret.encode(), body, _METHODS[method.lower()]).hexdigest()
    is_signed = hmac.compare_digest(expected.encode(), given.strip().lower().encode("utf-8", "replace"))
    return "" if is_signed else "its X-Hub-Signature does not belong to these bytes"
