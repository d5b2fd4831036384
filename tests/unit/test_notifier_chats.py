"""What single channels say no with inside of a 200, their threads, and what only they send."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pydantic
import pytest

from pipeline import plugins
from pipeline.errors import BadConfiguration, GiveUp, Permanent, Transient, TryAgain
from pipeline.notifiers import alertmanager, apprise, kafka, pagerduty, slack
from pipeline.notifiers._threads import Threads
from pipeline.plugins import Context
from tests.channels import NOON, SECRET, VARIABLE, Channel, Published, alert

pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


NOES: list[tuple[str, int, bytes, type[Exception] | None, float | None]] = [
    ("slack", 200, b'{"ok":false,"error":"ratelimited"}', TryAgain, None),
    ("slack", 200, b'{"ok":false,"error":"channel_not_found"}', GiveUp, None),
    ("slack", 200, b"<html>log in to the wireless network</html>", TryAgain, None),
    ("slack", 200, b'{"ok":true}', None, None),
    ("slack", 200, b"ok", None, None),
    ("teams", 200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 429", TryAgain, None),
    ("teams", 200, b"Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error 403", GiveUp, None),
    ("teams", 200, b'{"error":{"code":"WorkflowTriggerIsNotEnabled","message":"off"}}', GiveUp, None),
    ("teams", 200, b'{"error":{"code":"TooManyRequests"}}', TryAgain, None),
    ("teams", 200, b'{"error":"nonsense"}', GiveUp, None),
    ("teams", 202, b"", None, None),
    ("mattermost", 200, b'{"success":false,"error":"error-invalid-channel"}', GiveUp, None),
    ("mattermost", 200, b" <!doctype html>", TryAgain, None),
    ("mattermost", 200, b'{"success":true}', None, None),
    ("telegram", 200, b'{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":23}}', TryAgain, 23.0),
    ("telegram", 429, b'{"ok":false,"error_code":429,"parameters":{"retry_after":31}}', TryAgain, 31.0),
    ("telegram", 200, b'{"ok":false,"error_code":403,"description":"bot was blocked"}', GiveUp, None),
    ("telegram", 200, b'{"ok":false,"error_code":502}', TryAgain, None),
    ("telegram", 200, b"nonsense", TryAgain, None),
    ("telegram", 200, b"[" * 60_000, TryAgain, None),
    ("matrix", 429, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', TryAgain, 2.5),
    ("matrix", 429, b'{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":"soon"}', TryAgain, None),
    ("matrix", 200, b"{}", TryAgain, None),
    ("matrix", 200, b"nonsense", TryAgain, None),
    ("ntfy", 200, b"<html>", TryAgain, None),
    ("ntfy", 200, b"{}", TryAgain, None),
    ("pagerduty", 202, b'{"status":"invalid event","errors":["x"]}', GiveUp, None),
    ("pagerduty", 202, b"", None, None),
    ("pagerduty", 200, b"ok", TryAgain, None),
    ("apprise", 400, b"", TryAgain, None),
    ("apprise", 500, b"", TryAgain, None),
]


@pytest.mark.parametrize(("name", "status", "said", "raised", "after_seconds"), NOES)
def test_a_no_is_heard_wherever_the_channel_says_it(
    name: str, status: int, said: bytes, raised: type[Exception] | None, after_seconds: float | None, opened: Any
) -> None:
    found: Channel = opened(name)
    assert found.receiver
    found.receiver.usual = (status, {}, said)
    if raised is None:
        found.make().notify(alert())
        return
    with pytest.raises(raised) as caught:
        found.make().notify(alert())
    assert getattr(caught.value, "after_seconds", None) == after_seconds
    assert len(str(caught.value)) < 400


def bodies(found: Channel) -> list[Any]:
    assert found.receiver
    return [json.loads(body) for _, body in found.receiver.got]


def bot(found: Channel, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> plugins.Notifier:
    monkeypatch.setenv("CHANNEL_SECRET", SECRET)
    assert found.receiver
    options = {"token": VARIABLE, "channel": "C1", "api": found.receiver.origin, "allow_private": ["127.0.0.1"], **changes}
    return slack.create(slack.Options.model_validate(options), Context("desk", Path(changes.get("folder", ".")), lambda: NOON))


def test_slack_with_a_token_puts_an_episode_into_one_thread(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Channel = opened("slack")
    assert found.receiver
    notifier = bot(found, monkeypatch)
    found.receiver.answers += [(200, {}, b'{"ok":true,"ts":"17.1","message":"' + b"x" * 50_000 + b'"}')]
    found.receiver.usual = (200, {}, b'{"ok":true,"ts":"17.9"}')
    answers = [notifier.notify(alert(episode_id=episode)) for episode in ("e1", "e1", "e2")]
    assert answers == ["ts 17.1 in C1", "ts 17.9 in C1", "ts 17.9 in C1"]
    assert [each.get("thread_ts") for each in bodies(found)] == [None, "17.1", None]
    assert found.receiver.got[0][0]["authorization"] == f"Bearer {SECRET}"
    assert found.receiver.paths == ["POST /chat.postMessage"] * 3
    assert bodies(found)[0]["channel"] == "C1"


def test_slack_begins_a_new_thread_when_the_old_one_is_gone(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Channel = opened("slack")
    assert found.receiver
    notifier = bot(found, monkeypatch)
    found.receiver.answers += [(200, {}, b'{"ok":true,"ts":"17.1"}'), (200, {}, b'{"ok":false,"error":"thread_not_found"}')]
    found.receiver.usual = (200, {}, b'{"ok":true,"ts":"18"}')
    notifier.notify(alert())
    with pytest.raises(TryAgain, match="thread"):
        notifier.notify(alert())
    notifier.notify(alert())
    assert [each.get("thread_ts") for each in bodies(found)] == [None, "17.1", None]


@pytest.mark.parametrize("options", [{}, {"url": VARIABLE, "token": VARIABLE}, {"token": VARIABLE}])
def test_slack_has_either_a_webhook_or_a_bot(options: dict[str, str]) -> None:
    with pytest.raises(pydantic.ValidationError, match="Slack receiver"):
        slack.Options.model_validate(options)


@pytest.mark.parametrize(("name", "where"), [("telegram", "reply_parameters"), ("matrix", "m.relates_to")])
def test_later_messages_of_an_episode_answer_the_first_also_after_a_restart(name: str, where: str, opened: Any) -> None:
    found: Channel = opened(name)
    for _ in range(2):
        found.make(threads="threads.json").notify(alert())
    found.make(threads="threads.json").notify(alert(episode_id="e2"))
    assert [where in each for each in bodies(found)] == [False, True, False]


def test_matrix_sends_each_notification_under_its_own_transaction(opened: Any) -> None:
    found: Channel = opened("matrix")
    assert found.receiver
    found.make().notify(alert(notification_id="n/1 ä"))
    (path,) = found.receiver.paths
    assert path == "PUT /_matrix/client/v3/rooms/%21r%2Fo%3Aexample.org/send/m.room.message/n%2F1%20%C3%A4"
    assert bodies(found)[0]["m.mentions"] == {}


def test_threads_survive_damage_and_forget_the_oldest(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "threads.json"
    threads = Threads(path)
    for number in range(2_010):
        threads._threads[f"e{number}"] = "t"
    threads.remember("new", "t1")
    threads.remember("new", "t2")
    assert (Threads(path).of("new"), Threads(path).of("e0"), Threads(path).of("e2009")) == ("t1", "", "t")
    threads.forget("new")
    assert Threads(path).of("new") == ""
    for damaged in ("", "[1]", "[" * 100_000):
        path.write_text(damaged, encoding="utf-8")
        assert Threads(path).of("new") == ""
    Threads(tmp_path).remember("e", "t")


def test_pagerduty_gathers_an_episode_under_one_key_and_ends_it() -> None:
    options = pagerduty.Options.model_validate(pagerduty.EXAMPLE)
    first, end = pagerduty.payload(alert(), options), pagerduty.payload(alert(kind="resolved", why="resolved"), options)
    assert (first["event_action"], first["payload"]["severity"]) == ("trigger", "error")
    assert end == {"event_action": "resolve", "dedup_key": first["dedup_key"]}
    assert pagerduty.payload({**alert(), "kind": "acknowledged"}, options)["event_action"] == "acknowledge"
    assert pagerduty.payload({**alert(), "episode_id": ""}, options)["dedup_key"] == "n1"


def test_alertmanager_sees_one_alert_for_an_episode_and_its_end() -> None:
    options = alertmanager.Options.model_validate(alertmanager.EXAMPLE | {"labels": {"team": "desk"}})
    (first,), (later,) = (alertmanager.payload(alert(headline, members=members), options) for headline, members in (("a", 1), ("b", 9)))
    assert (
        first["labels"]
        == later["labels"]
        == {"alertname": "raketentest", "severity": "high", "episode": "e1", "job": "lagebild", "team": "desk"}
    )
    (ended,) = alertmanager.payload(alert(kind="resolved", why="resolved"), options)
    assert ended["endsAt"] < later["endsAt"] and ended["startsAt"] == first["startsAt"]


def kafka_notifier(published: Published, **options: Any) -> kafka.KafkaNotifier:
    return kafka.KafkaNotifier(kafka.Options.model_validate({"topic": "alerts", **options}), Context("desk"), lambda: published)


def test_a_record_has_the_episode_as_key_and_the_headers_of_an_event() -> None:
    published = Published()
    kafka_notifier(published).notify(alert())
    topic, key, value, headers = published.records[0]
    assert (topic, key, json.loads(value)) == ("alerts", "e1", alert())
    assert (headers["ce_id"], headers["ce_type"], headers["ce_subject"]) == (b"n1", b"lagebild.alert.update", b"e1")


def test_a_broker_that_does_not_confirm_is_tried_again_with_a_new_publisher() -> None:
    published = Published()
    notifier = kafka_notifier(published)
    published.fails += [Transient("away"), Permanent("too_large", "too large")]
    with pytest.raises(TryAgain, match="away"):
        notifier.notify(alert())
    assert published.closed == 1
    with pytest.raises(GiveUp, match="too large"):
        notifier.notify(alert())
    notifier.notify(alert())
    assert len(published.records) == 3


def test_nobody_at_the_brokers_address_is_tried_again() -> None:
    notifier = kafka.create(kafka.Options(topic="alerts", servers=["127.0.0.1:1"]), Context("desk"))
    with pytest.raises(TryAgain, match="127.0.0.1:1"):
        notifier.notify(alert())


def test_apprise_missing_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "apprise", None)
    with pytest.raises(BadConfiguration, match=r"pip install 'lagebild\[apprise\]'"):
        apprise.create(apprise.Options.model_validate(apprise.EXAMPLE), Context("desk"))


def test_apprise_writes_to_no_host_but_those_allowed(opened: Any) -> None:
    found: Channel = opened("apprise")
    with pytest.raises(GiveUp, match="allowed_hosts"):
        found.make(allowed_hosts=["push.example.org"]).notify(alert())
    found.make(allowed_hosts=["127.0.0.1"]).notify(alert())
    assert len(found.seen()) == 1


def test_an_address_that_apprise_does_not_know_is_bad_configuration(opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Channel = opened("apprise")
    monkeypatch.setenv("CHANNEL_SECRET", f"nosuchservice://{SECRET}")
    with pytest.raises(BadConfiguration) as caught:
        found.make()
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["telegram", "matrix", "pagerduty", "slack"])
def test_a_secret_with_a_line_break_is_bad_configuration_and_not_shown(name: str, opened: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Channel = opened(name)
    monkeypatch.setenv("CHANNEL_SECRET", f"{SECRET}\r\nX: 1")
    with pytest.raises(BadConfiguration, match="control character") as caught:
        found.make()
    assert SECRET not in str(caught.value)
