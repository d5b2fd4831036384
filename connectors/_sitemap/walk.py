"""One look at a sitemap and at those that an index names: what is asked, in which order, and where it ends."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from connectors import _pace
from connectors._canonical import host_of
from connectors._http import Answer, Client
from connectors._polled import Polled, about_answer, digest
from connectors._sitemap import file
from connectors._sitemap.entries import is_older
from connectors._sitemap.file import Entry, Sitemap
from pipeline.errors import Permanent, Transient
from pipeline.outgoing.address import without_query
from pipeline.plugins import Unreadable

ACCEPT = "application/xml, text/xml;q=0.9, application/gzip;q=0.9, */*;q=0.5"
MAX_DEPTH = 3
MAX_ENTRIES = 100_000
MAX_NAMED = 1_000


@dataclass
class Walk:
    """Fills its fields while it goes. `has_read`: at least one document was new; `is_single`: there was no index.

    `hosts` are those whose pages are taken: the protocol lets a sitemap speak for its own host only.
    """

    client: Client
    secrets: Mapping[str, str]
    now: datetime
    max_age_days: float
    max_sitemaps: int
    max_bytes: int
    until: float
    hosts: frozenset[str]
    entries: list[Entry] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    left_out: int = 0
    strangers: int = 0
    encoding: str = ""
    publication: str = ""
    wished_seconds: float = 0.0
    has_read: bool = False
    is_single: bool = True
    more: bool = False
    about: dict[str, Any] = field(default_factory=dict)
    _known: dict[str, dict[str, Any]] = field(default_factory=dict)
    _named: dict[str, dict[str, Any]] = field(default_factory=dict)
    _asked: int = 0
    _has_leaf: bool = False

    def begin(self, polled: Polled, known: Any) -> Polled:
        """Read the document of `polled` and all that follows from it. Raises what the client raises, and Permanent when it is no sitemap."""
        if isinstance(known, dict):
            self._known = {str(url): dict(each) for url, each in known.items() if isinstance(each, dict)}
        answer, polled = polled.ask(self.client, {"Accept": ACCEPT}, self.secrets, self.now)
        self.about = about_answer(answer)
        self.hosts |= {host_of(answer.url)}
        self.wished_seconds = _pace.wish_of_headers(answer.headers, self.now)
        if answer.status == 304 or digest(answer.body) == polled.document:
            # The index is as it was; its sitemaps need not be.
            self.is_single = not self._known
            self._again("")
            return polled
        found = self._parsed(answer, polled.url)
        if found.is_index:
            self._index(found, "", 1)
            self._tell_of_circles()
        else:
            self._take(found)
        return polled.read(answer, keep_validators=not found.broken)

    def as_cursor(self) -> dict[str, Any]:
        """What is remembered of the sitemaps that an index named."""
        return {"sitemaps": self._named} if self._named else {}

    def _parsed(self, answer: Answer, url: str) -> Sitemap:
        found = file.parse(answer.body, url, self.max_bytes)
        if found.broken:
            self._report(url, f"the sitemap is broken ({found.broken}); its {len(found.entries)} complete entries were read", answer.body)
        if found.left_out:
            self._leave_out(found.left_out, f"{without_query(url)} holds {found.left_out:,} entries more than sitemaps may")
        if found.unusable:
            self.notes.append(f"{found.unusable:,} entries of {without_query(url)} have no usable address")
        return found

    def _tell_of_circles(self) -> None:
        if not (self._has_leaf or self.left_out or self.more or self.unreadable or self.notes):
            what = (
                "the index names no sitemap that has changed lately"
                if not self._named
                else "the index names only itself or further indexes"
            )
            self.notes.append(f"{what}: no page is listed anywhere")

    def _take(self, found: Sitemap) -> None:
        self.has_read = self._has_leaf = True
        self.encoding = self.encoding or found.encoding
        self.publication = self.publication or next((each.publication for each in found.entries if each.publication), "")
        own = [each for each in found.entries if self._is_own(each.url)]
        self.strangers += len(found.entries) - len(own)
        room = MAX_ENTRIES - len(self.entries)
        self.entries += own[:room]
        if len(own) > room:
            self._leave_out(len(own) - room, f"more than {MAX_ENTRIES:,} pages in one look")

    def _is_own(self, url: str) -> bool:
        host = host_of(url)
        return any(host == each or host.endswith(f".{each}") for each in self.hosts)

    def _index(self, index: Sitemap, parent: str, depth: int) -> None:
        self.is_single = False
        fresh = [each for each in index.entries if not is_older(each.modified, self.now, self.max_age_days)]
        for each in sorted(fresh, key=lambda entry: entry.modified, reverse=True):
            self._child(each.url, each.modified, parent, depth)

    def _again(self, parent: str) -> None:
        """The sitemaps of an index that has not changed, as it named them."""
        below = [(url, each) for url, each in self._known.items() if each.get("parent", "") == parent]
        # What was not read yet comes first, so that a limit does not keep it out for ever.
        for url, each in sorted(below, key=lambda pair: bool(pair[1].get("document"))):
            self._child(url, str(each.get("modified", "")), parent, int(each.get("depth", 1)))

    def _child(self, url: str, modified: str, parent: str, depth: int) -> None:
        if url in self._named:
            return
        if len(self._named) >= MAX_NAMED:
            self._leave_out(1, f"more than {MAX_NAMED:,} sitemaps in one index")
            return
        known = self._known.get(url, {})
        self._named[url] = known or {"url": url, "modified": "", "depth": depth, "parent": parent}
        if modified and modified == known.get("modified"):
            self._has_leaf = True
            self._again(url)
            return
        if self._asked >= self.max_sitemaps:
            self._leave_out(1, f"the index names more than {self.max_sitemaps} sitemaps that may have changed: raise max_sitemaps")
            return
        if time.monotonic() > self.until:
            self.more = True
            return
        self._asked += 1
        try:
            answer, polled = Polled.of(known, url).ask(self.client, {"Accept": ACCEPT}, self.secrets, self.now)
            self._named[url] = replace(polled, looks=()).as_cursor() | {"modified": modified, "depth": depth, "parent": parent}
            self._read_child(answer, polled, depth)
        except Transient as error:
            self.notes.append(f"{without_query(url)} was not read and is asked again: {error}")
        except Permanent as error:
            if known.get("refused") != str(error)[:300]:
                self._report(url, str(error), b"")
            # Asked again when the index gives it another date, or at the next look where it gives none.
            self._named[url] = {"url": url, "modified": modified, "depth": depth, "parent": parent, "refused": str(error)[:300]}

    def _read_child(self, answer: Answer, polled: Polled, depth: int) -> None:
        if answer.status == 304 or digest(answer.body) == polled.document:
            self._has_leaf = True
            self._again(polled.url)
            return
        found = self._parsed(answer, polled.url)
        if not found.is_index:
            self._take(found)
        elif depth < MAX_DEPTH:
            self._index(found, polled.url, depth + 1)
        else:
            self._leave_out(len(found.entries), f"indexes within indexes are followed {MAX_DEPTH} levels deep")
        self._named[polled.url] |= polled.read(answer, keep_validators=not found.broken).as_cursor()

    def _report(self, url: str, detail: str, original: bytes) -> None:
        self.unreadable.append(Unreadable(url, "unreadable", detail, original))

    def _leave_out(self, count: int, why: str) -> None:
        self.left_out += count
        if why not in self.notes:
            self.notes.append(why)
