"""Signatures of webhooks, outgoing and incoming alike, as Standard Webhooks has them (version 1.0.0: HMAC-SHA256 over `id.timestamp.body`)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac


def signature(key: bytes, message_id: str, stamp: str, body: bytes) -> str:
    """The value of `webhook-signature` for the raw bytes of `body`; `stamp` is in seconds since 1970."""
    signed = f"{message_id}.{stamp}.".encode("utf-8", "replace") + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def key_of(text: str) -> bytes:
    """The key's bytes: base64 after `whsec_`, as Standard Webhooks writes it, or else the text itself."""
    if text.startswith("whsec_"):
        try:
            return base64.b64decode(text.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            return text.encode()
    return text.encode()
