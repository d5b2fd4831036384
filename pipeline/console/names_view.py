"""What the page shows of the names in an article: chips that filter the list."""

from __future__ import annotations

import msgspec

from pipeline.article import Article
from pipeline.facts import AGENCY_PREFIX

# More would push the next article off a small screen.
MOST_NAMES = 6
_NAME_CHARACTERS = 60


class NameView(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    type: str
    name: str


def name_views(article: Article) -> tuple[NameView, ...]:
    """The most salient names; news agencies, which are who tells, are left out."""
    told = (each for each in article.entities if not each.id.startswith(AGENCY_PREFIX))
    return tuple(
        NameView(id=each.id, type=each.type, name=each.name[:_NAME_CHARACTERS]) for each, _ in zip(told, range(MOST_NAMES), strict=False)
    )
