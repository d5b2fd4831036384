"""Which numbers, dates, places and names a text brings: what decides whether one more report of a known story rings again.

A fact is `kind:value`, for instance `number:11000`, `date:01-06`, `place:geo:1871859`, `country:iso:KP`, `person:list:…`. Only the title, the
lead and the matched sentences can bring a new one: what stands far down in a longer copy is no reason to wake somebody. Whether a fact is new
is judged against the whole text of the articles that people were pointed to, so a copy that is cut differently brings nothing new.

A weekday, a time of day or a part of the day is new only when an earlier report said another one: copies add "am Montag", a second event
contradicts it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime

from pipeline.article import Article, Entity, Field, Match
from pipeline.text.frames import without_frames
from pipeline.text.quantities import bare_numbers, quantities

CONFLICTING = frozenset({"weekday", "time", "part"})
AGENCY_PREFIX = "org:agency:"
_ENTITY_KINDS = frozenset({"person", "place", "country", "organisation"})
# Four of five names of this confidence are right (`pipeline/entities/models`); those of the lists have at least that.
_LEAST_CONFIDENCE = 0.8

# A lead of fewer visible characters is a byline or a label; the next paragraph is read as well.
_LEAD_CHARACTERS = 40
_MAX_LEAD_CHARACTERS = 2_000
_MAX_TEXT_CHARACTERS = 20_000
MAX_CONTEXT = 600

_Range = tuple[Field, int, int]


def facts(article: Article, match: Match) -> tuple[str, ...]:
    """The facts of the title, the lead and the matched sentences, sorted. Empty for a text that brings none."""
    return tuple(found(article, match))


def found(article: Article, match: Match) -> dict[str, str]:
    """Like `facts`, each with the words that bring it (the canonical name for entities)."""
    texts = _texts(article)
    return _collect(article, texts, _focus(article, texts, match))


def context(article: Article) -> tuple[str, ...]:
    """What the whole article says, sorted; at most 600 facts, names first.

    Its frames are read too: the place of a dateline is no news in a later copy. So are bare numbers: a copy that says 15 for 15 million errs.
    """
    texts: dict[Field, str] = {field: text[:_MAX_TEXT_CHARACTERS] for field, text in _shown(article).items()}
    everything: list[_Range] = [(field, 0, len(text)) for field, text in texts.items()]
    said = dict.fromkeys(fact for fact, _ in _read(article, texts, everything))
    said |= dict.fromkeys(f"{each.kind}:{each.value}" for text in texts.values() for each in bare_numbers(text))
    return tuple(sorted(list(said)[:MAX_CONTEXT]))


def lead(article: Article) -> str:
    """The summary, or else the first paragraph of the body that says something; as it is shown, frames included."""
    if article.summary.strip():
        return article.summary.strip()[:_MAX_LEAD_CHARACTERS]
    start, end = _first_paragraph(article.body, without_frames(article.body[:_MAX_TEXT_CHARACTERS]))
    return article.body[start:end].strip()


def new_facts(candidate: Iterable[str], told: Collection[str], known: Collection[str] = ()) -> tuple[str, ...]:
    """Those of `candidate` that are news to somebody who was told `told` and could read `known`."""
    told_kinds = {_kind(each) for each in told}
    return tuple(
        each
        for each in candidate
        if each not in told and each not in known and (_kind(each) not in CONFLICTING or _kind(each) in told_kinds)
    )


def _kind(fact: str) -> str:
    return fact.split(":", 1)[0]


def _texts(article: Article) -> dict[Field, str]:
    """The fields without frames, of the same length as the shown text. A title has no dateline, and its dashes are part of it."""
    return {
        field: text[:_MAX_TEXT_CHARACTERS] if field == "title" else without_frames(text[:_MAX_TEXT_CHARACTERS])
        for field, text in _shown(article).items()
    }


def _shown(article: Article) -> dict[Field, str]:
    return {"title": article.title, "summary": article.summary, "body": article.body}


def _focus(article: Article, texts: dict[Field, str], match: Match) -> list[_Range]:
    ranges: set[_Range] = {("title", 0, len(texts["title"]))}
    if article.summary.strip():
        ranges.add(("summary", 0, min(len(texts["summary"]), _MAX_LEAD_CHARACTERS)))
    else:
        ranges.add(("body", *_first_paragraph(article.body, texts["body"])))
    ranges |= {(hit.field, hit.sentence_start, hit.sentence_end) for hit in match.hits}
    return _disjoint(ranges)


def _disjoint(ranges: Iterable[_Range]) -> list[_Range]:
    """The ranges, joined where they overlap, so that nothing is read twice."""
    merged: list[_Range] = []
    for field, start, end in sorted(ranges):
        if merged and merged[-1][0] == field and start <= merged[-1][2]:
            merged[-1] = (field, merged[-1][1], max(end, merged[-1][2]))
        else:
            merged.append((field, start, end))
    return merged


def _first_paragraph(body: str, visible: str) -> tuple[int, int]:
    end = 0
    for line in re.finditer(r"[^\n]+", visible):
        end = line.end()
        if len(line[0].strip()) >= _LEAD_CHARACTERS:
            return line.start(), min(end, line.start() + _MAX_LEAD_CHARACTERS)
    return 0, min(end, _MAX_LEAD_CHARACTERS)


def _collect(article: Article, texts: dict[Field, str], ranges: Sequence[_Range]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for fact, words in _read(article, texts, ranges):
        facts.setdefault(fact, words)
    return dict(sorted(facts.items()))


def _read(article: Article, texts: dict[Field, str], ranges: Sequence[_Range]) -> Iterator[tuple[str, str]]:
    this_year = _year(article.dates.published_at or article.first_seen_at)
    taken: list[_Range] = []
    for entity in article.entities:
        shown = [(each.field, each.start, each.end) for each in entity.mentions if _within(each.field, each.start, each.end, ranges, texts)]
        # What is part of a name ("Hwasong-18", "G7") is not a number as well.
        taken += shown
        if shown and _counts(entity, article):
            yield f"{entity.type}:{entity.id}", entity.name
    for field, start, end in ranges:
        for quantity in quantities(_blanked(texts[field], field, start, end, taken)):
            if quantity.kind != "year" or quantity.value != this_year:
                yield f"{quantity.kind}:{quantity.value}", quantity.words


def _within(field: Field, start: int, end: int, ranges: Sequence[_Range], texts: dict[Field, str]) -> bool:
    inside = any(field == in_field and first <= start and end <= last for in_field, first, last in ranges)
    return inside and bool(texts[field][start:end].strip())


def _counts(entity: Entity, article: Article) -> bool:
    """Agencies and the publisher itself are who tells, not what is told; names that the model is not sure of wake nobody."""
    publisher = {article.source.name.casefold(), article.source.owner.casefold(), article.source.site.casefold()}
    sure = entity.confidence >= _LEAST_CONFIDENCE
    return sure and entity.type in _ENTITY_KINDS and not entity.id.startswith(AGENCY_PREFIX) and entity.name.casefold() not in publisher


def _blanked(text: str, field: Field, start: int, end: int, taken: Sequence[_Range]) -> str:
    for in_field, first, last in taken:
        if in_field == field and first < end and last > start:
            text = text[:first] + "\N{BULLET}" * (last - first) + text[last:]
    return text[start:end]


def _year(instant: datetime | None) -> str:
    return str(instant.year) if instant else ""
