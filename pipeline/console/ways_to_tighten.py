"""The ways to tighten a rule that a false alarm suggests: without a word of it, a phrase, compounds, its source."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from pipeline.episode import Episode
from pipeline.matched import Mark
from pipeline.message import Message
from pipeline.rules.amend import with_compounds, with_exclusion, without

_BEFORE = re.compile(r"([\w-]+)\s+$")
_AFTER = re.compile(r"^\s+([\w-]+)")


@dataclass(frozen=True)
class Way:
    """One way to change the text of a rule's file. `tested`: the false alarm becomes a test of the rule; one that leaves out a source cannot be tested so."""

    id: str
    kind: str
    words: str
    change: Callable[[str], str]
    tested: bool = True


def ways(episode: Episode) -> list[Way]:
    """The ways to tighten that the false alarm suggests, those that cut off least first.

    The word itself comes before phrases around it: a phrase with an article in it would stop one sentence only.
    """
    message = episode.message
    where = [(message.snippet.text, each) for each in message.snippet.marks] if message.snippet.field != "title" else []
    marks = [*where, *((message.headline, each) for each in message.headline_marks)]
    found: dict[str, Way] = {}
    for _, mark in marks:
        if mark.surface.casefold() != mark.term.casefold():
            found.setdefault(f"word:{mark.surface}", Way(f"word:{mark.surface}", "word", mark.surface, _excluding(mark.surface)))
    for text, mark in marks[:3]:
        for phrase in _phrases(text, mark):
            found.setdefault(f"phrase:{phrase}", Way(f"phrase:{phrase}", "phrase", phrase, _excluding(phrase)))
    for _, mark in marks:
        if mark.mode in ("head", "hyphen_part", "modifier"):
            parts = ("head",) if mark.mode == "modifier" else ()
            found.setdefault(f"compounds:{mark.term}", Way(f"compounds:{mark.term}", "compounds", mark.term, _compounds(mark.term, parts)))
    if message.source is not None:
        source = message.source.id
        found[f"source:{source}"] = Way(f"source:{source}", "source", source, lambda text: without(text, "source", source), tested=False)
    if site := site_of(message):
        found[f"site:{site}"] = Way(f"site:{site}", "site", site, lambda text: without(text, "site", site), tested=False)
    return list(found.values())[:12]


def site_of(message: Message) -> str:
    """The host of the article that the message tells of; "" where its address has none."""
    with suppress(ValueError):
        return (urlsplit(message.url).hostname or "").removeprefix("www.")
    return ""


def _excluding(words: str) -> Callable[[str], str]:
    return lambda text: with_exclusion(text, words)


def _compounds(term: str, parts: tuple[str, ...]) -> Callable[[str], str]:
    return lambda text: with_compounds(text, term, parts)


def _phrases(text: str, mark: Mark) -> Iterator[str]:
    """The word with its neighbours: the one before, the one after."""
    before, after = _BEFORE.search(text[: mark.start]), _AFTER.search(text[mark.end :])
    if before:
        yield f"{before[1]} {mark.surface}"
    if after:
        yield f"{mark.surface} {after[1]}"
