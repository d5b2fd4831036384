"""JSON Feed 1.0 and 1.1 (jsonfeed.org): small enough to read by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from connectors._canonical import shown
from connectors._item import Item, as_html, clean, looks_like_html
from pipeline.errors import Permanent, why_unreadable
from pipeline.outcome import Rejection


@dataclass(frozen=True)
class JsonFeed:
    title: str
    link: str
    language: str
    items: tuple[Item, ...]


def parse(data: bytes, url: str) -> JsonFeed:
    """The feed in `data` (UTF-8). Raises Permanent when it is not one. Entries that are no objects have no text and are left to the caller as empty."""
    try:
        feed = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if "jsonfeed.org/version/" not in clean(_value(feed, "version", "")):
            raise Permanent(Rejection.UNREADABLE, f"{url} answers with JSON that is no JSON Feed: its version does not name jsonfeed.org")
        items = msgspec.json.decode(feed.get("items", msgspec.Raw(b"[]")), type=list[msgspec.Raw])
        language = clean(_value(feed, "language", ""))
        return JsonFeed(
            clean(_value(feed, "title", "")),
            shown(clean(_value(feed, "home_page_url", "")), url),
            language,
            tuple(_item(bytes(each), url, language) for each in items),
        )
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Permanent(Rejection.UNREADABLE, f"the JSON Feed at {url} cannot be read: {why_unreadable(error)}") from error


def _value(feed: dict[str, msgspec.Raw], name: str, default: Any) -> Any:
    return msgspec.json.decode(feed[name]) if name in feed else default


def _item(original: bytes, url: str, language: str) -> Item:
    found = msgspec.json.decode(original)
    if not isinstance(found, dict):
        return Item(original=original)
    html, text = clean(found.get("content_html")), clean(found.get("content_text"))
    summary, title = clean(found.get("summary")), clean(found.get("title"))
    authors = found.get("authors") or [found.get("author")]
    return Item(
        guid=clean(found.get("id")),
        url=shown(clean(found.get("url")) or clean(found.get("external_url")), url),
        title=title if looks_like_html(title) else as_html(title),
        summary=summary if looks_like_html(summary) else as_html(summary),
        body=html or as_html(text) or as_html(summary),
        markup="html",
        authors=tuple(clean(each.get("name")) for each in authors if isinstance(each, dict)) if isinstance(authors, list) else (),
        keywords=tuple(clean(each) for each in found["tags"]) if isinstance(found.get("tags"), list) else (),
        published=clean(found.get("date_published")),
        updated=clean(found.get("date_modified")),
        language=clean(found.get("language")) or language,
        original=original,
    )
