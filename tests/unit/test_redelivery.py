"""A worker is killed between its records: whatever part of them arrived, the next one ends where an undisturbed one would have ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import topology
from pipeline.article import Article, Clock, Language, Position, decode
from pipeline.bench.corpus import Shares, generate
from pipeline.outcome import Outcome
from pipeline.runner import Out, Work
from pipeline.stages.deduplicate import Deduplicate, Stories
from pipeline.stages.identify import Identify
from pipeline.stages.known import KnownArticles
from pipeline.state import Memory
from pipeline.stories import StoryTable
from pipeline.text.signature import sign
from tests.builders import NOON, article, work

BATCH = 8
SHARES = Shares(repeats=0.25, reprints=0.25, revisions=0.2)


def german(title: str, body: str, declared: str) -> Language:
    return Language(code="de", confidence=1.0, origin="detected")


def identify() -> Identify:
    return Identify(german, sign, "Europe/Berlin")


def stories() -> Stories:
    return Stories(StoryTable())


@dataclass
class Broker:
    """What has arrived, by topic. A crash lets only the beginning of a batch's records for each topic arrive: the client keeps their order."""

    topics: dict[str, list[Out]] = field(default_factory=dict)

    def arrive(self, outs: list[Out], share_of: Callable[[str], float] = lambda topic: 1.0) -> None:
        by_topic: dict[str, list[Out]] = {}
        for out in outs:
            by_topic.setdefault(out.topic, []).append(out)
        for topic, records in by_topic.items():
            self.topics.setdefault(topic, []).extend(records[: round(len(records) * share_of(topic))])


def lived_through(stage: Any, create: Callable[[], Memory], state: str, records: list[Work], crashes: list[dict[str, float]]) -> Broker:
    """What arrived when each of `crashes` hit one batch: after it the memory is restored from `state` and the batch comes again."""
    broker = Broker()
    stage.memories[0] = create()
    at, waiting = 0, list(crashes)
    while at < len(records):
        batch = records[at : at + BATCH]
        outs = [out for each in batch for out in stage.run(each, NOON)]
        if waiting:
            shares = waiting.pop(0)
            broker.arrive(outs, lambda topic, shares=shares: shares.get(topic, 1.0))  # type: ignore[misc]
            stage.memories[0] = create()
            for out in broker.topics.get(state, []):
                stage.memories[0].apply(out.key, out.value or b"")
        else:
            broker.arrive(outs)
            at += BATCH
    return broker


@cache
def collected() -> tuple[Work, ...]:
    """Articles with repeats, re-prints and revisions, as one partition has them."""
    found = []
    for offset, each in enumerate(generate(11, 48, SHARES)):
        fetched_at = NOON + timedelta(seconds=offset)
        # 40 words are enough for a signature, and quick; a revision is longer by as many words as it has more paragraphs.
        body = " ".join(each.body.split()[: 40 + 10 * each.revision])
        record = article(id=each.article_id, title=each.title, body=body, clock=Clock(fetched_at=fetched_at))
        found.append(work(record, offset))
    return tuple(found)


@cache
def identified() -> tuple[Work, ...]:
    undisturbed = lived_through(identify(), KnownArticles, topology.KNOWN, list(collected()), [])
    values = [out.value or b"" for out in undisturbed.topics[topology.IDENTIFIED]]
    return tuple(work(decode(value), offset, topic=topology.IDENTIFIED) for offset, value in enumerate(values))


def verdicts(broker: Broker) -> dict[Position, tuple[str, int, int]]:
    """What became of each collected record: its reason or nothing, its revision, the length of what was added. Repeats must agree."""
    found: dict[Position, tuple[str, int, int]] = {}
    for out in broker.topics.get(topology.IDENTIFIED, []):
        each = decode(out.value or b"")
        verdict = ("", each.revision, sum(span.end - span.start for span in each.added))
        assert found.setdefault(each.position, verdict) == verdict, "the record delivered again got another verdict"
    for out in broker.topics.get(topology.OUTCOMES, []):
        outcome = msgspec.json.decode(out.value or b"", type=Outcome)
        verdict = (outcome.reason, outcome.revision, 0)
        assert found.setdefault(outcome.position, verdict) == verdict, "the record delivered again got another verdict"
    return found


def shares(*topics: str) -> st.SearchStrategy[list[dict[str, float]]]:
    return st.lists(st.fixed_dictionaries({topic: st.sampled_from([0.0, 0.3, 0.7, 1.0]) for topic in topics}), max_size=6)


@settings(deadline=None, max_examples=60)
@given(shares(topology.KNOWN, topology.IDENTIFIED, topology.OUTCOMES))
def test_identify_gives_the_verdicts_of_an_undisturbed_run_whatever_a_kill_left_behind(crashes: list[dict[str, float]]) -> None:
    disturbed = lived_through(identify(), KnownArticles, topology.KNOWN, list(collected()), crashes)
    undisturbed = lived_through(identify(), KnownArticles, topology.KNOWN, list(collected()), [])
    expected = verdicts(undisturbed)
    assert len(expected) == len(collected())
    assert verdicts(disturbed) == expected


@settings(deadline=None, max_examples=60)
@given(shares(topology.STORIES, topology.DEDUPLICATED))
def test_deduplicate_puts_every_article_into_one_story_whatever_a_kill_left_behind(crashes: list[dict[str, float]]) -> None:
    def told(broker: Broker) -> dict[tuple[str, int], Any]:
        found: dict[tuple[str, int], Any] = {}
        for out in broker.topics[topology.DEDUPLICATED]:
            each = decode(out.value or b"")
            assert found.setdefault((each.id, each.revision), each.story) == each.story, "delivered again, it got another story"
        return found

    disturbed = lived_through(Deduplicate(), stories, topology.STORIES, list(identified()), crashes)
    undisturbed = told(lived_through(Deduplicate(), stories, topology.STORIES, list(identified()), []))
    assert told(disturbed) == undisturbed
    assert len({each.id for each in undisturbed.values() if each}) < len(undisturbed), "there must be copies, or nothing is shown"


@pytest.mark.parametrize("lost", [topology.KNOWN, topology.IDENTIFIED])
def test_a_kill_between_a_state_record_and_its_article_makes_no_repeat(lost: str) -> None:
    crashes = [{lost: 0.0}]
    disturbed = lived_through(identify(), KnownArticles, topology.KNOWN, [work(article(), 0)], crashes)
    assert [verdict[0] for verdict in verdicts(disturbed).values()] == [""]
    assert disturbed.topics[topology.IDENTIFIED]


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 40), st.integers(1, 16))
def test_a_worker_that_was_paused_past_its_expulsion_can_only_repeat_itself(start: int, length: int) -> None:
    """Its batch is written behind the new owner's records: restoring from both gives the memory of the new owner alone."""
    arrived = lived_through(identify(), KnownArticles, topology.KNOWN, list(collected()), []).topics[topology.KNOWN]
    alone, disturbed = KnownArticles(), KnownArticles()
    for memory, records in ((alone, arrived), (disturbed, [*arrived, *arrived[start : start + length]])):
        for out in records:
            memory.apply(out.key, out.value or b"")
    for each in collected():
        record: Article = decode(each.value)
        assert alone.revisions(record.id) == disturbed.revisions(record.id)


def test_state_is_a_function_of_the_input_and_not_of_the_clock() -> None:
    def state(now: datetime) -> list[bytes | None]:
        stage = identify()
        stage.memories[0] = KnownArticles()
        return [out.value for each in collected() for out in stage.run(each, now) if out.topic == topology.KNOWN]

    assert state(NOON) == state(NOON + timedelta(hours=5))
