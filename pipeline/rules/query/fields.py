"""The fields of the query language: those that are searched, and those that say something about the article besides its words."""

from __future__ import annotations

from pipeline.located import nearest
from pipeline.rules.model import Place, SearchedField

SEARCHED_FIELDS: dict[str, SearchedField] = {"title": "title", "lead": "lead", "body": "body"}
FILTERS: dict[str, Place] = {
    "url": "url",
    "author": "author",
    "site": "site",
    "source": "source",
    "lang": "language",
    "language": "language",
    "country": "country",
    "category": "section",
    "section": "section",
    "entity": "entity",
    "cluster.size": "story_size",
    "story.size": "story_size",
    "tier": "tier",
    "source.tier": "tier",
}
SET = "set"
NUMBERS: tuple[Place, ...] = ("story_size", "tier")
# How each place is written: the first name above that stands for it.
WRITTEN: dict[Place, str] = {place: name for name, place in reversed(FILTERS.items())}


def unknown_field(name: str) -> str:
    """What to say about a field that is none of ours."""
    if name.lower() in ("http", "https", "ftp"):
        return f'{name}:// is an address: write url:"…" to look for words of the article\'s address'
    close = nearest(name.lower(), [*SEARCHED_FIELDS, *FILTERS, SET])
    known = ", ".join([*SEARCHED_FIELDS, *WRITTEN.values(), SET])
    return f"there is no field {name[:40]!r}.{close or f' The fields are {known}.'} To search for a colon, put the words in quotes"
