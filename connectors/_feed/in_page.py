"""The feeds that a web page names in its head (`<link rel="alternate">`), and links that look like feeds where it names none."""

from __future__ import annotations

from dataclasses import dataclass
from html.parser import HTMLParser
from urllib.parse import urlsplit

from connectors._canonical import shown
from connectors._item import clean

MAX_CHARACTERS = 500_000
MAX_FEEDS = 20
_TYPES = ("application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "application/json+feed")
# The ends of paths under which content systems put their feeds.
_ENDINGS = (
    ".rss",
    ".atom",
    ".rdf",
    "/feed",
    "/feed/",
    "/rss",
    "/rss/",
    "/atom",
    "/feed.xml",
    "/rss.xml",
    "/atom.xml",
    "/index.xml",
    "feed.json",
)
_COMMENTS = ("/comments/feed", "comments/feed/")


@dataclass(frozen=True)
class NamedFeed:
    url: str
    title: str = ""


def feeds_in(page: str, url: str) -> tuple[NamedFeed, ...]:
    """The feeds that `page`, fetched from `url`, names, in its order and without those of comments; () when there are none."""
    reader = _Reader(url)
    reader.feed(page[:MAX_CHARACTERS])
    found = reader.declared or reader.guessed
    return tuple(NamedFeed(address, title) for address, title in found.items() if not address.endswith(_COMMENTS))[:MAX_FEEDS]


class _Reader(HTMLParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self._base = url
        self.declared: dict[str, str] = {}
        self.guessed: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: clean(value) for name, value in reversed(attrs)}
        if tag == "base" and said.get("href"):
            self._base = shown(said["href"], self._base) or self._base
        elif tag == "link" and "alternate" in said.get("rel", "").lower().split() and said.get("type", "").split(";")[0].lower() in _TYPES:
            self._note(self.declared, said)
        elif tag == "a" and _path(said.get("href", "")).endswith(_ENDINGS):
            self._note(self.guessed, said)

    def _note(self, found: dict[str, str], said: dict[str, str]) -> None:
        address = shown(said.get("href", ""), self._base)
        if address and len(found) < 2 * MAX_FEEDS:
            found.setdefault(address, said.get("title", "")[:200])


def _path(href: str) -> str:
    try:
        return urlsplit(href).path.lower()
    except ValueError:
        return ""
