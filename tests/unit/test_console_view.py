from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import sources, topology
from pipeline.alerts import Alerts
from pipeline.article import Article, Clock, Dates, Entity, Hit, Match, Position, Source, Story, encode
from pipeline.broker import Record
from pipeline.console.alert_view import alert_view, is_open
from pipeline.console.article_view import article_view
from pipeline.console.board import Board, Change, GroupLag, Limits, standing, status, take
from pipeline.console.marked_text import parts, safe_url
from pipeline.console.names_view import MOST_NAMES
from pipeline.console.rates import NO_RATES
from pipeline.console.source_view import source_view
from pipeline.episode import Episode
from pipeline.episodes.decide import decide
from pipeline.matched import matched
from pipeline.outcome import Exit, Outcome
from pipeline.policy import RulePolicy
from tests.builders import NOON, article

LIMITS = Limits(articles=5)


def match(text: str, word: str, field: str = "body", **changes: object) -> Match:
    start = text.index(word)
    hit = Hit(
        term=word.lower(),
        surface=word,
        mode="token",
        field=field,  # type: ignore[arg-type]
        start=start,
        end=start + len(word),
        sentence_start=0,
        sentence_end=len(text),
        sentence_id="s1",
    )
    plain = Match(id="m1", rule_id="raketentest", rule_version="1", title="Raketentest", severity="high", hits=(hit,))
    return msgspec.structs.replace(plain, **changes)


def seen(seconds: float = 0, **changes: object) -> Article:
    at = NOON + timedelta(seconds=seconds)
    defaults: dict[str, object] = {"first_seen_at": at, "revision": 1, "clock": Clock(fetched_at=at, enriched_at=at + timedelta(seconds=1))}
    return article(**{**defaults, **changes})


def record(topic: str, value: bytes | None, key: str = "", at: datetime = NOON) -> Record:
    return Record(topic, 0, 0, key.encode(), value, (), at)


def enriched(made: Article, at: datetime | None = None) -> Record:
    return record(topology.ENRICHED, encode(made), made.id, at or made.first_seen_at or NOON)


def episode(made: Article, **changes: object) -> Episode:
    found = decide(Alerts(), matched(made, made.matches[0], NOON), RulePolicy(), NOON + timedelta(seconds=2)).episode
    assert found
    return msgspec.structs.replace(found, **changes)


def matching(**changes: object) -> Article:
    made = seen(**changes)
    return msgspec.structs.replace(made, matches=(match(made.body, "Raketentest"),))


@given(st.text(max_size=60), st.lists(st.tuples(st.integers(-5, 70), st.integers(-5, 70)), max_size=8))
@settings(deadline=None, max_examples=200)
def test_parts_lose_no_letter_and_mark_exactly_the_ranges_inside_the_text(text: str, ranges: list[tuple[int, int]]) -> None:
    found = parts(text, ranges)
    assert "".join(found) == text
    assert len(found) % 2 == 1
    marked: list[bool] = []
    for place, part in enumerate(found):
        marked += [place % 2 == 1] * len(part)
    inside = [(start, end) for start, end in ranges if 0 <= start < end <= len(text)]
    assert marked == [any(start <= at < end for start, end in inside) for at in range(len(text))]


def test_letters_outside_the_basic_plane_do_not_shift_the_marks() -> None:
    text = "🚀🚀 Raketentest"
    assert parts(text, [(3, 14)]) == ("🚀🚀 ", "Raketentest", "")


@pytest.mark.parametrize("url", ["https://tagesblatt.example/a?b=1#c", "http://127.0.0.1:8080/x", "HTTPS://TAGESBLATT.EXAMPLE/"])
def test_web_addresses_become_links(url: str) -> None:
    assert safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example",
        "https://",
        "http://[bad",
        "https:\\\\x.example",
        "https://x.example/" + "a" * 3000,
    ],
)
def test_other_addresses_do_not(url: str) -> None:
    assert safe_url(url) == ""


def test_an_article_shows_the_text_around_its_match_with_the_word_marked() -> None:
    view = article_view(matching(), NOON, 6)
    assert view.lead[1::2] == ("Raketentest",)
    assert [rule.title for rule in view.rules] == ["Raketentest"]
    assert view.took_seconds == 1.0


def test_an_article_shows_its_most_salient_names_but_not_the_agency_that_tells() -> None:
    agency = Entity(id="org:agency:kcna", type="organisation", name="KCNA", recogniser="r")
    others = tuple(Entity(id=f"name:person:{number}", type="person", name=f"P{number}", recogniser="r") for number in range(9))
    view = article_view(msgspec.structs.replace(seen(), entities=(agency, *others)), NOON, 6)
    assert [(each.id, each.name) for each in view.names] == [(f"name:person:{number}", f"P{number}") for number in range(MOST_NAMES)]


