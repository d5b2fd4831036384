from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import dropwhile

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import story_window
from pipeline.article import Position, Signature, Story
from pipeline.bench.corpus import GeneratedArticle, Shares, generate
from pipeline.stories import SIMILARITY, StoryRecord, StoryTable, story_id
from pipeline.text.signature import minima, sign, similarity, smallest
from pipeline.text.tokens import analyse

START = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)


def forms(seed: int, count: int = 200) -> list[str]:
    draw = random.Random(seed)
    return [f"w{draw.randrange(50_000)}" for _ in range(count)]


def signed(words: list[str]) -> Signature:
    made = sign(words)
    assert made is not None
    return made


def position(offset: int) -> Position:
    return Position("articles.collected", offset % 4, offset)


class Desk:
    """Decides and applies one article after the other, as the stage does, a second apart."""

    def __init__(self, table: StoryTable | None = None) -> None:
        self.table = StoryTable() if table is None else table
        self.records: list[StoryRecord] = []

    def take(
        self,
        article_id: str,
        words: list[str],
        revision: int = 0,
        language: str = "de",
        at: datetime | None = None,
        signature: Signature | None = None,
    ) -> StoryRecord:
        number = len(self.records)
        signature = signature or sign(words)
        verdict = self.table.decide(article_id, revision, language, signature, len(words), at or START + timedelta(seconds=number))
        record = verdict.record(position(number))
        self.table.apply(record)
        self.records.append(record)
        return record

    def story(self, article_id: str, words: list[str], revision: int = 0, language: str = "de", at: datetime | None = None) -> Story:
        story = self.take(article_id, words, revision, language, at).story
        assert story is not None
        return story


def test_the_first_article_opens_a_story() -> None:
    story = Desk().story("a", forms(1))
    assert story == Story(id=story_id("a"), position=1, opened_by="a", opened_at=START)


def test_copies_join_the_story_of_the_first_and_are_counted() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    second, third = desk.story("b", text[:190]), desk.story("c", text[10:])
    assert (second.id, second.position, second.opened_by, second.opened_at, second.nearest) == (story_id("a"), 2, "a", START, "a")
    assert (third.id, third.position, third.opened_by) == (story_id("a"), 3, "a")
    assert second.similarity == similarity(signed(text), signed(text[:190]))
    assert [record.members for record in desk.records] == [1, 2, 3]


def test_other_texts_open_stories_of_their_own() -> None:
    desk = Desk()
    assert [desk.story(name, forms(seed)).position for seed, name in enumerate("abcdef")] == [1] * 6


def test_nothing_is_compared_across_languages() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text, language="de")
    assert desk.story("b", text, language="de-at").position == 1


def test_a_short_text_belongs_to_no_story() -> None:
    record = Desk().take("a", forms(1, 20))
    assert (record.story, record.members, record.signature) == (None, 0, None)


def test_deciding_changes_nothing() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    verdicts = [desk.table.decide("b", 0, "de", signed(text), 200, START) for _ in range(3)]
    assert verdicts[0] == verdicts[1] == verdicts[2]
    assert desk.table.stored("b", 0) is None
    assert len(desk.table) == 1


def test_a_redelivered_article_gets_the_stored_verdict_whatever_came_since() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    original = desk.take("b", text[:180])
    desk.take("c", text[:181])
    assert desk.table.stored("b", 0) == original
    assert desk.table.decide("b", 0, "de", signed(text[:180]), 180, START + timedelta(hours=1)).record(original.collected) == original
    assert desk.table.stored("b", 1) is None
    assert desk.table.stored("z", 0) is None


def test_of_two_records_of_one_revision_the_first_counts() -> None:
    desk, text = Desk(), forms(1)
    original = desk.take("a", text)
    desk.table.apply(msgspec.structs.replace(original, members=9))
    assert desk.table.stored("a", 0) == original
    assert len(desk.table) == 1


def test_a_revision_stays_in_the_story_of_its_article() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    first = desk.story("b", text[:190])
    assert desk.story("b", forms(2), revision=1) == first
    assert desk.story("c", forms(2)).opened_by == "a", "a copy of the revised text belongs to the same story"
    assert desk.records[-1].members == 3, "a revision is no member of its own"


def test_a_revision_joins_a_story_when_the_first_text_was_too_short_for_one() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    desk.take("b", text[:20])
    assert desk.story("b", text, revision=1).opened_by == "a"


def test_the_nearest_text_decides() -> None:
    desk, text = Desk(), forms(1)
    far, near = text[:150] + forms(2, 50), text[:110] + forms(3, 90)
    desk.take("near", near)
    desk.take("far", far)
    story = desk.story("new", text[:120] + forms(3, 90)[:80])
    assert (story.nearest, story.opened_by) == ("near", "near")


