"""Reading and matching past articles, and the order in which the alerter took the matches."""

from __future__ import annotations

import gzip
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from pipeline.article import Clock, decode, encode
from pipeline.backtest import looking
from pipeline.backtest.looking import Asked, Found, look, looked
from pipeline.backtest.ordering import Arrivals, Spool, microseconds
from pipeline.backtest.stored import MAX_LINE_BYTES, Stored, from_files
from pipeline.errors import LagebildError
from pipeline.matched import decode as decode_matched
from pipeline.matched import encode as encode_matched
from pipeline.rules.compiled import RuleSet
from tests.builders import NOON
from tests.past import Past, by_partition, report, rule, rule_set, written

EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)
RULES = rule_set(rule("test", "Raketentest"), rule("quake", "Erdbeben"))


def asked(*rules: RuleSet, since: datetime = EARLIEST, warm_since: datetime = EARLIEST, until: datetime = LATEST) -> Asked:
    return Asked(rules or (RULES,), 6.0, warm_since, since, until)


def past(count: int = 12) -> Past:
    texts = ("Ein Raketentest am Morgen.", "Ein Erdbeben und ein Raketentest.", "Nichts davon.")
    return written([(NOON + timedelta(seconds=n), report(n, texts[n % 3])) for n in range(count)], RULES)


def test_the_matches_are_the_very_records_that_the_worker_wrote() -> None:
    made = past()
    found = look(made.stored, asked()).found
    assert tuple(each.matched for each in found) == made.matches
    assert len(found) == 12
    assert all(each.live for each in found)


def test_a_rule_that_was_changed_since_is_not_taken_for_the_one_that_was_live() -> None:
    changed = rule_set(rule("test", "Raketentest", "Rakete"))
    assert not any(each.live for each in look(past().stored, asked(changed)).found)


def test_a_later_revision_matches_only_by_what_it_added() -> None:
    first = report(1, "Ein Raketentest.")
    later = report(1, "Ein Raketentest. Und ein Erdbeben.", revision=2, added="Und ein Erdbeben.")
    made = written([(NOON, first), (NOON + timedelta(minutes=5), later)], RULES)
    found = look(made.stored, asked()).found
    assert tuple(each.matched for each in found) == made.matches
    fresh = [(each.rule_id, each.revision) for each in found if not decode_matched(each.matched).match.known]
    assert fresh == [("test", 1), ("quake", 2)]


def test_what_lies_outside_of_the_time_is_left_out_and_the_start_is_not_counted() -> None:
    made = past()
    result = look(
        made.stored,
        asked(warm_since=NOON + timedelta(seconds=2), since=NOON + timedelta(seconds=4), until=NOON + timedelta(seconds=8)),
    )
    assert (result.read, result.within) == (12, 5)
    assert (result.first_at, result.last_at) == (NOON + timedelta(seconds=4), NOON + timedelta(seconds=8))
    assert {each.at for each in result.found} == {NOON + timedelta(seconds=n) for n in (3, 4, 6, 7)}


def test_what_is_no_article_is_counted_and_named() -> None:
    broken = [Stored(b"{", 0, 1, "enriched/0/1"), Stored(b"[1]", 0, 2, "enriched/0/2"), Stored(b"[" * 100_000, 0, 3, "enriched/0/3")]
    timeless = encode(report(1, "x", clock=Clock(), first_seen_at=None))
    result = look([*broken, Stored(timeless, 0, 4, "enriched/0/4"), past(1).stored[0]], asked())
    assert (result.read, result.unreadable, result.within) == (5, 4, 1)
    assert [each.partition(": ")[0] for each in result.complaints] == [f"enriched/0/{n}" for n in (1, 2, 3, 4)]
    assert "no time" in result.complaints[3]


def test_two_rule_sets_are_matched_side_by_side() -> None:
    found = look(past().stored, asked(RULES, rule_set(rule("quake", "Erdbeben")))).found
    assert [(each.side, each.rule_id) for each in found].count((1, "quake")) == 4
    assert {each.side for each in found if each.rule_id == "test"} == {0}


def test_several_processes_find_the_same_in_the_same_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "ALONE_UNTIL", 4)
    monkeypatch.setattr(looking, "CHUNK_ARTICLES", 2)
    made = past(40)
    together = [each for piece in looked(made.stored, asked(), 2) for each in piece.found]
    alone = [each for piece in looked(made.stored, asked(), 1) for each in piece.found]
    assert together == alone
    assert tuple(each.matched for each in alone) == made.matches


