"""Which entries of a sitemap are articles, and how they read: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import unquote, urlsplit

from connectors._item import Item, looks_like_html
from connectors._sitemap.file import Entry

# Words of an address say what a page is about when there are some; fewer name a section.
LEAST_WORDS = 4
_DATE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?")
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Wanted:
    """`items` newest first. `notes` say what was passed over although it may be an article."""

    items: tuple[Item, ...]
    notes: tuple[str, ...] = ()


def items(entries: Iterable[Entry], now: datetime, *, max_age_days: float, untitled: bool) -> Wanted:
    """The entries changed within `max_age_days` (or without a date) that have a title, or words in their address when `untitled`."""
    dated: list[tuple[str, Item]] = []
    wordless = 0
    for each in entries:
        if is_older(each.published or each.modified, now, max_age_days):
            continue
        title = each.title or (_words_of(each.url) if untitled else "")
        if not title:
            wordless += 1
            continue
        dated.append((each.published or each.modified, _item(each, title)))
    # Dates of one sitemap are written alike, so that their texts sort as they do; the rest keeps its order.
    dated.sort(key=lambda pair: pair[0], reverse=True)
    note = f"{wordless:,} pages have no title in the sitemap and are passed over: untitled: true takes the words of their address"
    return Wanted(tuple(item for _, item in dated), (note,) if wordless else ())


def _item(entry: Entry, title: str) -> Item:
    return Item(
        url=entry.url,
        title=title,
        markup="html" if looks_like_html(title) else "text",
        keywords=entry.keywords,
        published=entry.published,
        updated=entry.modified,
        language=entry.language,
        original=entry.original,
        flags=() if entry.title else ("title_from_address",),
    )


def is_older(date: str, now: datetime, max_age_days: float) -> bool:
    """Whether the day (or month) at the beginning of `date` (W3C date format) lies further back; not for one that cannot be read."""
    found = _DATE.match(date)
    if not found:
        return False
    year, month, day = int(found[1]), int(found[2]), int(found[3] or 1)
    try:
        ended_at = datetime(year, month, day, tzinfo=UTC) + timedelta(days=1 if found[3] else 31)
    except (ValueError, OverflowError):
        return False
    return ended_at < now - timedelta(days=max_age_days)


def _words_of(url: str) -> str:
    """The words at the end of the path ("/politik/raketentest-ueber-der-see-123.html"), or "" when they are too few to be a title."""
    parts = [part for part in unquote(urlsplit(url).path).split("/") if part]
    words = max((_WORD.findall(re.sub(r"\.\w{2,5}$", "", part)) for part in parts[-2:]), key=len, default=[])
    return " ".join(words) if len(words) >= LEAST_WORDS else ""