def test_among_equals_the_earliest_decides() -> None:
    desk, text = Desk(), forms(1)
    for name in "abc":
        desk.take(name, text)
    assert desk.story("d", text).nearest == "a"


@pytest.mark.parametrize("teaser_first", [True, False])
def test_a_teaser_and_its_full_text_are_one_story(teaser_first: bool) -> None:
    desk, text = Desk(), forms(1, 400)
    pair = [text[:120], text] if teaser_first else [text, text[:120]]
    desk.take("a", pair[0])
    story = desk.story("b", pair[1])
    assert story.opened_by == "a"
    assert story.similarity < SIMILARITY
    assert story.containment > 0.7


def test_a_shared_boilerplate_does_not_make_a_story() -> None:
    desk, boilerplate = Desk(), forms(99, 60)
    assert [desk.story(f"a{seed}", forms(seed, 200) + boilerplate).position for seed in range(20)] == [1] * 20


def test_articles_older_than_the_window_attract_nothing_and_leave() -> None:
    desk, text = Desk(StoryTable(window_seconds=3_600)), forms(1)
    desk.take("a", text, at=START)
    assert desk.story("b", text, at=START + timedelta(seconds=3_600)).opened_by == "a"
    assert desk.story("c", text, at=START + timedelta(seconds=7_201)).opened_by == "c"
    assert desk.table.evicted_by_age == 2
    assert desk.table.stored("a", 0) is None


def test_a_story_lives_on_in_its_members() -> None:
    desk, text = Desk(StoryTable(window_seconds=3_600)), forms(1)
    stories = [desk.story(str(hour), text, at=START + timedelta(seconds=3_000 * hour)) for hour in range(5)]
    assert {story.id for story in stories} == {story_id("0")}
    assert [story.position for story in stories] == [1, 2, 3, 4, 5]
    assert {story.opened_at for story in stories} == {START}


def test_a_late_record_is_measured_by_the_newest_one() -> None:
    desk, text = Desk(StoryTable(window_seconds=3_600)), forms(1)
    desk.take("a", text, at=START)
    desk.take("b", forms(2), at=START + timedelta(seconds=3_500))
    assert desk.story("c", text, at=START - timedelta(hours=1)).opened_by == "a"
    desk.take("d", forms(3), at=START + timedelta(hours=9))
    assert desk.story("e", text, at=START).opened_by == "e", "all candidates have left"


def test_the_number_of_articles_is_bounded_per_language_and_evictions_are_counted() -> None:
    desk = Desk(StoryTable(articles_per_language=10))
    for seed in range(25):
        desk.take(f"d{seed}", forms(seed))
    for seed in range(5):
        desk.take(f"e{seed}", forms(seed), language="en")
    assert len(desk.table) == 15
    assert desk.table.evicted_by_number == 15
    assert desk.table.stored("d14", 0) is None and desk.table.stored("d15", 0) == desk.records[15]
    assert desk.story("x", forms(3)).opened_by == "x"
    assert desk.story("y", forms(20)).opened_by == "d20"


def test_a_window_of_one_article_works() -> None:
    desk = Desk(StoryTable(articles_per_language=1))
    desk.take("a", forms(1))
    assert desk.story("b", forms(1)).opened_by == "a"
    assert desk.story("c", forms(1)).opened_by == "a"
    assert desk.table.stored("b", 0) is None


def test_a_signature_of_another_scheme_is_kept_but_compared_with_nothing() -> None:
    desk, text = Desk(), forms(1)
    foreign = Signature(scheme="simhash/9", seed=3, values=b"12345678", shingles=3, tokens=99)
    desk.take("a", text)
    record = desk.take("b", text, signature=foreign)
    assert record.story is not None and record.story.opened_by == "b"
    assert desk.table.stored("b", 0) == record
    assert desk.story("c", text).opened_by == "a"


def test_signatures_of_another_scheme_leave_with_their_articles() -> None:
    desk = Desk(StoryTable(articles_per_language=2))
    foreign = Signature(scheme="simhash/9", seed=3, values=b"12345678", shingles=3, tokens=99)
    for number in range(20):
        desk.take(f"a{number}", forms(number), signature=foreign)
    assert len(desk.table._uncompared) == 2


def test_a_text_printed_a_thousand_times_stays_one_story() -> None:
    desk, text = Desk(), forms(1)
    for number in range(1_000):
        assert desk.story(f"a{number}", text).position == number + 1


def test_what_the_topic_holds_is_exactly_what_was_applied() -> None:
    desk, text = Desk(), forms(1)
    desk.take("a", text)
    record = desk.take("b", text[:190], at=START + timedelta(microseconds=123_457))
    assert record.key == "b:0"
    assert msgspec.json.decode(msgspec.json.encode(record), type=StoryRecord) == record
    assert desk.table.stored("b", 0) == record