def spooled(found: tuple[Found, ...], arrived: Arrivals) -> list[bytes]:
    spool = Spool()
    try:
        for each in found:
            spool.put(each, arrived)
        assert list(spool.in_order()) == list(spool.in_order())
        return list(spool.in_order())
    finally:
        spool.close()


def test_matches_come_in_the_order_of_their_instants_however_they_are_read() -> None:
    made = past(30)
    found = look(by_partition(made.stored), asked()).found
    assert tuple(each.matched for each in found) != made.matches
    assert tuple(spooled(found, Arrivals())) == made.matches


def test_the_order_of_the_topic_of_matches_wins_where_it_holds_them() -> None:
    """Two workers hand over what they found within milliseconds of each other in either order."""
    made = past(30)
    topic = list(made.matches)
    draw = random.Random(3)
    for place in range(0, len(topic) - 1, 2):
        if draw.random() < 0.5:
            topic[place], topic[place + 1] = topic[place + 1], topic[place]
    assert topic != list(made.matches)
    arrived = Arrivals()
    for offset, value in enumerate(topic):
        arrived.take(value, offset)
    arrived.take(b"no match", 99)
    assert spooled(look(by_partition(made.stored), asked()).found, arrived) == topic


def test_a_match_that_the_topic_no_longer_holds_takes_its_place_by_its_instant() -> None:
    made = past(12)
    arrived = Arrivals()
    for offset, value in enumerate(made.matches[6:]):
        arrived.take(value, offset)
    assert tuple(spooled(look(by_partition(made.stored), asked()).found, arrived)) == made.matches


def test_a_match_with_which_a_worker_died_is_taken_from_the_second_time() -> None:
    """The article stands twice in the topic of articles, and the match was handed over with the second one only."""
    one = report(1, "Ein Raketentest.")
    made = written([(NOON, one), (NOON + timedelta(seconds=30), one)], RULES)
    arrived = Arrivals(covers_until=NOON + timedelta(hours=1))
    arrived.take(made.matches[1], 0)
    assert spooled(look(made.stored, asked()).found, arrived) == [made.matches[1]]
    new_rule = look(made.stored, asked(rule_set(rule("other", "Raketentest")))).found
    assert len(spooled(new_rule, arrived)) == 2


def test_instants_are_compared_to_the_microsecond() -> None:
    at = NOON + timedelta(microseconds=123_457)
    (value,) = written([(at, report(1, "Ein Raketentest."))], RULES).matches
    assert decode_matched(value).matched_at == at
    assert microseconds(decode_matched(value).matched_at) == microseconds(at)
    assert encode_matched(decode_matched(value)) == value


def test_files_with_one_article_a_line_are_read_packed_or_not(tmp_path: Path) -> None:
    made = past(4)
    plain, packed = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz"
    plain.write_bytes(b"\n".join(each.value for each in made.stored[:2]) + b"\n\n")
    packed.write_bytes(gzip.compress(b"\n".join(each.value for each in made.stored[2:])))
    found = list(from_files([plain, packed]).stored)
    assert [decode(each.value).id for each in found] == [f"article-{n}" for n in range(4)]
    assert [(each.partition, each.offset) for each in found] == [(0, 1), (0, 2), (1, 1), (1, 2)]
    assert found[3].place == f"{packed}:2"


@pytest.mark.parametrize("content", [None, b"no gzip"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.jsonl.gz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LagebildError, match=r"x\.jsonl\.gz cannot be read"):
        list(from_files([path]).stored)


def test_a_line_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.backtest.stored.MAX_LINE_BYTES", 1_000)
    assert MAX_LINE_BYTES > 1_000_000
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"{}\n" + b"x" * 5_000)
    with pytest.raises(LagebildError, match=r"x\.jsonl:2: a line is longer"):
        list(from_files([path]).stored)


def test_the_alerter_could_not_tell_the_records_apart() -> None:
    """What a back-test hands to deciding is decoded from the same bytes as live."""
    made = past(3)
    for each, value in zip(look(made.stored, asked()).found, made.matches, strict=True):
        assert msgspec.json.decode(each.matched) == msgspec.json.decode(value)