def test_words_in_the_title_are_marked_too() -> None:
    made = seen()
    made = msgspec.structs.replace(made, matches=(match(made.title, "Raketentest", "title"),))
    assert article_view(made, NOON, 6).title == ("Nordkorea meldet einen ", "Raketentest", "")


def test_a_rule_that_runs_in_the_shadow_is_not_shown() -> None:
    made = seen()
    made = msgspec.structs.replace(made, matches=(match(made.body, "Raketentest", shadow=True),))
    view = article_view(made, NOON, 6)
    assert (view.rules, view.title, len(view.lead)) == ((), (made.title,), 1)


def test_a_long_text_is_cut_at_a_word() -> None:
    (lead,) = article_view(seen(body="Wort " * 200), NOON, 6).lead
    assert len(lead) < 300
    assert lead.endswith("Wort …")


def test_a_new_article_stands_where_it_was_first_seen_and_a_revision_where_it_was_fetched() -> None:
    later = NOON + timedelta(hours=1)
    assert article_view(seen(), later, 6).at == NOON
    assert article_view(seen(revision=2, clock=Clock(fetched_at=later)), later, 6).at == later
    assert article_view(seen(revision=2, clock=Clock(fetched_at=later), replay=True), later, 6).at == NOON


def test_an_article_without_anything_but_a_title_is_shown() -> None:
    view = article_view(article(body="", source=Source(id="s"), url="", canonical_url=""), NOON, 6)
    assert (view.lead, view.url, view.source_name, view.at) == ((), "", "s", NOON)


def test_an_old_report_is_marked_as_late() -> None:
    dates = Dates(published_at=NOON - timedelta(hours=7), precision="second")
    assert article_view(seen(dates=dates), NOON, 6).late
    assert not article_view(seen(dates=dates), NOON, 8).late


def test_an_alert_shows_the_marked_words_and_how_long_it_took() -> None:
    view = alert_view(episode(matching(dates=Dates(published_at=NOON - timedelta(minutes=5), precision="second"))), 6)
    assert view.snippet[1::2] == ("Raketentest",)
    assert view.took_seconds == 2.0
    assert [stage for stage, _ in view.way] == ["fetched", "enriched", "matched", "alerted"]
    assert (view.severity, view.rule_title, view.why, view.article_count) == ("high", "Raketentest", "first", 1)


def test_a_snippet_from_the_title_is_not_shown_twice() -> None:
    made = seen()
    made = msgspec.structs.replace(made, matches=(match(made.title, "Raketentest", "title"),))
    view = alert_view(episode(made), 6)
    assert view.snippet == ()
    assert view.headline[1::2] == ("Raketentest",)


def test_open_means_told_and_still_going_on() -> None:
    told = episode(matching())
    assert is_open(told)
    assert is_open(msgspec.structs.replace(told, state="reopened"))
    assert not is_open(msgspec.structs.replace(told, state="quiet"))
    assert not is_open(msgspec.structs.replace(told, shadow=True))
    assert not is_open(episode(matching(backfill=True)))


def test_a_source_is_called_by_its_id_when_it_has_no_name() -> None:
    assert source_view(sources.SourceHealth(source_id="s", last_error="x" * 999)).name == "s"
    assert len(source_view(sources.SourceHealth(source_id="s", last_error="x" * 999)).error) == 300


def test_the_newest_articles_are_kept_and_the_oldest_forgotten() -> None:
    board, change = take(Board(), [enriched(seen(number, id=f"a{number}")) for number in range(8)], LIMITS)
    assert [each.id for each in board.articles] == ["a7", "a6", "a5", "a4", "a3"]
    assert {each.id for each in change.articles} == {"a3", "a4", "a5", "a6", "a7"}


def test_an_older_revision_never_replaces_a_newer_one() -> None:
    board, _ = take(Board(), [enriched(seen(revision=2, title="zwei"))], LIMITS)
    board, change = take(board, [enriched(seen(revision=1, title="eins"))], LIMITS)
    assert board.articles[0].title == ("zwei",)
    assert not change


def test_the_same_revision_once_more_keeps_its_place() -> None:
    board, _ = take(Board(), [enriched(seen(revision=2, clock=Clock(fetched_at=NOON)))], LIMITS)
    again = seen(revision=2, generation=1, clock=Clock(fetched_at=NOON + timedelta(hours=1)))
    board, _ = take(board, [enriched(again, NOON + timedelta(hours=1))], LIMITS)
    assert [each.at for each in board.articles] == [NOON]


def test_a_clock_that_runs_ahead_does_not_hold_the_top_for_hours() -> None:
    board, _ = take(Board(), [enriched(seen(86_400), NOON)], LIMITS)
    assert board.articles[0].at == NOON + timedelta(minutes=1)


