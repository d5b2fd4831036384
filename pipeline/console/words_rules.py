"""What the page says of rules, of trying and saving them, and of the hand-over: for each name the German and the English words."""

from __future__ import annotations

from typing import Final

RULES: Final[dict[str, tuple[str, str]]] = {
    "rules": ("Regeln", "Rules"),
    "rules_none": ("Keine Regel ist aktiv.", "No rule is active."),
    "rules_count": ("{n} aktiv", "{n} active"),
}
