"""A newsletter as mail (RFC 5322, MIME) to an item."""

from __future__ import annotations

import email
import email.policy
import email.utils
import hashlib
import re
from collections.abc import Iterator
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any

from connectors._canonical import shown
from connectors._item import Item, as_html, clean
from pipeline.errors import Permanent
from pipeline.outcome import Rejection
from pipeline.text.decoding import decode

# Python's header parsers take quadratic time; no title and no list of senders is longer.
MAX_HEADER_CHARACTERS = 4_000
MAX_PARTS = 200
MAX_HEAD_BYTES = 200_000
_HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
_ADDRESS_TAG = re.compile(r"<(https?://[^<>\s]{1,2000})>")


def read(data: bytes) -> tuple[Item, str]:
    """The article in a mail, and the encoding of its text. The HTML part counts, or else the plain one. Raises Permanent when it is no mail."""
    head = _HEAD_ENDS.search(data, 0, MAX_HEAD_BYTES)
    if not head:
        raise Permanent(Rejection.UNREADABLE, f"it is no mail: its header does not end within {MAX_HEAD_BYTES:,} bytes")
    try:
        message = email.message_from_bytes(data, policy=email.policy.compat32)
        parts = list(_texts(message))
    except (MessageError, RecursionError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise Permanent(Rejection.UNREADABLE, f"the mail broke its parser: {type(error).__name__}: {error}"[:300]) from error
    kind, body, encoding = next((each for each in parts if each[0] == "text/html"), parts[0] if parts else ("text/plain", "", ""))
    is_html = kind == "text/html"
    title = header(message, "Subject")
    return (
        Item(
            guid=header(message, "Message-ID").strip("<>") or f"mail:{hashlib.sha256(data).hexdigest()[:32]}",
            url=_archived(message),
            title=as_html(title) if is_html else title,
            body=body,
            markup="html" if is_html else "text",
            authors=(_sender(message)[0],),
            published=header(message, "Date"),
            language=header(message, "Content-Language").partition(",")[0].strip(),
            original=data,
        ),
        encoding,
    )


def sender_address(data: bytes) -> str:
    """The address of the sender in lower case; "" when there is none that can be read."""
    head = _HEAD_ENDS.search(data, 0, MAX_HEAD_BYTES)
    return _sender(email.message_from_bytes(data[: head.end()], policy=email.policy.compat32))[1] if head else ""


def header(message: Message, name: str) -> str:
    """A header as people read it, on one line; "" when it is missing."""
    raw = str(message.get(name) or "")[:MAX_HEADER_CHARACTERS]
    try:
        text = str(make_header(decode_header(raw)))
    except (MessageError, ValueError, LookupError, TypeError):
        text = raw
    return clean(" ".join(text.split()))


def _sender(message: Message) -> tuple[str, str]:
    name, address = email.utils.parseaddr(header(message, "From"))
    return name or address, address.lower()


def _archived(message: Message) -> str:
    found = _ADDRESS_TAG.search(header(message, "Archived-At"))
    return shown(found[1]) if found else ""


def _texts(message: Message) -> Iterator[tuple[str, str, str]]:
    """Type, text and encoding of each part that is shown, in order."""
    for number, part in enumerate(message.walk()):
        if number >= MAX_PARTS:
            return
        kind = part.get_content_type()
        if kind not in ("text/plain", "text/html") or part.get_content_disposition() == "attachment":
            continue
        data: Any = part.get_payload(decode=True)
        if isinstance(data, bytes) and data.strip():
            found = decode(data, part.get_content_charset(), "html" if kind == "text/html" else "text")
            yield kind, clean(found.text), found.encoding
