"""When a match rings: episodes, new facts, updates, and that a replay changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.article import Dates
from pipeline.episodes.clock import tend
from pipeline.episodes.decide import Decision
from pipeline.episodes.expiry import expired
from pipeline.intent import Intent
from pipeline.matched import Matched, decode, encode
from pipeline.policy import RulePolicy
from pipeline.rules.model import Digest, Late, Notify, Updates
from tests.desk import KP, NOON, Desk, hours, minutes, policy, report


def test_the_first_match_opens_an_episode_and_rings() -> None:
    desk = Desk()
    decision = desk.gets(report())
    assert decision.why == "first"
    (intent,) = decision.intents
    assert (intent.kind, intent.message.why, intent.message.step, intent.withheld) == ("first", "first", 1, "")
    assert intent.message.source is not None and intent.message.first_source is not None
    assert (desk.episode.state, desk.episode.step, desk.episode.last_rang_at) == ("firing", 1, NOON)


def test_a_repetition_is_counted_and_told_to_nobody() -> None:
    desk = Desk()
    desk.gets(report())
    decision = desk.gets(report("a2"), minutes(5))
    assert (decision.why, decision.intents) == ("folded", ())
    assert (desk.episode.article_count, desk.episode.folded, len(desk.episode.members)) == (2, 1, 2)
    assert [(each.role, each.rang) for each in desk.episode.members] == [("rang", True), ("folded", False)]


def test_a_member_with_new_facts_rings_again_and_says_which() -> None:
    desk = Desk()
    desk.gets(report())
    decision = desk.gets(report("a2", facts=(KP, "number:2")), minutes(5))
    assert decision.why == "new_facts"
    (intent,) = decision.intents
    assert (intent.kind, intent.message.members) == ("update", 2)
    assert [(each.fact, each.words) for each in intent.message.new_facts] == [("number:2", "2")]
    assert len({each.id for each in desk.told}) == 2


def test_what_the_first_article_said_further_down_is_no_news() -> None:
    desk = Desk()
    desk.gets(report(context=(KP, "number:99")))
    assert desk.gets(report("a2", facts=("number:99",))).why == "folded"


def test_what_only_a_folded_copy_said_further_down_is_news() -> None:
    desk = Desk()
    desk.gets(report())
    desk.gets(report("a2", context=(KP, "number:12")))
    assert desk.gets(report("a3", facts=("number:12",))).why == "new_facts"


def test_another_weekday_contradicts_and_an_added_one_does_not() -> None:
    desk = Desk()
    desk.gets(report(facts=(KP,)))
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


def test_a_live_blog_rings_for_an_added_sentence_with_news_and_not_for_chatter() -> None:
    desk = Desk()
    desk.gets(report())
    assert desk.gets(report(sentence="s2", revision=2)).why == "folded"
    decision = desk.gets(report(sentence="s3", revision=3, facts=("number:3",)))
    assert (decision.why, decision.intents[0].message.why, decision.intents[0].message.new_facts[0].fact) == (
        "new_text",
        "new_text",
        "number:3",
    )
    assert desk.episode.article_count == 1


@pytest.mark.parametrize(("on_update", "expected"), [("ignore", "folded"), ("always", "new_text")])
def test_a_rule_can_say_what_a_revision_is_worth(on_update: Any, expected: str) -> None:
    desk = Desk(policy(Notify(on_update=on_update)))
    desk.gets(report())
    assert desk.gets(report(sentence="s2", revision=2, facts=("number:3",) if on_update == "ignore" else ())).why == expected


def test_rules_and_stories_have_episodes_of_their_own() -> None:
    desk = Desk()
    whys = [
        desk.gets(report(rule=rule, story=story, article_id=f"a{story}", facts=(f"place:{story}",))).why for rule in "pq" for story in "xy"
    ]
    assert whys == ["first"] * 4
    assert len(desk.alerts.episodes) == 4


def test_a_rule_without_grouping_has_an_episode_for_each_article() -> None:
    desk = Desk(policy(group_by=()))
    assert [desk.gets(report("a1")).why, desk.gets(report("a2")).why] == ["first", "first"]


@pytest.mark.parametrize("reason", ["backfill", "replay"])
def test_what_must_not_ring_is_recorded_and_tells_nobody(reason: str) -> None:
    desk = Desk()
    decision = desk.gets(report(**{reason: True}))  # type: ignore[arg-type]
    assert (decision.why, [each.withheld for each in decision.intents]) == (reason, [reason])
    assert desk.gets(report("a2", **{reason: True})).intents == ()  # type: ignore[arg-type]
    assert desk.episode.withheld == {reason: 2}
    assert desk.told == []


def test_a_shadow_rule_does_everything_and_sends_nothing() -> None:
    desk = Desk(policy(shadow=True))
    desk.gets(report(shadow=True))
    desk.gets(report("a2", shadow=True, facts=("number:2",)), minutes(1))
    assert [(each.kind, each.withheld) for each in desk.intents] == [("first", "shadow"), ("update", "shadow")]
    assert desk.told == []


def test_a_rule_that_goes_live_rings_first_although_its_shadow_did() -> None:
    desk = Desk(policy(shadow=True))
    desk.gets(report(shadow=True))
    desk.policy = policy()
    assert desk.gets(report("a2"), minutes(1)).why == "first"
    assert desk.kinds == ["first"]
    assert len({each.id for each in desk.intents}) == 2
    assert desk.episode.shadow is False


def test_a_fresh_report_rings_although_a_back_filled_one_was_recorded_before() -> None:
    desk = Desk()
    desk.gets(report(backfill=True))
    assert desk.gets(report("a2"), minutes(1)).why == "first"
    assert desk.kinds == ["first"]


OLD = {"dates": Dates(published_at=NOON - hours(9), precision="second"), "first_seen_at": NOON}


def test_an_old_article_rings_and_says_that_it_is_old() -> None:
    (intent,) = Desk().gets(report(late=True)).intents
    assert (intent.message.old, intent.withheld) == (True, "")


@pytest.mark.parametrize(
    ("action", "expected"),
    [("notify", ("first", "", False, True)), ("digest", ("first", "", True, True)), ("record", ("late", "late", False, False))],
)
def test_a_rule_says_what_becomes_of_late_articles(action: Any, expected: tuple[str, str, bool, bool]) -> None:
    desk = Desk(policy(Notify(late=Late(after_seconds=6 * 3_600, action=action))))
    decision = desk.gets(report(**OLD))
    (intent,) = decision.intents
    assert (decision.why, intent.withheld, intent.digest, intent.message.old) == expected
    assert desk.gets(report("fresh", story="other", facts=("place:x",))).intents[0].digest is False


def test_a_rule_with_a_digest_says_so_for_each_message() -> None:
    desk = Desk(policy(Notify(digest=Digest(cron="0 7 * * *"))))
    desk.gets(report())
    assert [each.digest for each in desk.intents] == [True]


def test_a_match_after_the_quiet_time_reopens_and_one_long_after_opens_anew() -> None:
    desk = Desk()
    desk.gets(report())
    assert desk.gets(report("a2"), hours(30)).why == "reopened"
    assert desk.kinds == ["first", "reopened"]
    assert desk.episode.state == "reopened"
    assert desk.gets(report("a3"), hours(30 + 97)).why == "first"
    assert sorted(each.opened_seq for each in desk.alerts.episodes.values()) == [1, 2]


def test_a_milestone_rings_when_it_is_reached_and_the_gap_is_over() -> None:
    updates = Updates(milestones=(2, 3, 5), field="articles", min_gap_seconds=600)
    desk = Desk(policy(Notify(updates=updates)))
    desk.gets(report())
    assert desk.gets(report("a2"), minutes(11)).why == "milestone"
    assert desk.gets(report("a3"), minutes(12)).why == "folded"
    assert desk.waits(minutes(20)) == []
    (late,) = desk.waits(minutes(30))
    assert (late.why, late.intents[0].at, late.intents[0].message.members) == ("milestone", NOON + minutes(21), 3)
    assert desk.gets(report("a4"), minutes(50)).why == "folded"
    assert desk.gets(report("a5"), minutes(51)).why == "milestone"
    assert desk.kinds == ["first", "update", "update", "update"]


def test_a_message_for_another_reason_passes_the_milestone_as_well() -> None:
    desk = Desk(policy(Notify(updates=Updates(milestones=(2,), field="articles", min_gap_seconds=0))))
    desk.gets(report())
    assert desk.gets(report("a2", facts=("number:7",))).why == "new_facts"
    assert desk.gets(report("a3")).why == "folded"
    assert desk.waits(hours(1)) == []


def test_the_first_message_can_wait_for_siblings() -> None:
    desk = Desk(policy(Notify(first_wait_seconds=60)))
    assert desk.gets(report()).why == "waiting"
    assert desk.gets(report("a2"), minutes(0.5)).why == "waiting"
    assert desk.told == []
    (decision,) = desk.waits(minutes(2))
    (intent,) = decision.intents
    assert (intent.kind, intent.at, intent.message.members, intent.message.alerted_at) == ("first", NOON + minutes(1), 2, NOON + minutes(1))
    assert desk.waits(minutes(3)) == []


def test_what_siblings_bring_while_the_first_message_waits_is_told_with_it() -> None:
    desk = Desk(policy(Notify(first_wait_seconds=60)))
    desk.gets(report())
    desk.gets(report("a2", facts=("number:12",)), minutes(0.5))
    desk.waits(minutes(2))
    assert [each.fact for each in desk.told[0].message.new_facts] == ["number:12"]


def test_a_match_after_the_wait_finds_the_first_message_sent_whether_or_not_the_clock_was_asked() -> None:
    asked, not_asked = Desk(policy(Notify(first_wait_seconds=60))), Desk(policy(Notify(first_wait_seconds=60)))
    for desk in (asked, not_asked):
        desk.gets(report())
    asked.waits(minutes(1.5))
    for desk in (asked, not_asked):
        desk.gets(report("a2", facts=("number:2",)), minutes(2))
    assert asked.kinds == not_asked.kinds == ["first", "update"]
    assert asked.intents == not_asked.intents
    assert asked.alerts.episodes == not_asked.alerts.episodes


def test_it_repeats_until_somebody_answers() -> None:
    desk = Desk(policy(Notify(repeat_seconds=3_600)))
    desk.gets(report())
    assert desk.waits(minutes(59)) == []
    desk.waits(minutes(61))
    desk.waits(hours(4.5))
    assert [(each.kind, each.message.why, each.at) for each in desk.told[1:]] == [
        ("repeat", "not_acknowledged", NOON + hours(1)),
        ("repeat", "not_acknowledged", NOON + hours(4)),
    ]
    desk.alerts.put(msgspec.structs.replace(desk.episode, acknowledged_by="anna", acknowledged_at=NOON + hours(4.6)))
    assert desk.waits(hours(9)) == []
    assert len({each.id for each in desk.intents}) == 3


@pytest.mark.parametrize(("resolved", "kinds"), [(True, ["first", "resolved"]), (False, ["first"])])
def test_resolved_is_told_only_where_the_rule_asks_for_it(resolved: bool, kinds: list[str]) -> None:
    desk = Desk(policy(Notify(resolved=resolved)))
    desk.gets(report())
    desk.waits(hours(25))
    desk.waits(hours(200))
    assert desk.kinds == kinds
    assert desk.episode.state == "closed"


def test_old_closed_episodes_are_forgotten_and_open_ones_never() -> None:
    desk = Desk()
    desk.gets(report())
    later = NOON + timedelta(days=40)
    assert expired(desk.alerts, later) == []
    desk.waits(timedelta(days=31))
    (old,) = expired(desk.alerts, later)
    desk.alerts.drop(old)
    assert not desk.alerts.episodes and desk.alerts.of("r", "a1", "s") == [] and desk.alerts.rules_of("a1") == ()
    assert desk.waits(timedelta(days=32)) == []


def test_nothing_that_can_come_again_is_forgotten() -> None:
    desk = Desk()
    desk.gets(report())
    desk.gets(report("a2"), timedelta(days=3))
    desk.waits(timedelta(days=32))
    assert expired(desk.alerts, NOON + timedelta(days=32)) == []


def test_records_survive_the_round_trip_through_json() -> None:
    desk = Desk()
    decision = desk.gets(report(dates=Dates(published_at=NOON, precision="second")))
    assert decode(encode(report())) == report()
    for record in decision.records:
        assert msgspec.json.decode(msgspec.json.encode(record), type=type(record)) == record
    for each in decision.intents:
        assert msgspec.json.decode(msgspec.json.encode(each), type=Intent) == each


def test_the_clock_is_cheap_when_nothing_is_due() -> None:
    desk = Desk()
    for number in range(2_000):
        desk.gets(report(f"a{number}", story=f"s{number}", facts=(f"place:{number}",)))
    desk.waits(minutes(1))
    looked_at: list[str] = []
    list(tend(desk.alerts, lambda rule: looked_at.append(rule) or desk.policy, (), NOON + minutes(2)))  # type: ignore[func-returns-value]
    assert looked_at == ["r"]


def in_order(stream: list[tuple[Matched, int]]) -> list[tuple[Matched, int]]:
    """The stream as a topic can hold it: the revisions of an article ascend, or a record comes again, and no later look comes before the first."""
    newest: dict[str, int] = {}
    came: set[tuple[str, int, bool]] = set()
    kept = []
    for matched, pause in stream:
        record = (matched.match.id, matched.revision, matched.match.known)
        last = newest.get(matched.article_id)
        if record in came or (matched.revision > last if last is not None else not matched.match.known):
            kept.append((matched, pause))
            came.add(record)
            newest[matched.article_id] = max(matched.revision, last or 0)
    return kept


_reports = st.builds(
    lambda article, story, fact, sentence, reason: report(
        f"a{article}",
        story=story,
        facts=(f"{fact[0]}:{fact[1]}",),
        sentence=f"s{sentence}",
        revision=1 + (reason == "known") + sentence,
        **({reason: True} if reason else {}),
    ),
    st.integers(0, 5),
    st.sampled_from(["x", "y", ""]),
    st.tuples(st.sampled_from(["number", "place", "country", "time"]), st.integers(0, 3)),
    st.integers(0, 2),
    st.sampled_from(["", "", "", "", "late", "backfill", "known"]),
)
_streams = st.lists(st.tuples(_reports, st.sampled_from([0, 1, 3, 40, 120, 2_400])), max_size=25).map(lambda stream: in_order(stream))
_policies = st.sampled_from(
    [
        policy(),
        policy(Notify(first_wait_seconds=90)),
        policy(Notify(updates=Updates(milestones=(2, 4), field="articles", min_gap_seconds=60), on_update="always")),
        policy(Notify(resolved=True), quiet_after_seconds=3_600, reopen_within_seconds=7_200),
    ]
)


def run(stream: Sequence[tuple[Matched, int]], rule: RulePolicy, *, clock: bool = False) -> Desk:
    desk, at = Desk(rule), 0
    for matched, pause in stream:
        at += pause
        if clock and pause:
            desk.waits(minutes(at))
        desk.gets(matched, minutes(at))
    return desk


@settings(deadline=None, max_examples=150)
@given(_streams, _policies, st.lists(st.integers(0, 24), max_size=25))
def test_redelivery_in_any_order_changes_nothing(stream: list[tuple[Matched, int]], rule: RulePolicy, again: list[int]) -> None:
    desk = run(stream, rule)
    told, episodes = list(desk.intents), dict(desk.alerts.episodes)
    for number in again:
        if number < len(stream):
            at = sum(pause for _, pause in stream)
            assert desk.gets(stream[number][0], minutes(at)) == Decision()
    assert desk.intents == told
    assert desk.alerts.episodes == episodes


@settings(deadline=None, max_examples=100)
@given(_streams, _policies, st.integers(0, 24))
def test_a_restart_between_two_matches_changes_nothing(stream: list[tuple[Matched, int]], rule: RulePolicy, cut: int) -> None:
    whole, desk, at = run(stream, rule), Desk(rule), 0
    for number, (matched, pause) in enumerate(stream):
        at += pause
        if number == cut:
            desk.restarts()
        desk.gets(matched, minutes(at))
    assert desk.intents == whole.intents
    assert desk.alerts.episodes == whole.alerts.episodes


@settings(deadline=None, max_examples=100)
@given(_streams, _policies)
def test_it_makes_no_difference_how_often_the_clock_is_asked(stream: list[tuple[Matched, int]], rule: RulePolicy) -> None:
    seldom, often = run(stream, rule), run(stream, rule, clock=True)
    end = minutes(sum(pause for _, pause in stream) + 100_000)
    for desk in (seldom, often):
        desk.waits(end)
    assert sorted(seldom.intents, key=lambda each: each.id) == sorted(often.intents, key=lambda each: each.id)
    assert seldom.alerts.episodes == often.alerts.episodes


@settings(deadline=None, max_examples=100)
@given(_streams, _policies)
def test_every_message_has_an_id_of_its_own_and_every_match_is_counted_once(stream: list[tuple[Matched, int]], rule: RulePolicy) -> None:
    desk = run(stream, rule)
    assert len({each.id for each in desk.intents}) == len(desk.intents)
    counted: dict[str, int] = {}
    for episode in desk.alerts.episodes.values():
        if not episode.merged_into:
            for match_id in set(episode.matches):
                if "@" not in match_id:
                    counted[match_id] = counted.get(match_id, 0) + 1
            assert episode.match_count == len([each for each in episode.matches if "@" not in each])
    assert all(number == 1 for number in counted.values())


@settings(deadline=None, max_examples=100)
@given(_streams)
def test_whoever_folds_or_joins_has_somebody_who_was_told(stream: list[tuple[Matched, int]]) -> None:
    desk = run(stream, policy())
    for episode in desk.alerts.episodes.values():
        leads = episode if not episode.situation_id else desk.alerts.episodes[episode.situation_id]
        if episode.folded and not episode.merged_into and not leads.merged_into:
            assert leads.step > 0
    for decision in desk.decisions:
        assert len(decision.intents) == (decision.why in ("first", "new_facts", "new_text", "reopened", "corrected")) + (
            decision.why == "backfill" and len(decision.intents)
        )
