"""Which items of a feed are new or changed since the last look, and what is remembered for the next one."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors._canonical import canonical
from connectors._item import Item, article_of, content_hash
from pipeline.article import Article, Source
from pipeline.outcome import Rejection
from pipeline.plugins import Unreadable

# Items remembered beyond those that the feed shows now: feeds drop items and bring them back.
REMEMBERED_ITEMS = 1_000
REMEMBERED_GUIDS = 200


@dataclass(frozen=True)
class Memory:
    """`seen`: content hashes, those of the newest document first. `doubled`: GUIDs (shortened) that stood for several items."""

    seen: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Memory:
        return cls(tuple(cursor.get("seen", ())), tuple(cursor.get("doubled", ())))

    def as_cursor(self) -> dict[str, Any]:
        return {"seen": list(self.seen)} | ({"doubled": list(self.doubled)} if self.doubled else {})


@dataclass(frozen=True)
class Selection:
    articles: tuple[Article, ...]
    unreadable: tuple[Unreadable, ...]
    memory: Memory


def select(items: Sequence[Item], source: Source, encoding: str, fetched_at: datetime, memory: Memory) -> Selection:
    """The articles of `items` (newest first, as feeds have them) that `memory` has not seen, oldest first.

    A GUID that stands for different links or, without links, different titles cannot tell articles apart: those take their
    link, and carry the flag `duplicate_guid`. Once found, such a GUID is remembered, or an article would change its id.
    """
    doubled = tuple(dict.fromkeys((*_doubled(items), *memory.doubled)))
    seen = set(memory.seen)
    articles, unreadable, current = [], [], []
    for item in reversed(items):
        if item.is_empty:
            mark = _short(repr((item.guid, item.url, item.original)))
            found: Article | Unreadable = Unreadable(
                item.guid or item.url or source.id, Rejection.EMPTY, "the item has neither a title nor a text", item.original
            )
        else:
            found = _article(item, source, doubled, encoding, fetched_at)
            mark = content_hash(found)
        current.append(mark)
        if mark in seen:
            continue
        seen.add(mark)
        if isinstance(found, Article):
            articles.append(found)
        else:
            unreadable.append(found)
    marks = tuple(dict.fromkeys((*reversed(current), *memory.seen)))[: len(current) + REMEMBERED_ITEMS]
    return Selection(tuple(articles), tuple(unreadable), Memory(marks, doubled[:REMEMBERED_GUIDS]))


def _article(item: Item, source: Source, doubled: Sequence[str], encoding: str, fetched_at: datetime) -> Article:
    is_doubled = bool(item.guid) and _short(item.guid) in doubled
    guid, url = "" if is_doubled else item.guid, canonical(item.url)
    if not guid and not url:
        # Neither a GUID nor a link: the words themselves must tell the item from its neighbours.
        guid = f"title:{_short(item.title.strip() or item.body)}"
    flags = ("duplicate_guid",) if is_doubled else ()
    return article_of(item, source, guid=guid, url=url, encoding=encoding, fetched_at=fetched_at, flags=flags)


def _doubled(items: Sequence[Item]) -> list[str]:
    subjects: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.guid and not item.is_empty:
            subjects[item.guid].add(canonical(item.url) or item.title.strip())
    return [_short(guid) for guid, found in subjects.items() if len(found) > 1]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
