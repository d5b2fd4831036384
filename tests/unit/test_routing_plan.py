"""Who is told of an alert, and what stops a message: each verdict, and which one is named when several hold."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import msgspec
import pytest

from pipeline.episode import Matcher
from pipeline.policy import RulePolicy
from pipeline.routing.model import Event, Inhibition, Interval, Receiver, Roster, Route, Routing, Times
from pipeline.rules.model import Digest
from tests.builders import NOON
from tests.routing_cases import World, episode, intent, policy, silence

MORNING = {"morgens": (Interval(times=(Times(6 * 60, 8 * 60),)),)}
LOUD = episode("gross", rule_id="grosslage", opened_at=NOON - timedelta(hours=1), last_rang_at=NOON - timedelta(minutes=5))
INHIBITED = Inhibition(
    name="gross",
    source=(Matcher(field="rule", values=("grosslage",)),),
    target=(Matcher(field="rule", values=("raketentest",)),),
    equal=("country",),
)


def shadow(world: World) -> None:
    world.policies = {"raketentest": msgspec_policy(world, shadow=True)}


def inhibited(world: World) -> None:
    world.alerts.put(LOUD)
    world.routing = msgspec.structs.replace(world.routing, inhibitions=(INHIBITED,))


def silenced(world: World) -> None:
    world.alerts.put(silence())


def digest(world: World) -> None:
    world.policies = {"raketentest": msgspec_policy(world, digest=Digest(cron="0 18 * * *"))}


def outside_hours(world: World) -> None:
    world.routing = msgspec.structs.replace(world.routing, intervals=MORNING)
    world.policies = {"raketentest": msgspec_policy(world, hours=("morgens",))}


def throttled(world: World) -> None:
    world.policies = {"raketentest": msgspec_policy(world, max_per_hour=1)}


def receiver_limit(world: World) -> None:
    world.routing = msgspec.structs.replace(world.routing, receivers={"lage": Receiver(max_per_hour=1)})


def msgspec_policy(world: World, shadow: bool = False, **notify: object) -> RulePolicy:
    before = world.policy_of("raketentest")
    return RulePolicy(
        rule_id="raketentest",
        title="Raketentests",
        shadow=before.shadow or shadow,
        notify=msgspec.structs.replace(before.notify, **notify),
    )


STAGES: list[Callable[[World], None]] = [shadow, inhibited, silenced, digest, outside_hours, throttled, receiver_limit]


def verdict_of(*stages: Callable[[World], None]) -> str:
    """The verdict on a message when all of `stages` would stop it. One message has gone out before, so the limits of one are reached."""
    world = World()
    world.tell(episode("before"))
    for stage in stages:
        stage(world)
    (made,) = world.tell(episode("e1"))
    assert (made.state == "suppressed") == bool(made.verdict)
    return made.verdict.partition(":")[0]


def test_what_nothing_stops_is_pending() -> None:
    assert verdict_of() == ""


@pytest.mark.parametrize("number", range(len(STAGES)), ids=[each.__name__ for each in STAGES])
def test_of_several_reasons_the_first_in_the_order_is_named(number: int) -> None:
    expected = {"inhibited": "inhibited_by", "silenced": "silence"}.get(STAGES[number].__name__, STAGES[number].__name__)
    assert verdict_of(STAGES[number]) == expected
    assert verdict_of(*STAGES[number:]) == expected
    assert verdict_of(*reversed(STAGES[number:])) == expected


@pytest.mark.parametrize("withheld", ["shadow", "replay", "backfill"])
def test_what_is_withheld_is_recorded_before_anything_else_is_asked(withheld: str) -> None:
    world = World()
    world.alerts.put(silence())
    (made,) = world.tell(episode(), intent(episode(), withheld=withheld))
    assert (made.state, made.verdict, made.receiver) == ("suppressed", withheld, "lage")


def test_the_same_cause_makes_the_same_ids_and_nothing_twice() -> None:
    one, other = World(), World()
    made = one.tell(episode())
    assert made == other.tell(episode())
    assert one.tell(episode()) == ()
    assert one.tell(episode(), intent(episode(), "update", 2)) != ()


def test_repeats_of_one_step_are_several_messages() -> None:
    world = World()
    first = world.tell(episode(), intent(episode(), "repeat", 1, id="r1"))
    second = world.tell(episode(), intent(episode(), "repeat", 1, id="r2"))
    assert len({each.id for each in (*first, *second)}) == 2


def test_a_message_may_wait_until_a_given_time() -> None:
    (made,) = World().tell(episode(), intent(episode(), not_before=NOON + timedelta(seconds=60)))
    assert (made.state, made.next_at) == ("pending", NOON + timedelta(seconds=60))


TREE = Routing(
    default=("sonst",),
    routes=(
        Route(
            matchers=(Matcher(field="severity", values=("high", "critical")),),
            to=("dienst",),
            proceed=True,
            routes=(
                Route(matchers=(Matcher(field="country", values=("KR",)),), to=("asien",)),
                Route(matchers=(Matcher(field="tag", values=("dprk",)),), to=("korea",)),
            ),
        ),
        Route(
            matchers=(Matcher(field="rule", values=("rak*",)), Matcher(field="source", values=("satire",), negative=True)), to=("raketen",)
        ),
        Route(matchers=(Matcher(field="owner", values=("lagezentrum",)),), to=("nie",)),
        Route(to=("morgenpult",), hours=("morgens",)),
    ),
    intervals=MORNING,
    rosters={
        "dienst": Roster(
            shifts=(Event(starts_local=datetime.fromisoformat("2026-11-20T08:00"), minutes=600, who=("Meyer",)),),
            people={"Meyer": ("meyer", "meyer-mail")},
            default=("lage",),
        )
    },
)


@pytest.mark.parametrize(
    ("changes", "notify", "now", "expected"),
    [
        ({}, {}, NOON, {"raketen"}),
        ({"severity": "high"}, {}, NOON, {"meyer", "meyer-mail", "raketen"}),
        ({"severity": "high"}, {}, NOON + timedelta(hours=12), {"lage", "raketen"}),
        ({"severity": "high", "tags": ("dprk",)}, {}, NOON, {"korea", "raketen"}),
        ({"rule_id": "beben"}, {}, NOON, {"sonst"}),
        ({"rule_id": "beben"}, {}, NOON - timedelta(hours=6), {"morgenpult"}),
        ({}, {}, NOON - timedelta(hours=6), {"raketen"}),  # the first that takes it keeps it
        ({"severity": "high"}, {"route": ("dienst", "lage")}, NOON, {"meyer", "meyer-mail", "lage"}),
    ],
)
def test_routes_decide_who_is_told(changes: dict[str, object], notify: dict[str, object], now: datetime, expected: set[str]) -> None:
    about = episode(**changes)
    world = World(TREE, {about.rule_id: policy(about.rule_id, **{"route": (), **notify})}, now=now)
    assert {each.receiver for each in world.tell(about)} == expected


def test_an_intent_that_names_receivers_goes_to_them_only() -> None:
    made = World(TREE).tell(episode(), intent(episode(), "escalation", to=("dienst",)))
    assert {each.receiver for each in made} == {"meyer", "meyer-mail"}
    assert all(each.route == ("meyer", "meyer-mail") for each in made)


def test_each_receiver_is_told_in_its_language_and_with_what_the_rule_wants() -> None:
    world = World(
        Routing(receivers={"london": Receiver(language="en")}),
        {"raketentest": policy(route=("lage", "london"), template="kurz", include=("snippet",))},
    )
    made = world.tell(episode())
    assert {each.receiver: each.message.reader_language for each in made} == {"lage": "de", "london": "en"}
    assert all(
        (each.message.template, each.message.include, each.message.notification_id) == ("kurz", ("snippet",), each.id) for each in made
    )


@pytest.mark.parametrize(
    ("changes", "stops"),
    [
        ({}, True),
        ({"state": "quiet"}, False),
        ({"state": "reopened"}, True),
        ({"step": 0}, False),
        ({"shadow": True}, False),
        ({"merged_into": "x"}, False),
        ({"verdict": "false_alarm"}, False),
        ({"exercise": True}, False),
        ({"members": ()}, False),
        ({"last_rang_at": NOON - timedelta(hours=7)}, False),
    ],
)
def test_only_an_open_loud_alert_of_the_same_country_inhibits(changes: dict[str, object], stops: bool) -> None:
    bounded = msgspec.structs.replace(INHIBITED, for_seconds=6 * 3_600)
    world = World(Routing(inhibitions=(bounded,)))
    world.alerts.put(msgspec.structs.replace(LOUD, **changes))
    (made,) = world.tell(episode())
    assert (made.verdict, made.because) == (("inhibited_by:gross", f"{LOUD.rule_id}, {LOUD.message.headline}") if stops else ("", ""))


def test_alerts_that_are_source_and_target_leave_each_other_alone() -> None:
    both = (Matcher(field="rule", values=("*",)),)
    world = World(Routing(inhibitions=(Inhibition(name="alle", source=both, target=both),)))
    world.alerts.put(LOUD)
    assert [each.verdict for each in world.tell(episode())] == [""]


def test_a_silence_about_a_source_stops_its_articles_and_no_others() -> None:
    world = World()
    world.alerts.put(silence(matchers=(Matcher(field="source", values=("funkhaus",)),)))
    assert [each.state for each in world.tell(episode())] == ["pending"]
    world.alerts.put(silence(matchers=(Matcher(field="source", values=("tagesblatt",)),)))
    assert [each.verdict for each in world.tell(episode("e2"))] == ["silence:s1"]


@pytest.mark.parametrize("changes", [{"ends_at": NOON}, {"starts_at": NOON + timedelta(seconds=1)}, {"ended_at": NOON, "ended_by": "Kim"}])
def test_a_silence_holds_only_while_it_is_active(changes: dict[str, object]) -> None:
    world = World()
    world.alerts.put(silence(**changes))
    assert [each.state for each in world.tell(episode())] == ["pending"]


def test_a_silence_of_the_files_holds_before_it_is_a_record() -> None:
    world = World(Routing(silences=(silence("file:wartung"),)))
    assert [each.verdict for each in world.tell(episode())] == ["silence:file:wartung"]


@pytest.mark.parametrize(
    ("severity", "wanted", "routing", "is_held"),
    [
        ("high", Receiver(hours=("morgens",)), Routing(intervals=MORNING), True),
        ("critical", Receiver(hours=("morgens",)), Routing(intervals=MORNING), True),
        ("critical", Receiver(hours=("morgens",), despite_hours="critical"), Routing(intervals=MORNING), False),
        ("high", Receiver(hours=("morgens",), despite_hours="critical"), Routing(intervals=MORNING), True),
        ("critical", Receiver(hours=("morgens",)), Routing(intervals=MORNING, despite_hours="high"), False),
        ("info", Receiver(hours=("gibt-es-nicht",)), Routing(intervals=MORNING), False),
    ],
)
def test_hours_hold_messages_back_until_they_begin(severity: str, wanted: Receiver, routing: Routing, is_held: bool) -> None:
    world = World(msgspec.structs.replace(routing, receivers={"lage": wanted}))
    (made,) = world.tell(episode(severity=severity))
    if is_held:
        assert made.verdict.startswith("outside_hours:") and made.next_at == NOON + timedelta(hours=17)  # 6 o'clock in Berlin
    else:
        assert made.state == "pending"


def test_critical_alerts_pass_the_limit_of_a_receiver_but_not_where_the_files_forbid_it() -> None:
    for despite, state in (("critical", "pending"), ("", "suppressed")):
        world = World(Routing(receivers={"lage": Receiver(max_per_hour=1, despite_limit=despite)}))  # type: ignore[arg-type]
        world.tell(episode("before"))
        assert [each.state for each in world.tell(episode(severity="critical"))] == [state]


def test_a_limit_is_that_of_the_last_hour() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=2)})
    states = []
    for number in range(5):
        states += [each.state for each in world.tell(episode(f"e{number}"))]
        world.now += timedelta(minutes=25)
    assert states == ["pending", "pending", "suppressed", "pending", "pending"]


def test_a_step_counts_once_however_many_are_told_and_what_is_suppressed_does_not() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=2, route=("lage", "mail", "telegram"))})
    world.tell(episode("still"), intent(episode("still"), withheld="shadow"))
    assert [{each.state for each in world.tell(episode(f"e{number}"))} for number in range(3)] == [{"pending"}, {"pending"}, {"suppressed"}]


def test_corrections_go_to_those_who_were_told_whatever_holds_and_to_nobody_else() -> None:
    world = World(Routing(intervals=MORNING), {"raketentest": policy(route=("lage", "mail", "telegram", "kaputt"))})
    told = {each.receiver: each for each in world.tell(episode())}
    world.send(told["lage"])
    world.change(told["mail"], state="suppressed", verdict="silence:alt")
    world.change(told["kaputt"], state="failed", last_error="gone")
    world.alerts.put(silence())
    world.policies = {"raketentest": policy(route=("neu",), hours=("morgens",), max_per_hour=1)}
    made = world.tell(episode(), intent(episode(), "withdrawn", 1, corrects=True))
    assert {each.receiver: each.state for each in made} == {"lage": "pending", "telegram": "pending"}


def test_a_correction_of_what_still_waits_among_others_waits_with_it() -> None:
    world = World(policies={"raketentest": policy(max_per_hour=1)})
    world.tell(episode("before"))
    (held,) = world.tell(episode())
    (correction,) = world.tell(episode(), intent(episode(), "withdrawn", 1, corrects=True))
    assert (correction.state, correction.verdict, correction.next_at) == ("suppressed", held.verdict, held.next_at)
    (storm,) = world.wait(minutes=10)
    assert [each.note for each in storm.message.items] == ["neu, zurückgezogen"]
    (later,) = world.tell(episode(), intent(episode(), "corrected", 1, corrects=True))
    assert later.state == "pending", "who was told in a digest was told"


def test_an_alert_without_any_receiver_makes_nothing() -> None:
    assert World(policies={"raketentest": policy(route=())}).tell(episode()) == ()
