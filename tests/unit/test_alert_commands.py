"""`lagebild alerts …` as a person calls it, with the topics replaced by records."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from pipeline import say
from pipeline.broker import Record
from pipeline.cli import app
from pipeline.commands import alerts, alerts_saying, alerts_silencing, drill, inquiry, terminal, times
from pipeline.decisions import Obeyed
from pipeline.episode import Audit, Command, Matcher
from pipeline.inquiry import gathering
from pipeline.inquiry.ledger import Ledger
from pipeline.routing.model import Routing
from pipeline.sections import SourceSettings
from pipeline.settings import Settings
from tests.builders import NOON
from tests.decided import Desk, episode, member, notification

EPISODE = "e1" + "0" * 30


class Topics:
    """The ledger that commands read, and a desk that obeys what they say. `away`: no alerter answers."""

    def __init__(self) -> None:
        self.desk = Desk(episode(EPISODE, members=(member("a1"),)), episode("f2", rule_id="beben", state="closed"))
        self.said: list[Command] = []
        self.audit: list[Audit] = []
        self.away = False

    def ledger(self, settings: Settings, progress: Any = None, *, with_files: bool = False) -> Ledger:
        told = (notification("n1", EPISODE), notification("n2", EPISODE, receiver="chat", state="suppressed", verdict="shadow"))
        return Ledger(self.desk.episodes, {each.id: each for each in told}, self.desk.silences, tuple(self.audit))

    def say_and_hear(self, settings: Settings, command: Command, seconds: float) -> Audit | None:
        self.said.append(command)
        if self.away:
            return None
        self.desk.now = max(self.desk.now, command.at)
        found: Obeyed = self.desk.obey(command)
        self.audit.append(found.audit)
        return found.audit


@pytest.fixture
def topics(monkeypatch: pytest.MonkeyPatch) -> Topics:
    made = Topics()
    monkeypatch.setattr(gathering, "ledger", made.ledger)
    monkeypatch.setattr(gathering, "all_silences", lambda settings, progress: made.desk.silences)
    monkeypatch.setattr(say, "say_and_hear", made.say_and_hear)
    monkeypatch.setattr(gathering, "routing", lambda settings, progress: Routing())
    monkeypatch.setattr(alerts_silencing, "active_rules", lambda settings, progress: frozenset({"a", "b", "raketentest"}))
    for module in (alerts, alerts_saying, alerts_silencing):
        monkeypatch.setattr(module, "settings_with_kafka", lambda config, what: Settings(time_zone="UTC"))
    monkeypatch.setenv("LAGEBILD_NAME", "Anna")
    return made


Call = Callable[..., Result]


@pytest.fixture
def call(topics: Topics) -> Call:
    return lambda *arguments: CliRunner().invoke(app, ["alerts", *arguments])


def test_the_list_shows_what_rang_and_who_was_told(call: Call) -> None:
    shown = call("list")
    assert shown.exit_code == 0
    for expected in (EPISODE[:10], "raketentest", "chat (first suppressed), desk (first sent)", "Nordkorea meldet einen Raketentest"):
        assert expected in shown.stdout
    assert "beben" not in shown.stdout
    everything = json.loads(call("list", "--all", "--json").stdout)
    assert {each["rule_id"] for each in everything} == {"raketentest", "beben"}
    assert "told" not in everything[0] and everything[0]["notifications"] or everything[1]["notifications"]


@pytest.mark.parametrize("width", [80, 200])
def test_ids_and_times_stay_whole_on_every_terminal(call: Call, topics: Topics, monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setattr(terminal.out, "_width", width)
    said = "Nordkorea meldet einen Raketentest über dem Japanischen Meer und schweigt über alles Weitere"
    message = msgspec.structs.replace(topics.desk.episodes[EPISODE].message, headline=said)
    topics.desk.episodes[EPISODE] = episode(EPISODE, message=message, members=(member("a1"),))
    lines = call("list").stdout.splitlines()
    assert any(line.startswith(f"{EPISODE[:10]} ") for line in lines) and all(len(line.rstrip()) <= width for line in lines)
    assert any("2026-11-20 12:00:00 UTC" in line for line in lines)
    assert any("2026-11-20 12:00:00 UTC" in line for line in call("show", "e1").stdout.splitlines())


def test_an_alert_about_silence_has_no_articles_and_says_so(call: Call, topics: Topics) -> None:
    silent = msgspec.structs.replace(topics.desk.episodes["f2"].message, why="silent")
    topics.desk.episodes["f2"] = episode("f2", rule_id="beben", message=silent)
    assert "No articles: the rule tells of silence." in call("show", "f2").stdout


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        (["--rule", "beben"], 0),
        (["--rule", "beben", "--all"], 1),
        (["--since", "2026-11-20T12:00"], 1),
        (["--since", "2026-11-20T12:01"], 0),
        (["--open", "--unacknowledged", "--verdict", "none", "--assigned", "none"], 1),
        (["--acknowledged"], 0),
        (["--situation", EPISODE], 1),
    ],
)
def test_the_list_is_narrowed_by_what_is_asked(call: Call, filters: list[str], count: int) -> None:
    assert len(json.loads(call("list", "--json", *filters).stdout)) == count


def test_an_episode_is_shown_with_articles_messages_notes_and_decisions(call: Call) -> None:
    call("ack", "e1", "--note", "calling Seoul")
    call("verdict", "e1", "false alarm")
    shown = call("show", "e1").stdout
    for expected in (
        "Tagesblatt",
        "desk: first taken",
        "chat: first not sent",
        "calling Seoul",
        "false alarm (Anna)",
        "acknowledged by Anna",
    ):
        assert expected in shown
    found = json.loads(call("show", "e1", "--json").stdout)
    assert found["verdict"] == "false_alarm"
    assert [each["command"]["kind"] for each in found["audit"]] == ["acknowledge", "verdict"]
    assert found["notifications"][0]["receiver"]


@pytest.mark.parametrize(
    ("arguments", "kind", "outcome"),
    [
        (["acknowledge", "e1"], "acknowledge", "acknowledged by Anna"),
        (["ack", "e1", "--by", "Boris"], "acknowledge", "acknowledged by Boris"),
        (["assign", "e1", "Boris"], "assign", "assigned to Boris"),
        (["note", "e1", "seen", "on", "TV"], "note", "noted"),
        (["verdict", "e1", "false-alarm"], "verdict", "verdict: false alarm"),
    ],
)
def test_what_is_said_is_carried_out_and_answered(call: Call, topics: Topics, arguments: list[str], kind: str, outcome: str) -> None:
    answered = call(*arguments)
    assert (answered.exit_code, answered.stdout) == (0, f"{EPISODE[:10]}: {outcome}\n")
    assert (topics.said[0].kind, topics.said[0].episode_id, topics.said[0].via) == (kind, EPISODE, "command")


def test_an_acknowledgement_is_taken_back_with_undo(call: Call, topics: Topics) -> None:
    call("ack", "e1")
    assert "taken back by Anna" in call("ack", "e1", "--undo").stdout
    assert topics.desk.episodes[EPISODE].acknowledged_by == ""


def test_what_is_refused_is_said_with_exit_code_1(call: Call) -> None:
    refused = call("assign", "e1")
    assert (refused.exit_code, refused.stderr) == (1, f"{EPISODE[:10]}: refused: it is assigned to nobody\n")


def test_without_an_alerter_it_is_said_that_the_answer_is_missing(call: Call, topics: Topics) -> None:
    topics.away = True
    waiting = call("ack", "e1")
    assert waiting.exit_code == 0
    assert "has not answered yet and carries it out as soon as it runs" in waiting.stderr
    (printed,) = json.loads(call("ack", "e1", "--json").stdout)
    assert (printed["command"]["kind"], printed["answer"]) == ("acknowledge", None)


@pytest.mark.parametrize("name", ["root", "somebody"])
def test_a_decision_without_a_name_is_not_even_published(call: Call, topics: Topics, name: str) -> None:
    refused = call("ack", "e1", "--by", name)
    assert refused.exit_code == 2
    assert "Say who you are with --by, or set LAGEBILD_NAME" in refused.stderr
    assert topics.said == []


def test_a_silence_of_a_rule_that_nobody_has_is_refused_with_the_nearest_one(call: Call, topics: Topics) -> None:
    refused = call("silence", "--rule", "raketentset", "--for", "2h", "--reason", "x")
    assert refused.exit_code == 1 and "there is no active rule 'raketentset'. Did you mean 'raketentest'?" in refused.stderr
    but_not = call("silence", "--tag", "sport", "--but-not", "rule=zzz", "--for", "2h", "--reason", "x", "--json")
    assert but_not.exit_code == 1 and "there is no active rule 'zzz'" in json.loads(but_not.stdout)["error"]
    assert topics.said == []


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--source", "tagesblat", "--for", "2h"], "there is no source 'tagesblat'. Did you mean 'tagesblatt'?"),
        (["--country", "de", "--for", "2h"], "there is no country 'de': write its code of two capitals, such as DE. Did you mean 'DE'?"),
        (["--country", "Nordkorea", "--for", "2h"], "Did you mean 'KP'?"),
        (["--tag", "x", "--but-not", "country=QQ", "--for", "2h"], "there is no country 'QQ'"),
        (["--tag", "x", "--for", "99999d"], "a silence lasts 7 days at most (`max_silence`"),
    ],
)
def test_a_silence_of_nothing_or_for_ever_is_refused(
    call: Call, topics: Topics, monkeypatch: pytest.MonkeyPatch, arguments: list[str], expected: str
) -> None:
    source = SourceSettings(id="tagesblatt", connector="rss", country="UK", options={})
    monkeypatch.setattr(alerts_silencing, "settings_with_kafka", lambda config, what: Settings(time_zone="UTC", sources=[source]))
    refused = call("silence", *arguments, "--reason", "x")
    assert refused.exit_code == 1 and expected in refused.stderr
    assert topics.said == []
    assert call("silence", "--source", "tagesblatt", "--country", "KP", "--country", "UK", "--for", "2h", "--reason", "x").exit_code == 0


def test_a_silence_is_answered_with_its_id_and_the_time_of_the_readers_zone(
    call: Call, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts_silencing, "settings_with_kafka", lambda config, what: Settings(time_zone="Asia/Tokyo"))
    for arguments in (["--rule", "raketentest"], ["e1", "--this", "story"]):
        topics.desk.silences.clear()
        made = call("silence", *arguments, "--for", "2h", "--reason", "exercise")
        (silence,) = topics.desk.silences.values()
        until = f"{silence.ends_at.astimezone(ZoneInfo('Asia/Tokyo')):%Y-%m-%d %H:%M}"
        assert made.stdout == f"{silence.id[:16]}: silenced by Anna until {until}: exercise\n"
    assert call("unsilence", silence.id).stdout.startswith(f"{silence.id[:16]}: ")


@pytest.mark.parametrize(
    "arguments", [["show", "zzz"], ["ack", "zzz"], ["unsilence", "zzz"], ["silence", "zzz", "--for", "2h", "--reason", "x"]]
)
def test_what_is_not_found_is_an_object_for_scripts(call: Call, arguments: list[str]) -> None:
    missing = call(*arguments, "--json")
    assert missing.exit_code == 1
    assert "of which the id begins with 'zzz'" in json.loads(missing.stdout)["error"]


def test_an_episode_that_is_not_the_only_one_is_not_guessed(call: Call, topics: Topics) -> None:
    topics.desk.episodes["e10"] = episode("e10")
    unclear = call("ack", "e1")
    assert unclear.exit_code == 1 and "2 episodes of which the id begins with 'e1'" in unclear.stderr
    assert call("verdict", "e1", "perhaps").exit_code == 2
    assert topics.said == []


@pytest.mark.parametrize(
    ("arguments", "matchers"),
    [
        (["e1"], (Matcher(field="episode", values=(EPISODE,)),)),
        (["e1", "--this", "rule"], (Matcher(field="rule", values=("raketentest",)),)),
        (
            ["e1", "--this", "story", "--kind", "update"],
            (Matcher(field="story", values=("s1",)), Matcher(field="kind", values=("update",))),
        ),
        (["--rule", "a", "--rule", "b"], (Matcher(field="rule", values=("a", "b")),)),
        (
            ["--tag", "sport", "--but-not", "severity=critical"],
            (Matcher(field="tag", values=("sport",)), Matcher(field="severity", values=("critical",), negative=True)),
        ),
    ],
)
def test_a_silence_is_begun_by_what_it_is_about(call: Call, topics: Topics, arguments: list[str], matchers: tuple[Matcher, ...]) -> None:
    made = call("silence", *arguments, "--for", "2h", "--reason", "exercise")
    assert made.exit_code == 0, made.output
    (silence,) = topics.desk.silences.values()
    assert set(silence.matchers) == set(matchers)
    assert (silence.author, silence.reason, silence.ends_at - silence.starts_at) == ("Anna", "exercise", timedelta(hours=2))
    listed = call("silences").stdout
    assert silence.id[:16] in listed and "exercise" in listed
    assert json.loads(call("silences", "--json").stdout)[0]["id"] == silence.id
    ended = call("unsilence", silence.id[:8])
    assert (ended.exit_code, "was ended by Anna" in ended.stdout) == (0, True)
    assert "0 silences" in call("silences").stdout
    assert "ended by Anna" in call("silences", "--all").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["e1", "--for", "2h"],
        ["e1", "--reason", "x"],
        ["--for", "2h", "--reason", "x"],
        ["--but-not", "severity=critical", "--for", "2h", "--reason", "x"],
        ["e1", "--for", "soon", "--reason", "x"],
        ["--rule", "a", "--but-not", "severity", "--for", "2h", "--reason", "x"],
        ["--rule", "a", "--but-not", "galaxy=far", "--for", "2h", "--reason", "x"],
    ],
)
def test_a_silence_without_a_meaning_an_end_or_a_reason_is_a_usage_error(call: Call, topics: Topics, arguments: list[str]) -> None:
    assert call("silence", *arguments).exit_code == 2
    assert topics.said == []


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("90m", 5_400), ("2h", 7_200), ("1.5d", 129_600), ("1w", 604_800), ("5 min", 300)]
)
def test_a_length_is_read_as_people_write_it(text: str, seconds: float) -> None:
    assert times.length(text).total_seconds() == seconds


@pytest.mark.parametrize("text", ["", "2", "h", "-2h", "0h", "2 years", "1e9s", "9999999h"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="write for example 90m, 2h or 3d"):
        times.length(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now", NOON),
        ("24h", NOON - timedelta(hours=24)),
        ("2026-11-20", datetime(2026, 11, 19, 23, tzinfo=UTC)),
        ("2026-11-20 14:30", datetime(2026, 11, 20, 13, 30, tzinfo=UTC)),
        ("2026-11-20T14:30+00:00", datetime(2026, 11, 20, 14, 30, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_the_zone_of_the_readers(text: str, expected: datetime) -> None:
    assert times.instant(text, NOON, "Europe/Berlin") == expected
    with pytest.raises(typer.BadParameter):
        times.instant("yesterday", NOON, "Europe/Berlin")
    with pytest.raises(typer.BadParameter):
        times.instant("999999d", NOON, "Europe/Berlin") if text == "now" else times.instant("0001-01-01", NOON, "Asia/Tokyo")


def test_the_page_and_the_commands_make_the_same_commands() -> None:
    made = say.silencing("Anna", NOON, timedelta(hours=1), "exercise", episode_id="e1", scope="rule")
    assert made.silence is not None
    assert (made.to, made.text, made.silence.author, made.silence.ends_at) == ("rule", "exercise", "Anna", NOON + timedelta(hours=1))
    assert made.silence.id != made.id


def test_a_report_of_a_rule_that_never_was_is_refused_with_the_nearest_one(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiry, "settings_with_kafka", lambda config, what: Settings(time_zone="UTC"))
    monkeypatch.setattr(gathering, "source_health", lambda settings, progress: {})
    monkeypatch.setattr(gathering, "rule_versions", lambda settings, progress: ())
    found = CliRunner().invoke(app, ["report", "--rule", "bebn"])
    assert found.exit_code == 2 and "Did you mean 'beben'?" in found.stderr
    assert CliRunner().invoke(app, ["report", "--rule", "beben"]).exit_code == 0


def test_a_drill_of_a_rule_that_is_not_active_is_refused_with_the_nearest_one(topics: Topics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drill, "settings_with_kafka", lambda config, what: Settings(time_zone="UTC"))
    monkeypatch.setattr(drill, "active_rules", lambda settings, progress: frozenset({"raketentest"}))
    monkeypatch.setattr(gathering, "rules", lambda settings, rule_id, progress: {})
    for text in ((), ("--text", "Raketentest")):
        found = CliRunner().invoke(app, ["drill", "raketentst", *text])
        assert found.exit_code == 2 and "Did you mean 'raketentest'?" in found.stderr


def test_a_configuration_that_is_missing_is_said_to_be(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["alerts", "list", "--config", str(tmp_path / "none.yaml")]).exit_code == 3


def test_the_active_rules_are_those_of_the_topic_that_were_not_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    written = (("a", b"{}"), ("b", b"{}"), ("a", None), ("manifest", b"{}"), ("routing", b"{}"))
    records = [Record("rules", 0, number, key.encode(), value, (), NOON) for number, (key, value) in enumerate(written)]
    monkeypatch.setattr(gathering.Reading, "records", lambda reading, topic: iter(records))
    assert alerts_silencing.active_rules(Settings(), gathering.quietly) == {"b"}