@cache
def stream() -> tuple[tuple[GeneratedArticle, Signature | None], ...]:
    articles = generate(5, 400, Shares(repeats=0.05, reprints=0.3, revisions=0.1, english=0.3))
    return tuple((article, sign(analyse(article.body).forms)) for article in articles)


def live_through(table: StoryTable, part: slice) -> list[StoryRecord]:
    records = []
    for article, signature in stream()[part]:
        stored = table.stored(article.article_id, article.revision)
        if stored is None:
            verdict = table.decide(article.article_id, article.revision, article.language, signature, 0, article.published_at)
            stored = verdict.record(position(article.number))
            table.apply(stored)
            records.append(stored)
    return records


def table(window_seconds: int, most: int) -> StoryTable:
    return StoryTable(window_seconds=window_seconds, articles_per_language=most)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 399), st.sampled_from([30, 200, 100_000]), st.sampled_from([5, 60, 300_000]))
def test_after_a_restore_everything_is_decided_as_without_one(stopped_at: int, window_seconds: int, most: int) -> None:
    lived, following = table(window_seconds, most), slice(stopped_at, stopped_at + 80)
    records = live_through(lived, slice(0, stopped_at))
    restored = table(window_seconds, most)
    for record in records:
        restored.apply(record)
    assert len(restored) == len(lived)
    assert live_through(restored, following) == live_through(lived, following)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 399), st.sampled_from([30, 200]))
def test_records_that_the_topic_has_already_dropped_are_not_missed(stopped_at: int, window_seconds: int) -> None:
    """The topic keeps the window and a margin, and drops from its start; what it has dropped must not matter."""
    lived, following = table(window_seconds, 300_000), slice(stopped_at, stopped_at + 80)
    records = live_through(lived, slice(0, stopped_at))
    restored = table(window_seconds, 300_000)
    for record in dropwhile(lambda record: record.at < records[-1].at - timedelta(seconds=window_seconds + 60), records):
        restored.apply(record)
    assert live_through(restored, following) == live_through(lived, following)


@cache
def all_records() -> tuple[StoryRecord, ...]:
    return tuple(live_through(StoryTable(), slice(None)))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 350), st.integers(0, 200))
def test_records_written_twice_by_a_former_owner_change_nothing(start: int, length: int) -> None:
    records = list(all_records())
    restored = StoryTable()
    for record in records[: start + length] + records[start:]:
        restored.apply(record)
    assert len(restored) == len(records)
    assert [restored.stored(record.article_id, record.revision) for record in records] == records


def test_numbers_start_again_before_they_leave_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = live_through(table(100, 40), slice(None))
    monkeypatch.setattr(story_window, "_HIGHEST_ENTRY", 100 * story_window.KEYS)
    renumbered = table(100, 40)
    assert live_through(renumbered, slice(None)) == expected
    assert max(window.end for window in renumbered._windows.values()) <= 101


@pytest.mark.parametrize("block", [1, 7, 10_000])
def test_rows_are_put_into_chains_in_blocks_or_one_by_one_alike(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    expected = [record for record in all_records() if record.collected.offset >= 300]
    monkeypatch.setattr(story_window, "_BLOCK", block)
    restored = StoryTable()
    for record in all_records():
        if record.collected.offset < 300:
            restored.apply(record)
    assert live_through(restored, slice(300, None)) == expected


def test_candidates_are_all_rows_that_share_a_key() -> None:
    """Against the plain definition, on texts of which no key has more rows than are looked at."""
    window = story_window.Window(5_000)
    draw = random.Random(4)
    texts = [forms(draw.randrange(150), draw.randrange(60, 200)) for _ in range(600)]
    signatures = [signed(text) for text in texts]
    for number, each in enumerate(signatures):
        both = minima(each), smallest(each)
        row = story_window.Row(0, 0, number, 0.0, 0.0, 0, 1, 1, 0, each.shingles, 0, 0, True)
        window.append(row, story_window.Words(f"a{number}", f"a{number}", "", ""), *both)
        if number % 20:
            continue
        bands = minima(each).reshape(32, 4).tolist()
        expected = [
            other
            for other, seen in enumerate(signatures[: number + 1])
            if any(one == two for one, two in zip(bands, minima(seen).reshape(32, 4).tolist(), strict=True))
            or set(smallest(each).tolist()) & set(smallest(seen).tolist())
        ]
        found = window.alike(*both)
        assert set(found) <= set(expected)
        assert len(found) >= min(len(expected), story_window.MATCHES_PER_KEY)


def test_a_row_takes_about_a_kilobyte() -> None:
    desk = Desk()
    for seed in range(2_000):
        desk.take(f"{seed:032x}", forms(seed, 60))
    assert desk.table.state_bytes / len(desk.table) < 1_400
