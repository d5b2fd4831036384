"""An alert as an e-mail message: headers, plain text and HTML. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from pipeline.rendering import ATOM, PLAIN, body, fitted, lines, subject
from pipeline.rendering.mail import page, plain_page
from pipeline.rendering.words import words_for

# Plain addresses only: no comments, no quoted names, nothing that has a second meaning in a header or in SMTP.
ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_NOT_OF_IDS = re.compile(r"[^A-Za-z0-9_-]+")
_SUBJECT_CHARACTERS = 200


def letter(alert: Mapping[str, Any], *, sender: tuple[str, str], to: Sequence[str], reply_to: str, max_bytes: int) -> EmailMessage:
    """The message about `alert` from `sender` (name, address). `max_bytes` bounds text and HTML together."""
    name, address = sender
    domain = address.rpartition("@")[2]
    found = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    found["From"] = Address(name, addr_spec=address)
    found["To"] = [Address(addr_spec=each) for each in to]
    if reply_to:
        found["Reply-To"] = Address(addr_spec=reply_to)
    found["Subject"] = _cut(subject(alert))
    found["Date"] = _date(alert)
    _thread(found, alert, domain)
    rule = _id(alert.get("rule_id")) or "lagebild"
    found["List-Id"] = f"<{rule}.lagebild.{domain}>"
    found["Auto-Submitted"] = "auto-generated"
    found["X-Auto-Response-Suppress"] = "All"
    if alert.get("severity") in ("critical", "high"):
        found["Importance"] = "high"
    text, html = _parts(alert, max_bytes)
    found.set_content(text)
    found.add_alternative(html, subtype="html")
    return found


def _cut(text: str) -> str:
    return text if len(text) <= _SUBJECT_CHARACTERS else text[: _SUBJECT_CHARACTERS - 1].rstrip() + "…"


def _date(alert: Mapping[str, Any]) -> datetime:
    for name in ("notified_at", "alerted_at"):
        try:
            at = datetime.fromisoformat(str(alert.get(name)))
        except ValueError:
            continue
        return at if at.tzinfo else at.replace(tzinfo=UTC)
    return datetime.fromtimestamp(0, UTC)


def _thread(found: EmailMessage, alert: Mapping[str, Any], domain: str) -> None:
    """Message-ID, In-Reply-To and References. The parts are ids of ours, cut to what an id may hold all the same."""
    episode, notification = _id(alert.get("episode_id")), _id(alert.get("notification_id"))
    root = f"<{episode}.episode@{domain}>"
    if episode and alert.get("kind") == "first":
        found["Message-ID"] = root
        return
    step = alert.get("step", 1)
    found["Message-ID"] = f"<{episode or 'lagebild'}.{step if isinstance(step, int) else 1}.{notification or 'message'}@{domain}>"
    if episode:
        found["In-Reply-To"] = root
        found["References"] = root


def _id(value: object) -> str:
    return _NOT_OF_IDS.sub("-", str(value or ""))[:64]


def _parts(alert: Mapping[str, Any], max_bytes: int) -> tuple[str, str]:
    words = words_for(alert)
    if alert.get("template_source"):
        text, html = body(alert, PLAIN, max_bytes // 3, _bytes), body(alert, ATOM, max_bytes // 2, _bytes)
        if text.templated and html.templated:
            return text.text + "\n", plain_page(html.text, words.language)
        alert = (html if text.templated else text).in_usual_form(alert)

    def made(each: Mapping[str, Any]) -> tuple[str, str]:
        whole = body(each, PLAIN, max_bytes, _bytes)
        return whole.text + "\n", page(lines(whole.alert), words.language, str(alert.get("severity", "")))

    return made(fitted(alert, lambda each: sum(map(_bytes, made(each))) <= max_bytes))


def _bytes(text: str) -> int:
    """With the two characters that end a line in an e-mail."""
    return len(text.encode("utf-8", "replace")) + text.count("\n") + 2
