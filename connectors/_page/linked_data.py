"""What a page says of its article in JSON-LD (schema.org). Pure; every value is hostile: bounded in size, depth and number, and taken only as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

MAX_SCRIPTS = 30
MAX_SCRIPT_CHARACTERS = 1_000_000
MAX_NODES = 2_000
# schema.org's Article and what descends from it, as publishers use it.
_ARTICLES = re.compile(r"(?:\w*Article|BlogPosting|LiveBlogPosting|Report|NewsAnalysis|PressRelease)$")
# Of JSON that no parser takes (line breaks in texts, commas too many), the dates can still be told.
_DATES = re.compile(r'"(datePublished|dateModified)"\s*:\s*"([^"\\]{4,60})"')
_TEXTS = ("headline", "description", "articleBody", "datePublished", "dateModified", "inLanguage", "url")


def article_in(scripts: list[str]) -> dict[str, Any]:
    """The properties of the page's article: texts under schema.org's names, `authors`, `keywords` and `sections` as lists, `paid` where it is said.

    {} when no script holds an article. Of several, the first with a headline or a text counts: teasers of others stand behind it.
    """
    nodes = [node for script in scripts[:MAX_SCRIPTS] for node in _nodes(_parsed(script))]
    articles = [each for each in nodes if _is_article(each)]
    chosen = next((each for each in articles if _text(each.get("headline")) or _text(each.get("articleBody"))), None)
    if chosen is None:
        return _dates_alone(scripts)
    by_id = {each["@id"]: each for each in nodes if isinstance(each.get("@id"), str) and len(each) > 1}
    found: dict[str, Any] = {name: text for name in _TEXTS if (text := _text(chosen.get(name)))}
    found["url"] = found.get("url") or _address(chosen.get("mainEntityOfPage"))
    found["authors"] = _names(chosen.get("author") or chosen.get("creator"), by_id)
    found["keywords"] = _listed(chosen.get("keywords"))
    found["sections"] = _listed(chosen.get("articleSection"))
    found["publisher"] = next(iter(_names(chosen.get("publisher"), by_id)), "")
    found["words"] = _number(chosen.get("wordCount"))
    if (paid := _paid(chosen)) is not None:
        found["paid"] = paid
    return found


def _parsed(script: str) -> Any:
    text = script.strip().removeprefix("<!--").removesuffix("-->").strip().rstrip(";")
    if not text or len(text) > MAX_SCRIPT_CHARACTERS:
        return None
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    """All objects in `value`, the outer before the inner, in their order; without recursion."""
    waiting, seen = [value], 0
    while waiting and seen < MAX_NODES:
        each = waiting.pop()
        seen += 1
        if isinstance(each, dict):
            yield each
            waiting += [inner for inner in reversed(each.values()) if isinstance(inner, dict | list)]
        elif isinstance(each, list):
            waiting += reversed(each[:MAX_NODES])


def _is_article(node: Mapping[str, Any]) -> bool:
    kinds = node.get("@type")
    return any(isinstance(each, str) and _ARTICLES.match(each) for each in (kinds if isinstance(kinds, list) else [kinds]))


def _text(value: Any) -> str:
    value = value[0] if isinstance(value, list) and value else value
    if isinstance(value, dict):
        value = value.get("name") or value.get("@value") or value.get("alternateName")
    return value.strip() if isinstance(value, str) else ""


def _address(value: Any) -> str:
    if isinstance(value, dict):
        value = value.get("@id") or value.get("url")
    return value.strip() if isinstance(value, str) else ""


def _names(value: Any, by_id: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Names of people or houses: texts, objects with a name, or references to such objects elsewhere on the page."""
    found = []
    for each in (value if isinstance(value, list) else [value])[:50]:
        if isinstance(each, dict) and "name" not in each and isinstance(each.get("@id"), str):
            each = by_id.get(each["@id"], each)
        found.append(_text(each.get("name") if isinstance(each, Mapping) else each))
    return [each for each in found if each]


def _listed(value: Any) -> list[str]:
    values = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    return [text for each in values[:50] if (text := _text(each))]


def _number(value: Any) -> int:
    """A count, also when written as text; 0 for none."""
    try:
        return max(int(value), 0) if isinstance(value, int | str) else 0
    except ValueError:
        return 0


def _paid(article: Mapping[str, Any]) -> bool | None:
    """Whether the article, or a part of it, is said not to be accessible for free; None when nothing is said."""
    parts = article.get("hasPart")
    said = [
        each.get("isAccessibleForFree") for each in (article, *(parts if isinstance(parts, list) else [parts])) if isinstance(each, dict)
    ]
    known = [str(each).rpartition("/")[2].lower() == "false" for each in said if each is not None]
    return any(known) if known else None


def _dates_alone(scripts: list[str]) -> dict[str, Any]:
    broken = (each for each in scripts[:MAX_SCRIPTS] if _parsed(each) is None)
    return {name: value for each in broken for name, value in reversed(_DATES.findall(each[:MAX_SCRIPT_CHARACTERS]))}
