"""What joined a situation: why says what the situation said in its place, and what becomes of what is new in it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from pipeline.article import Match
from pipeline.episode import Episode, Notification
from pipeline.inquiry import asking, gathering
from pipeline.inquiry.layout import written
from pipeline.inquiry.ledger import Ledger
from pipeline.inquiry.report import Report, report
from pipeline.inquiry.why import Answer, Known, Question, why
from pipeline.inquiry.words import state_words
from pipeline.routing.model import Routing
from pipeline.routing.why import chains, spoken_for, verdict_chain
from pipeline.settings import Settings
from tests.builders import article
from tests.desk import NOON, Desk, minutes, policy
from tests.desk import report as reported

KASHMIR, DELHI, ISLAMABAD = "place:geo:1", "place:geo:2", "place:geo:3"
R1 = reported("r1", story="s1", facts=("country:iso:IN", KASHMIR, DELHI, "number:12"))
R2 = reported("r2", story="s2", facts=("country:iso:IN", KASHMIR, ISLAMABAD, "number:40"))
WORDS = {"number:40": "40", ISLAMABAD: "Islamabad"}


def two_reports() -> tuple[Desk, Episode, Episode]:
    """The desk three seconds after the second report, the episode that leads, and the one that joined."""
    desk = Desk()
    desk.gets(R1)
    desk.gets(R2, timedelta(seconds=3))
    leader, sibling = sorted(desk.alerts.episodes.values(), key=lambda each: each.opened_at)
    assert sibling.situation_id == leader.id and sibling.step == 0
    return desk, leader, sibling


def sent(about: Episode, id: str = "n1", **changes: Any) -> Notification:
    plain = Notification(
        id=id,
        episode_id=about.id,
        rule_id="r",
        receiver="desk",
        kind="first",
        step=about.step,
        created_at=NOON,
        next_at=NOON,
        message=about.message,
        state="sent",
        attempts=1,
        sent_at=NOON + timedelta(seconds=1),
    )
    return msgspec.structs.replace(plain, **changes)


def asked(*episodes: Episode, told: tuple[Notification, ...] = (), receiver: str = "", **more: Any) -> Answer:
    ledger = Ledger({each.id: each for each in episodes}, {each.id: each for each in told})
    revision = article(id="r2", revision=1, matches=(Match(id="m", rule_id="r", rule_version="1", title="R", severity="high", hits=()),))
    return why(Question("r2", receiver=receiver), Known(revisions=[revision], ledger=ledger, facts=lambda episode: WORDS, **more))


def said(answer: Answer) -> str:
    return "\n".join(each.said for each in answer.findings)


def test_what_joined_a_situation_says_which_who_was_told_and_what_waits() -> None:
    _, leader, sibling = two_reports()
    found = asked(leader, sibling, told=(sent(leader),))
    assert (
        f"Not told: joined the situation of {leader.id} (“Meldung r1”, opened at 2026-11-20 12:00:00 UTC), which speaks for it"
        in found.short
    )
    assert "told 2026-11-20 12:00:01 UTC to desk (first)" in found.short
    assert "(place Islamabad, number 40)" in found.short or "(number 40, place Islamabad)" in found.short
    assert "waits for the next message of the situation" in found.short and "not before 2026-11-20 12:02:00 UTC" in found.short
    assert f"the article in it: it joined the situation of {leader.id}, which speaks for it" in said(found)
    for untrue in ("no new number", "neither the rule nor a route", "everything was withheld"):
        assert untrue not in said(found)
    assert not found.told


def test_what_two_publishers_say_waits_in_the_draft_of_the_situation() -> None:
    desk, _, _ = two_reports()
    third = reported("r3", story="s3", facts=("country:iso:IN", KASHMIR, ISLAMABAD, "number:40"))
    desk.gets(third, timedelta(seconds=6))
    leader, sibling = sorted(desk.alerts.episodes.values(), key=lambda each: each.opened_at)[:2]
    assert leader.situation is not None and leader.situation.draft is not None
    found = asked(leader, sibling, told=(sent(leader),))
    assert "waits for the next message of the situation, not before 2026-11-20 12:02:00 UTC" in found.short
    desk.waits(minutes(3))
    leader = desk.alerts.episodes[leader.id]
    update = sent(leader, "n2", kind="update", created_at=NOON + minutes(2), sent_at=NOON + minutes(2))
    later = asked(leader, sibling, told=(sent(leader), update))
    assert later.told and later.short.startswith("Told: desk 2026-11-20 12:02:00 UTC (update)")
    assert "all that it brought has been told, or was known" in said(later) and "waits for" not in said(later)


def test_what_two_publishers_say_and_hardly_differs_is_no_reason_for_a_message() -> None:
    desk, _, _ = two_reports()
    for name, seconds in (("r3", 6), ("r4", 9)):
        desk.gets(reported(name, story=name, facts=("country:iso:IN", KASHMIR, "number:14")), timedelta(seconds=seconds))
    leader = next(each for each in desk.alerts.episodes.values() if each.step)
    shown = {
        each.members[0].article_id: spoken_for(each, leader, (), lambda at: f"{at:%H:%M}")
        for each in desk.alerts.episodes.values()
        if not each.step
    }
    assert "(number 14) waits for the next message of the situation: it is told when another publisher says it too" in shown["r3"]
    assert "what another publisher says too (number 14) lies too near to what was told" in shown["r4"]


def test_a_report_names_the_messages_that_were_made_about_a_member() -> None:
    _, leader, sibling = two_reports()
    update = msgspec.structs.replace(leader.message, article_id="r2", kind="update")
    held = sent(leader, "n2", state="suppressed", verdict="shadow", message=update, created_at=NOON + minutes(2), sent_at=None)
    text = written(made(leader, sibling, told=(held,)), "text", "UTC")
    part = f"part of the situation {leader.id[:10]} (rule r, opened 2026-11-20 12:00:00 UTC), which speaks for it"
    assert f"{part}, with these messages about it:" in text
    assert "Held back on purpose, or to be told with others: 1" in text


def test_a_situation_whose_leader_is_forgotten_is_still_named() -> None:
    _, leader, sibling = two_reports()
    assert f"joined the situation of the episode {leader.id}, which the records no longer hold" in asked(sibling).short


def test_what_a_situation_that_is_over_never_told_is_said_to_be_untold() -> None:
    _, leader, sibling = two_reports()
    over = msgspec.structs.replace(leader, state="quiet")
    words = spoken_for(sibling, over, (), lambda at: f"{at:%H:%M}", WORDS)
    assert "no message of it was taken yet; nobody was told of what is new in it" in words and "the situation is quiet" in words
    known = msgspec.structs.replace(leader, told=(*leader.told, *sibling.told))
    assert "all that it brought has been told, or was known" in spoken_for(sibling, known, (), lambda at: f"{at:%H:%M}", WORDS)


def test_the_situation_s_silenced_message_is_told_with_its_cause() -> None:
    _, leader, sibling = two_reports()
    found = asked(leader, sibling, told=(sent(leader, state="suppressed", verdict="inhibited_by:e9", sent_at=None),))
    assert "the situation: desk: first not sent: inhibited by another episode (e9)" in said(found)
    assert "no message of it was taken yet" in said(found) and not found.told


def test_the_page_s_chain_says_the_same() -> None:
    desk, leader, sibling = two_reports()
    desk.alerts.put(sent(leader))
    routing = Routing(default=("desk",))
    now = NOON + minutes(1)
    (first, second) = verdict_chain(sibling, "desk", policy(), routing, desk.alerts, now)
    assert first.startswith(
        f"joined the situation of {leader.id} (“Meldung r1”, opened at 13:00), which speaks for it: told 13:00 to desk (first)"
    )
    assert "not before 13:02" in first
    assert second.startswith("the situation: 13:00 first, step 1: sent at 13:00")
    assert list(chains(sibling, policy(), routing, desk.alerts, now)) == ["desk"]
    away = verdict_chain(sibling, "night", policy(), routing, desk.alerts, now)
    assert away[1].startswith("the situation: no route leads to night")


def test_the_words_of_facts_come_from_the_matches(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, sibling = two_reports()
    wanted: list[frozenset[str]] = []

    def matches_of(settings: Settings, article_ids: frozenset[str], progress: Any) -> Any:
        wanted.append(article_ids)
        return ((NOON, msgspec.structs.replace(R2, facts=WORDS)),)

    monkeypatch.setattr(gathering, "matches_of", matches_of)
    assert asking._facts(Settings(), gathering.quietly, sibling) == WORDS
    assert wanted == [frozenset({"r2"})]


def test_the_state_names_the_situation_both_ways() -> None:
    _, leader, sibling = two_reports()
    assert f"joined the situation of {leader.id[:10]}" in state_words(sibling)
    assert f"leads a situation that 1 other episode joined ({sibling.id[:10]})" in state_words(leader)


def made(*episodes: Episode, told: tuple[Notification, ...] = ()) -> Report:
    ledger = Ledger({each.id: each for each in episodes}, {each.id: each for each in told})
    return report(ledger, {}, (), NOON - minutes(60), NOON + minutes(60), NOON + minutes(60))


def test_a_report_lists_members_under_their_leader_and_agrees_with_itself_about_nobody() -> None:
    _, leader, sibling = two_reports()
    between = msgspec.structs.replace(leader, id="other", opened_at=NOON + timedelta(seconds=1), situation=None, situation_id="")
    told = (sent(leader), sent(between, "n2"))
    found = made(sibling, between, leader, told=told)
    assert [each.episode.id for each in found.episodes] == [leader.id, sibling.id, "other"]
    assert [each.spoken_for_by for each in found.episodes] == ["", leader.id, ""]
    text = written(found, "text", "UTC")
    assert "nobody:" not in text and "↳ Meldung r2" in text
    part = f"part of the situation {leader.id[:10]} (rule r, opened 2026-11-20 12:00:00 UTC), which speaks for it"
    assert f"{part}, with no message about what it brought so far" in text
    assert "Messages that reached nobody\n----------------------------\nNone." in text
    assert found.counts["sent"] == 2


def test_an_episode_of_which_nobody_was_told_stands_in_both_tables_with_the_same_reason() -> None:
    _, leader, _ = two_reports()
    pending = msgspec.structs.replace(leader, step=0, state="pending", situation=None, situation_id="")
    table, _, rest = written(made(pending), "text", "UTC").partition("Messages that reached nobody")
    assert "nobody: the rule's trigger is not satisfied yet" in table
    assert f"the rule's trigger is not satisfied yet (episode {leader.id[:10]})" in rest


def test_a_failed_message_that_a_stand_in_took_reached_somebody() -> None:
    _, leader, _ = two_reports()
    failed = sent(leader, state="failed", last_error="410 Gone", sent_at=None)
    instead = sent(leader, "n2", receiver="mail", stands_in_for="desk")
    assert made(leader, told=(failed, instead)).failed == ()
    assert [each.id for each in made(leader, told=(failed,)).failed] == ["n1"]
    assert f"410 Gone (episode {leader.id[:10]})" in written(made(leader, told=(failed,)), "text", "UTC")
