"""Many reports, one event: how often a situation rings, and what stays apart from it."""

from __future__ import annotations

import random
from datetime import timedelta

import msgspec
import pytest

from pipeline.article import Article, Source, Story
from pipeline.episodes.decide import Decision
from pipeline.routing.drill import SOURCE_ID
from pipeline.rules.model import Notify
from tests.desk import BERLIN, KP, NOON, SEOUL, TEHRAN, WONSAN, Desk, hours, minutes, policy, report
from tests.event_reports import LAUNCH, QUAKE, Event, as_match, written

MOST_MESSAGES = 5
FAR_KP = "place:geo:1871859"


def shares_of_words(one: Article, other: Article) -> float:
    """How many runs of three words the two have in common, of all that they have (Jaccard)."""
    runs = []
    for each in (one, other):
        words = f"{each.title} {each.body}".lower().split()
        runs.append({tuple(words[at : at + 3]) for at in range(len(words) - 2)})
    return len(runs[0] & runs[1]) / len(runs[0] | runs[1])


@pytest.mark.parametrize("event", [QUAKE, LAUNCH], ids=["quake", "launch"])
def test_the_reports_are_written_independently(event: Event) -> None:
    chance = random.Random(7)
    made = [written(chance, event, number, number / 60, NOON) for number in range(60)]
    pairs = [(one, other) for at, one in enumerate(made) for other in made[at + 1 :]]
    alike = [1 for one, other in pairs if shares_of_words(one, other) >= 0.5]
    assert len(alike) / len(pairs) < 0.02
    assert {each.language.code for each in made} == {"de", "en", "es"}


@pytest.mark.parametrize("event", [QUAKE, LAUNCH], ids=["quake", "launch"])
@pytest.mark.parametrize("span_minutes", [25, 240])
@pytest.mark.parametrize("seed", [1, 5])
def test_three_hundred_reports_of_one_event_give_at_most_five_messages_and_another_event_rings_at_once(
    event: Event, span_minutes: int, seed: int
) -> None:
    chance, desk = random.Random(seed), Desk()
    rang_at: dict[str, timedelta] = {}
    for number in range(300):
        at = minutes(span_minutes * number / 300)
        desk.waits(at)
        if number == 150:
            other = Article(
                id="other",
                source=Source(id="elsewhere", name="Blatt"),
                title="Iran: misil en ensayo, terremoto no" if event is LAUNCH else "Terremoto en Chile: 12 muertos en Valparaíso",
                body="El misil partió de Teherán." if event is LAUNCH else "El terremoto sacudió Valparaíso.",
                dates=written(chance, event, 0, 0, NOON + at).dates,
                first_seen_at=NOON + at,
                revision=1,
            )
            decision = desk.gets(as_match(other), at)
            rang_at["other"] = at
            assert (decision.why, [each.kind for each in decision.intents]) == ("first", ["first"])
        desk.gets(as_match(written(chance, event, number, number / 300, NOON + at)), at)
    desk.waits(minutes(span_minutes) + hours(2))
    about_the_event = [each for each in desk.told if each.message.article_id != "other"]
    assert len(about_the_event) <= MOST_MESSAGES
    leader = max(desk.alerts.episodes.values(), key=lambda each: each.situation.episode_count if each.situation else 0)
    assert leader.situation is not None and leader.situation.episode_count >= 200
    assert sum(each.match_count for each in desk.alerts.episodes.values()) == 301


def test_the_leading_message_grows_and_names_who_was_first() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(WONSAN, "number:5")))
    assert desk.gets(report("a2", story="y", facts=(WONSAN, "number:40")), minutes(1)).why == "joined"
    desk.gets(report("a3", story="z", facts=(WONSAN, "number:40")), minutes(5))
    first, update = desk.told
    message = update.message
    assert (update.kind, message.why, update.episode_id) == ("update", "new_facts", first.episode_id)
    assert (message.situation_id, message.situation_episodes, message.members, message.sources) == (first.episode_id, 3, 3, 3)
    assert [each.fact for each in message.new_facts] == ["number:40"]
    assert message.first_source is not None and message.first_source.at == NOON
    siblings = [each for each in desk.alerts.episodes.values() if each.situation_id and each.situation_id != each.id]
    assert {each.situation_id for each in siblings} == {first.episode_id} and len(siblings) == 2


