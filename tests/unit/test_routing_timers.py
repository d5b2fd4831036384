"""What time makes of notifications: digests, storms, what came outside of hours, escalations, fallbacks, the ends of silences."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from pipeline.alerts import Alerts
from pipeline.episode import Matcher, Notification, Silence
from pipeline.routing.model import Event, Interval, Receiver, Roster, Routing, Times
from pipeline.routing.together import MAX_ITEMS
from pipeline.rules.model import Digest, Escalate
from tests.builders import NOON
from tests.routing_cases import World, episode, intent, policy, silence

MORNING = {"morgens": (Interval(times=(Times(6 * 60, 8 * 60),)),)}


def kinds(made: list[Notification]) -> list[tuple[str, str]]:
    return sorted((each.kind, each.receiver) for each in made)


# storms


def test_a_storm_is_told_in_one_message_that_counts_exactly_and_lists_the_most_severe_first() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=1)})
    world.tell(episode("first"))
    for number in range(MAX_ITEMS + 30):
        world.now += timedelta(seconds=1)
        world.tell(episode(f"e{number}", severity="critical" if number == 77 else "medium"))
    assert world.wait(minutes=5) == []
    (storm,) = world.wait(minutes=6)
    assert (storm.kind, storm.message.why, storm.state, storm.receiver, storm.rule_id) == (
        "storm",
        "storm",
        "pending",
        "lage",
        "raketentest",
    )
    assert storm.message.held_back == MAX_ITEMS + 30 and len(storm.message.items) == MAX_ITEMS
    assert storm.message.items[0].episode_id == "e77" and storm.message.severity == "critical"
    assert storm.message.headline == "80 Alarme zurückgehalten seit 13:00" and "30 weitere" in storm.message.text
    assert storm.episode_id == storm.id, "a digest is a thread of its own"
    assert storm.created_at == NOON + timedelta(minutes=10, seconds=1)
    assert world.wait(minutes=10) == []


def test_the_storm_of_a_receiver_names_the_rules_that_ring_most() -> None:
    world = World(
        Routing(receivers={"lage": Receiver(max_per_hour=1, language="en")}), {"a": policy("a", "Rule A"), "b": policy("b", "Rule B")}
    )
    for number, rule_id in enumerate("abbab"):
        about = episode(f"e{number}", rule_id=rule_id, rule_title=f"Rule {rule_id.upper()}")
        world.tell(about)
    (storm,) = world.wait(minutes=10)
    assert (storm.message.headline, storm.message.text) == ("4 alerts held back since 13:00", "Top rules: Rule B (3), Rule A (1).")
    assert (storm.rule_id, storm.message.held_back) == ("", 4)


def test_what_comes_after_a_storm_is_due_goes_to_the_next_one() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=1)})
    world.tell(episode("first"))
    (one,) = world.tell(episode("e1"))
    world.now += timedelta(minutes=10)
    (other,) = world.tell(episode("e2"))
    assert one.verdict != other.verdict
    assert [each.message.held_back for each in world.wait(seconds=0)] == [1]
    assert [each.message.held_back for each in world.wait(minutes=10)] == [1]


def test_the_index_is_the_same_after_a_restart_whatever_the_order_of_the_records() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=1)})
    for number in range(4):
        world.tell(episode(f"e{number}"))
    for records in (list(world.alerts.sent.notifications.values()), list(reversed(world.alerts.sent.notifications.values()))):
        again = World(policies=world.policies, alerts=Alerts([*world.alerts.episodes.values(), *records]), now=world.now)
        (storm,) = again.wait(minutes=10)
        assert storm.message.held_back == 3
        after = World(policies=world.policies, alerts=Alerts([storm, *records]), now=again.now)
        assert after.wait(minutes=10) == [], "the digest that is made already is not made again"


def test_what_waits_must_not_be_forgotten_until_it_is_told() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=1)})
    (own,) = world.tell(episode("e1"))
    (held,) = world.tell(episode("e2"))
    assert world.alerts.sent.is_waiting(held) and not world.alerts.sent.is_waiting(own)
    world.wait(minutes=10)
    assert not world.alerts.sent.is_waiting(held)


# hours


def test_what_came_outside_of_hours_is_told_in_one_message_when_they_begin() -> None:
    world = World(Routing(intervals=MORNING, receivers={"lage": Receiver(hours=("morgens",))}), {"b": policy("b", hours=("morgens",))})
    world.tell(episode("e1"))
    world.now += timedelta(hours=2)
    world.tell(episode("e2", rule_id="b", severity="high"))
    assert world.wait(hours=14, minutes=59) == []
    (away,) = world.wait(minutes=1)
    assert (away.kind, away.message.held_back, [each.episode_id for each in away.message.items]) == ("digest", 2, ["e2", "e1"])
    assert away.message.headline == "Während Sie weg waren: 2 Alarme seit 2026-11-20 13:00"
    assert [each.state for each in world.tell(episode("e3"))] == ["pending"]


def test_hours_that_begin_when_clocks_change_begin_then() -> None:
    routing = Routing(intervals={"frueh": (Interval(times=(Times(150, 300),)),)}, receivers={"lage": Receiver(hours=("frueh",))})
    for now, begins in (("2027-03-27T20:00+00:00", "2027-03-28T01:00+00:00"), ("2026-10-24T20:00+00:00", "2026-10-25T00:30+00:00")):
        (held,) = World(routing, now=datetime.fromisoformat(now)).tell(episode())
        assert held.next_at == datetime.fromisoformat(begins)


# digests

DAILY = Digest(cron="0 18 * * *")


def test_a_digest_comes_at_its_time_with_what_is_new_grown_and_reopened() -> None:
    world = World(policies={"raketentest": policy(digest=DAILY)})
    world.tell(episode("neu", severity="low"))
    world.tell(episode("alt", sources=("a", "b")), intent(episode("alt"), "update", 2))
    world.tell(episode("auf", sources=("a", "b", "c")), intent(episode("auf"), "reopened", 3))
    assert world.wait(hours=4, minutes=59) == []
    (digest,) = world.wait(minutes=1)  # 18 o'clock in Berlin
    assert [(each.episode_id, each.note) for each in digest.message.items] == [
        ("auf", "wieder eröffnet"),
        ("alt", "gewachsen"),
        ("neu", "neu"),
    ]
    assert (digest.kind, digest.rule_id, digest.message.rule_title, digest.message.held_back) == (
        "digest",
        "raketentest",
        "Raketentests",
        0,
    )

    world.alerts.put(episode("neu", severity="low", sources=("a", "b", "c", "d"), article_count=9))
    world.tell(episode("auf", sources=("a", "b", "c", "d", "e")), intent(episode("auf"), "update", 4))
    (second,) = world.wait(days=1)
    assert [(each.episode_id, each.note) for each in second.message.items] == [
        ("auf", "gewachsen: 3 → 5 Quellen"),
        ("neu", "gewachsen: 1 → 4 Quellen"),
    ]
    assert world.wait(days=1) == [], "there is nothing to tell, and nobody asked for empty digests"


def test_a_match_that_lay_in_the_topic_while_the_digest_went_out_is_told_in_the_next() -> None:
    world = World(policies={"raketentest": policy(digest=DAILY)})
    world.tell(episode("e1"))
    world.wait(hours=5)
    world.now -= timedelta(hours=1)
    world.tell(episode("e2"))
    assert world.wait(hours=1) == []
    assert [[item.episode_id for item in each.message.items] for each in world.wait(days=1)] == [["e2"]]


def test_an_empty_digest_comes_only_where_it_is_wanted_and_only_at_its_time() -> None:
    world = World(
        policies={"still": policy("still", digest=msgspec.structs.replace(DAILY, empty=True)), "stumm": policy("stumm", digest=DAILY)}
    )
    assert world.wait(hours=4) == []
    (empty,) = world.wait(hours=1)
    assert (empty.rule_id, empty.message.items, empty.message.headline) == ("still", (), "Nichts Neues seit dem letzten Mal")
    assert world.wait(minutes=30) == []
    world.now += timedelta(hours=30)
    assert world.wait(hours=1) == [], "what was missed long ago is not made up for"


def test_a_full_digest_takes_the_place_of_the_empty_one() -> None:
    world = World(policies={"raketentest": policy(digest=msgspec.structs.replace(DAILY, empty=True))})
    world.tell(episode())
    (digest,) = world.wait(hours=5)
    assert len(digest.message.items) == 1
    assert world.wait(minutes=1) == []


def test_late_articles_wait_for_the_digest_of_the_files_when_the_rule_has_none() -> None:
    world = World()
    (held,) = world.tell(episode(), intent(episode(), digest=True))
    assert held.verdict.startswith("digest:") and held.next_at == NOON + timedelta(hours=18)
    assert kinds(world.wait(hours=18)) == [("digest", "lage")]


# escalation

ESCALATING = {"raketentest": policy(escalate=Escalate(after_seconds=300, to=("chef",)))}


def test_who_is_named_is_told_once_for_each_step_that_nobody_acknowledges() -> None:
    world = World(policies=ESCALATING)
    world.tell(episode())
    assert world.wait(seconds=299) == []
    (made,) = world.wait(seconds=1)
    assert (made.kind, made.receiver, made.step, made.message.why) == ("escalation", "chef", 1, "not_acknowledged")
    assert made.message.text == "Seit 13:00 hat niemand quittiert." and made.created_at == NOON + timedelta(minutes=5)
    assert world.alerts.episodes["e1"].escalated_at == NOON + timedelta(minutes=5)
    assert world.wait(seconds=1) == []
    world.tell(episode(step=2), intent(episode(), "update", 2, at=world.now))
    assert [each.step for each in world.wait(minutes=6)] == [2]


@pytest.mark.parametrize("answer", [{"acknowledged_by": "Kim"}, {"assigned_to": "Kim"}, {"verdict": "confirmed"}, {"merged_into": "e0"}])
def test_an_answer_ends_the_escalation(answer: dict[str, str]) -> None:
    world = World(policies=ESCALATING)
    world.tell(episode())
    world.alerts.put(episode(**answer))
    assert world.wait(minutes=6) == []


def test_escalations_come_in_the_order_in_which_they_fell_due_whatever_their_rules() -> None:
    slow, quick = Escalate(after_seconds=300, to=("chef",)), Escalate(after_seconds=60, to=("chef",))
    world = World(policies={"a": policy("a", escalate=slow), "b": policy("b", escalate=quick), "c": policy("c")})
    for number, rule_id in enumerate("abcab"):
        world.tell(episode(f"e{number}", rule_id=rule_id), intent(episode(f"e{number}", rule_id=rule_id), at=world.now))
        world.now += timedelta(seconds=200)
    assert [each.episode_id for each in world.wait(minutes=5)] == ["e1", "e0", "e4", "e3"]
    assert world.wait(minutes=5) == []


def test_what_rang_nobody_or_long_ago_is_not_escalated() -> None:
    world = World(policies=ESCALATING)
    world.tell(episode("leise"), intent(episode("leise"), withheld="shadow"))
    world.tell(episode("alt"))
    assert world.wait(hours=7) == []


def test_an_escalation_goes_to_whoever_is_on_duty_then() -> None:
    shift = Event(starts_local=datetime.fromisoformat("2026-11-20T13:04"), minutes=60, who=("Meyer",))
    routing = Routing(rosters={"dienst": Roster(shifts=(shift,), people={"Meyer": ("meyer",)}, default=("niemand",))})
    world = World(routing, {"raketentest": policy(escalate=Escalate(after_seconds=300, to=("dienst",)))})
    world.tell(episode())
    assert kinds(world.wait(hours=2)) == [("escalation", "meyer")]


def test_escalations_of_one_moment_keep_to_the_limit_of_their_receiver() -> None:
    world = World(Routing(receivers={"chef": Receiver(max_per_hour=2)}), ESCALATING)
    for number in range(5):
        world.tell(episode(f"e{number}"))
    assert [each.state for each in world.wait(minutes=5)] == ["pending"] * 2 + ["suppressed"] * 3
    assert [(each.kind, each.message.held_back) for each in world.wait(minutes=10)] == [("storm", 3)]


# fallbacks

WITH_FALLBACK = Routing(receivers={"lage": Receiver(fallback=("mail",)), "mail": Receiver(fallback=("telegram",), language="en")})


def fails(world: World, notification: Notification, **changes: object) -> Notification:
    tried = {"attempts": 2, "first_tried_at": world.now, "last_error": "503", "next_at": world.now + timedelta(seconds=6)}
    return world.change(notification, **{**tried, **changes})


def test_after_a_minute_of_failing_the_next_channel_gets_the_message_and_the_original_stays() -> None:
    world = World(WITH_FALLBACK)
    (original,) = world.tell(episode())
    fails(world, original)
    assert world.wait(seconds=59) == []
    (copy,) = world.wait(seconds=1)
    assert (copy.receiver, copy.stands_in_for, copy.kind, copy.step, copy.state) == ("mail", "lage", "first", 1, "pending")
    assert copy.message.headline == original.message.headline and copy.message.reader_language == "en"
    assert copy.message.text == "lage has taken nothing since 13:00; this comes here instead."
    assert copy.message.alerted_at == original.message.alerted_at, "the copy says that it is late"
    assert world.alerts.sent.notifications[original.id].state == "pending"
    assert world.wait(seconds=30) == []


def test_when_the_next_channel_fails_too_the_one_after_takes_over() -> None:
    world = World(WITH_FALLBACK)
    fails(world, world.tell(episode())[0])
    (copy,) = world.wait(minutes=1)
    fails(world, copy)
    (second,) = world.wait(minutes=1)
    assert (second.receiver, second.stands_in_for) == ("telegram", "lage")
    fails(world, second)
    assert world.wait(minutes=5) == []


def test_a_message_that_waits_behind_a_channel_that_is_down_takes_the_other_at_once() -> None:
    world = World(WITH_FALLBACK)
    fails(world, world.tell(episode("e1"))[0])
    world.wait(minutes=1)
    world.tell(episode("e2"))
    assert [(each.episode_id, each.receiver) for each in world.wait(seconds=1)] == [("e2", "mail")]


def test_one_message_that_fails_on_a_channel_that_works_takes_only_itself_along() -> None:
    world = World(WITH_FALLBACK)
    fails(world, world.tell(episode("gift"))[0])
    world.now += timedelta(seconds=30)
    world.send(world.tell(episode("gut"))[0])
    world.now += timedelta(seconds=30)
    world.tell(episode("neu"))
    assert [each.episode_id for each in world.wait(seconds=0)] == ["gift"]


def test_an_attempt_that_hangs_is_a_failure_after_a_minute_too() -> None:
    world = World(WITH_FALLBACK)
    world.change(world.tell(episode())[0], state="sending", attempts=1, first_tried_at=NOON)
    assert kinds(world.wait(minutes=1)) == [("first", "mail")]


def test_what_was_given_up_takes_the_other_channel_at_once() -> None:
    world = World(WITH_FALLBACK)
    fails(world, world.tell(episode())[0], state="failed")
    assert kinds(world.wait(seconds=1)) == [("first", "mail")]
    assert world.wait(seconds=1) == []


def test_who_gets_the_message_anyway_gets_no_copy() -> None:
    world = World(WITH_FALLBACK, {"raketentest": policy(route=("lage", "mail"))})
    made = {each.receiver: each for each in world.tell(episode())}
    world.send(made["mail"])
    fails(world, made["lage"])
    assert world.wait(minutes=2) == []


def test_a_storm_digest_takes_the_other_channel_like_any_message() -> None:
    world = World(WITH_FALLBACK, {"raketentest": policy(max_per_hour=1)})
    world.send(world.tell(episode("e1"))[0])
    world.tell(episode("e2"))
    (storm,) = world.wait(minutes=10)
    fails(world, storm)
    (copy,) = world.wait(minutes=1)
    assert (copy.kind, copy.receiver, copy.episode_id, copy.message.held_back) == ("storm", "mail", storm.episode_id, 1)


# silences


def test_the_end_of_a_silence_tells_those_who_missed_something_what_it_was() -> None:
    world = World(policies={"raketentest": policy(route=("lage", "mail"))})
    world.alerts.put(silence(notice_sent=True))
    world.tell(episode("e1"))
    world.tell(episode("e2", severity="high"))
    assert world.wait(minutes=59) == []
    assert (world.alerts.silences["s1"].suppressed, world.alerts.silences["s1"].episodes) == (4, ("e1", "e2"))
    made = world.wait(minutes=1)
    assert kinds(made) == [("summary", "lage"), ("summary", "mail")]
    about = made[0].message
    assert (about.why, about.held_back, [each.episode_id for each in about.items]) == ("silence_ended", 2, ["e2", "e1"])
    assert about.headline == "Stille beendet: 2 Alarme unterdrückt seit 12:00" and "„Probelauf“, von Kim" in about.text
    assert world.alerts.silences["s1"].summarised
    assert world.wait(minutes=1) == []


def test_what_a_silence_held_back_stays_known_when_its_messages_are_forgotten() -> None:
    world = World()
    world.alerts.put(silence(notice_sent=True))
    (suppressed,) = world.tell(episode())
    world.wait(hours=2)
    world.alerts.drop(suppressed)
    world.wait(days=30)
    assert (world.alerts.silences["s1"].suppressed, world.alerts.silences["s1"].episodes) == (1, ("e1",))


def test_a_silence_that_held_nothing_back_says_so_on_its_authors_route() -> None:
    world = World(policies={"raketentest": policy(route=("lage",))})
    world.alerts.put(silence(notice_sent=True, ended_at=NOON, ended_by="Ali"))
    (made,) = world.wait(seconds=1)
    assert (made.receiver, made.message.held_back) == ("lage", 0) and "beendet von Ali" in made.message.text
    by_name = World(Routing(receivers={"Kim": Receiver()}))
    by_name.alerts.put(silence(notice_sent=True, ends_at=NOON))
    assert kinds(by_name.wait(seconds=1)) == [("summary", "Kim")]


def test_before_a_silence_ends_its_author_is_told_once() -> None:
    world = World()
    world.alerts.put(silence())
    assert world.wait(minutes=44) == []
    (notice,) = world.wait(minutes=1)
    assert notice.message.headline == "Eine Stille endet um 14:00"
    assert world.alerts.silences["s1"].notice_sent and world.wait(minutes=1) == []


def test_a_silence_of_the_files_is_recorded_follows_them_and_ends_when_it_is_taken_out() -> None:
    declared = silence("file:wartung", starts_at=NOON, ends_at=NOON + timedelta(hours=5))
    world = World(Routing(silences=(declared,)))
    world.tell(episode())
    assert world.wait(seconds=1) == []
    assert world.alerts.silences["file:wartung"].suppressed == 1
    world.routing = Routing(silences=(msgspec.structs.replace(declared, ends_at=NOON + timedelta(hours=9)),))
    world.wait(seconds=1)
    assert world.alerts.silences["file:wartung"].ends_at == NOON + timedelta(hours=9)
    world.routing = Routing()
    (summary,) = world.wait(seconds=1)
    assert summary.message.held_back == 1 and "den Regeldateien" in summary.message.text
    ended: Silence = world.alerts.silences["file:wartung"]
    assert ended.ended_at == world.now and ended.summarised and world.wait(seconds=1) == []


def test_a_silence_in_the_files_that_was_over_before_anybody_looked_makes_nothing() -> None:
    world = World(Routing(silences=(silence("file:alt", ends_at=NOON - timedelta(minutes=1)),)))
    assert world.wait(seconds=1) == [] and world.alerts.silences == {}


def test_a_summary_waits_for_the_hours_of_its_receiver() -> None:
    world = World(Routing(intervals=MORNING, receivers={"lage": Receiver(hours=("morgens",))}))
    world.alerts.put(silence(notice_sent=True))
    world.tell(episode())
    (summary,) = world.wait(hours=1)
    assert summary.next_at == NOON + timedelta(hours=17)


def test_a_silence_by_pattern_has_no_rule_to_ask_so_the_default_is_told() -> None:
    world = World(Routing(default=("sonst",)))
    world.alerts.put(silence(matchers=(Matcher(field="rule", values=("rak*",)),), notice_sent=True, ends_at=NOON))
    assert kinds(world.wait(seconds=1)) == [("summary", "sonst")]
