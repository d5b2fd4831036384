"""Samples to bytes: RSS 2.0, Atom, article pages. Pure, and the same bytes for the same input.

Dates are the only part of a feed that depends on when the demonstration was started. Nothing of the text does, so a second start on kept
data delivers known texts with shifted dates: repeats, not revisions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from pipeline.demo.declarations import Feed, Sample, State

# A download that stopped: unquoted attribute, bare ampersands, an end tag that was never opened, and then nothing.
_BROKEN_TAIL = "<wetter grad=7 wind=frisch && Böen></see>\n<hinweis>Fähren & Busse fahren <b>später</hinweis>\n<bild hr"


@dataclass(frozen=True)
class Item:
    """One sample as one feed shows it now. `published` is the date as it is to be written, "" for none."""

    sample: Sample
    state: State
    form: str
    link: str
    published: datetime | None
    updated_at: datetime


def feed_bytes(feed: Feed, items: Sequence[Item], home: str, updated_at: datetime) -> bytes:
    """The document of `feed`, in the encoding it really has (characters it lacks become character references)."""
    document = _atom(feed, items, home, updated_at) if feed.format == "atom" else _rss(feed, items, home)
    return document.encode(feed.encoding, "xmlcharrefreplace")


def page(sample: Sample, state: State, publisher: str) -> bytes:
    """The article as an HTML page, in UTF-8, everything escaped."""
    text = _paragraphs("\n\n".join(part for part in (state.summary, state.body) if part))
    byline = escape(", ".join((*sample.authors, publisher)))
    title = escape(state.title)
    return (
        f'<!doctype html>\n<html lang="{escape(sample.language)}"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><article><h1>{title}</h1>\n<p>{byline}</p>\n{text}\n</article></body></html>\n"
    ).encode()


def _rss(feed: Feed, items: Sequence[Item], home: str) -> str:
    head = (
        f'<?xml version="1.0" encoding="{feed.declared_encoding}"?>\n'
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/">\n<channel>\n'
        f"<title>{escape(feed.title)}</title>\n<link>{escape(home)}</link>\n"
        f"<description>{escape(feed.title)}</description>\n<language>{feed.language}</language>\n"
    )
    tail = _BROKEN_TAIL if feed.malformed else "</channel>\n</rss>\n"
    return head + "".join(map(_rss_item, items)) + tail


def _rss_item(item: Item) -> str:
    sample, state = item.sample, item.state
    lines = [f"<title>{escape(state.title)}</title>", f"<link>{escape(item.link)}</link>"]
    if sample.guid:
        lines.append(f'<guid isPermaLink="false">{escape(sample.guid)}</guid>')
    if sample.published_raw:
        lines.append(f"<pubDate>{escape(sample.published_raw)}</pubDate>")
    elif item.published:
        lines.append(f"<pubDate>{format_datetime(item.published, usegmt=True)}</pubDate>")
    lines += [f"<dc:creator>{escape(author)}</dc:creator>" for author in sample.authors]
    if item.form == "teaser":
        lines.append(f"<description>{escape(state.summary)}</description>")
    elif state.summary:
        lines.append(f"<description>{escape(state.summary)}</description>")
        lines.append(f"<content:encoded>{escape(_paragraphs(state.body))}</content:encoded>")
    else:
        lines.append(f"<description>{escape(_paragraphs(state.body))}</description>")
    return "<item>\n" + "\n".join(lines) + "\n</item>\n"


def _atom(feed: Feed, items: Sequence[Item], home: str, updated_at: datetime) -> str:
    head = (
        f'<?xml version="1.0" encoding="{feed.declared_encoding}"?>\n<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="{feed.language}">\n'
        f"<title>{escape(feed.title)}</title>\n<id>{escape(home)}feed/{feed.name}</id>\n"
        f'<link href="{escape(home)}"/>\n<updated>{_rfc3339(updated_at)}</updated>\n'
    )
    return head + "".join(map(_atom_entry, items)) + "</feed>\n"


def _atom_entry(item: Item) -> str:
    sample, state = item.sample, item.state
    lines = [f'<title type="text">{escape(state.title)}</title>', f'<link rel="alternate" href="{escape(item.link)}"/>']
    lines.append(f"<id>{escape(sample.guid)}</id>")
    if item.published:
        lines.append(f"<published>{_rfc3339(item.published)}</published>")
    lines.append(f"<updated>{_rfc3339(item.updated_at)}</updated>")
    lines += [f"<author><name>{escape(author)}</name></author>" for author in sample.authors]
    if state.summary:
        lines.append(f'<summary type="text">{escape(state.summary)}</summary>')
    if item.form == "full":
        lines.append(f'<content type="html">{escape(_paragraphs(state.body))}</content>')
    return "<entry>\n" + "\n".join(lines) + "\n</entry>\n"


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph)


def _rfc3339(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
