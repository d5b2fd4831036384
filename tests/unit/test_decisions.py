"""What people decide: carried out or refused, each with a name and an audit record."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.decisions import LONGEST_TEXT, MOST_NOTES, is_running, key_of, obeyed, silence_id
from pipeline.episode import Audit, Command, Matcher, Silence
from pipeline.naming import cleaned, unfit_name
from pipeline.say import silencing
from pipeline.silencing import LONGEST_SILENCE_SECONDS
from tests.builders import NOON
from tests.decided import MINUTE, Desk, episode


def test_the_first_acknowledgement_stands_and_a_later_one_is_a_note() -> None:
    desk = Desk()
    assert desk.say("acknowledge", "Anna", text="calling Seoul").audit.outcome == "acknowledged by Anna"
    desk.now += MINUTE
    second = desk.say("acknowledge", "Boris")
    assert second.audit.changed and second.audit.outcome == "noted; already acknowledged by Anna"
    assert (desk.first.acknowledged_by, desk.first.acknowledged_at) == ("Anna", NOON)
    assert [(each.by, each.text) for each in desk.first.notes] == [("Anna", "calling Seoul"), ("Boris", "has seen it too")]
    assert desk.say("acknowledge", "Anna").records == (), "her own second press says nothing new"


def test_an_acknowledgement_can_be_taken_back_and_leaves_a_trace() -> None:
    desk = Desk()
    assert desk.say("unacknowledge").audit.outcome == "refused: nobody has acknowledged it"
    desk.say("acknowledge", "Anna")
    desk.say("unacknowledge", "Boris", text="wrong one")
    assert (desk.first.acknowledged_by, desk.first.acknowledged_at) == ("", None)
    assert desk.first.notes[-1].text == "took back the acknowledgement of Anna: wrong one"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("acknowledge", {}),
        ("assign", {"to": "Boris"}),
        ("note", {"text": "seen on TV"}),
        ("verdict", {"verdict": "confirmed"}),
    ],
)
def test_a_command_that_comes_twice_changes_nothing_the_second_time(kind: str, fields: dict[str, Any]) -> None:
    desk = Desk()
    once = desk.say(kind, id="same", **fields)
    assert once.audit.changed and once.records
    after = desk.first
    again = desk.say(kind, id="same", **fields)
    assert (again.records, again.audit.changed, desk.first) == ((), False, after)
    assert again.audit.outcome == "a repeat: it was carried out before"
    assert again.audit.id != once.audit.id, "both readings are on record"


@pytest.mark.parametrize("by", ["", "  ", "somebody", "Jemand", "???", "root", "a\nb", "x" * 200, "\u202e", "unknown."])
def test_a_decision_without_a_persons_name_is_refused_and_recorded(by: str) -> None:
    desk = Desk()
    before = desk.first
    found = desk.say("acknowledge", by)
    assert desk.first == before
    assert not found.audit.changed and found.audit.outcome.startswith("refused: who says so? ")
    assert found.audit.command.kind == "acknowledge"


@pytest.mark.parametrize("by", ["Anna", "J. Ōno", "김철수", "Desk 2 (Boris)", "a.meier@example.org", "علی‌رضا"])
def test_names_of_any_script_are_names(by: str) -> None:
    assert unfit_name(by) == ""
    assert Desk().say("acknowledge", by).audit.changed


def test_assigning_names_a_person_and_can_be_taken_back() -> None:
    desk = Desk()
    assert "nobody who could be asked" in desk.say("assign", to="somebody").audit.outcome
    assert desk.say("assign", to="").audit.outcome == "refused: it is assigned to nobody"
    assert desk.say("assign", to=" Boris ").audit.outcome == "assigned to Boris"
    assert desk.say("assign", to="Boris").records == ()
    desk.say("assign", "Cem", to="Cem")
    assert (desk.first.assigned_to, desk.first.notes[-1].text) == ("Cem", "took it over from Boris")
    assert desk.say("assign", to="").audit.outcome == "no longer assigned to Cem"


def test_the_last_verdict_stands_and_the_one_before_is_noted() -> None:
    desk = Desk()
    desk.say("verdict", "Anna", verdict="confirmed")
    desk.now += MINUTE
    assert desk.say("verdict", "Anna", verdict="confirmed").records == ()
    desk.say("verdict", "Boris", verdict="false_alarm", text="a film title")
    assert (desk.first.verdict, desk.first.verdict_by, desk.first.verdict_at) == ("false_alarm", "Boris", desk.now)
    assert desk.first.notes[-1].text == "false alarm, before: confirmed (Anna): a film title"
    desk.say("verdict", "Boris", verdict="")
    assert (desk.first.verdict, desk.first.verdict_by, desk.first.verdict_at) == ("", "", None)
    assert desk.say("verdict", verdict="").audit.outcome == "refused: there is no verdict to take back"


def test_texts_are_cleaned_and_limited_and_never_cut_in_silence() -> None:
    desk = Desk()
    assert desk.say("note", text=" ").audit.outcome == "refused: a note has a text"
    long = desk.say("note", text="x" * (LONGEST_TEXT + 1))
    assert "at most 2,000 characters, this one has 2,001" in long.audit.outcome
    assert len(long.audit.command.text) == LONGEST_TEXT
    desk.say("note", text="two\r\nlines\x1b[2J\u202e!")
    assert desk.first.notes[-1].text == "two\nlines [2J !"


def test_of_very_many_notes_the_first_and_the_newest_stay() -> None:
    desk = Desk()
    for number in range(MOST_NOTES + 20):
        desk.say("note", text=f"note {number}")
    texts = [each.text for each in desk.first.notes]
    assert len(texts) == MOST_NOTES
    assert (texts[0], texts[9], texts[10], texts[-1]) == ("note 0", "note 9", "note 30", "note 119")


def test_the_time_of_a_decision_is_the_persons_but_never_before_the_episode_or_after_the_record() -> None:
    for at, kept in (
        (NOON - 30 * MINUTE, NOON - MINUTE),
        (NOON + 600 * MINUTE, NOON),
        (NOON - timedelta(seconds=2), NOON - timedelta(seconds=2)),
    ):
        desk = Desk()
        found = desk.say("acknowledge", at=at)
        assert (desk.first.acknowledged_at, found.audit.at) == (kept, NOON)
    assert "no offset" in Desk().say("acknowledge", at=NOON.replace(tzinfo=None)).audit.outcome


def test_an_unknown_episode_is_refused_by_its_name() -> None:
    found = Desk().say("note", episode_id="e9", text="hm")
    assert found.audit.outcome == "refused: there is no episode 'e9'; `lagebild alerts list` names them"
    assert (found.audit.rule_id, found.audit.headline) == ("", "")


def test_what_is_said_of_a_merged_episode_counts_for_the_one_that_goes_on() -> None:
    desk = Desk(episode("e1", merged_into="e2"), episode("e2", merged_into="e3"), episode("e3"))
    found = desk.say("acknowledge")
    assert (desk.first.acknowledged_by, desk.episodes["e3"].acknowledged_by) == ("", "Anna")
    assert found.audit.outcome == "acknowledged by Anna; the episode goes on as e3"
    ring = Desk(episode("e1", merged_into="e2"), episode("e2", merged_into="e1"))
    assert ring.say("note", text="round and round").audit.changed


def test_a_silence_has_an_author_a_reason_and_an_end() -> None:
    desk = Desk()
    found = desk.silence(Matcher(field="rule", values=("raketentest",)))
    (silence,) = desk.silences.values()
    assert (silence.author, silence.reason, silence.starts_at, silence.ends_at) == ("Anna", "drill", NOON, NOON + 60 * MINUTE)
    assert silence.id == silence_id(found.audit.command.id)
    assert found.audit.outcome == "silenced by Anna until 2026-11-20 13:00 UTC: drill"
    assert is_running(silence, NOON) and is_running(silence, NOON + 59 * MINUTE)
    assert not is_running(silence, NOON + 60 * MINUTE) and not is_running(silence, NOON - MINUTE)


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("rule", Matcher(field="rule", values=("raketentest",))),
        ("story", Matcher(field="story", values=("s1",))),
        ("episode", Matcher(field="episode", values=("e1",))),
        ("source", Matcher(field="source", values=("tagesblatt",))),
        ("country", Matcher(field="country", values=("DE",))),
        ("tag", Matcher(field="tag", values=("korea", "weapons"))),
    ],
)
def test_this_rule_or_story_is_taken_from_the_episode(scope: str, expected: Matcher) -> None:
    desk = Desk(episode(tags=("korea", "weapons")))
    desk.silence(scope=scope)
    assert [each.matchers for each in desk.silences.values()] == [(expected,)]


RULE = Matcher(field="rule", values=("raketentest",))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"matchers": ()}, "says what it is about"),
        ({"matchers": (), "scope": "galaxy"}, "no scope 'galaxy'"),
        ({"matchers": (), "scope": "tag"}, "the episode has no tag"),
        ({"reason": " "}, "has a reason"),
        ({"reason": "x" * 501}, "at most 500 characters, this one has 501"),
        ({"length": timedelta(0)}, "is not after its beginning"),
        ({"length": timedelta(seconds=LONGEST_SILENCE_SECONDS + 1)}, "longer than the 7 days that are allowed"),
        ({"matchers": (Matcher(field="rule", values=()),)}, "has 1 to 20 values, not 0"),
        ({"matchers": (Matcher(field="rule", values=(" ",)),)}, "has 1 to 200 characters"),
        ({"matchers": (Matcher(field="severity", values=("hgih",)),)}, "no severity 'hgih'"),
        ({"matchers": (Matcher(field="kind", values=("loud",)),)}, "no kind 'loud'"),
        ({"matchers": (Matcher(field="rule", values=("a",), negative=True),)}, "would silence everything but"),
        ({"matchers": (RULE,) * 11}, "at most 10 matchers, this one has 11"),
    ],
)
def test_a_silence_that_is_not_in_order_is_refused_with_its_reason(asked: dict[str, Any], why: str) -> None:
    desk = Desk()
    matchers = asked.pop("matchers", (RULE,))
    found = desk.silence(*matchers, **asked)
    assert desk.silences == {}
    assert found.audit.outcome.startswith("refused: ") and why in found.audit.outcome


def test_a_silence_without_its_record_is_refused() -> None:
    assert Desk().say("silence", to="rule").audit.outcome == "refused: a silence needs an end and a reason"


def test_a_silence_never_reaches_into_the_past() -> None:
    desk = Desk()
    desk.obey(silencing("Anna", NOON - 30 * MINUTE, 60 * MINUTE, "late record", (RULE,)))
    (silence,) = desk.silences.values()
    assert (silence.starts_at, silence.ends_at) == (NOON, NOON + 30 * MINUTE)
    assert "is not after its beginning" in desk.obey(silencing("Anna", NOON - 90 * MINUTE, 60 * MINUTE, "too late", (RULE,))).audit.outcome


def test_the_same_silence_twice_is_one_whoever_asks() -> None:
    desk = Desk()
    asked = silencing("Anna", NOON, 60 * MINUTE, "drill", (RULE,))
    desk.obey(asked)
    assert desk.obey(asked).audit.outcome == "a repeat: it was carried out before"
    assert desk.silence(RULE, by="Boris", length=30 * MINUTE).audit.outcome.startswith(
        "already silenced by Anna until 2026-11-20 13:00 UTC"
    )
    assert desk.silence(RULE, by="Boris", length=90 * MINUTE).audit.changed, "a longer one is another one"


def test_ending_a_silence_names_who_ended_it_and_counts_once() -> None:
    desk = Desk()
    desk.silence(RULE)
    (running,) = desk.silences
    desk.now += MINUTE
    ended = desk.say("end_silence", "Boris", episode_id="", silence_id=running)
    assert ended.audit.outcome == "the silence of Anna was ended by Boris"
    silence = desk.silences[running]
    assert (silence.ended_by, silence.ended_at, silence.ends_at) == ("Boris", desk.now, NOON + 60 * MINUTE)
    assert not is_running(silence, desk.now)
    assert desk.say("end_silence", "Cem", silence_id=running).records == ()
    assert "stands in the rule folder" in desk.say("end_silence", silence_id="file:night").audit.outcome
    assert "there is no silence 'x'" in desk.say("end_silence", silence_id="x").audit.outcome


def test_a_silence_that_is_over_needs_no_ending() -> None:
    desk = Desk()
    desk.silence(RULE)
    (running,) = desk.silences
    desk.now += 61 * MINUTE
    assert desk.say("end_silence", silence_id=running).audit.outcome == "already over since 2026-11-20 13:00 UTC"


def test_a_record_is_kept_under_what_it_is_about() -> None:
    assert key_of(Command(id="c", kind="note", by="Anna", at=NOON, episode_id="e1")) == "e1"
    assert key_of(Command(id="c", kind="end_silence", by="Anna", at=NOON, silence_id="q1")) == "q1"
    assert key_of(Command(id="c", kind="silence", by="Anna", at=NOON)) == silence_id("c")


@given(
    command=st.builds(
        Command,
        id=st.text(max_size=300),
        kind=st.sampled_from(["acknowledge", "unacknowledge", "assign", "note", "verdict", "silence", "end_silence"]),
        by=st.text(max_size=200) | st.just("Anna"),
        at=st.datetimes() | st.datetimes(timezones=st.timezones()),
        episode_id=st.sampled_from(["e1", "", "e9", "x" * 500]),
        text=st.text(max_size=50) | st.sampled_from(["y" * 2_001]),
        to=st.text(max_size=20) | st.just("rule"),
        verdict=st.sampled_from(["", "confirmed", "nonsense"]),
        silence=st.none()
        | st.builds(
            Silence,
            id=st.text(max_size=5),
            matchers=st.lists(st.builds(Matcher, field=st.just("rule"), values=st.lists(st.text(max_size=5)).map(tuple))).map(tuple),
            author=st.text(max_size=5),
            reason=st.text(max_size=5),
            starts_at=st.datetimes() | st.datetimes(timezones=st.timezones()),
            ends_at=st.datetimes() | st.datetimes(timezones=st.timezones()),
            created_at=st.datetimes(),
        ),
        silence_id=st.text(max_size=300),
    )
)
@settings(deadline=None, max_examples=150)
def test_whatever_is_said_there_is_one_readable_record_of_it_and_the_second_time_changes_nothing(command: Command) -> None:
    desk = Desk()
    found = desk.obey(command)
    assert found.audit.changed == bool(found.records)
    assert msgspec.json.decode(msgspec.json.encode(found.audit), type=Audit).outcome == found.audit.outcome
    state = SimpleNamespace(episodes=dict(desk.episodes), silences=dict(desk.silences))
    again = obeyed(state, command, desk.now)
    assert again.records == ()
    assert len(msgspec.json.encode(found.audit)) < 200_000


@given(st.text())
@settings(deadline=None)
def test_a_cleaned_text_is_clean(text: str) -> None:
    once = cleaned(text)
    assert cleaned(once) == once
    assert all(each.isprintable() or each in "\n\u200c\u200d" for each in once)
