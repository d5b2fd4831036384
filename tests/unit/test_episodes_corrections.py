"""What was told and no longer stands: corrections, withdrawals, and what is neither."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline.episodes.corrections import addressed
from pipeline.episodes.decide import Decision
from pipeline.matched import decode, encode, withdrawal
from pipeline.rules.model import Count, Digest, Notify
from tests.builders import article
from tests.desk import KP, NOON, SEOUL, TEHRAN, WONSAN, Desk, hours, minutes, policy, report


def revised(facts: tuple[str, ...], **more: Any) -> Any:
    return report(**{"revision": 2, "sentence": "s1", "known": True, "facts": facts, **more})


@pytest.mark.parametrize(
    ("was", "now"),
    [("number:12", "number:3"), ("date:01-06", "date:01-07"), (WONSAN, TEHRAN), ("person:p", "person:q"), ("weekday:1", "weekday:2")],
)
@pytest.mark.parametrize("known", [True, False])
def test_another_fact_in_the_place_of_a_told_one_is_a_correction(was: str, now: str, known: bool) -> None:
    desk = Desk()
    desk.gets(report(facts=(KP, was)))
    decision = desk.gets(revised((KP, now), known=known, sentence="s1" if known else "s2"), minutes(20))
    (intent,) = decision.intents
    assert (decision.why, intent.kind, intent.message.why, intent.corrects, intent.message.revision) == (
        "corrected",
        "corrected",
        "corrected",
        True,
        2,
    )
    assert [each.fact for each in intent.message.replaced] == [was]
    assert now in [each.fact for each in intent.message.new_facts]
    assert (desk.episode.match_count, desk.episode.article_count) == (1 if known else 2, 1)


def test_a_corrected_article_can_be_corrected_again() -> None:
    desk = Desk()
    desk.gets(report(facts=("number:12",)))
    desk.gets(revised(("number:3",)), minutes(1))
    decision = desk.gets(revised(("number:2",), revision=3), minutes(2))
    assert [each.fact for each in decision.intents[0].message.replaced] == ["number:3"]
    assert desk.kinds == ["first", "corrected", "corrected"]


def test_a_correction_does_not_wait_for_a_digest() -> None:
    desk = Desk(policy(Notify(digest=Digest(cron="0 7 * * *"))))
    desk.gets(report(facts=("number:12",)))
    desk.gets(revised(("number:3",)))
    assert [each.digest for each in desk.intents] == [True, False]


def test_a_number_that_has_grown_is_a_development() -> None:
    desk = Desk()
    desk.gets(report(facts=(KP, "number:5")))
    decision = desk.gets(revised((KP, "number:12")), minutes(5))
    assert (decision.why, decision.intents[0].kind, decision.intents[0].corrects) == ("new_text", "update", False)


def test_a_live_blog_that_keeps_the_fact_further_down_corrects_nothing() -> None:
    desk = Desk()
    desk.gets(report(facts=(KP, WONSAN)))
    decision = desk.gets(report(revision=2, sentence="s2", facts=(KP, SEOUL), context=(KP, SEOUL, WONSAN)), minutes(5))
    assert (decision.why, decision.intents[0].kind) == ("new_text", "update")


def test_a_later_look_at_an_article_that_told_nobody_anything_is_none() -> None:
    desk = Desk()
    assert desk.gets(revised(("number:3",))) == Decision()
    desk.gets(report("a0", facts=("number:12",)))
    desk.gets(report("a1", facts=("number:12",)))
    assert desk.gets(revised(("number:3",), article_id="a1")) == Decision()
    assert desk.kinds == ["first"]


def test_nothing_is_corrected_where_the_rule_ignores_revisions() -> None:
    desk = Desk(policy(Notify(on_update="ignore")))
    desk.gets(report(facts=("number:12",)))
    assert desk.gets(revised(("number:3",))) == Decision()


def test_an_older_revision_that_arrives_late_corrects_nothing() -> None:
    desk = Desk()
    desk.gets(report(revision=3, facts=("number:12",)))
    assert desk.gets(revised(("number:3",))) == Decision()


def withdrawn(article_id: str = "a1", **more: Any) -> Any:
    return report(article_id, **{"revision": 2, "known": True, "pubstatus": "canceled", "facts": (), "context": (), **more})


def test_who_was_told_hears_of_a_withdrawal_once() -> None:
    desk = Desk()
    desk.gets(report())
    decision = desk.gets(withdrawn(), hours(2))
    (intent,) = decision.intents
    assert (decision.why, intent.kind, intent.message.why, intent.corrects) == ("withdrawn", "withdrawn", "withdrawn", True)
    assert desk.gets(withdrawn(), hours(2)) == desk.gets(withdrawn(revision=3), hours(3)) == Decision()
    assert desk.episode.members[0].role == "withdrawn"
    assert desk.kinds == ["first", "withdrawn"]


def test_a_withdrawal_of_a_folded_copy_is_recorded_and_told_to_nobody() -> None:
    desk = Desk()
    desk.gets(report("a1"))
    desk.gets(report("a2"))
    decision = desk.gets(withdrawn("a2"))
    assert (decision.why, decision.intents) == ("withdrawn", ())
    assert [each.role for each in desk.episode.members] == ["rang", "withdrawn"]


def test_a_withdrawal_reaches_people_long_after_the_episode_was_closed() -> None:
    desk = Desk()
    desk.gets(report())
    desk.waits(timedelta(days=10))
    assert desk.gets(withdrawn(), timedelta(days=10)).why == "withdrawn"
    assert desk.kinds == ["first", "withdrawn"]
    assert desk.episode.state == "closed"


def test_what_is_withdrawn_before_anybody_was_told_rings_nobody() -> None:
    for rule in (policy(Notify(first_wait_seconds=60)), policy(trigger=Count(over_seconds=600, gte=2))):
        desk = Desk(rule)
        desk.gets(report())
        desk.gets(withdrawn(), minutes(0.5))
        assert (desk.episode.state, desk.episode.abandoned) == ("closed", "withdrawn")
        desk.waits(hours(1))
        assert desk.told == []


def test_a_withdrawn_article_opens_nothing() -> None:
    desk = Desk()
    assert desk.gets(withdrawn(known=False)) == Decision()
    assert desk.alerts.episodes == {}


def test_the_leader_tells_of_what_a_sibling_had_told() -> None:
    desk = Desk()
    desk.gets(report("a1", story="x", facts=(WONSAN,)))
    desk.gets(report("a2", story="y", facts=(WONSAN, "number:9")), minutes(3))
    desk.gets(report("a3", story="z", facts=(WONSAN, "number:9")), minutes(4))
    assert desk.told[-1].message.article_id == "a3"
    desk.gets(withdrawn("a3", story="z"), minutes(9))
    assert [(each.kind, each.episode_id) for each in desk.told[1:]] == [(kind, desk.told[0].episode_id) for kind in ("update", "withdrawn")]
    assert desk.gets(withdrawn("a2", story="y"), minutes(9)).intents == ()


def test_a_withdrawal_without_text_is_addressed_to_every_rule_that_knows_the_article() -> None:
    desk = Desk()
    for rule in "pq":
        desk.gets(report(rule=rule))
    record = withdrawal(article(id="a1", revision=2, title="", body="", pubstatus="canceled"), NOON)
    assert decode(encode(record)) == record
    found = addressed(desk.alerts, record)
    assert [each.match.rule_id for each in found] == ["p", "q"]
    for each in found:
        assert desk.gets(each).why == "withdrawn"
    assert addressed(desk.alerts, withdrawal(article(id="unheard of"), NOON)) == ()
    assert addressed(desk.alerts, report()) == (report(),)


def note(desk: Desk, **more: Any) -> Any:
    """The record for everybody who knows the article, addressed to the rule."""
    record = report(**{"revision": 2, "sentence": "n", "known": True, "facts": (), **more})
    match = msgspec.structs.replace(record.match, id=f"corrected/{record.article_id}")
    return desk.gets(msgspec.structs.replace(record, match=match, corrects=True), minutes(20))


def test_a_publishers_note_reaches_those_who_were_told_whatever_it_says() -> None:
    desk = Desk()
    desk.gets(report(facts=(KP, "number:12")))
    decision = note(desk)
    assert [(each.kind, each.corrects) for each in decision.intents] == [("corrected", True)]
    assert note(desk).intents == (), "once"
    assert note(desk, revision=3).intents != (), "a further one is told again"


def test_a_note_is_told_even_when_a_match_in_it_was_folded_before() -> None:
    desk = Desk()
    desk.gets(report(facts=(KP, "number:12")))
    desk.gets(report(revision=2, sentence="s2", facts=(KP, "number:12")), minutes(1))
    assert [each.kind for each in note(desk).intents] == ["corrected"]


def test_a_note_about_what_nobody_was_told_is_told_to_nobody() -> None:
    desk = Desk()
    assert note(desk).intents == ()
