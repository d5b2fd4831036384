"""Every sentence about an article's part in an episode names the cause that the records name."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pipeline.article import Match
from pipeline.episode import Situation
from pipeline.inquiry.ledger import Ledger
from pipeline.inquiry.roles import Part, later_words, role_words
from pipeline.inquiry.why import Known, Question, why
from pipeline.policy import RulePolicy
from pipeline.routing.why import unrung
from pipeline.rules.model import Notify
from tests.builders import NOON, article
from tests.decided import MINUTE, episode, member, notification

NO_NEWS = "it brought no new number, date, place or name: counted, and nobody was told again"
RUNG: dict[str, Any] = {"step": 1, "last_rang_at": NOON}
LEADS = Situation(episode_count=3, last_at=NOON)
MILESTONE = msgspec.structs.replace(episode().message, why="milestone", alerted_at=NOON)
WITH_DRAFT = msgspec.structs.replace(LEADS, draft=msgspec.structs.replace(episode().message, article_id="a1"), due_at=NOON + MINUTE)
LATE_FIRST = msgspec.structs.replace(episode().message, alerted_at=NOON + MINUTE)
ABOUT = msgspec.structs.replace(episode().message, article_id="a1", revision=2)


def matched(revision: int, known: bool = False, rule_id: str = "raketentest", **changes: Any) -> Any:
    match = Match(id=f"m{revision}", rule_id=rule_id, rule_version="1", title="R", severity="high", known=known, hits=())
    return article(id="a1", revision=revision, matches=(match,), **changes)


def part(
    role: str, changes: dict[str, Any] | None = None, messages: tuple[Any, ...] = (), revisions: tuple[Any, ...] = (), **more: Any
) -> Part:
    on_update = more.pop("on_update", None)
    policy = RulePolicy(rule_id="raketentest", notify=Notify(on_update=on_update)) if on_update else None
    return Part(member("a1", role, **more), episode(**{**RUNG, **(changes or {})}), messages, revisions, policy)


@pytest.mark.parametrize(
    ("given", "expected", "rang"),
    [
        (part("rang"), "it rang", True),
        (part("rang", {"shadow": True}), "it rang, in shadow: nobody is told", True),
        (part("rang", {"situation_id": "e0", "step": 0}), "the situation of e0 rang about it", True),
        (
            part("rang", messages=(notification(kind="corrected", message=ABOUT),), revision=2),
            "its later revision corrected what people had been told",
            True,
        ),
        (part("joined"), "it joined a situation of which people had been told", False),
        (part("held_back"), "the rule had rung too often within an hour: held back", False),
        (part("pending", {"step": 0, "state": "pending"}), "the rule's trigger was not satisfied yet", False),
        (part("pending", {"step": 0, "state": "closed", "abandoned": "expired_pending"}), "was not satisfied in time", False),
        (part("pending"), "counted towards the rule's trigger, which was satisfied later", False),
        (part("waiting", {"step": 0, "waiting_until": NOON + MINUTE}), "collects reports and leaves at 2026-11-20 12:01:00 UTC", False),
        (part("waiting"), "it waited for the first message of its episode", False),
        (part("waiting", {"step": 0, "state": "quiet"}), "it waited for the first message of its episode, which never left", False),
        (part("replay"), "the article was replayed after a repair", False),
        (part("backfill"), "the article is older than the source's first fetch", False),
        (part("late"), "published long ago, and the rule only records such ones", False),
        (part("shadow"), "the rule is in shadow", False),
        (part("withdrawn"), "the source withdrew it (`pubstatus: canceled`), and nobody had been told of it", False),
        (
            part("withdrawn", rang=True, messages=(notification(kind="withdrawn", message=ABOUT),)),
            "and those who had been told of it were to be told so",
            False,
        ),
        (part("withdrawn", rang=True, on_update="ignore"), "by on_update: ignore nobody was told so", False),
        (part("folded"), NO_NEWS, False),
        (part("folded", {"situation_id": "e0", "step": 0}), "it joined the situation of e0, which speaks for it", False),
        (part("folded", {"abandoned": "heard_again", "state": "closed"}), "it ended the silence of which the rule tells", False),
        (part("folded", {"message": MILESTONE}), "with it the episode reached its next milestone", True),
        (
            part("folded", {"step": 0, "waiting_until": NOON + MINUTE}),
            "collected with the first message of its episode, which leaves",
            False,
        ),
        (part("folded", messages=(notification(message=LATE_FIRST),)), "it was collected with the first message of its episode", False),
        (part("folded", {"state": "quiet", "last_match_at": NOON - MINUTE}), "the episode had fallen quiet", False),
        (part("folded", {"situation": LEADS}), "nothing on which two publishers agree and that matters", False),
        (
            part("folded", {"situation": WITH_DRAFT}),
            "waits for the next message of the situation, not before 2026-11-20 12:01:00 UTC",
            False,
        ),
        (part("folded", {"situation": Situation()}), NO_NEWS, False),
    ],
)
def test_each_part_of_an_article_is_said_with_its_true_cause(given: Part, expected: str, rang: bool) -> None:
    words, has_rung = role_words(given)
    assert expected in words
    assert has_rung is rang
    assert words == NO_NEWS or "no new number, date, place or name: counted" not in words


@pytest.mark.parametrize(
    ("on_update", "known", "expected"),
    [
        ("ignore", False, "folded by on_update: ignore: nobody is told of later revisions"),
        ("material", False, "folded by on_update: material: it brought no new number, date, place or name"),
        ("material", True, "folded by on_update: material: the rule's words stand in text that an earlier revision had"),
        ("always", True, "folded by on_update: always: the rule's words stand in text that an earlier revision had"),
    ],
)
def test_a_later_revision_that_was_folded_is_said_by_which_rule_and_how_a_withdrawal_is_known(
    on_update: str, known: bool, expected: str
) -> None:
    words, _ = role_words(part("folded", revision=2, rang=True, revisions=(matched(1), matched(2, known)), on_update=on_update))
    assert f"its revision 2 was {expected}" in words
    assert "a withdrawal is recognised by the source's mark (`pubstatus: canceled`), not by words in the text" in words


@pytest.mark.parametrize(
    ("newest", "more", "expected"),
    [
        (matched(1), {}, ""),
        (matched(2, True), {"on_update": "ignore", "rang": True}, "its revision 2 changed nothing here, by on_update: ignore"),
        (matched(2, True), {"on_update": "material"}, "nobody was pointed to this article"),
        (
            matched(2, True),
            {"on_update": "material", "rang": True},
            "changed nothing here, by on_update: material: the rule's words stand in",
        ),
        (matched(2, rule_id="other"), {"on_update": "material"}, "the rule does not match it any more"),
        (matched(2, pubstatus="canceled"), {"on_update": "material"}, ""),
    ],
)
def test_a_revision_that_changed_nothing_is_said_why(newest: Any, more: dict[str, Any], expected: str) -> None:
    words = later_words(part("rang" if more.get("rang") else "folded", revision=1, revisions=(matched(1), newest), **more))
    assert expected in words if expected else words == ""
    assert not words or "pubstatus: canceled" in words


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "pending"}, "the rule's trigger is not satisfied yet"),
        ({"state": "closed", "abandoned": "expired_pending"}, "the rule's trigger was not satisfied in time"),
        ({"state": "closed", "abandoned": "withdrawn"}, "its articles were withdrawn before"),
        ({"state": "closed", "abandoned": "merged", "merged_into": "e2"}, "its story goes on in the episode e2"),
        ({"situation_id": "e0"}, "the situation of e0 speaks for it"),
        ({"waiting_until": NOON + MINUTE}, "its first message collects reports and leaves at 12:01"),
        ({"withheld": {"backfill": 2}, "match_count": 2}, "all of its articles were withheld (2× backfill)"),
        ({"withheld": {"late": 1}, "match_count": 1, "state": "pending"}, "all of its articles were withheld (1× late)"),
        ({"withheld": {"replay": 1}, "match_count": 2, "state": "pending"}, "the rule's trigger is not satisfied yet"),
    ],
)
def test_an_episode_that_never_rang_says_the_true_cause(changes: dict[str, Any], expected: str) -> None:
    assert unrung(episode(**changes), lambda at: f"{at:%H:%M}") == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"state": "pending"}, "nobody was told: the rule's trigger is not satisfied yet"),
        ({"step": 1, "shadow": True}, "nobody was told: the rule is in shadow"),
        ({"step": 1}, "it rang, and no message is recorded: neither the rule nor a route named a receiver"),
        ({"withheld": {"replay": 1}, "match_count": 1}, "nobody was told: all of its articles were withheld (1× replay)"),
    ],
)
def test_an_episode_without_a_message_says_the_true_cause(changes: dict[str, Any], expected: str) -> None:
    assert expected in why(Question("e1"), Known(ledger=Ledger({"e1": episode(**changes)}))).short


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        ("silence:gone", "silenced (gone)"),
        ("inhibited_by:e9", "inhibited by another episode (e9)"),
        ("outside_hours:d1", "outside of the hours in which it may ring"),
        ("throttled:d1", "the rule had rung too often within an hour"),
        ("receiver_limit:d1", "the receiver had got too many messages within an hour"),
        ("digest:d1", "the rule tells in digests"),
        ("shadow", "the rule is in shadow: recorded, nobody is told"),
        ("replay", "the article was replayed after a repair"),
        ("backfill", "the article is older than the source's first fetch"),
        ("late", "the article was published long ago, and the rule only records such ones"),
    ],
)
def test_each_verdict_is_said_with_its_cause(verdict: str, expected: str) -> None:
    held = notification(state="suppressed", verdict=verdict)
    found = why(Question("e1"), Known(ledger=Ledger({"e1": episode(**RUNG)}, {"n1": held})))
    assert expected in found.short and not found.told
