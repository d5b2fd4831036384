"""A stretch of the past for back-tests: articles through the worker's own last stage, with what it wrote to either topic."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from pipeline import topology
from pipeline.article import Article, Source, Span, Story
from pipeline.backtest.stored import Stored
from pipeline.rules.compile import compile_rule
from pipeline.rules.compiled import RuleSet
from pipeline.rules.model import Clause, Group, Rule, Term
from pipeline.stages.enrich import Enrich
from tests.builders import NOON, article, work


@dataclass(frozen=True)
class Past:
    """What the worker wrote, each in its order: enriched articles, and the records for the topic `matches` with the instants of their writing."""

    stored: tuple[Stored, ...]
    matches: tuple[bytes, ...]


def rule(rule_id: str, *terms: str | Clause, **changes: Any) -> Rule:
    """A live rule that matches any of the terms."""
    clauses = tuple(Term(each) if isinstance(each, str) else each for each in terms)
    return Rule(**{"id": rule_id, "title": rule_id.title(), "match": Group(any=clauses), **changes})


def rule_set(*rules: Rule) -> RuleSet:
    return RuleSet().changed([compile_rule(each) for each in rules])


def report(
    number: int, text: str, *, story: str = "", source: str = "tagesblatt", revision: int = 1, added: str = "", **changes: Any
) -> Article:
    """An identified article number `number` with this body; in a later revision `added` is the part of the body that is new."""
    at = text.find(added) if added else -1
    spans = (Span("body", at, at + len(added)),) if at >= 0 and added else ()
    plain = article(
        id=f"article-{number}",
        guid=f"g{number}",
        url=f"https://tagesblatt.example/{number}",
        title="Meldung des Tages",
        body=text,
        source=Source(id=source, name=source.title(), site=f"{source}.example", owner=source),
        revision=revision,
        added=spans,
        first_seen_at=NOON,
        story=Story(id=story) if story else None,
    )
    return msgspec.structs.replace(plain, **changes)


def written(articles: Iterable[tuple[datetime, Article]], rules: RuleSet, partitions: int = 4) -> Past:
    """What one worker writes that takes each article at the instant beside it."""
    stage = Enrich({}, lambda: rules, 6.0)
    stored: list[Stored] = []
    matches: list[bytes] = []
    for number, (at, each) in enumerate(articles):
        for out in stage.run(work(each, number, topic=topology.DEDUPLICATED, at=at), at):
            if out.topic == topology.ENRICHED:
                stored.append(Stored(out.value or b"", hash_of(each.id) % partitions, len(stored), f"enriched/{len(stored)}"))
            elif out.topic == topology.MATCHES:
                matches.append(out.value or b"")
    return Past(tuple(stored), tuple(matches))


def hash_of(name: str) -> int:
    """The same number for the same name in every process."""
    return sum(ord(letter) * (place + 1) for place, letter in enumerate(name))


def by_partition(stored: Sequence[Stored]) -> list[Stored]:
    """The records as a reader gets them: one partition after the other."""
    return sorted(stored, key=lambda each: (each.partition, each.offset))
