"""Items of RSS or entries of Atom that are handed over without their feed, or with it."""

from __future__ import annotations

import re

from connectors._feed import parsing
from connectors._item import Item
from pipeline.errors import Permanent
from pipeline.outcome import Rejection

BEGINS = re.compile(
    r"\s*(?:<\?xml[^>]{0,300}\?>\s*)?(?:<!--.{0,2000}?-->\s*)*<(?:rss|feed|rdf:RDF|item|entry)[\s>]", re.IGNORECASE | re.DOTALL
)
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,300}\?>")
_ALONE = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)*<(item|entry)[\s>]", re.IGNORECASE | re.DOTALL)
_NAMESPACES = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'


def read(text: str) -> tuple[Item, ...]:
    """The items in `text`. Raises Permanent when it is no feed and no item, or is broken: who hands over an article can write it in full."""
    bare = _DECLARATION.sub("", text, count=1)
    if alone := _ALONE.match(bare):
        outer = ("feed", f'<feed xmlns="http://www.w3.org/2005/Atom">{bare}</feed>') if alone[1].lower() == "entry" else ("rss", "")
        bare = outer[1] or f'<rss version="2.0" {_NAMESPACES}><channel>{bare}</channel></rss>'
    feed = parsing.parse(bare.encode("utf-8", "replace"), "the document")
    if feed.broken:
        raise Permanent(Rejection.UNREADABLE, f"the XML is broken: {feed.broken}")
    return feed.items
