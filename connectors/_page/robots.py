"""What a site's robots.txt allows us, and how long it asks us to wait (RFC 9309, with the common Crawl-delay)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from protego import Protego

from connectors._http import Client
from pipeline.errors import Permanent

OUR_NAME = "Lagebild"
KEPT = timedelta(hours=24)
# RFC 9309 asks to read at least 500 kibibytes.
MAX_CHARACTERS = 600_000


class Robots:
    """The rules of the sites that a source asks, each fetched once a day."""

    def __init__(self, client: Client, now: Callable[[], datetime]) -> None:
        self._client = client
        self._now = now
        self._known: dict[str, tuple[datetime, Protego]] = {}

    def allows(self, url: str) -> bool:
        """Whether `url` may be fetched. Raises Transient while the site's rules cannot be had: until then nothing is allowed."""
        return bool(self._rules(url).can_fetch(url, OUR_NAME))

    def delay_seconds(self, url: str, at_least: float) -> float:
        """The pause between two requests to the site of `url`: `at_least`, or what the site asks for when that is longer."""
        return max(self._rules(url).crawl_delay(OUR_NAME) or 0.0, at_least)

    def _rules(self, url: str) -> Protego:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        known = self._known.get(origin)
        if known and self._now() - known[0] < KEPT:
            return known[1]
        rules = self._fetched(f"{origin}/robots.txt")
        self._known[origin] = (self._now(), rules)
        return rules

    def _fetched(self, url: str) -> Protego:
        try:
            text = self._client.get(url, {"Accept": "text/plain, */*;q=0.5"}, self._now()).body[:MAX_CHARACTERS].decode("utf-8", "replace")
        except Permanent:
            # There is none (404), or we may not see it (403): RFC 9309 takes both as no restriction. What else forbids the request
            # (a private address, a certificate) forbids the page's too, where it is told.
            text = ""
        return Protego.parse(text)
