"""Who may decide on the page, and what becomes of it: commands, refusals, and what is told of an episode."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from pipeline import topology
from pipeline.alerts import Alerts
from pipeline.broker import Record
from pipeline.console import guard
from pipeline.console.acting import Act, decided
from pipeline.console.app import make_app
from pipeline.console.asked import MOST_BODY_BYTES, Fault
from pipeline.console.board import Board, Limits, take
from pipeline.console.desk import Desk
from pipeline.console.episode_view import episode_view
from pipeline.console.feed import Feed
from pipeline.console.hub import Hub
from pipeline.console.rules_view import rule_views, usual_sources
from pipeline.console.view_decisions import answer_view
from pipeline.console.words import WORDS
from pipeline.decisions import obeyed
from pipeline.episode import Command, Episode, Matcher, Notification, Silence, Situation
from pipeline.errors import Unreachable
from pipeline.matched import matched
from pipeline.rules.compile import compile_rule
from pipeline.rules.model import Group, Rule, Term
from pipeline.settings import Settings
from pipeline.sources import SourceHealth
from pipeline.sources import encode as encode_health
from tests.builders import NOON
from tests.console_pages import enriched, episode_of, story

ACKNOWLEDGE = {"kind": "acknowledge", "by": "Anna Berg", "episode": "e1"}
JSON = {"content-type": "application/json"}


class Talk:
    """The application without a server, and the commands that it sent."""

    def __init__(self, **settings: object) -> None:
        self.commands: list[Command] = []
        self.broken = False
        configured = Settings.model_validate(settings)
        feed = Feed(lambda: (_ for _ in ()).throw(Unreachable("no feed here")), Limits())
        self.client = TestClient(make_app(configured, feed, Hub(feed.status), self._say), base_url="http://127.0.0.1")

    def _say(self, _: Settings, command: Command) -> None:
        if self.broken:
            raise Unreachable("Kafka does not answer")
        self.commands.append(command)

    def act(self, body: object = ACKNOWLEDGE, **headers: str) -> tuple[int, dict[str, str]]:
        answer = self.client.post("/api/act", content=msgspec.json.encode(body), headers={**JSON, **headers})
        return answer.status_code, answer.json()


def test_a_decision_becomes_a_command_with_a_name_and_an_id() -> None:
    talk = Talk()
    status, answer = talk.act()
    (command,) = talk.commands
    assert (status, answer) == (202, {"id": command.id, "by": "Anna Berg"})
    assert (command.kind, command.by, command.episode_id, command.via) == ("acknowledge", "Anna Berg", "e1", "live page")


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "application/json-seq"},
        {"content-type": ""},
    ],
)
def test_what_another_site_could_make_a_browser_send_is_refused(headers: dict[str, str]) -> None:
    talk = Talk()
    status, answer = talk.act(**headers)
    assert (status, answer["code"]) == (403, "foreign")
    assert talk.commands == []


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"},
        {"origin": "https://desk.example"},
        {"content-type": "application/json; charset=utf-8"},
    ],
)
def test_what_our_own_page_sends_passes(headers: dict[str, str]) -> None:
    assert Talk(alerts={"page_url": "https://desk.example/"}).act(**headers)[0] == 202


def test_the_name_people_use_for_the_page_is_answered() -> None:
    assert guard.is_ours("desk.example", guard.names("127.0.0.1", "https://desk.example/news"))


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"by": ""}, 400, "name_missing"),
        ({"by": "somebody"}, 400, "name_missing"),
        ({"by": "x" * 81}, 400, "name_missing"),
        ({"by": 7}, 400, "not_understood"),
        ({"kind": "delete"}, 400, "not_understood"),
        ({"surprise": 1}, 400, "not_understood"),
        ({"episode": ""}, 400, "not_understood"),
        ({"episode": "e" * 200}, 400, "not_understood"),
        ({"kind": "note", "text": " \u202e "}, 400, "text_missing"),
        ({"kind": "note", "text": "x" * 2_001}, 400, "text_too_long"),
        ({"kind": "note", "text": "x" * MOST_BODY_BYTES}, 413, "too_large"),
        ({"kind": "assign", "to": "niemand"}, 400, "assignee_unfit"),
        ({"kind": "verdict", "verdict": "maybe"}, 400, "not_understood"),
        ({"kind": "silence", "minutes": 60}, 400, "reason_missing"),
        ({"kind": "silence", "text": "known"}, 400, "end_missing"),
        ({"kind": "silence", "text": "known", "minutes": -5}, 400, "end_missing"),
        ({"kind": "silence", "text": "known", "minutes": 60 * 24 * 8}, 400, "silence_too_long"),
        ({"kind": "silence", "text": "known", "until": "2020-01-01T00:00:00Z"}, 400, "end_missing"),
        ({"kind": "silence", "text": "known", "until": "2099-01-01T00:00:00"}, 400, "not_understood"),
        ({"kind": "silence", "text": "known", "minutes": 60, "scope": "everything"}, 400, "not_understood"),
        ({"kind": "end_silence"}, 400, "not_understood"),
    ],
)
def test_what_says_too_little_or_too_much_is_refused_in_words(change: dict[str, object], status: int, code: str) -> None:
    talk = Talk()
    found, answer = talk.act({**ACKNOWLEDGE, **change})
    assert (found, answer["code"]) == (status, code)
    assert answer["error"]
    assert talk.commands == []


def test_a_body_that_is_no_json_is_refused() -> None:
    answer = Talk().client.post("/api/act", content=b"[" * 50_000, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "not_understood")


def test_kafka_that_does_not_answer_is_told() -> None:
    talk = Talk()
    talk.broken = True
    status, answer = talk.act()
    assert (status, answer["code"]) == (503, "not_sent")
    assert "Kafka does not answer" in answer["error"]


def test_a_proxy_names_the_person_and_nobody_else_does() -> None:
    talk = Talk(console={"user_header": "X-Forwarded-User"})
    named = {**JSON, "X-Forwarded-User": "Jörg Stein".encode()}
    answer = talk.client.post("/api/act", content=msgspec.json.encode(ACKNOWLEDGE), headers=named)  # type: ignore[arg-type]
    assert (answer.status_code, talk.commands[0].by) == (202, "Jörg Stein")
    status, refused = talk.act()
    assert (status, refused["code"]) == (401, "proxy_name_missing")
    page = talk.client.get("/", headers={"X-Forwarded-User": "Jorg"}).text
    assert "&quot;person&quot;: &quot;Jorg&quot;, &quot;by_proxy&quot;: true" in page


def test_a_proxys_hostile_name_is_only_text_on_the_page() -> None:
    page = Talk(console={"user_header": "X-User"}).client.get("/", headers={"X-User": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in page


def test_a_silence_says_its_scope_end_and_reason() -> None:
    act = Act(kind="silence", episode="e1", scope="rule", minutes=240, text=" known works ")
    command = decided(act, "Anna", NOON)
    assert command.silence is not None
    assert (command.to, command.silence.reason, command.silence.ends_at) == ("rule", "known works", NOON + timedelta(hours=4))
    until = decided(Act(kind="silence", episode="e1", until=NOON + timedelta(hours=2), text="x"), "Anna", NOON)
    assert until.silence is not None and until.silence.ends_at == NOON + timedelta(hours=2)
    with pytest.raises(Fault):
        decided(Act(kind="silence", episode="e1", until=NOON, text="x"), "Anna", NOON)


RULE = compile_rule(Rule(id="raketentest", title="Raketentests", match=Group(any=(Term("Raketentest"),)), owner="Desk"))


def record(topic: str, value: object, key: str, offset: int = 0) -> Record:
    return Record(topic, 0, offset, key.encode(), value if isinstance(value, bytes) else msgspec.json.encode(value), (), NOON)


def told(episode: Episode, receiver: str, **more: object) -> Record:
    made = Notification(
        id=f"n-{receiver}", episode_id=episode.id, rule_id=episode.rule_id, receiver=receiver, kind="first", step=1, created_at=NOON,
        next_at=NOON, message=episode.message,
    )  # fmt: skip
    return record(topology.NOTIFICATIONS, msgspec.structs.replace(made, **more), made.id)


def an_episode(**changes: object) -> Episode:
    made = enriched(title="Ein Raketentest", body="Ein Raketentest.", word="Raketentest", rule="raketentest", at=NOON, story=story(1, 1))
    return episode_of(made, now=NOON, **{"rule_version": RULE.version, **changes})


def test_the_desk_tells_why_an_episode_fired_and_who_was_told() -> None:
    desk, episode = Desk(), an_episode()
    article = enriched(id=episode.message.article_id, title="Ein Raketentest", word="Raketentest", rule="raketentest")
    hit = msgspec.structs.replace(article.matches[0].hits[0], clause="any[0]")
    match = msgspec.structs.replace(article.matches[0], hits=(hit,))
    silence = Silence(
        id="s1", matchers=(Matcher(field="rule", values=("raketentest",)),), author="Jan", reason="works", starts_at=NOON,
        ends_at=NOON + timedelta(hours=1), created_at=NOON,
    )  # fmt: skip
    desk.take(
        [
            record(topology.RULES, RULE, "raketentest"),
            record(topology.EPISODES, episode, episode.id),
            record(topology.MATCHES, matched(article, match, NOON), "raketentest"),
            told(episode, "desk", state="sent", sent_at=NOON + timedelta(seconds=2), attempts=1),
            told(episode, "night", state="suppressed", verdict="silence:s1"),
            record(topology.SILENCES, silence, "s1"),
            record(topology.EPISODES, b"not json", "x"),
        ]
    )
    settings = Settings.model_validate({"time_zone": "Asia/Tokyo", "alerts": {"default_route": ["desk", "others"]}})
    view = episode_view(desk, episode, NOON + timedelta(minutes=1), settings)
    assert (view.rule.version, view.rule.active_version, view.rule.owner) == (RULE.version, RULE.version, "Desk")
    assert {(each.surface, each.field, each.clause) for each in view.marks} == {
        ("Raketentest", "title", "any[0]"),
        ("Raketentest", "body", "any[0]"),
    }
    assert view.sentence == ("Ein ", "Raketentest", ".")
    assert [stage for stage, _ in view.stages][-1] == "notified"
    assert [(each.receiver, each.state) for each in view.told] == [("desk", "sent"), ("night", "suppressed")]
    assert "silenced by Jan until 22:00" in view.chains["night"][0], "in the zone of the configuration"
    assert "others would be told now" in view.chains["others"][0]
    assert [each.author for each in view.silences] == ["Jan"]
    assert view.first is not None and view.first.source_name == "Tagesblatt"


def test_an_episode_that_is_forgotten_is_gone_from_the_desk_too() -> None:
    desk, episode = Desk(), an_episode()
    desk.take([record(topology.EPISODES, episode, episode.id)])
    desk.take([Record(topology.EPISODES, 0, 1, episode.id.encode(), None, (), NOON)])
    assert desk.alerts.episodes == {}


def test_the_siblings_of_a_situation_begin_with_the_one_that_leads_it() -> None:
    leader = an_episode()
    others = [msgspec.structs.replace(an_episode(), id=f"o{number}", situation_id=leader.id) for number in range(3)]
    leader = msgspec.structs.replace(leader, situation_id=leader.id, situation=Situation(episodes=tuple(each.id for each in others)))
    desk = Desk()
    desk.take([record(topology.EPISODES, each, each.id) for each in (leader, *others)])
    view = episode_view(desk, others[1], NOON, Settings())
    assert [(each.id, each.leads) for each in view.siblings] == [(leader.id, True), ("o0", False), ("o2", False)]


def test_an_unknown_episode_is_said_to_be_unknown() -> None:
    answer = Talk().client.get("/api/episodes/none")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_episode")


def test_the_board_brings_answers_silences_and_what_was_touched() -> None:
    desk, episode = Desk(), an_episode()
    desk.take([record(topology.EPISODES, episode, episode.id)])
    refused = obeyed(desk.alerts, Command(id="c1", kind="unacknowledge", by="Anna", at=NOON, episode_id=episode.id), NOON)
    said = obeyed(desk.alerts, Command(id="c2", kind="acknowledge", by="Anna", at=NOON, episode_id=episode.id), NOON)
    records = [
        record(topology.AUDIT, refused.audit, episode.id),
        record(topology.AUDIT, said.audit, episode.id),
        record(topology.EPISODES, said.records[0], episode.id),
        told(episode, "desk"),
        record(topology.RULES, RULE, "raketentest"),
    ]
    board, change = take(Board(), records, Limits())
    assert [(each.id, each.refused) for each in change.answers] == [("c1", "nobody has acknowledged it"), ("c2", "")]
    assert change.touched == (episode.id,)
    assert change.rules
    assert board.alerts[0].acknowledged_by == "Anna"
    assert board.alerts[0].commands == ("c2",)
    assert board.unreadable == 0


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"kind": "unacknowledge"}, "not_acknowledged"),
        ({"kind": "assign"}, "not_assigned"),
        ({"kind": "verdict"}, "no_verdict"),
        ({"kind": "acknowledge", "episode_id": "none"}, "no_episode"),
        ({"kind": "end_silence", "silence_id": "none"}, "no_silence"),
        ({"kind": "end_silence", "silence_id": "file:x"}, "silence_of_files"),
        ({"kind": "silence", "to": "tag", "text": "x", "hours": 1}, "no_such_scope"),
        ({"kind": "silence", "to": "rule", "text": "x", "hours": 1_000}, "silence_too_long"),
    ],
)
def test_what_the_alerter_refuses_is_said_in_the_readers_language(command: dict[str, Any], code: str) -> None:
    alerts = Alerts([an_episode()])
    hours = command.pop("hours", 0)
    silence = Silence(id="s", matchers=(), author="Anna", reason="", starts_at=NOON, ends_at=NOON + timedelta(hours=hours), created_at=NOON)
    more = {"episode_id": next(iter(alerts.episodes)), "silence": silence if hours else None} | command
    audit = obeyed(alerts, Command(id="c", by="Anna", at=NOON, **more), NOON).audit
    view = answer_view(audit)
    assert (view.refused_code, view.unchanged) == (code, False), audit.outcome
    assert WORDS["de"][f"refused_{code}"] and WORDS["en"][f"refused_{code}"]


def test_an_answer_says_who_had_acknowledged_before() -> None:
    alerts = Alerts([an_episode()])
    (episode_id,) = alerts.episodes
    for by, text, first in (("Anna", "", ""), ("Boris", "", "Anna"), ("Anna", "still here", "")):
        found = obeyed(alerts, Command(id=f"c-{by}{text}", kind="acknowledge", by=by, at=NOON, episode_id=episode_id, text=text), NOON)
        for each in found.records:
            alerts.put(each)
        assert answer_view(found.audit).first_by == first


def test_an_answer_says_what_was_decided_without_the_alerters_words() -> None:
    alerts = Alerts([an_episode()])
    (episode_id,) = alerts.episodes
    for number, expected in enumerate((("confirmed", False), ("confirmed", True))):
        found = obeyed(
            alerts, Command(id=f"c{number}", kind="verdict", by="Anna", at=NOON, episode_id=episode_id, verdict="confirmed"), NOON
        )
        for each in found.records:
            alerts.put(each)
        view = answer_view(found.audit)
        assert (view.verdict, view.unchanged) == expected


def test_an_ended_silence_leaves_the_board() -> None:
    silence = Silence(
        id="s1", matchers=(Matcher(field="rule", values=("r",)),), author="Jan", reason="works", starts_at=NOON,
        ends_at=NOON + timedelta(hours=1), created_at=NOON,
    )  # fmt: skip
    board, change = take(Board(), [record(topology.SILENCES, silence, "s1")], Limits())
    assert [each.id for each in board.silences] == ["s1"]
    board, change = take(board, [record(topology.SILENCES, msgspec.structs.replace(silence, ended_at=NOON, ended_by="A"), "s1")], Limits())
    assert (board.silences, change.gone_silences) == ((), ("s1",))


def episodes_first_reported_by(*sources: str) -> list[Episode]:
    found = []
    for number, source in enumerate(sources):
        made = enriched(body="Ein Raketentest.", word="Raketentest", rule="raketentest", source=source, at=NOON, id=f"m{number}")
        found.append(episode_of(made, now=NOON))
    return found


def test_a_rule_is_quiet_when_the_sources_that_usually_report_first_are_silent() -> None:
    desk = Desk()
    desk.take([record(topology.RULES, RULE, "raketentest")])
    desk.take([record(topology.EPISODES, each, each.id) for each in episodes_first_reported_by("yonhap", "yonhap", "kyodo", "yonhap")])
    desk.take([record(topology.HEALTH, encode_health(SourceHealth(source_id="yonhap", name="Yonhap", state="ok")), "yonhap")])
    (rule,) = rule_views(desk, NOON)
    assert [(each.id, each.first, each.state) for each in rule.usual] == [("yonhap", 3, "ok")]
    assert not rule.quiet
    desk.take([record(topology.HEALTH, encode_health(SourceHealth(source_id="yonhap", name="Yonhap", state="silent")), "yonhap")])
    (rule,) = rule_views(desk, NOON)
    assert rule.quiet
    assert (rule.open, rule.rings, rule.version) == (4, 4, RULE.version)


def test_of_too_few_episodes_nobody_knows_who_usually_reports_first() -> None:
    assert usual_sources(episodes_first_reported_by("a", "b"), {}) == ()
    assert [each.id for each in usual_sources(episodes_first_reported_by("a", "b", "c", "d"), {})] == ["a", "b"]
