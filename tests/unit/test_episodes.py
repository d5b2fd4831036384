"""When a match rings: episodes, new facts, storms, and that a replay changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Clock, Dates, Hit, Match, Source, Story
from pipeline.episodes import Alerts, Command, Decision, Episode, Matched, Notification, RulePolicy, decide, expired, obey, settled
from pipeline.matched import decode, encode

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
POLICY = RulePolicy(route=("desk", "phone"))


def hit(sentence: str = "s1") -> Hit:
    place = {"field": "body", "start": 0, "end": 11, "sentence_start": 0, "sentence_end": 20, "sentence_id": sentence}
    return Hit(term="Raketentest", surface="Raketentest", mode="exact", **place)  # type: ignore[arg-type]


def report(
    article_id: str = "a1",
    *,
    story: str = "s",
    facts: Sequence[str] = ("country:iso:KP",),
    sentence: str = "s1",
    rule: str = "r",
    shadow: bool = False,
    context: Sequence[str] = (),
    **more: Any,
) -> Matched:
    match = Match(
        id=f"{rule}/{article_id}/{sentence}",
        rule_id=rule,
        rule_version="1",
        title="Raketentests",
        severity="high",
        hits=(hit(sentence),),
        shadow=shadow,
    )
    return Matched(
        match=match,
        article_id=article_id,
        revision=more.pop("revision", 1),
        source=more.pop("source", Source(id=f"source-{article_id}", name="Blatt", country="DE")),
        matched_at=NOON,
        title=f"Meldung {article_id}",
        url=f"https://a.example/{article_id}",
        story=Story(id=story) if story else None,
        facts={each: each.split(":", 1)[1] for each in facts},
        context=tuple(context) or tuple(facts),
        clock=Clock(fetched_at=NOON - timedelta(seconds=2)),
        **more,
    )


class Desk:
    """Applies decisions one after the other, as the alerter does."""

    def __init__(self, policy: RulePolicy = POLICY) -> None:
        self.alerts = Alerts()
        self.policy = policy
        self.decisions: list[Decision] = []

    def gets(self, matched: Matched, after: timedelta = timedelta()) -> Decision:
        decision = decide(self.alerts, matched, self.policy, NOON + after)
        if decision.episode:
            self.alerts.put(decision.episode)
        for each in decision.notifications:
            self.alerts.put(each)
        self.decisions.append(decision)
        return decision

    @property
    def episode(self) -> Episode:
        (only,) = self.alerts.episodes.values()
        return only


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def test_the_first_match_opens_an_episode_and_tells_every_receiver() -> None:
    desk = Desk()
    decision = desk.gets(report())
    assert decision.why == "first"
    assert [(each.receiver, each.kind, each.state) for each in decision.notifications] == [
        ("desk", "first", "pending"),
        ("phone", "first", "pending"),
    ]
    assert decision.notifications[0].message.source is not None
    assert decision.notifications[0].message.notification_id == decision.notifications[0].id
    assert desk.episode.state == "firing"


def test_a_repetition_is_counted_and_told_to_nobody() -> None:
    desk = Desk()
    desk.gets(report())
    decision = desk.gets(report("a2"), minutes(5))
    assert (decision.why, decision.notifications) == ("folded", ())
    assert (desk.episode.article_count, desk.episode.folded, len(desk.episode.members)) == (2, 1, 2)
    assert [each.role for each in desk.episode.members] == ["rang", "folded"]


def test_a_member_with_new_facts_rings_again_and_says_which() -> None:
    desk = Desk()
    desk.gets(report())
    decision = desk.gets(report("a2", facts=("country:iso:KP", "number:2")), minutes(5))
    assert decision.why == "new_facts"
    assert {each.kind for each in decision.notifications} == {"update"}
    assert [(each.fact, each.words) for each in decision.notifications[0].message.new_facts] == [("number:2", "2")]
    assert decision.notifications[0].message.members == 2
    assert decision.notifications[0].id != desk.decisions[0].notifications[0].id


def test_what_the_first_article_said_further_down_is_no_news() -> None:
    desk = Desk()
    desk.gets(report(context=("country:iso:KP", "number:99")))
    assert desk.gets(report("a2", facts=("number:99",))).why == "folded"


def test_what_only_a_folded_copy_said_further_down_is_news() -> None:
    desk = Desk()
    desk.gets(report())
    desk.gets(report("a2", context=("country:iso:KP", "number:12")))
    assert desk.gets(report("a3", facts=("number:12",))).why == "new_facts"


def test_another_weekday_contradicts_and_an_added_one_does_not() -> None:
    desk = Desk()
    desk.gets(report(facts=("country:iso:KP",)))
    assert desk.gets(report("a2", facts=("weekday:1",))).why == "folded"
    assert desk.gets(report("a3", facts=("weekday:2",))).why == "new_facts"


def test_a_known_match_changes_nothing() -> None:
    desk = Desk()
    desk.gets(report())
    assert desk.gets(report(), timedelta(days=20)) == Decision()


def test_a_known_sentence_of_the_article_changes_nothing_even_under_another_match_id() -> None:
    desk = Desk()
    desk.gets(report())
    again = report()
    assert desk.gets(msgspec.structs.replace(again, match=msgspec.structs.replace(again.match, id="other"))) == Decision()


def test_an_article_that_later_finds_a_story_stays_in_its_episode() -> None:
    desk = Desk()
    desk.gets(report(story=""))
    assert desk.gets(report(story="late")) == Decision()
    assert desk.gets(report(story="late", sentence="s2", facts=("number:7",))).why == "new_facts"
    assert len(desk.alerts.episodes) == 1


def test_a_live_blog_rings_for_an_added_sentence_with_news_and_not_for_chatter() -> None:
    desk = Desk()
    desk.gets(report())
    assert desk.gets(report(sentence="s2", revision=2)).why == "folded"
    assert desk.gets(report(sentence="s3", revision=3, facts=("number:3",))).why == "new_facts"
    assert desk.episode.article_count == 1


@pytest.mark.parametrize(("on_update", "expected"), [("ignore", "folded"), ("always", "new_facts")])
def test_a_rule_can_say_what_a_revision_is_worth(on_update: Any, expected: str) -> None:
    desk = Desk(RulePolicy(route=("desk",), on_update=on_update))
    desk.gets(report())
    assert desk.gets(report(sentence="s2", revision=2, facts=("number:3",) if on_update == "ignore" else ())).why == expected


def test_rules_and_stories_have_episodes_of_their_own() -> None:
    desk = Desk()
    assert [desk.gets(report(rule=rule, story=story, article_id=f"a{story}")).why for rule in "pq" for story in "xy"] == ["first"] * 4
    assert len(desk.alerts.episodes) == 4


def test_a_rule_without_grouping_has_an_episode_for_each_article() -> None:
    desk = Desk(RulePolicy(route=("desk",), by_story=False))
    assert [desk.gets(report("a1")).why, desk.gets(report("a2")).why] == ["first", "first"]


@pytest.mark.parametrize("reason", ["shadow", "backfill", "replay"])
def test_what_must_not_ring_is_recorded_and_tells_nobody(reason: str) -> None:
    desk = Desk()
    decision = desk.gets(report(**{reason: True}))  # type: ignore[arg-type]
    assert (decision.why, decision.notifications) == (reason, ())
    assert desk.episode.withheld == {reason: 1}


def test_an_old_article_rings_and_says_that_it_is_old() -> None:
    decision = Desk().gets(report(late=True))
    assert decision.why == "first"
    assert {each.message.old for each in decision.notifications} == {True}


def test_a_fresh_report_rings_although_a_back_filled_one_was_recorded_before() -> None:
    desk = Desk()
    desk.gets(report(backfill=True))
    decision = desk.gets(report("a2"), minutes(1))
    assert decision.why == "first"
    assert decision.notifications


def test_a_match_after_the_quiet_time_reopens_and_one_long_after_opens_anew() -> None:
    desk = Desk()
    desk.gets(report())
    reopened = desk.gets(report("a2"), timedelta(hours=30))
    assert (reopened.why, {each.kind for each in reopened.notifications}) == ("reopened", {"reopened"})
    assert desk.episode.state == "reopened"
    assert desk.gets(report("a3"), timedelta(hours=30 + 97)).why == "first"
    assert sorted(each.opened_seq for each in desk.alerts.episodes.values()) == [1, 2]


def test_the_stored_state_follows_time_and_deciding_does_not_depend_on_it() -> None:
    desk = Desk()
    desk.gets(report())
    assert settled(desk.episode, POLICY, NOON + timedelta(hours=1)) is None
    quiet = settled(desk.episode, POLICY, NOON + timedelta(hours=25))
    assert quiet is not None and quiet.state == "quiet"
    closed = settled(quiet, POLICY, NOON + timedelta(hours=97))
    assert closed is not None and closed.state == "closed"
    desk.alerts.put(closed)
    assert desk.gets(report("a2"), minutes(10)).why == "folded"
    assert desk.episode.state == "firing"


def test_more_than_the_limit_becomes_one_digest_and_nothing_is_lost() -> None:
    desk = Desk(RulePolicy(route=("desk",), max_per_hour=2))
    whys = [desk.gets(report(f"a{number}", story=f"s{number}"), minutes(number / 10)).why for number in range(6)]
    assert whys == ["first", "first", "held_back", "held_back", "held_back", "held_back"]
    (digest,) = [each for each in desk.alerts.notifications.values() if each.kind == "storm"]
    assert digest.message.held_back == 4
    assert [each.headline for each in digest.message.held] == [f"Meldung a{number}" for number in range(2, 6)]
    assert digest.next_at == NOON + minutes(0.2) + minutes(10)
    assert all(each.held_back == 1 for each in list(desk.alerts.episodes.values())[2:])
    assert desk.gets(report("b", story="b"), minutes(61)).why == "first"


def test_a_storm_that_goes_on_after_a_digest_makes_another_digest() -> None:
    desk = Desk(RulePolicy(route=("desk",), max_per_hour=1))
    for number in range(3):
        desk.gets(report(f"a{number}", story=f"s{number}"), minutes(number))
    desk.gets(report("late", story="late"), minutes(12))
    assert sorted(each.message.held_back for each in desk.alerts.notifications.values() if each.kind == "storm") == [1, 2]


def test_a_rule_without_receivers_is_recorded() -> None:
    decision = Desk(RulePolicy()).gets(report())
    assert decision.episode is not None and decision.notifications == ()


def test_an_acknowledgement_stands_and_notes_are_kept() -> None:
    desk = Desk()
    desk.gets(report())
    first = Command(id="c1", episode_id=desk.episode.id, kind="acknowledge", by="anna", at=NOON, text="seen")
    for command in (
        first,
        first,
        msgspec.structs.replace(first, id="c2", by="bert"),
        msgspec.structs.replace(first, id="c3", episode_id="?"),
    ):
        changed = obey(desk.alerts, command)
        if changed:
            desk.alerts.put(changed)
    assert desk.episode.acknowledged_by == "anna"
    assert [each.by for each in desk.episode.notes] == ["anna", "bert"]


def test_old_closed_episodes_are_forgotten_and_open_ones_never() -> None:
    desk = Desk()
    desk.gets(report())
    later = NOON + timedelta(days=31)
    assert expired(desk.alerts, later) == []
    closed = settled(desk.episode, POLICY, later)
    assert closed is not None
    desk.alerts.put(closed)
    for each in list(desk.alerts.notifications.values()):
        desk.alerts.put(msgspec.structs.replace(each, state="sent"))
    old = expired(desk.alerts, later)
    assert len(old) == 3
    for each in old:
        desk.alerts.drop(each)
    assert not desk.alerts.episodes and not desk.alerts.notifications and desk.alerts.of(report(), "s") == []


def test_nothing_that_can_come_again_is_forgotten() -> None:
    desk = Desk()
    desk.gets(report())
    desk.gets(report("a2"), timedelta(days=3))
    closed = settled(desk.episode, POLICY, NOON + timedelta(days=32))
    assert closed is not None
    desk.alerts.put(closed)
    assert [each for each in expired(desk.alerts, NOON + timedelta(days=32)) if isinstance(each, Episode)] == []


def test_records_survive_the_round_trip_through_json() -> None:
    desk = Desk()
    decision = desk.gets(report(dates=Dates(published_at=NOON, precision="second")))
    assert decode(encode(report())) == report()
    assert msgspec.json.decode(msgspec.json.encode(decision.episode), type=Episode) == decision.episode
    for each in decision.notifications:
        assert msgspec.json.decode(msgspec.json.encode(each), type=Notification) == each


_reports = st.builds(
    lambda article, story, fact, sentence, reason: report(
        f"a{article}", story=story, facts=(f"number:{fact}",), sentence=f"s{sentence}", **({reason: True} if reason else {})
    ),
    st.integers(0, 5),
    st.sampled_from(["x", "y", ""]),
    st.integers(0, 3),
    st.integers(0, 2),
    st.sampled_from(["", "", "", "", "late", "backfill"]),
)
_streams = st.lists(st.tuples(_reports, st.integers(0, 40)), max_size=25)


def told(desk: Desk) -> list[str]:
    return list(desk.alerts.notifications)


def run(stream: Sequence[tuple[Matched, int]], policy: RulePolicy) -> Desk:
    desk, hours = Desk(policy), 0
    for matched, pause_hours in stream:
        hours += pause_hours
        desk.gets(matched, timedelta(hours=hours))
    return desk


@settings(deadline=None, max_examples=150)
@given(_streams, st.integers(0, 25), st.integers(1, 5))
def test_redelivering_any_prefix_changes_nothing(stream: list[tuple[Matched, int]], prefix: int, limit: int) -> None:
    desk = run(stream, RulePolicy(route=("desk",), max_per_hour=limit))
    before, episodes = told(desk), dict(desk.alerts.episodes)
    hours = 0
    for matched, pause_hours in stream[:prefix]:
        hours += pause_hours
        assert desk.gets(matched, timedelta(hours=hours)) == Decision()
    assert told(desk) == before
    assert desk.alerts.episodes == episodes


@settings(deadline=None, max_examples=100)
@given(_streams, st.integers(1, 5))
def test_the_same_order_gives_the_same_ids(stream: list[tuple[Matched, int]], limit: int) -> None:
    policy = RulePolicy(route=("desk",), max_per_hour=limit)
    one, two = run(stream, policy), run(stream, policy)
    assert told(one) == told(two)
    assert one.alerts.episodes == two.alerts.episodes


@settings(deadline=None, max_examples=100)
@given(_streams, st.integers(0, 24), st.integers(1, 5))
def test_a_restart_between_two_matches_changes_nothing(stream: list[tuple[Matched, int]], cut: int, limit: int) -> None:
    policy = RulePolicy(route=("desk",), max_per_hour=limit)
    whole, desk = run(stream, policy), Desk(policy)
    hours = 0
    for number, (matched, pause_hours) in enumerate(stream):
        hours += pause_hours
        if number == cut:
            stored = [msgspec.json.decode(msgspec.json.encode(each), type=Episode) for each in desk.alerts.episodes.values()]
            desk.alerts = Alerts(reversed(stored), desk.alerts.notifications.values())
        desk.gets(matched, timedelta(hours=hours))
    assert told(desk) == told(whole)


@settings(deadline=None, max_examples=100)
@given(_streams)
def test_every_match_that_may_ring_is_told_or_folded_into_what_was_told(stream: list[tuple[Matched, int]]) -> None:
    desk = run(stream, RulePolicy(route=("desk",), max_per_hour=1000))
    for decision in desk.decisions:
        if decision.why in ("first", "new_facts", "reopened"):
            assert len(decision.notifications) == 1
        if decision.why == "folded":
            assert decision.episode is not None and decision.episode.step > 0