def test_numbers_that_drift_do_not_ring_and_one_of_another_order_does_when_two_say_so() -> None:
    desk = Desk()
    desk.gets(report("a0", story="s0", facts=(WONSAN, "number:10")))
    for number, toll in enumerate((11, 12, 11, 12, 14, 15, 16, 18, 16, 18), 1):
        desk.gets(report(f"a{number}", story=f"s{number}", facts=(WONSAN, f"number:{toll}")), minutes(3 * number))
    assert desk.kinds == ["first"]
    assert desk.gets(report("b1", story="t1", facts=(WONSAN, "number:45")), minutes(33)).why == "joined"
    assert desk.gets(report("b2", story="t2", facts=(WONSAN, "number:45")), minutes(34)).why == "new_facts"


def test_what_matters_is_told_when_the_gap_is_over_and_not_lost() -> None:
    desk = Desk()
    desk.gets(report("a0", story="s0", facts=(WONSAN, "number:1")))
    for number, toll in enumerate((10, 10, 100, 100), 1):
        desk.gets(report(f"a{number}", story=f"s{number}", facts=(WONSAN, f"number:{toll}")), minutes(0.2 * number))
    assert desk.kinds == ["first"]
    desk.waits(minutes(3))
    assert [(each.at, [fact.fact for fact in each.message.new_facts]) for each in desk.told[1:]] == [
        (NOON + minutes(2), ["number:10", "number:100"])
    ]


def test_two_events_in_one_country_with_different_places_ring_separately() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(KP, WONSAN)))
    assert desk.gets(report("a2", story="y", facts=(KP, FAR_KP)), minutes(10)).why == "first"


def test_reports_that_name_the_country_only_are_one_situation() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(KP,)))
    assert desk.gets(report("a2", story="y", facts=(KP,)), minutes(10)).why == "joined"
    assert desk.gets(report("a3", story="z", facts=("country:iso:IR",)), minutes(11)).why == "first"


def test_a_shared_person_makes_a_situation_and_another_country_does_not() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=("person:p", KP)))
    assert desk.gets(report("a2", story="y", facts=("person:p",)), minutes(1)).why == "joined"
    assert desk.gets(report("a3", story="z", facts=("person:p", TEHRAN)), minutes(2)).why == "first"


def test_the_first_place_of_an_event_known_by_its_country_rings() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(KP,)))
    decision = desk.gets(report("a2", story="y", facts=(KP, WONSAN)), minutes(4))
    assert (decision.why, [each.fact for each in desk.told[-1].message.new_facts]) == ("new_facts", [WONSAN])


def test_a_reaction_from_abroad_belongs_to_what_it_reacts_to() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(KP, WONSAN)))
    desk.gets(report("a2", story="y", facts=(KP, WONSAN)), minutes(1))
    assert desk.gets(report("a3", story="z", facts=(KP, BERLIN)), minutes(2)).why == "joined"
    assert desk.gets(report("a4", story="w", facts=(BERLIN,)), minutes(3)).why == "first"
    assert desk.gets(report("a5", story="v", facts=(TEHRAN,)), minutes(4)).why == "first"


def test_after_half_an_hour_of_silence_another_episode_is_another_event() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(WONSAN,)))
    assert desk.gets(report("a2", story="y", facts=(WONSAN,)), minutes(31)).why == "first"


def test_a_second_test_eight_hours_later_rings_as_a_story_of_its_own() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(KP, WONSAN, "time:06:30")))
    for number in range(40):
        desk.gets(report(f"b{number}", story=f"y{number}", facts=(KP, WONSAN, "time:06:30")), minutes(number))
    assert desk.gets(report("c1", story="z", facts=(KP, WONSAN, "time:14:30")), hours(8)).why == "first"


FIRST_TEST = (
    "Nordkorea hat am Freitag um 6.30 Uhr einen Raketentest ausgeführt. Die Rakete startete bei Wonsan. "
    "Südkoreas Generalstab sprach von einer Provokation. Japan legte Protest ein. Kim Jong Un habe den Start beobachtet, hieß es."
)
SECOND_TEST = (
    "Nordkorea hat am Freitag um 14.30 Uhr einen weiteren Raketentest ausgeführt. Die Rakete startete bei Wonsan. "
    "Südkoreas Generalstab sprach von einer Provokation. Japan legte Protest ein. Das Geschoss flog diesmal 1.100 Kilometer weit."
)