def test_an_unreadable_record_is_counted_and_the_rest_goes_on() -> None:
    records = [
        record(topology.ENRICHED, b"\xff"),
        record(topology.ENRICHED, b"[]"),
        record(topology.ENRICHED, None),
        record(topology.EPISODES, b"{}"),
        record(topology.HEALTH, b"no"),
        record("elsewhere", b""),
        enriched(seen()),
    ]
    board, _ = take(Board(), records, LIMITS)
    assert (board.unreadable, len(board.articles)) == (6, 1)


def test_an_episode_that_closes_leaves_the_board() -> None:
    told = episode(matching())
    board, change = take(Board(), [record(topology.EPISODES, msgspec.json.encode(told), told.id)], LIMITS)
    assert [each.id for each in board.alerts] == [told.id]
    for gone in (msgspec.json.encode(msgspec.structs.replace(told, state="closed")), None):
        after, change = take(board, [record(topology.EPISODES, gone, told.id)], LIMITS)
        assert (after.alerts, change.gone_alerts) == ((), (told.id,))


def test_an_episode_that_was_never_open_is_no_change() -> None:
    told = episode(matching(), state="closed")
    assert take(Board(), [record(topology.EPISODES, msgspec.json.encode(told), told.id)], LIMITS) == (Board(), Change(touched=(told.id,)))


def test_a_source_that_is_removed_leaves_the_board() -> None:
    health = sources.encode(sources.SourceHealth(source_id="s", state="ok"))
    board, _ = take(Board(), [record(topology.HEALTH, health, "s")], LIMITS)
    board, change = take(board, [record(topology.HEALTH, None, "s")], LIMITS)
    assert (board.sources, change.gone_sources) == ((), ("s",))


def test_real_topic_names_are_translated() -> None:
    made = record("test." + topology.ENRICHED, encode(seen()))
    board, _ = take(Board(), [made], LIMITS, lambda name: name.removeprefix("test."))
    assert len(board.articles) == 1


def outcome(exit: Exit, reason: str = "") -> bytes:
    return msgspec.json.encode(Outcome(article_id="a", position=Position("t", 0, 1), exit=exit, stage="index", at=NOON, reason=reason))


def test_throughput_counts_the_last_full_minute() -> None:
    at = NOON - timedelta(seconds=30)
    records = [
        enriched(seen(), at),
        *(record(topology.OUTCOMES, outcome(Exit.PASSED), at=at) for _ in range(3)),
        record(topology.OUTCOMES, outcome(Exit.DROPPED, "repeat"), at=at),
        record(topology.OUTCOMES, outcome(Exit.REJECTED, "empty"), at=at),
        record(topology.OUTCOMES, outcome(Exit.REJECTED, "empty"), at=NOON - timedelta(minutes=5)),
    ]
    board, _ = take(Board(), records, LIMITS)
    now = status(board, NOON, as_of=NOON, started_at=NOON)
    assert now.counts == {"enriched": 1, "indexed": 3, "repeats": 1, "dropped": 0, "rejected": 1}
    assert now.minutes == (*[0] * 29, 1)


def test_throughput_forgets_what_is_older_than_half_an_hour() -> None:
    rates = NO_RATES.counted([(NOON - timedelta(hours=2), "enriched"), (NOON, "enriched")])
    assert len(rates.steps) == 1


def test_the_status_of_an_empty_board_claims_nothing() -> None:
    now = status(Board(), NOON, as_of=None, started_at=NOON)
    assert (now.as_of, now.took_seconds, now.newest_at, sum(now.minutes)) == (None, None, None, 0)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(1, 3), st.integers(0, 100)), max_size=20))
@settings(deadline=None, max_examples=60)
def test_changes_lead_a_page_to_the_same_articles_as_the_board(made: list[tuple[int, int, int]]) -> None:
    board, page = Board(), {}
    for number, revision, seconds in made:
        one = seen(
            seconds, id=f"a{number}", revision=revision, story=Story(id="s"), clock=Clock(fetched_at=NOON + timedelta(seconds=seconds))
        )
        board, change = take(board, [enriched(one, NOON + timedelta(seconds=200))], LIMITS)
        page.update({each.id: each for each in change.articles})
        page = {each.id: each for each in sorted(page.values(), key=lambda each: (each.at, each.id), reverse=True)[: LIMITS.articles]}
    assert tuple(page.values()) == board.articles


def test_a_process_stands_still_while_it_has_records_and_does_not_move() -> None:
    def look(before: tuple[GroupLag, ...], records: int | None, committed: int, second: int) -> tuple[GroupLag, ...]:
        return standing(before, (GroupLag("alerter", records, committed),), NOON + timedelta(seconds=second))

    first = look((), 2, 10, 0)
    later = look(first, 5, 10, 30)
    assert later[0].stands_since == NOON, "more has come, and nothing was done"
    moved = look(later, 4, 11, 60)
    assert moved[0].stands_since == NOON + timedelta(seconds=60)
    assert look(moved, 0, 15, 90)[0].stands_since is None
    assert look((), None, 0, 0)[0].stands_since is None, "it never ran"
