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
# Few, because a collector may hold the memory of tens of thousands of feeds; what comes back later is known to the stage identify as a repeat.
REMEMBERED_ITEMS = 300
REMEMBERED_GUIDS = 200
# Enough to see whether two documents that follow each other share an item.
REMEMBERED_IDS = 200
_MARK_CHARACTERS = 16
_ID_CHARACTERS = 8


@dataclass(frozen=True)
class Memory:
    """`seen`: content hashes, those of the newest document first. `doubled`: GUIDs (shortened) that stood for several items.

    `shown`: article ids (shortened) of the last document that showed any. `is_new`: the first document has not been read to its end.
    """

    seen: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    shown: frozenset[str] = frozenset()
    is_new: bool = True

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Memory:
        seen, shown = cursor.get("seen"), cursor.get("shown")
        return cls(
            _parted(seen, _MARK_CHARACTERS) if isinstance(seen, str) else tuple(seen or ()),
            tuple(cursor.get("doubled", ())),
            frozenset(_parted(shown, _ID_CHARACTERS) if isinstance(shown, str) else ()),
            is_new=seen is None or seen == [] or cursor.get("is_first") is True,
        )

    def as_cursor(self) -> dict[str, Any]:
        found: dict[str, Any] = {"seen": "".join(self.seen)}
        found |= {"shown": "".join(sorted(self.shown))} if self.shown else {}
        return found | ({"doubled": list(self.doubled)} if self.doubled else {})


@dataclass(frozen=True)
class Selection:
    """`shown` items the document had, with `new` ids among them; `ids` are all of them, shortened as in `Memory.shown`. `is_gap`: none of them was in the document before, so some may have come and gone."""

    articles: tuple[Article, ...]
    unreadable: tuple[Unreadable, ...]
    memory: Memory
    shown: int = 0
    new: int = 0
    is_gap: bool = False
    ids: frozenset[str] = frozenset()


def short_id(article_id: str) -> str:
    """The part of an article id that is remembered."""
    return article_id[:_ID_CHARACTERS]


def select(
    items: Sequence[Item], source: Source, encoding: str, fetched_at: datetime, memory: Memory, remembered: int = REMEMBERED_ITEMS
) -> Selection:
    """The articles of `items` (newest first, as feeds have them) that `memory` has not seen, oldest first.

    A GUID that stands for different links or, without links, different titles cannot tell articles apart: those take their
    link, and carry the flag `duplicate_guid`. Once found, such a GUID is remembered, or an article would change its id.
    What the first document shows is from before we looked: it is marked as back-fill.
    """
    doubled = tuple(dict.fromkeys((*_doubled(items), *memory.doubled)))
    seen = set(memory.seen)
    articles, unreadable, current = [], [], []
    ids: dict[str, None] = {}
    for item in reversed(items):
        if item.is_empty:
            mark = _short(repr((item.guid, item.url, item.original)))
            found: Article | Unreadable = Unreadable(
                item.guid or item.url or source.id, Rejection.EMPTY, "the item has neither a title nor a text", item.original
            )
        else:
            found = _article(item, source, doubled, encoding, fetched_at, backfill=memory.is_new)
            mark = content_hash(found)
            ids[short_id(found.id)] = None
        current.append(mark)
        if mark in seen:
            continue
        seen.add(mark)
        if isinstance(found, Article):
            articles.append(found)
        else:
            unreadable.append(found)
    marks = tuple(dict.fromkeys((*reversed(current), *memory.seen)))[: len(current) + remembered]
    newest = frozenset([*ids][-REMEMBERED_IDS:])
    return Selection(
        tuple(articles),
        tuple(unreadable),
        Memory(marks, doubled[:REMEMBERED_GUIDS], newest or memory.shown, is_new=False),
        shown=len(ids),
        new=len(ids.keys() - memory.shown),
        is_gap=bool(newest and memory.shown and newest.isdisjoint(memory.shown)),
        ids=frozenset(ids),
    )


def _parted(text: str, size: int) -> tuple[str, ...]:
    return tuple(text[at : at + size] for at in range(0, len(text) - size + 1, size))


def _article(item: Item, source: Source, doubled: Sequence[str], encoding: str, fetched_at: datetime, *, backfill: bool) -> Article:
    is_doubled = bool(item.guid) and _short(item.guid) in doubled
    guid, url = "" if is_doubled else item.guid, canonical(item.url)
    if not guid and not url:
        # Neither a GUID nor a link: the words themselves must tell the item from its neighbours.
        guid = f"title:{_short(item.title.strip() or item.body)}"
    flags = ("duplicate_guid",) if is_doubled else ()
    return article_of(item, source, guid=guid, url=url, encoding=encoding, fetched_at=fetched_at, flags=flags, backfill=backfill)


def _doubled(items: Sequence[Item]) -> list[str]:
    subjects: dict[str, set[str]] = defaultdict(set)
    for item in items:
        if item.guid and not item.is_empty:
            subjects[item.guid].add(canonical(item.url) or item.title.strip())
    return [_short(guid) for guid, found in subjects.items() if len(found) > 1]


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