@pytest.mark.parametrize("story", ["s", ""])
@pytest.mark.parametrize("busy", [False, True])
def test_a_second_test_that_repeats_most_of_the_text_rings_eight_hours_later(story: str, busy: bool) -> None:
    def test_report(number: int, body: str) -> Article:
        at = NOON + hours(8 if body is SECOND_TEST else 0)
        return Article(
            id=f"t{number}",
            source=Source(id=f"q{number}", name="Blatt"),
            title="Nordkorea: Raketentest",
            body=body,
            story=Story(id=story) if story else None,
            first_seen_at=at,
            revision=1,
        )

    desk = Desk()
    assert shares_of_words(test_report(1, FIRST_TEST), test_report(2, SECOND_TEST)) > 0.4
    desk.gets(as_match(test_report(1, FIRST_TEST)))
    if busy:  # somebody writes about the first one every twenty minutes
        for number in range(10, 33):
            again = msgspec.structs.replace(test_report(number, FIRST_TEST), story=None)
            desk.gets(as_match(again), minutes(20 * (number - 9)))
    before = len(desk.told)
    decision = desk.gets(as_match(test_report(2, SECOND_TEST)), hours(8))
    assert len(desk.told) == before + 1
    assert decision.intents[-1].message.article_id == "t2"


def test_a_story_with_nothing_beside_it_rings_for_every_new_fact() -> None:
    desk = Desk()
    for number in range(1, 7):
        desk.gets(report(f"a{number}", facts=(WONSAN, f"number:{number + 4}")), minutes(number))
    assert desk.kinds == ["first", *["update"] * 5]


def test_a_member_of_a_joined_story_rings_through_the_leader_when_it_has_cooled_down() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(WONSAN,)))
    desk.gets(report("a2", story="y", facts=(WONSAN,)), minutes(1))
    decision = desk.gets(report("a3", story="y", facts=(WONSAN, "number:9")), hours(2))
    assert (decision.why, desk.told[-1].episode_id) == ("new_facts", desk.told[0].episode_id)
    assert desk.gets(report("a4", story="y", facts=(WONSAN, "number:9")), hours(30)).why == "reopened"


def test_an_episode_for_each_article_never_joins_another_one() -> None:
    desk = Desk(policy(group_by=()))
    assert [desk.gets(report(f"a{number}", facts=(WONSAN,)), minutes(number)).why for number in range(3)] == ["first"] * 3


def test_what_joins_while_the_first_message_waits_is_counted_in_it() -> None:
    desk = Desk(policy(Notify(first_wait_seconds=120)))
    desk.gets(report("a1", story="x", facts=(WONSAN,)))
    assert desk.gets(report("a2", story="y", facts=(WONSAN, SEOUL)), minutes(1)).why == "joined"
    desk.waits(minutes(3))
    (first,) = desk.told
    assert (first.message.situation_episodes, first.message.members) == (2, 2)


def test_redelivery_and_restarts_change_nothing_in_a_situation() -> None:
    chance, once, broken = random.Random(3), Desk(), Desk()
    stream = [(as_match(written(chance, QUAKE, number, number / 80, NOON)), minutes(number / 2)) for number in range(80)]
    for number, (matched, at) in enumerate(stream):
        once.gets(matched, at)
        if number % 20 == 7:
            broken.restarts()
        broken.gets(matched, at)
        assert broken.gets(stream[number // 2][0], at) == Decision()
    assert broken.intents == once.intents
    assert broken.alerts.episodes == once.alerts.episodes


def test_an_exercise_rings_for_itself_and_is_no_part_of_a_situation_or_story() -> None:
    desk = Desk()
    desk.gets(report("real", facts=(WONSAN,), story="s1"))
    exercise = msgspec.structs.replace(report("drill", facts=(WONSAN,), story="s1"), source=Source(id=SOURCE_ID))
    assert desk.gets(exercise, minutes(1)).why == "first"
    desk.gets(report("later", facts=(WONSAN, "number:7"), story="s2"), minutes(2))
    assert {each.exercise for each in desk.alerts.episodes.values()} == {True, False}
    (drill,) = (each for each in desk.alerts.episodes.values() if each.exercise)
    assert [each.article_id for each in drill.members] == ["drill"] and not drill.situation_id
