"""What happened between two instants, written down for people and for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from pipeline.episode import Matcher, Note
from pipeline.inquiry.choosing import Wanted, chosen
from pipeline.inquiry.layout import written
from pipeline.inquiry.ledger import Ledger, NotOne
from pipeline.inquiry.report import Report, report
from pipeline.sources import SourceHealth
from tests.builders import NOON
from tests.decided import MINUTE, Desk, episode, member, notification

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Version:
    rule_id: str
    version: str
    at: datetime
    by: str = "Anna"


def made(ledger: Ledger, health: dict[str, SourceHealth] | None = None, versions: tuple[Version, ...] = (), **changes: Any) -> Report:
    return report(ledger, health or {}, versions, **{"since": NOON - HOUR, "until": NOON + HOUR, "made_at": NOON + HOUR, **changes})


def ledger_of(desk: Desk, *notifications: Any, audit: tuple[Any, ...] = ()) -> Ledger:
    return Ledger(desk.episodes, {each.id: each for each in notifications}, desk.silences, audit)


def test_an_episode_stands_with_its_verdict_its_notes_and_who_was_told_when() -> None:
    desk = Desk()
    audit = (desk.say("acknowledge", "Anna").audit, desk.say("verdict", "Boris", verdict="confirmed", text="KCNA says so").audit)
    found = made(ledger_of(desk, notification(), notification("n2", receiver="chat", state="failed", last_error="410 Gone"), audit=audit))
    (row,) = found.episodes
    assert (row.episode.verdict, row.acknowledged_after_seconds) == ("confirmed", 60.0)
    assert [each.id for each in row.told] == ["n2", "n1"]
    assert (found.counts["confirmed"], found.counts["sent"], found.counts["failed"], found.counts["unacknowledged"]) == (1, 1, 1, 0)
    assert [each.outcome for each in found.audit] == ["acknowledged by Anna", "verdict: confirmed"]
    text = written(found, "text", "UTC")
    for expected in ("Nordkorea meldet einen Raketentest", "confirmed (Boris)", "acknowledged by Anna after 60 s", "Boris: KCNA says so"):
        assert expected in text
    assert "desk: first taken 2026-11-20 12:00:02 UTC" in text
    assert "chat: first failed after 1 attempts: 410 Gone" in text


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, True),
        ({"opened_at": NOON - 3 * HOUR, "last_match_at": NOON - 2 * HOUR}, False),
        ({"opened_at": NOON - 3 * HOUR, "last_match_at": NOON}, True),
        ({"opened_at": NOON - 3 * HOUR, "last_match_at": NOON - 2 * HOUR, "verdict_at": NOON}, True),
        ({"opened_at": NOON - 3 * HOUR, "last_match_at": NOON - 2 * HOUR, "notes": (Note(by="Anna", text="hm", at=NOON),)}, True),
        ({"opened_at": NOON - 3 * HOUR, "last_match_at": NOON + 3 * HOUR, "members": (member("a2"),)}, True),
        ({"opened_at": NOON + HOUR, "last_match_at": NOON + HOUR}, False),
    ],
)
def test_an_episode_belongs_to_the_time_in_which_something_happened_to_it(changes: dict[str, Any], shown: bool) -> None:
    found = made(Ledger({"e1": episode(**changes)}))
    assert bool(found.episodes) is shown


def test_the_most_severe_stands_first_and_exercises_are_not_counted() -> None:
    low, high = episode("low", severity="low"), episode("high", severity="critical", opened_at=NOON)
    drill = episode("drill", severity="medium", exercise=True)
    found = made(Ledger({each.id: each for each in (low, drill, high)}))
    assert [each.episode.id for each in found.episodes] == ["high", "drill", "low"]
    assert (found.counts["opened"], found.exercises) == (2, 1)
    assert "exercises  1" in written(found, "text", "UTC")


def test_only_what_concerns_one_rule_is_reported_when_it_is_named() -> None:
    found = made(
        Ledger({"e1": episode(), "e2": episode("e2", rule_id="beben")}),
        versions=(Version("beben", "v1", NOON), Version("raketentest", "v1", NOON)),
        rule="beben",
    )
    assert [each.episode.id for each in found.episodes] == ["e2"]
    assert [each.rule_id for each in found.rules] == ["beben"]


def test_silences_that_held_within_the_time_are_shown_and_the_running_ones_named() -> None:
    desk = Desk()
    desk.silence(Matcher(field="rule", values=("raketentest",)), length=2 * HOUR)
    desk.silence(Matcher(field="tag", values=("sport",)), length=10 * MINUTE)
    found = made(ledger_of(desk))
    assert len(found.silences) == 2 and len(found.running) == 1
    text = written(found, "text", "UTC")
    assert "rule raketentest (still running)" in text and "tag sport  Anna" in text
    assert made(ledger_of(desk), since=NOON - 3 * HOUR, until=NOON).silences == ()
    (of_any_rule,) = made(ledger_of(desk), rule="beben").silences
    assert of_any_rule.matchers[0].field == "tag", "that of another rule holds back nothing of this one"


def test_silent_and_failing_sources_and_changed_rules_are_handed_over() -> None:
    health = {
        "a": SourceHealth(source_id="a", state="ok"),
        "b": SourceHealth(source_id="b", name="Tagesblatt", state="silent", last_article_at=NOON - 5 * HOUR),
        "c": SourceHealth(source_id="c", state="failing", last_error="503 Service Unavailable"),
    }
    versions = (
        Version("beben", "v0", NOON - 5 * HOUR),
        Version("beben", "v1", NOON),
        Version("neu", "v1", NOON),
        Version("neu", "", NOON + MINUTE, "Boris"),
        Version("spaet", "v1", NOON + 2 * HOUR),
    )
    found = made(Ledger(), health, versions)
    assert [each.source_id for each in found.sources] == ["b", "c"]
    assert [(each.rule_id, each.what, each.by) for each in found.rules] == [
        ("beben", "changed", "Anna"),
        ("neu", "new", "Anna"),
        ("neu", "gone", "Boris"),
    ]
    text = written(found, "markdown", "Europe/Berlin")
    assert "| Tagesblatt | silent | 2026-11-20 08:00:00 CET |" in text
    assert "503 Service Unavailable" in text


def test_a_report_of_nothing_says_so_in_every_section() -> None:
    text = written(made(Ledger()), "text", "UTC")
    assert "Nothing rang and nothing matched." in text
    assert text.count("None.") == 4


def test_a_report_is_json_for_programs() -> None:
    found = json.loads(msgspec.json.encode(made(ledger_of(Desk(), notification()))))
    assert found["episodes"][0]["episode"]["id"] == "e1"
    assert found["episodes"][0]["told"][0]["receiver"] == "desk"
    assert found["counts"]["sent"] == 1


class Elements(HTMLParser):
    """The tags of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


