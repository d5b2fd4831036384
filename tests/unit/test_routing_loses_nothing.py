"""Laws of routing: whatever comes, in whatever order, every intent ends for every receiver in exactly one place, and nothing is told twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.alerts import Alerts
from pipeline.episode import Matcher, Notification
from pipeline.routing.model import Inhibition, Interval, Receiver, Routing, Times
from pipeline.routing.sent import HELD, Sent
from pipeline.rules.model import Digest
from tests.builders import NOON
from tests.routing_cases import World, episode, intent, policy, silence

ROUTING = Routing(
    intervals={"tags": (Interval(times=(Times(8 * 60, 14 * 60),)),)},
    receivers={"mail": Receiver(max_per_hour=3), "tagpult": Receiver(hours=("tags",), despite_hours="critical")},
    inhibitions=(
        Inhibition(
            name="gross", source=(Matcher(field="severity", values=("critical",)),), target=(Matcher(field="severity", values=("info",)),)
        ),
    ),
)
POLICIES = {
    "a": policy("a", "A", route=("lage", "mail"), max_per_hour=4),
    "b": policy("b", "B", route=("lage", "mail", "tagpult")),
    "c": policy("c", "C", route=("mail", "tagpult"), digest=Digest(cron="*/30 * * * *")),
    "d": policy("d", "D", route=("lage", "tagpult"), hours=("tags",)),
}
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "rule_id": st.sampled_from("abcd"),
            "number": st.integers(0, 5),
            "kind": st.sampled_from(["first", "update", "reopened", "repeat", "resolved"]),
            "severity": st.sampled_from(["info", "medium", "critical"]),
            "withheld": st.sampled_from(["", "", "", "shadow", "replay"]),
            "minutes": st.sampled_from([0, 0, 0, 1, 7, 31]),
        }
    ),
    max_size=60,
)


def play(steps: list[dict[str, Any]], *, silent: bool) -> tuple[World, list[tuple[str, ...]]]:
    """The world after `steps`, and the pairs of intent and receiver that were planned."""
    world = World(ROUTING, POLICIES, now=NOON)
    if silent:
        world.alerts.put(silence(matchers=(Matcher(field="rule", values=("a",)),), notice_sent=True))
    pairs: list[tuple[str, ...]] = []
    for number, each in enumerate(steps):
        about = episode(
            f"{each['rule_id']}{each['number']}", rule_id=each["rule_id"], severity=each["severity"], rule_title=each["rule_id"].upper()
        )
        wish = intent(about, each["kind"], number + 1, at=world.now, withheld=each["withheld"])
        world.tell(about, wish)
        pairs += [(about.id, each["kind"], str(number + 1), receiver) for receiver in POLICIES[each["rule_id"]].notify.route]
        world.wait(minutes=each["minutes"])
    return world, pairs


def place(found: Notification, sent: Sent) -> str:
    """Where a notification ends: on its way, stopped for good, or among others that are told or will be."""
    if found.state != "suppressed":
        return "own"
    cause, _, name = found.verdict.partition(":")
    if cause not in HELD:
        assert cause in ("shadow", "replay", "silence", "inhibited_by")
        return "stopped"
    waits, told = sent.open.get(name), sent.notifications.get(name)
    assert (waits is None) != (told is None), "it waits in exactly one place, or was told"
    assert waits is None or found.id in waits.ids
    return "waits" if waits else "told"


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans())
def test_every_intent_ends_for_every_receiver_in_exactly_one_place(steps: list[dict[str, Any]], silent: bool) -> None:
    world, pairs = play(steps, silent=silent)
    sent = world.alerts.sent
    made = [
        each
        for each in sent.notifications.values()
        if each.message.episode_id == each.episode_id and each.episode_id in world.alerts.episodes
    ]
    assert sorted((each.episode_id, each.kind, str(each.step), each.receiver) for each in made) == sorted(pairs)
    assert {place(each, sent) for each in made} <= {"own", "stopped", "waits", "told"}


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_in_the_end_everything_that_was_held_back_is_counted_and_told(steps: list[dict[str, Any]]) -> None:
    world, _ = play(steps, silent=False)
    world.wait(days=3)
    sent = world.alerts.sent
    assert sent.open == {}
    waited: dict[str, list[Notification]] = {}
    for each in sent.notifications.values():
        cause, _, name = each.verdict.partition(":")
        if cause in HELD:
            waited.setdefault(name, []).append(each)
    for name, held in waited.items():
        together = sent.notifications[name]
        assert together.receiver == held[0].receiver and len({each.receiver for each in held}) == 1
        assert {item.episode_id for item in together.message.items} == {each.episode_id for each in held} or together.rule_id == "c"
        if together.rule_id != "c":
            assert together.message.held_back == len(held)


@settings(max_examples=40, deadline=None)
@given(STEPS, st.randoms(use_true_random=False))
def test_a_restart_changes_nothing(steps: list[dict[str, Any]], chance: Any) -> None:
    world, _ = play(steps, silent=True)
    records = [*world.alerts.episodes.values(), *world.alerts.silences.values(), *world.alerts.sent.notifications.values()]
    chance.shuffle(records)
    again = World(ROUTING, POLICIES, Alerts(records), world.now)
    ids = [each.id for each in world.wait(hours=2)]
    assert sorted(each.id for each in again.wait(hours=2)) == sorted(ids)
    for receiver in ("lage", "mail", "tagpult"):
        assert again.alerts.sent.messages_within(receiver, NOON, world.now) == world.alerts.sent.messages_within(receiver, NOON, world.now)


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_the_same_stream_makes_the_same_notifications(steps: list[dict[str, Any]]) -> None:
    one, other = play(steps, silent=True)[0], play(steps, silent=True)[0]
    assert one.alerts.sent.notifications == other.alerts.sent.notifications
    before = dict(one.alerts.sent.notifications)
    for each in before.values():
        one.alerts.put(msgspec.structs.replace(each))
    assert one.wait(seconds=0) == [] and one.alerts.sent.notifications == before


@settings(max_examples=40, deadline=None)
@given(STEPS)
def test_dropping_everything_leaves_nothing_behind(steps: list[dict[str, Any]]) -> None:
    world, _ = play(steps, silent=True)
    sent = world.alerts.sent
    for each in list(sent.notifications.values()):
        sent.drop(each)
    assert not (sent.notifications or sent.unsent or sent.failed or sent.open or sent.last_rings)
    assert sent.told("a0") == () and sent.silenced_by("s1") == [] and sent.waiting_in("a0") == {}


def test_limits_hold_for_each_hour_of_a_storm_of_two_thousand() -> None:
    world = World(Routing(receivers={"lage": Receiver(max_per_hour=60)}), {"a": policy("a", max_per_hour=20)})
    for number in range(2_000):
        world.tell(episode(f"e{number}", rule_id="a"))
        world.wait(seconds=2)
    alone = [each for each in world.alerts.sent.notifications.values() if each.kind == "first" and each.state == "pending"]
    storms = [each for each in world.alerts.sent.notifications.values() if each.kind == "storm"]
    waiting = sum(len(each.ids) for each in world.alerts.sent.open.values())
    assert len(alone) + sum(each.message.held_back for each in storms) + waiting == 2_000
    assert len(alone) == 40 and len(storms) <= 7  # 67 minutes: twenty in each hour, a digest for every ten minutes
    assert timedelta(hours=1) < world.now - NOON < timedelta(hours=2)
