from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Position
from pipeline.stages.known import KnownArticles, Revision
from tests.builders import NOON


def at(offset: int) -> Position:
    return Position("articles.collected", 0, offset)


def revision(**changes: Any) -> Revision:
    plain = Revision(
        article_id="a",
        revision=1,
        content_hash="one",
        sentences=b"11111111",
        routing_language="de",
        first_seen_at=NOON,
        collected_at=NOON,
        position=at(1),
    )
    return msgspec.structs.replace(plain, **changes)


def test_the_first_record_of_an_id_is_new() -> None:
    assert KnownArticles().judge("a", "one", NOON, at(1)).kind == "new"


def test_the_same_record_again_gets_its_verdict_again_and_is_no_repeat() -> None:
    known = KnownArticles()
    known.remember(revision())
    again = known.judge("a", "one", NOON, at(1))
    assert (again.kind, again.revision, again.stored) == ("new", 1, True)


def test_another_record_with_the_same_text_is_a_repeat() -> None:
    known = KnownArticles()
    known.remember(revision())
    assert known.judge("a", "one", NOON, at(2)).kind == "repeat"


def test_changed_text_is_the_next_revision_and_keeps_what_the_first_fixed() -> None:
    known = KnownArticles()
    known.remember(revision())
    verdict = known.judge("a", "two", NOON + timedelta(minutes=5), at(2))
    assert (verdict.kind, verdict.revision, verdict.routing_language, verdict.first_seen_at) == ("revision", 2, "de", NOON)
    assert verdict.earlier == {b"11111111"}


def test_a_teaser_and_a_full_text_of_two_feeds_do_not_flap() -> None:
    known = KnownArticles()
    known.remember(revision())
    known.remember(revision(revision=2, content_hash="two", position=at(2)))
    assert known.judge("a", "one", NOON + timedelta(hours=1), at(3)).kind == "repeat"


def test_a_record_collected_before_the_newest_revision_is_superseded() -> None:
    known = KnownArticles()
    known.remember(revision(collected_at=NOON + timedelta(minutes=5)))
    assert known.judge("a", "older", NOON, at(2)).kind == "superseded"


def test_redelivery_of_an_older_revision_sees_only_what_was_known_before_it() -> None:
    known = KnownArticles()
    known.remember(revision())
    known.remember(revision(revision=2, content_hash="two", sentences=b"22222222", position=at(2)))
    known.remember(revision(revision=3, content_hash="three", sentences=b"33333333", position=at(3)))
    assert known.judge("a", "two", NOON, at(2)).earlier == {b"11111111"}


def test_what_was_last_changed_a_month_before_the_newest_record_is_forgotten() -> None:
    known = KnownArticles()
    known.remember(revision())
    known.remember(revision(article_id="b", collected_at=NOON + timedelta(days=31), position=at(2)))
    assert len(known) == 1
    assert known.forgotten == 1


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(0, 5)), max_size=30))
def test_a_restored_memory_judges_as_the_one_that_lived_through_it(records: list[tuple[str, str, int]]) -> None:
    lived, topic = KnownArticles(), []
    for offset, (article_id, content, minutes) in enumerate(records):
        verdict = lived.judge(article_id, content, when(minutes), at(offset))
        if verdict.kind in ("new", "revision"):
            record = revision(
                article_id=article_id, revision=verdict.revision, content_hash=content, collected_at=when(minutes), position=at(offset)
            )
            lived.remember(record)
            topic.append(msgspec.json.encode(record))
    restored = KnownArticles()
    for value in [*topic, *topic]:  # a worker that was paused writes its records again
        restored.apply("", value)
    for offset, (article_id, content, minutes) in enumerate(records):
        assert restored.judge(article_id, content, when(minutes), at(offset)) == lived.judge(article_id, content, when(minutes), at(offset))
        assert restored.judge(article_id, content, when(minutes), at(99)) == lived.judge(article_id, content, when(minutes), at(99))


def when(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)
