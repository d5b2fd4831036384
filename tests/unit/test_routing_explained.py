"""Why somebody was told or not, in words; what in the files is hardly meant; exercises and heartbeats."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from pipeline.article import decode, encode
from pipeline.episode import Episode, Matcher, Member
from pipeline.message import Origin
from pipeline.routing import check, drill, heart
from pipeline.routing.model import Event, Inhibition, Interval, Receiver, Roster, Route, Routing, Times
from pipeline.routing.silences import objections
from pipeline.routing.why import chains, verdict_chain
from pipeline.routing.wording import say
from pipeline.rules.model import Escalate, Notify
from tests.builders import NOON
from tests.routing_cases import World, episode, intent, policy, silence

MORNING = {"morgens": (Interval(times=(Times(6 * 60, 8 * 60),)),)}


def why(world: World, about: Episode, receiver: str = "lage") -> str:
    return "\n".join(verdict_chain(about, receiver, world.policy_of(about.rule_id), world.routing, world.alerts, world.now))


def test_a_message_that_was_sent_is_told_with_its_time() -> None:
    world = World()
    (made,) = world.tell(episode())
    assert "waits until 13:00 after 0 attempts" in why(world, episode())
    world.now += timedelta(seconds=3)
    world.send(made)
    assert why(world, episode()) == "13:00 first, step 1: sent at 13:00, after 3.0 s and 1 attempt"
    world.change(made, state="failed", attempts=8, last_error="410 gone")
    assert "failed after 8 attempts: 410 gone" in why(world, episode())


def test_each_reason_is_told_in_words() -> None:
    world = World(
        Routing(
            inhibitions=(
                Inhibition(
                    name="x", source=(Matcher(field="rule", values=("beben",)),), target=(Matcher(field="episode", values=("e2",)),)
                ),
            ),
            intervals=MORNING,
            receivers={"tagpult": Receiver(hours=("morgens",))},
        ),
        {"raketentest": policy(max_per_hour=1, route=("lage",))},
    )
    world.alerts.put(episode("gross", rule_id="beben", message=msgspec.structs.replace(episode().message, headline="Beben")))
    world.alerts.put(silence(matchers=(Matcher(field="episode", values=("e1",)),)))
    world.tell(episode("e1"))
    assert "silenced by Kim until 14:00: Probelauf (silence s1)" in why(world, episode("e1"))
    world.tell(episode("e2"))
    assert "inhibited by “Beben” of the rule beben" in why(world, episode("e2"))
    world.tell(episode("e3"))
    world.tell(episode("e4"))
    assert "is above the rule's limit" in why(world, episode("e4")) and "told in one message with others at 13:10" in why(
        world, episode("e4")
    )
    (storm,) = world.wait(minutes=10)
    world.send(storm)
    assert f"message {storm.id}: sent at 13:10" in why(world, episode("e4"))
    world.tell(episode("e5"), intent(episode("e5"), withheld="backfill"))
    assert "came with a backfill" in why(world, episode("e5"))
    world.tell(episode("e6"), intent(episode("e6"), to=("tagpult",)))
    assert "came outside of the hours (morgens); it is told in one message with others at 2026-11-21 06:00" in why(
        world, episode("e6"), "tagpult"
    )
    world.tell(episode("e7"), intent(episode("e7"), digest=True))
    assert "its article was published long before we saw it, and waits for a digest" in why(world, episode("e7"))


def test_where_there_was_no_message_it_is_told_why() -> None:
    shift = Event(starts_local=datetime.fromisoformat("2026-11-20T08:00"), minutes=600, who=("Meyer",))
    world = World(
        Routing(routes=(Route(to=("dienst",)),), rosters={"dienst": Roster(shifts=(shift,), people={"Meyer": ("meyer",)})}),
        {"raketentest": policy(route=())},
    )
    assert why(world, episode(step=0)).startswith("the episode has not rung")
    assert why(world, episode(), "mail") == "no route leads to mail: the tree of routes leads to meyer. On duty now: dienst: Meyer."
    assert why(world, episode(), "meyer").startswith("meyer would be told now")
    world.tell(episode())
    assert set(chains(episode(), world.policy_of("raketentest"), world.routing, world.alerts, world.now)) == {"meyer"}


def test_a_stand_in_says_for_whom() -> None:
    world = World(Routing(receivers={"lage": Receiver(fallback=("mail",))}))
    (made,) = world.tell(episode())
    world.change(made, attempts=1, first_tried_at=NOON, last_error="503")
    world.wait(minutes=1)
    assert "in the place of lage" in why(world, episode(), "mail")


def matcher(field: str, *values: str, negative: bool = False) -> Matcher:
    return msgspec.convert({"field": field, "values": values, "negative": negative}, Matcher)


@pytest.mark.parametrize(
    ("earlier", "later", "is_shadowed"),
    [
        (Route(to=("a",)), Route(matchers=(matcher("tag", "x"),), to=("b",)), True),
        (Route(matchers=(matcher("tag", "x", "y"),), to=("a",)), Route(matchers=(matcher("tag", "x"),), to=("b",)), True),
        (
            Route(matchers=(matcher("rule", "de-*"),), to=("a",)),
            Route(matchers=(matcher("rule", "de-raketen"), matcher("tag", "x")), to=("b",)),
            True,
        ),
        (
            Route(matchers=(matcher("tag", "x", negative=True),), to=("a",)),
            Route(matchers=(matcher("tag", "x", "y", negative=True),), to=("b",)),
            True,
        ),
        (
            Route(matchers=(matcher("tag", "x", "y", negative=True),), to=("a",)),
            Route(matchers=(matcher("tag", "x", negative=True),), to=("b",)),
            False,
        ),
        (Route(matchers=(matcher("tag", "x"),), to=("a",)), Route(matchers=(matcher("tag", "x", "y"),), to=("b",)), False),
        (Route(to=("a",), proceed=True), Route(matchers=(matcher("tag", "x"),), to=("b",)), False),
        (Route(to=("a",), hours=("morgens",)), Route(matchers=(matcher("tag", "x"),), to=("b",)), False),
        (Route(matchers=(matcher("owner", "x"),), to=("a",)), Route(matchers=(matcher("tag", "x"),), to=("b",)), False),
    ],
)
def test_a_route_that_is_never_reached_is_named(earlier: Route, later: Route, is_shadowed: bool) -> None:
    nested = Routing(routes=(Route(to=("x",), routes=(earlier, later)),))
    found = [each for each in check.remarks(nested, (), (), NOON) if "never reached" in each]
    assert bool(found) is is_shadowed
    assert not found or found[0].startswith("routes[0].routes[1] is never reached: routes[0].routes[0] takes all")


def test_names_that_nobody_uses_and_times_without_anybody_are_named() -> None:
    shift = Event(starts_local=datetime.fromisoformat("2026-11-20T08:00"), minutes=3 * 1_440, who=("Meyer",), recurrence="FREQ=WEEKLY")
    routing = Routing(
        default=("dienst",),
        intervals={**MORNING, "nie": (Interval(weekdays=(0,), holidays=(shift,), on_holidays="only"),)},
        receivers={"lage": Receiver(fallback=("notruf",))},
        rosters={
            "dienst": Roster(
                shifts=(shift, Event(starts_local=NOON.replace(tzinfo=None), minutes=60, who=("Fremd",))), people={"Meyer": ("meyer",)}
            ),
            "alt": Roster(),
        },
        silences=(silence("file:vorbei", ends_at=NOON),),
    )
    rules = [Notify(route=("lage",), escalate=Escalate(after_seconds=60, to=("chef",)))]
    found = "\n".join(check.remarks(routing, rules, ("lage", "mail", "meyer", "chef", "notruf"), NOON))
    assert "leads to the receiver 'mail'" in found and found.count("leads to the receiver") == 1
    assert "the roster 'alt' is used by no route" in found
    assert "the time interval 'morgens' is used by no" in found and "the time interval 'nie' does not come within a year" in found
    assert "the roster 'dienst' has nobody on duty 2026-11-23 08:00 to 2026-11-27 08:00" in found
    assert "the roster 'dienst' does not know Fremd" in found
    assert "the silence 'vorbei' is over" in found


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"author": " "}, "needs the name"),
        ({"reason": ""}, "needs a reason"),
        ({"reason": "x" * 501}, "501 characters"),
        ({"matchers": ()}, "at least one thing"),
        ({"matchers": (matcher("rule", "x", negative=True),)}, "at least one thing"),
        ({"matchers": (matcher("rule"),)}, "at least one value"),
        ({"ends_at": NOON - timedelta(hours=2)}, "ends before it begins"),
        ({"ends_at": NOON - timedelta(minutes=30)}, "already over"),
        ({"ends_at": NOON + timedelta(days=7)}, "longer than the 7 days"),
    ],
)
def test_a_silence_that_says_too_little_or_lasts_too_long_is_refused(changes: dict[str, object], says: str) -> None:
    assert objections(silence(), Routing(), NOON) == ()
    assert says in "; ".join(objections(silence(**changes), Routing(), NOON))


# exercises


def test_an_exercise_is_an_article_that_says_what_it_is() -> None:
    article = drill.article("d1", "Nordkorea meldet einen Raketentest.", "Kim", NOON)
    assert decode(encode(article)) == article
    assert drill.is_exercise(article.source.id) and article.title.startswith("ÜBUNG: Nordkorea")
    assert article == drill.article("d1", "Nordkorea meldet einen Raketentest.", "Kim", NOON)
    other = drill.article("d2", "Nordkorea meldet einen Raketentest.", "Kim", NOON)
    assert other.id != article.id
    words = [set(each.body.split()) for each in (article, other)]
    assert len(words[0] & words[1]) < len(words[0]) / 4, "one exercise is no copy of another"


def test_messages_of_an_exercise_say_so() -> None:
    source = Origin(id=drill.SOURCE_ID, name="ÜBUNG", country="")
    about = episode(message=msgspec.structs.replace(episode().message, source=source))
    assert [each.message.why for each in World().tell(about)] == ["drill"]
    assert [each.message.why for each in World().tell(episode())] == ["first"]


def test_an_exercise_is_measured_until_a_human_acknowledges() -> None:
    begun = drill.article("d1", "Raketentest", "Kim", NOON)
    world = World(now=NOON + timedelta(seconds=2), policies={"raketentest": policy(route=("lage", "mail"))})

    def measured() -> drill.Drill:
        return drill.measured(begun, "Kim", world.alerts.episodes.values(), world.alerts.sent.notifications.values(), world.now)

    assert measured().outcome == "not_matched"
    member = Member(article_id=begun.id, source_id=begun.source.id, source_name="", at=world.now)
    about = episode(members=(member,), opened_at=world.now, exercise=True)
    made = world.tell(about)
    assert measured().outcome == "not_sent"
    world.now += timedelta(seconds=1)
    world.send(made[0])
    assert (measured().outcome, measured().seconds_to_match, measured().seconds_to_first_message) == ("not_acknowledged", 2, 3)
    world.alerts.put(msgspec.structs.replace(about, acknowledged_by="Ali", acknowledged_at=NOON + timedelta(seconds=41)))
    done = measured()
    assert (done.outcome, done.acknowledged_by, done.seconds_to_acknowledge, done.episode_id) == ("acknowledged", "Ali", 41, "e1")
    assert {each.receiver: each.seconds for each in done.reached} == {"lage": 3, "mail": None}


# heartbeats


def test_a_heartbeat_is_due_at_once_and_then_at_its_interval() -> None:
    assert heart.is_due(None, 60, NOON)
    assert not heart.is_due(NOON, 60, NOON + timedelta(seconds=59))
    assert heart.is_due(NOON, 60, NOON + timedelta(seconds=60))


def test_a_heartbeat_says_how_sending_is_doing() -> None:
    world = World()
    (made,) = world.tell(episode())
    world.tell(episode("e2"), intent(episode("e2"), not_before=NOON + timedelta(hours=1)))
    world.change(made, attempts=3, first_tried_at=NOON, last_error="503")
    now = NOON + timedelta(seconds=90)
    beat = heart.heartbeat(heart.pulse(world.alerts.sent, now, NOON), 60, "alerter-1")
    assert msgspec.json.decode(msgspec.json.encode(beat)) == beat
    assert (beat["kind"], beat["schema"], beat["next_before"]) == ("heartbeat", heart.SCHEMA, "2026-11-20T12:04:30Z")
    assert beat["state"] == {
        "at": "2026-11-20T12:01:30Z",
        "unsent": 1,
        "oldest_unsent_seconds": 90.0,
        "failing": ["lage"],
        "newest_match_at": "2026-11-20T12:00:00Z",
    }


def test_one_thing_is_told_in_the_singular() -> None:
    assert say("digest", "de", count=1, since="8:00") == "1 Ereignis seit 8:00"
    assert say("digest", "de", count=2, since="8:00") == "2 Ereignisse seit 8:00"
    assert say("throttled", "en", count=1, since="8:00") == "1 alert held back since 8:00"
    assert say("nothing", "de") == "Nichts Neues seit dem letzten Mal"
