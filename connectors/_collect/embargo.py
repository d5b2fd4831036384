"""Embargoed and withheld articles: kept in `articles.held` until they are due, then collected like any other.

One that is withheld is never due by itself: a later version of it takes its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from connectors._collect.records import Outgoing, is_held
from pipeline import article, topology
from pipeline.article import Article


class Embargo:
    """What is held, by article id."""

    def __init__(self, held: Mapping[str, Article]) -> None:
        self._held = dict(held)

    def __len__(self) -> int:
        return len(self._held)

    def note(self, published: Sequence[Outgoing]) -> tuple[int, list[Outgoing]]:
        """How many of these confirmed records are held now, and the records that end the holding of what came out in another way."""
        held, ended = 0, []
        for each in published:
            if each.topic == topology.HELD and each.value is not None:
                self._held[each.key] = article.decode(each.value)
                held += 1
            elif each.topic == topology.COLLECTED and self._held.pop(each.key, None) is not None:
                # A version without an embargo: the held one must not come out after it.
                ended.append(Outgoing(topology.HELD, each.key, None))
        return held, ended

    def due(self, now: datetime) -> list[Article]:
        """The articles whose embargo is over, stamped as collected now. They stay held until `released`."""
        due = [each for each in self._held.values() if not is_held(each, now)]
        return [replace(each, clock=replace(each.clock, collected_at=now)) for each in due]

    def released(self, articles: Sequence[Article]) -> list[Outgoing]:
        """The records that end their holding."""
        for each in articles:
            self._held.pop(each.id, None)
        return [Outgoing(topology.HELD, each.id, None) for each in articles]
