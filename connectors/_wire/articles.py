"""What an entry of a document becomes: an article with an id that stays the same when it comes again."""

from __future__ import annotations

import hashlib
from datetime import datetime

from connectors._canonical import canonical
from connectors._item import Item, article_of, site_of
from connectors._wire.documents import Entry
from pipeline.article import Article, Source


def article_from(entry: Entry, connector: str, source_id: str, fetched_at: datetime, *, site: str = "", file: str = "") -> Article:
    """The article of an entry that can be read.

    An id of the article's own counts first, then its URL (a saved page's is not trusted: many name their front page), then the file that
    held it, then its title.
    """
    item = entry.found
    assert isinstance(item, Item)
    source = Source(id=source_id, connector=connector, site=site or site_of(item.url) or source_id)
    guid, url = item.guid, "" if entry.is_alone and file else canonical(item.url)
    if not guid and not url:
        title = hashlib.sha256((item.title or item.body).encode("utf-8", "replace")).hexdigest()[:16]
        guid = f"file:{file}{'' if entry.is_alone else f'#{title}'}" if file else f"title:{title}"
        source = Source(id=source_id, connector=connector, site=site or source_id)
    return article_of(item, source, guid=guid, url=url, encoding=entry.encoding, fetched_at=fetched_at)
