"""What became of one article: every stage it went through, with times, decisions and positions, also when it was dropped.

Everything is read from the topics: they hold the truth also when Elasticsearch does not answer.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pipeline import broker, topology
from pipeline.article import Article, decode
from pipeline.outcome import Outcome, Rejected, rejected_from
from pipeline.settings import Settings

PASSING = (topology.COLLECTED, topology.IDENTIFIED, topology.DEDUPLICATED, topology.ENRICHED)
# Names that a line of the trace shows, the most salient ones.
_MOST_NAMED = 5


@dataclass(frozen=True)
class Step:
    """One thing that happened to the article, where it stands in Kafka, and what was decided."""

    at: datetime
    stage: str
    what: str
    topic: str
    partition: int
    offset: int
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def trace(settings: Settings, wanted: str) -> list[Step]:
    """All steps of the article with this id, URL, GUID or file, in the order of time; empty when nothing is known of it.

    A file is named as the source calls it (relative to its watched folder), or by a path to it. Reads the topics from their beginning, some 50,000 records a second; the key narrows nothing, because a URL is no key.
    """
    steps: list[Step] = []
    asked = _asked(settings, wanted)
    ids = set(asked)
    for name in PASSING:
        for record in broker.read_to_end(settings.kafka, settings.topic(name)):
            article = _article(record, ids, asked)
            if article is not None:
                ids.add(article.id)
                steps.append(_passed(name, record, article))
    for step in _rejections(settings, ids, asked):
        ids.add(str(step.facts["id"]))
        steps.append(step)
    for reader in (_outcomes, _alerts):
        steps += reader(settings, ids)
    return sorted(steps, key=lambda step: (step.at, _order(step.topic), step.offset))


def _asked(settings: Settings, wanted: str) -> frozenset[str]:
    """The names that `wanted` may stand for: itself, without `file:`, and for a path to a file its name within each watched folder above it."""
    bare = wanted.removeprefix("file:")
    path = Path(os.path.abspath(bare))
    folders = [Path(os.path.abspath(settings.folder / str(each.options["path"]))) for each in settings.sources if "path" in each.options]
    return frozenset({wanted, bare, *(path.relative_to(folder).as_posix() for folder in folders if folder in path.parents)})


def _order(topic: str) -> int:
    return next((number for number, each in enumerate(topology.TOPICS) if each.name == topic), len(topology.TOPICS))


def _article(record: broker.Record, ids: set[str], asked: frozenset[str]) -> Article | None:
    """The article in the record, if it is the one asked for. Cheap tests on the bytes come first."""
    value = record.value or b""
    if not any(each.encode() in value for each in ids):
        return None
    try:
        article = decode(value)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return None
    names = (article.url, article.canonical_url, article.guid, article.guid.removeprefix("file:"))
    return article if article.id in ids or not asked.isdisjoint(names) else None


def _passed(name: str, record: broker.Record, article: Article) -> Step:
    stage = next(each.name for each in topology.STAGES if name in each.writes)
    describe = {
        topology.COLLECTED: _collected,
        topology.IDENTIFIED: _identified,
        topology.DEDUPLICATED: _deduplicated,
        topology.ENRICHED: _enriched,
    }[name]
    at = {
        topology.COLLECTED: article.clock.collected_at or article.clock.fetched_at,
        topology.IDENTIFIED: article.clock.identified_at,
        topology.DEDUPLICATED: article.clock.deduplicated_at,
        topology.ENRICHED: article.clock.enriched_at,
    }[name]
    facts = {"id": article.id, "title": article.title, "url": article.url, "source": article.source.id, "revision": article.revision}
    return Step(at or record.at, stage, "passed on", name, record.partition, record.offset, describe(article), facts)


def _collected(article: Article) -> str:
    return f"from {article.source.id}, published “{article.dates.published_raw or 'no date'}”"


def _identified(article: Article) -> str:
    language = f"{article.language.code} ({article.language.origin}, {article.language.confidence:.2f})"
    date = article.dates.published_at.isoformat() if article.dates.published_at else article.dates.confidence
    flags = f", flags {', '.join(article.flags)}" if article.flags else ""
    return f"revision {article.revision}, {language}, date {date}{flags}"


def _deduplicated(article: Article) -> str:
    story = article.story
    if story is None:
        return "too short for a story"
    if story.opened_by == article.id:
        return f"opens the story {story.id}"
    return f"member {story.position} of the story {story.id}, nearest {story.nearest} (similarity {story.similarity:.2f}, containment {story.containment:.2f})"


def _enriched(article: Article) -> str:
    matches = ", ".join(f"{match.rule_id} by “{match.hits[0].surface if match.hits else ''}”" for match in article.matches)
    named = ", ".join(each.name for each in article.entities[:_MOST_NAMED])
    return f"{len(article.entities)} entities{f' ({named})' if named else ''}, {len(article.terms)} terms, matched: {matches or 'no rule'}"


def _rejections(settings: Settings, ids: set[str], asked: frozenset[str]) -> Iterator[Step]:
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.REJECTED)):
        try:
            about = rejected_from(record.headers)
        except msgspec.ValidationError:
            continue
        if (record.key or b"").decode("utf-8", "replace") in ids or is_called(about, record.value or b"", asked):
            detail = f"{about.reason}: {about.detail}"
            facts = {"id": about.article_id, "subject": about.subject}
            yield Step(about.at, about.stage, "rejected", topology.REJECTED, record.partition, record.offset, detail, facts)


def is_called(about: Rejected, value: bytes, asked: frozenset[str]) -> bool:
    """Whether what was rejected goes by one of the names: its subject, the file that it is a part of, or a value in its bytes (a GUID, a URL)."""
    subject = about.subject
    names = {subject, subject.removeprefix("file:"), re.sub(r"(?:#|:)\d+\Z", "", subject)}
    if not asked.isdisjoint(names - {""}):
        return True
    return any(re.search(rb':\s*"%b"|>\s*%b\s*<' % ((re.escape(each.encode()),) * 2), value) for each in asked if each)


def _outcomes(settings: Settings, ids: set[str]) -> Iterator[Step]:
    for record in broker.read_to_end(settings.kafka, settings.topic(topology.OUTCOMES)):
        if (record.key or b"").decode("utf-8", "replace") in ids and record.value:
            outcome = msgspec.json.decode(record.value, type=Outcome)
            detail = " ".join(each for each in (outcome.reason, outcome.detail) if each)
            facts = {"id": outcome.article_id, "revision": outcome.revision, "url": outcome.url, "collected": outcome.id}
            what = "indexed" if outcome.exit == "passed" else str(outcome.exit)
            yield Step(outcome.at, outcome.stage, what, topology.OUTCOMES, record.partition, record.offset, detail, facts)


def _alerts(settings: Settings, ids: set[str]) -> Iterator[Step]:
    for record, loose in _holding(settings, topology.MATCHES, ids):
        match = loose.get("match")
        if loose.get("article_id") in ids and isinstance(match, dict):
            surfaces = ", ".join(sorted({str(hit.get("surface")) for hit in match.get("hits", ())}))
            yield _alert(record, topology.MATCHES, f"matched {match.get('rule_id')}", surfaces, stage="enrich")
    episodes: set[str] = set()
    for record, loose in _holding(settings, topology.EPISODES, ids):
        episodes.add(str(loose.get("id")))
        yield _alert(record, topology.EPISODES, f"episode {loose.get('state', 'firing')}", _roles(loose, ids))
    for record, loose in _holding(settings, topology.NOTIFICATIONS, episodes):
        state, to = loose.get("state", "pending"), loose.get("receiver", "")
        details = (loose.get("kind"), loose.get("verdict"), loose.get("last_error"))
        yield _alert(record, topology.NOTIFICATIONS, f"notification {state} to {to}", ", ".join(str(each) for each in details if each))
    for record, loose in _holding(settings, topology.AUDIT, episodes):
        command = loose.get("command")
        if isinstance(command, dict) and command.get("episode_id") in episodes:
            yield _alert(record, topology.AUDIT, f"{command.get('kind')} by {command.get('by')}", str(loose.get("outcome", "")))


def _holding(settings: Settings, topic: str, names: set[str]) -> Iterator[tuple[broker.Record, dict[str, Any]]]:
    """The records of the topic in which one of the names stands, as JSON objects; what is none is passed over."""
    wanted = [each.encode() for each in names]
    for record in broker.read_to_end(settings.kafka, settings.topic(topic)) if wanted else ():
        value = record.value or b""
        if not any(each in value for each in wanted):
            continue
        try:
            loose = msgspec.json.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if isinstance(loose, dict):
            yield record, loose


def _roles(episode: dict[str, Any], ids: set[str]) -> str:
    """What the episode made of the article: rang, folded, or why it was withheld."""
    members = episode.get("members")
    listed = members if isinstance(members, list) else []
    return ", ".join(str(each.get("role", "folded")) for each in listed if isinstance(each, dict) and each.get("article_id") in ids)


def _alert(record: broker.Record, topic: str, what: str, detail: str, stage: str = "alert") -> Step:
    return Step(record.at, stage, what, topic, record.partition, record.offset, detail)
