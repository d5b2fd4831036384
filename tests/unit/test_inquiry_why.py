"""Why was I not told: one answer from the source to the receiver."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline.article import Article, Clock, Hit, Match
from pipeline.episode import Matcher
from pipeline.inquiry.ledger import Ledger
from pipeline.inquiry.why import Answer, Known, Question, why
from pipeline.rules.model import Group, Rule, Term
from pipeline.sources import SourceHealth
from pipeline.trace import Step
from tests.builders import NOON, article
from tests.decided import MINUTE, Desk, episode, member, notification

HIT = Hit(
    term="Raketentest",
    surface="Raketentest",
    mode="exact",
    field="title",
    start=23,
    end=34,
    sentence_start=0,
    sentence_end=34,
    sentence_id="s",
)
MATCH = Match(id="m1", rule_id="raketentest", rule_version="v1", title="Raketentests", severity="high", hits=(HIT,))
URL = "https://tagesblatt.example/a1"


def step(stage: str, what: str, detail: str = "", topic: str = "articles.collected", offset: int = 7, **facts: Any) -> Step:
    return Step(NOON, stage, what, topic, 0, offset, detail, {"id": "a1", **facts})


def enriched(*matches: Match, **changes: Any) -> Article:
    return article(revision=1, clock=Clock(fetched_at=NOON, enriched_at=NOON + timedelta(seconds=1)), matches=matches, **changes)


def known(*notifications: Any, episodes: tuple[Any, ...] = (), **fields: Any) -> Known:
    silences = fields.pop("silences", {})
    ledger = Ledger({each.id: each for each in episodes}, {each.id: each for each in notifications}, silences)
    return Known(ledger=ledger, **fields)


def compiled(status: Any = "live", version: str = "v2", **changes: Any) -> Any:
    """What `why` looks at of a compiled rule, in a real record."""
    from pipeline.rules.compile import compile_rule

    rule = Rule(id="raketentest", title="Raketentests", match=Group(any=(Term("Raketentest"),)), status=status, **changes)
    return msgspec.structs.replace(compile_rule(rule), version=version)


def said(answer: Answer) -> str:
    return "\n".join(each.said for each in answer.findings)


def test_what_was_never_collected_is_said_with_how_its_source_is_doing() -> None:
    health = {"tagesblatt": SourceHealth(source_id="tagesblatt", state="failing", last_error="503 Service Unavailable")}
    found = why(Question(URL), known(health=health, hosts={"tagesblatt.example": "tagesblatt"}))
    assert found.short == f"Not told: nothing is known of {URL}: it was never collected, or it is older than the topics keep."
    assert "the source tagesblatt is failing: last article never" in said(found) and "503 Service Unavailable" in said(found)
    assert not found.told
    assert "no source of the configuration reads other.example" in said(why(Question("https://www.other.example/x"), known()))


def test_what_was_rejected_is_said_with_the_way_to_its_bytes() -> None:
    rejected = step("identify", "rejected", "invalid: not an article", topic="articles.rejected", offset=3)
    found = why(Question("a1"), known(steps=[step("collect", "passed on", "from tagesblatt"), rejected]))
    assert found.short == "Not told: rejected by identify: invalid: not an article (`lagebild rejected show 3` has the bytes)."


@pytest.mark.parametrize("reason", ["repeat", "superseded"])
def test_what_was_dropped_is_said_with_its_reason(reason: str) -> None:
    steps = [step("collect", "passed on", "from tagesblatt"), step("identify", "dropped", reason, topic="articles.outcomes")]
    assert f"dropped by identify as {reason}" in why(Question("a1"), known(steps=steps)).short


def test_what_is_still_on_its_way_is_said_to_be() -> None:
    found = why(Question("a1"), known(steps=[step("collect", "passed on", "from tagesblatt")]))
    assert "passed on by collect, and no later stage has taken it yet" in found.short


def test_a_rule_that_did_not_match_is_said_with_the_guard_that_rejected_it() -> None:
    close = lambda rule, article: ["“Protest” for “Test”: Pro is no first part of a compound"]  # noqa: E731
    asked = Question("a1", rule="raketentest")
    found = why(asked, known(revisions=[enriched()], rules={"raketentest": compiled()}, near_misses=close))
    assert found.short == ("Not told: the rule raketentest did not match; close: “Protest” for “Test”: Pro is no first part of a compound.")
    assert "none of its words is in the text" in why(asked, known(revisions=[enriched()], rules={"raketentest": compiled()})).short


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({}, "there is no rule 'raketentest'"),
        ({"raketentest": ("disabled", {})}, "the rule raketentest is disabled"),
        ({"raketentest": ("live", {"expires_at": NOON})}, "the rule raketentest had expired 2026-11-20 12:00:00 UTC"),
    ],
)
def test_a_rule_that_could_not_match_is_said_to_be_gone_off_or_over(rules: dict[str, Any], expected: str) -> None:
    made = {name: compiled(status, **more) for name, (status, more) in rules.items()}
    assert expected in why(Question("a1", rule="raketentest"), known(revisions=[enriched()], rules=made)).short


def test_a_rule_that_became_active_afterwards_is_said_to_have() -> None:
    found = why(
        Question("a1", rule="raketentest"),
        known(
            revisions=[enriched()],
            rules={"raketentest": compiled()},
            activated={("raketentest", "v2"): NOON + MINUTE},
            matches_now=lambda rule, article: True,
        ),
    )
    assert "as it stands would match it; this version became active 2026-11-20 12:01:00 UTC" in found.short


def test_without_a_rule_every_rule_that_came_close_is_named() -> None:
    found = why(Question("a1"), known(revisions=[enriched()], rules={"raketentest": compiled()}, near_misses=lambda *_: ["almost"]))
    assert found.short == "Not told: none of the 1 rules matched it."
    assert "raketentest came close: almost" in said(found)


def test_what_was_folded_is_said_to_be_and_who_was_told_before() -> None:
    folded = episode(members=(member("a0"), member("a1", "folded")))
    found = why(Question("a1"), known(notification(), episodes=(folded,), revisions=[enriched(MATCH)]))
    assert "revision 1 matched raketentest by “Raketentest” (exact, title)" in said(found)
    assert "it brought no new number, date, place or name" in said(found)
    assert found.told and found.short == "Told: desk 2026-11-20 12:00:02 UTC (first)."


def silenced() -> tuple[Desk, str]:
    desk = Desk(episode(members=(member("a1"),)))
    desk.silence(Matcher(field="rule", values=("raketentest",)))
    return desk, next(iter(desk.silences))


def test_what_was_silenced_is_said_by_whom_until_when_and_why() -> None:
    desk, silence = silenced()
    held = notification(state="suppressed", verdict=f"silence:{silence}")
    found = why(Question("a1"), known(held, episodes=(desk.first,), revisions=[enriched(MATCH)], silences=desk.silences))
    assert found.short.startswith("Not told: desk: first not sent: silenced by Anna until 2026-11-20 13:00:00 UTC (“drill”")
    assert not found.told


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("shadow", "the rule is in shadow: recorded, nobody is told"),
        ("inhibited_by:e9", "inhibited by another episode (e9): beben, Erdbeben in Gera"),
        ("outside_hours:d1", "held back for a message about several, due 2026-11-20 12:00:00 UTC: outside of the hours"),
        ("throttled:d1", "the rule had rung too often within an hour"),
        ("receiver_limit:d1", "the receiver had got too many messages within an hour"),
    ],
)
def test_each_verdict_of_the_way_to_a_receiver_is_said_in_words(verdict: str, expected: str) -> None:
    because = "beben, Erdbeben in Gera" if verdict.startswith("inhibited_by") else ""
    held = notification(state="suppressed", verdict=verdict, because=because)
    found = why(Question("e1"), known(held, episodes=(episode(),)))
    assert expected in found.short
    assert not found.told


def test_what_was_told_in_a_digest_was_told() -> None:
    held = notification(state="suppressed", verdict="throttled:d1")
    digest = notification("d1", "", kind="storm", sent_at=NOON + MINUTE)
    found = why(Question("e1"), known(held, digest, episodes=(episode(),)))
    assert found.told and found.short == "Told: desk 2026-11-20 12:01:00 UTC (storm)."
    assert [each.passed for each in found.findings if each.stage == "message"] == [None, True]


def test_a_receiver_that_refused_is_said_with_its_answer_and_its_stand_in() -> None:
    failed = notification(state="failed", attempts=8, last_error="410 Gone")
    instead = notification("n2", receiver="mail", stands_in_for="desk", possible_duplicate=True, attempts=2)
    found = why(Question("e1", receiver="desk"), known(failed, instead, episodes=(episode(),)))
    assert "desk: first failed after 8 attempts: 410 Gone" in said(found)
    assert "mail (in place of desk): first taken 2026-11-20 12:00:02 UTC at attempt 2, possibly twice" in said(found)
    assert found.told


def test_a_receiver_that_the_route_does_not_lead_to_is_told_so() -> None:
    found = why(Question("e1", receiver="night"), known(notification(), episodes=(episode(),)))
    assert found.short == "Not told to night: no message to night: the route of this episode led to desk."
    chain = lambda episode, receiver: [f"no route leads to {receiver}: the rule itself names its route (desk)"]  # noqa: E731
    routed = why(Question("e1", receiver="night"), known(notification(), episodes=(episode(),), chain=chain))
    assert routed.short == "Not told to night: no route leads to night: the rule itself names its route (desk)."
    nobody = why(Question("e1"), known(episodes=(episode(state="pending"),)))
    assert nobody.short == "Not told: nobody was told: the rule's trigger is not satisfied yet."


def test_a_message_that_waits_is_said_to_wait_with_the_last_answer() -> None:
    waiting = notification(state="pending", next_at=NOON + MINUTE, last_error="503", sent_at=None)
    found = why(Question("e1"), known(waiting, episodes=(episode(),)))
    assert found.short == "Not told yet: desk: first waits until 2026-11-20 12:01:00 UTC, because: 503."


def test_a_late_article_that_waits_in_a_digest_is_no_rule_that_tells_in_digests() -> None:
    late = notification(state="suppressed", verdict="digest:d1", because="late")
    found = why(Question("e1"), known(late, episodes=(episode(),)))
    assert "its article was published long before we saw it, and the rule tells of such ones in a digest" in found.short
    assert "the rule tells in digests" not in found.short
    digest = notification(state="suppressed", verdict="digest:d1")
    assert "the rule tells in digests" in why(Question("e1"), known(digest, episodes=(episode(),))).short


def test_the_hours_and_the_holiday_that_held_a_message_are_named() -> None:
    held = notification(state="suppressed", verdict="outside_hours:d1", because="werktags (holiday: Weihnachten)")
    found = why(Question("e1"), known(held, episodes=(episode(),)))
    assert "outside of the hours in which it may ring: werktags (holiday: Weihnachten)" in found.short


def test_an_episode_is_not_answered_for_another_rule() -> None:
    about = episode(members=(member("a1"),))
    found = why(Question("e1", rule="beben"), known(notification(), episodes=(about,)))
    assert found.short.startswith("the episode e1 is of the rule raketentest, not of beben: ask `lagebild alerts why ARTICLE --rule beben`")
    assert "(a1)" in found.short and not found.told
    assert why(Question("e1", rule="raketentest"), known(notification(), episodes=(about,))).told


def test_a_receiver_that_does_not_exist_is_said_with_the_nearest_name() -> None:
    found = why(Question("e1", receiver="dsek"), known(notification(), episodes=(episode(),), receivers={"desk", "mail"}))
    assert found.short == "there is no receiver 'dsek'. Did you mean 'desk'?" and not found.told
    chain = lambda episode, receiver: ["no route leads to mail. On duty now: dienst: Meyer."]  # noqa: E731
    routed = why(Question("e1", receiver="mail"), known(notification(), episodes=(episode(),), chain=chain, receivers={"desk", "mail"}))
    assert routed.short == "Not told to mail: no route leads to mail. On duty now: dienst: Meyer."
