"""What a notifier would send, without sending it: for `lagebild alerts render`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from pipeline import plugins


def preview(notifier: str, alert: Mapping[str, Any], options: Mapping[str, Any] | None = None, folders: tuple[Path, ...] = ()) -> str:
    """The text that `notifier` makes of `alert`: the body of its request, or the whole e-mail. Secrets are not in it, and none is needed.

    `options` are a receiver's, as the configuration has them; without them those of the notifier's example. Raises NoSuchPlugin, a pydantic
    ValidationError for options that are wrong, and ValueError for a private notifier that has no `payload`.
    """
    module = plugins.load("notifiers", notifier, folders)
    if not hasattr(module, "payload"):
        raise ValueError(f"the notifier {notifier} has no function payload(alert, options): what it sends cannot be shown")
    chosen = module.Options.model_validate(getattr(module, "EXAMPLE", {}) if options is None else dict(options))
    found = module.payload(alert, chosen)
    if isinstance(found, EmailMessage):
        return _readable(found)
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, indent=2)


def _readable(letter: EmailMessage) -> str:
    """Headers and both parts, decoded: what is sent is the same in the encoding of e-mail."""
    headers = [f"{name}: {value}" for name, value in letter.items()]
    parts = [f"--- {each.get_content_type()}\n{each.get_content()}" for each in letter.iter_parts() if isinstance(each, EmailMessage)]
    return "\n".join([*headers, "", *parts])
