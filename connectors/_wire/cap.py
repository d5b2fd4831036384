"""CAP 1.1 and 1.2: warnings of civil protection and weather services, with updates and cancellations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from connectors._canonical import shown
from connectors._item import Item
from connectors._wire.instants import instant
from connectors._wire.statuses import withdrawn_text
from connectors._wire.xml_tree import all_words, found_words, words
from pipeline.errors import Permanent
from pipeline.outcome import Rejection

NAMESPACES = ("urn:oasis:names:tc:emergency:cap:1.1", "urn:oasis:names:tc:emergency:cap:1.2")
# What the standard allows for urgency, severity and certainty (CAP 1.2, 3.2.2); other words are not taken over.
_DEGREES = frozenset(str.split("immediate expected future past extreme severe moderate minor observed likely possible unlikely"))
_ABOUT_WARNINGS = ("Alert", "Update", "Cancel")


def read(root: Any, data: bytes, first_of: Mapping[str, str] | None = None, language: str = "") -> Item:
    """The warning in an `alert` element, in `language` where it is given in several.

    Its guid is that of the first alert of its chain, so that updates are revisions of it and a cancellation withdraws it: what `first_of`
    knows of the alerts it refers to, or else the earliest of them. Raises Permanent for exercises, tests, acknowledgements and errors.
    """
    status, kind = found_words(root, "status"), found_words(root, "msgType")
    if status != "Actual" or kind not in _ABOUT_WARNINGS:
        raise Permanent(
            Rejection.INVALID,
            f"it warns of nothing: its status is {status[:40]!r} and its msgType {kind[:40]!r}; only actual alerts, updates and cancellations are read",
        )
    info = _info(root, language)
    expires = found_words(info, "expires")
    title = found_words(info, "headline", "event")
    # A cancellation without a text, as many services send it, says at least that.
    title, body = withdrawn_text("canceled" if kind == "Cancel" else "usable", title, _body(info, expires), found_words(root, "note"))
    return Item(
        guid=first_alert(root, first_of or {}),
        url=shown(found_words(info, "web")),
        title=title,
        body=body,
        authors=all_words(info, "senderName") or all_words(root, "sender"),
        section=found_words(info, "category"),
        keywords=all_words(info, "event", "severity", "urgency", "certainty", "area/areaDesc"),
        published=found_words(root, "sent"),
        language=found_words(info, "language"),
        pubstatus="canceled" if kind == "Cancel" else "usable",
        original=data,
        flags=tuple(f"cap_{name}_{said}" for name, said in _said(kind, info) if said),
    )


def _said(kind: str, info: Any) -> list[tuple[str, str]]:
    """What makes an alert more or less pressing, in the words of the standard."""
    words_of = {name: found_words(info, name).lower() for name in ("urgency", "severity", "certainty")}
    return [("type", kind.lower() if kind != "Alert" else ""), *((name, said) for name, said in words_of.items() if said in _DEGREES)]


def own_id(root: Any) -> str:
    """Sender and identifier, which name an alert among all. Raises Permanent when one is missing."""
    sender, identifier = found_words(root, "sender"), found_words(root, "identifier")
    if not sender or not identifier:
        raise Permanent(Rejection.INVALID, "the alert has no sender or no identifier: its updates could not be told from new warnings")
    return f"{sender},{identifier}"


def first_alert(root: Any, first_of: Mapping[str, str]) -> str:
    """Sender and identifier of the alert with which the chain of this one began; its own when it refers to none."""
    referred = []
    for each in found_words(root, "references").split():
        sender, _, rest = each.partition(",")
        identifier, _, sent = rest.rpartition(",")
        if sender and identifier:
            referred.append((instant(sent), f"{sender},{identifier}"))
    known = next((first_of[each] for _, each in referred if each in first_of), "")
    dated = sorted((at, each) for at, each in referred if at)
    return known or (dated[0][1] if dated else referred[0][1] if referred else own_id(root))


def _info(root: Any, language: str) -> Any:
    found = root.xpath("info")
    wanted = [each for each in found if language and found_words(each, "language").lower().startswith(language.lower())]
    # Without a language the standard means en-US, and services list their own first.
    return next(iter(wanted or found), root)


def _body(info: Any, expires: str) -> str:
    areas = ", ".join(all_words(info, "area/areaDesc")[:200])
    texts = [words(each) for name in ("description", "instruction") for each in info.xpath(name)]
    return "\n\n".join((*(each for each in texts if each), *((areas,) if areas else ()), *((f"– {expires}",) if expires and texts else ())))
