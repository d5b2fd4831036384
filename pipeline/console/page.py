"""The page's HTML: one template, in the language people asked for. Everything on it that comes from a feed is added by the script, as text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from pipeline.console.words import WORDS
from pipeline.settings import Settings

_TEMPLATE = Path(__file__).parent / "static" / "page.html"
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def page(settings: Settings, query: Mapping[str, str], accepted_languages: str = "", person: str = "") -> str:
    """The HTML for an address with this query, for the `person` whom a proxy named ("" when it named nobody). `lang`, `theme` and `view` are read here so that nothing flickers; the script reads the rest."""
    language = chosen_language(query.get("lang", ""), accepted_languages, settings.language)
    theme = query.get("theme", "")
    values = {
        **WORDS[language],
        "lang": language,
        "other_lang": "en" if language == "de" else "de",
        "theme": theme if theme in ("dark", "light") else "auto",
        "view": "wall" if query.get("view") == "wall" else "desk",
        "config": json.dumps(
            {
                "lang": language,
                "time_zone": settings.time_zone,
                "articles": settings.console.articles,
                "person": person,
                "by_proxy": bool(settings.console.user_header),
                "receivers": [each.name for each in settings.receivers],
                "default_route": list(settings.alerts.default_route),
                "words": WORDS[language],
            },
            ensure_ascii=False,
        ),
    }
    return _PLACE.sub(lambda found: html.escape(values[found[1]]), _template())


@cache
def _template() -> str:
    return _TEMPLATE.read_text(encoding="utf-8")


def chosen_language(asked: str, accepted: str, configured: str) -> str:
    """`de` or `en`: what the address asks for, else the browser's first choice of the two, else what the configuration says."""
    if asked in WORDS:
        return asked
    weighed = []
    for place, each in enumerate(accepted[:500].split(",")):
        tag, _, parameters = each.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{0,3})?)\s*", parameters)
        weighed.append((-float(quality[1]) if quality else -1.0, place, tag.lower().split("-")[0]))
    return next((tag for weight, _, tag in sorted(weighed) if weight < 0 and tag in WORDS), configured)
