"""Which articles of a list are still to be fetched, and which were: pure. It is the cursor of the connector `web`.

A link leaves only with the cursor that is saved after its article was confirmed, so that a crash in between costs a second look and no article.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from connectors._canonical import canonical

# Links remembered beyond those that the list shows now.
REMEMBERED_LINKS = 2_000
# A page that does not answer is asked again after these; then it is reported. An evening's outage loses nothing.
AGAIN_SECONDS = (60.0, 300.0, 900.0, 3_600.0, 14_400.0)


@dataclass(frozen=True)
class Link:
    """`old`: it stood on the list when the source was first read, so its article is no news. `due` counts in seconds since 1970."""

    url: str
    title: str = ""
    old: bool = False
    attempts: int = 0
    due: float = 0.0

    @property
    def mark(self) -> str:
        return hashlib.sha256(canonical(self.url).encode("utf-8", "replace")).hexdigest()[:16]


@dataclass(frozen=True)
class Waiting:
    """`links` in the order in which they are fetched. `seen`: marks of links that were fetched or given up, the newest first."""

    links: tuple[Link, ...] = ()
    seen: tuple[str, ...] = ()

    @classmethod
    def of(cls, cursor: Mapping[str, Any]) -> Waiting:
        listed = cursor.get("waiting", ())
        links = tuple(Link(*each) for each in listed if isinstance(each, list | tuple) and len(each) == 5)
        return cls(links, tuple(cursor.get("fetched", ())))

    def as_cursor(self) -> dict[str, Any]:
        return {"waiting": [[each.url, each.title, each.old, each.attempts, each.due] for each in self.links], "fetched": list(self.seen)}

    def listed(self, links: Iterable[Link]) -> Waiting:
        """With the `links` of a list, its first one first; those that are waiting or were fetched stay as they are."""
        links = tuple(links)
        known = {*self.seen, *(each.mark for each in self.links)}
        new = {each.mark: each for each in links if each.mark not in known}
        shown = tuple(each.mark for each in links)
        # What the list still shows must not be forgotten, however long it stands there.
        kept = [each for each in self.seen if each in set(shown)]
        others = [each for each in self.seen if each not in set(shown)][:REMEMBERED_LINKS]
        return Waiting((*new.values(), *self.links), (*kept, *others))

    def next(self, now: float) -> Link | None:
        """The link that is fetched now; None when none is due."""
        return next((each for each in self.links if each.due <= now), None)

    def seconds_to_next(self, now: float) -> float | None:
        """How long until a link is due, 0 at least; None when none waits."""
        return max(min(each.due for each in self.links) - now, 0.0) if self.links else None

    def done(self, link: Link) -> Waiting:
        return Waiting(_without(self.links, link), (link.mark, *self.seen))

    def failed(self, link: Link, now: float, after_seconds: float = 0.0) -> Waiting | None:
        """With the link at the end, to be tried again; None when it was tried often enough."""
        if link.attempts >= len(AGAIN_SECONDS):
            return None
        again = replace(link, attempts=link.attempts + 1, due=now + max(AGAIN_SECONDS[link.attempts], after_seconds))
        return Waiting((*_without(self.links, link), again), self.seen)


def _without(links: Sequence[Link], link: Link) -> tuple[Link, ...]:
    return tuple(each for each in links if each.mark != link.mark)