HOSTILE = "<script>alert(1)</script> | [x](javascript:1) `rm` \x1b[2J\u202e **bold** <img src=x onerror=1>"


@given(headline=st.text(max_size=60) | st.just(HOSTILE), note=st.text(max_size=60) | st.just(HOSTILE))
@hypothesis_settings(deadline=None, max_examples=60)
def test_nothing_from_outside_is_markup_in_a_report(headline: str, note: str) -> None:
    hostile = episode(notes=(Note(by="Anna", text=note, at=NOON),))
    hostile = msgspec.structs.replace(hostile, message=msgspec.structs.replace(hostile.message, headline=headline))
    found = made(Ledger({"e1": hostile}))
    page = Elements()
    page.feed(written(found, "html", "UTC"))
    assert not page.tags & {"script", "img", "a", "iframe", "link"}
    assert page.attributes <= {"lang", "charset", "http-equiv", "content"}
    text = written(found, "text", "UTC")
    assert "\x1b" not in text and "\u202e" not in text
    markdown = written(found, "markdown", "UTC")
    rows = [line for line in markdown.splitlines() if "e1 |" in line and line.startswith("| 2026")]
    assert len(rows) == 1, "a headline stays in its row"
    assert "<script" not in markdown and "<img" not in markdown


def test_an_episode_is_named_by_the_beginning_of_its_id() -> None:
    ledger = Ledger({"abc1": episode("abc1"), "abd2": episode("abd2"), "ab": episode("ab")})
    assert ledger.episode("abc").id == "abc1"
    assert ledger.episode("ab").id == "ab", "a whole id is never ambiguous"
    for beginning, why in (("a", "3 episodes of which"), ("x", "no episodes of which"), ("", "no episodes")):
        with pytest.raises(NotOne, match=why):
            ledger.episode(beginning)


@pytest.mark.parametrize(
    ("wanted", "ids"),
    [
        (Wanted(), ["new", "old", "false", "merged"]),
        (Wanted(closed_too=True), ["new", "old", "false", "merged", "closed"]),
        (Wanted(open=True), ["new", "old"]),
        (Wanted(rule="beben"), ["old"]),
        (Wanted(since=NOON), ["new"]),
        (Wanted(situation="ne"), ["new", "old"]),
        (Wanted(verdict="false_alarm"), ["false"]),
        (Wanted(verdict="none"), ["new", "old", "merged"]),
        (Wanted(assigned="Boris"), ["old"]),
        (Wanted(assigned="none"), ["new", "false", "merged"]),
        (Wanted(acknowledged=True), ["new"]),
        (Wanted(acknowledged=False), ["old", "false", "merged"]),
    ],
)
def test_episodes_are_chosen_by_what_is_asked_and_the_newest_stands_first(wanted: Wanted, ids: list[str]) -> None:
    episodes = [
        episode("old", last_match_at=NOON - MINUTE, rule_id="beben", assigned_to="Boris", situation_id="new"),
        episode("new", acknowledged_by="Anna"),
        episode("false", last_match_at=NOON - 2 * MINUTE, verdict="false_alarm"),
        episode("merged", last_match_at=NOON - 3 * MINUTE, merged_into="new"),
        episode("closed", last_match_at=NOON - 4 * MINUTE, state="closed"),
    ]
    assert [each.id for each in chosen(episodes, wanted)] == ids
