"""What every notifier keeps to, and what each of them sends."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pydantic
import pytest

from pipeline import plugins
from pipeline.article import Dates
from pipeline.episodes import Message
from pipeline.errors import BadConfiguration, GiveUp, TryAgain
from pipeline.matched import Mark, Snippet
from pipeline.message import HeldBack, NewFact, Origin, as_json, on_sending
from pipeline.notifiers import console, file, webhook
from pipeline.notifiers._post import Poster, json_body
from pipeline.plugins import Context

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
HOSTILE = "[bold]x[/bold] \x1b[31m\x9b2J\u202e\u2028<script>Raketentest\n\x00"


def alert(**changes: Any) -> dict[str, Any]:
    start = HOSTILE.index("Raketentest")
    mark = Mark(start=start, end=start + 11, surface="Raketentest", term="Raketentest", mode="exact")
    message = Message(
        notification_id="n1",
        episode_id="e1",
        kind="update",
        why="new_facts",
        alerted_at=NOON,
        severity="high",
        rule_id="raketentest",
        rule_title="Raketentests",
        headline=HOSTILE,
        headline_marks=(mark,),
        url="https://a.example/1",
        source=Origin(id="blatt", name="Blatt", country="DE"),
        dates=Dates(published_at=NOON),
        lead="Ein Vorspann.",
        snippet=Snippet(field="body", text=HOSTILE, marks=(mark,)),
        new_facts=(NewFact(fact="number:2", words="zwei"),),
        members=3,
    )
    return as_json(on_sending(msgspec.structs.replace(message, **changes), NOON + timedelta(seconds=3), 1, False))


class Receiver:
    """A web server on 127.0.0.1 that answers as told and keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]] | tuple[int, dict[str, str], bytes]] = []
        self.paths: list[str] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.url = ""

    @property
    def port(self) -> str:
        return self.url.rsplit(":", 1)[1].split("/")[0]


@contextmanager
def listening() -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
            receiver.paths.append(f"{self.command} {self.path}")
            status, headers, said = (*(receiver.answers.pop(0) if receiver.answers else (204, {})), b"")[:3]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(said)))
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(said)

        do_PUT = do_POST

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with listening() as found:
        yield found


def made(name: str, receiver: Receiver, folder: Path) -> plugins.Notifier:
    options: dict[str, dict[str, Any]] = {
        "console": {},
        "file": {"path": "alerts.jsonl"},
        "webhook": {"url": receiver.url, "allow_private": ["127.0.0.0/8"]},
    }
    module = plugins.load("notifiers", name)
    notifier: plugins.Notifier = module.create(module.Options.model_validate(options[name]), Context("desk", folder, lambda: NOON))
    return notifier


NAMES = plugins.names("notifiers")


def test_the_three_first_notifiers_are_found_and_machinery_is_not() -> None:
    assert {"console", "file", "webhook"} <= set(NAMES)
    assert not [name for name in NAMES if name.startswith("_")]


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_described_and_unknown_ones_are_refused(name: str) -> None:
    options = plugins.load("notifiers", name).Options
    assert all(field.description for field in options.model_fields.values())
    with pytest.raises(pydantic.ValidationError, match="not permitted"):
        options.model_validate({"no_such_option": 1})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"why": "storm", "kind": "storm", "held_back": 3, "held": (HeldBack(episode_id="e", headline="h", url="u", source="s", at=NOON),)},
        {"why": "channel_failed", "kind": "channel", "text": "The channel phone does not take messages."},
        {"source": None, "headline": "", "headline_marks": (), "snippet": Snippet(), "new_facts": (), "url": ""},
    ],
    ids=["update", "storm", "channel", "bare"],
)
def test_every_kind_of_message_is_taken(name: str, changes: dict[str, Any], receiver: Receiver, tmp_path: Path) -> None:
    assert made(name, receiver, tmp_path).notify(alert(**changes)) is None


@pytest.mark.parametrize("name", NAMES)
def test_many_threads_may_notify_at_once(name: str, receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notifier = made(name, receiver, tmp_path)
    threads = [threading.Thread(target=notifier.notify, args=(alert(notification_id=f"n{number}"),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = {"console": capsys.readouterr().err.splitlines(), "webhook": receiver.got}.get(name)
    if name == "file":
        lines = [json.loads(line) for line in (tmp_path / "alerts.jsonl").read_text().splitlines()]
    assert lines is None or len(lines) == 8


def test_the_terminal_shows_one_line_with_the_word_marked_and_nothing_that_steers_it(
    receiver: Receiver, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made("console", receiver, tmp_path).notify(alert())
    written = capsys.readouterr().err
    assert written.count("\n") == 1
    assert "»Raketentest«" in written and "[bold]x[/bold]" in written
    assert "Blatt (DE)" in written and "https://a.example/1" in written and "new: zwei" in written
    assert not [each for each in written[:-1] if not each.isprintable()]


def test_the_file_holds_each_message_as_a_line_that_reads_back(receiver: Receiver, tmp_path: Path) -> None:
    notifier = made("file", receiver, tmp_path)
    notifier.notify(alert())
    notifier.notify(alert(notification_id="n2"))
    text = (tmp_path / "alerts.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.split("\n")[:-1]] == [alert(), alert(notification_id="n2")]
    assert not [each for each in text if not each.isprintable() and each != "\n"]


def test_a_torn_last_line_stays_alone_and_a_possible_repeat_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "alerts.jsonl"
    notifier = file.create(file.Options(path="deep/alerts.jsonl"), Context("desk", tmp_path))
    notifier.notify(alert())
    with path.open("ab") as torn:
        torn.write(b'{"notification_id":"n2","head')
    for _ in range(2):
        notifier.notify({**alert(), "possible_duplicate": True})
        notifier.notify({**alert(notification_id="n2"), "possible_duplicate": True})
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 3
    assert [json.loads(lines[number])["notification_id"] for number in (0, 2)] == ["n1", "n2"]


def test_a_path_that_cannot_be_written_is_given_up(tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="directory"):
        file.create(file.Options(path="."), Context("desk", tmp_path)).notify(alert())


def posting(receiver: Receiver, **options: Any) -> webhook.WebhookNotifier:
    values = {"url": receiver.url, "allow_private": ["127.0.0.1"], **options}
    return webhook.create(webhook.Options.model_validate(values), Context("desk", now=lambda: NOON))


def test_the_post_is_a_signed_event(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_SECRET", "whsec_" + base64.b64encode(b"key").decode())
    monkeypatch.setenv("HOOK_TOKEN", "Bearer t")
    posting(receiver, secret="${env:HOOK_SECRET}", headers={"Authorization": "${env:HOOK_TOKEN}"}).notify(alert())
    headers, body = receiver.got[0]
    event = json.loads(body)
    assert (event["specversion"], event["id"], event["type"], event["subject"]) == ("1.0", "n1", "lagebild.alert.update", "e1")
    assert event["data"] == alert()
    assert headers["webhook-id"] == headers["idempotency-key"] == "n1"
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    signed = f"n1.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
    assert headers["authorization"] == "Bearer t"


LATER = {"retry-after": "17"}


@pytest.mark.parametrize(
    ("status", "headers", "raised", "after_seconds"),
    [
        (200, {}, None, None),
        (204, {}, None, None),
        (301, {"location": "http://127.0.0.1/"}, GiveUp, None),
        (307, {"location": "http://127.0.0.1/"}, GiveUp, None),
        (400, {}, GiveUp, None),
        (401, {}, GiveUp, None),
        (404, {}, GiveUp, None),
        (408, {}, TryAgain, None),
        (410, {}, GiveUp, None),
        (413, {}, GiveUp, None),
        (425, {}, TryAgain, None),
        (429, LATER, TryAgain, 17.0),
        (429, {}, TryAgain, None),
        (500, {}, TryAgain, None),
        (502, {}, TryAgain, None),
        (503, LATER, TryAgain, 17.0),
        (503, {"retry-after": format_datetime(NOON + timedelta(seconds=40), usegmt=True)}, TryAgain, 40.0),
        (503, {"retry-after": "nonsense"}, TryAgain, None),
    ],
)
def test_each_status_has_its_meaning(
    status: int, headers: dict[str, str], raised: type[Exception] | None, after_seconds: float | None, receiver: Receiver
) -> None:
    receiver.answers.append((status, headers))
    if raised is None:
        posting(receiver).notify(alert())
        return
    with pytest.raises(raised, match=str(status)) as caught:
        posting(receiver).notify(alert())
    assert getattr(caught.value, "after_seconds", None) == after_seconds
    assert len(receiver.got) == 1


def test_nobody_there_and_a_server_that_never_answers_are_tried_again(receiver: Receiver) -> None:
    with listening() as gone:
        pass
    with pytest.raises(TryAgain, match="does not answer"):
        posting(gone).notify(alert())
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        with pytest.raises(TryAgain):
            posting(receiver, url=f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout_seconds=0.2).notify(alert())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
def test_private_addresses_are_refused_unless_allowed(host: str, receiver: Receiver) -> None:
    with pytest.raises(GiveUp, match="allow_private"):
        posting(receiver, url=f"http://{host}:{receiver.port}/hook", allow_private=["192.168.7.0/24"]).notify(alert())
    assert receiver.got == []


def test_a_large_message_loses_its_text_and_never_its_link(receiver: Receiver) -> None:
    posting(receiver, max_bytes=2_500).notify(alert(lead="x" * 4_000, snippet=Snippet(text="y" * 4_000)))
    body = receiver.got[0][1]
    data = json.loads(body)["data"]
    assert len(body) <= 2_500
    assert (data["url"], data["headline"], data["shortened"]) == ("https://a.example/1", HOSTILE, True)
    with pytest.raises(GiveUp, match="max_bytes"):
        posting(receiver, max_bytes=2_000).notify(alert(headline="z" * 3_000))


def test_secrets_are_named_not_written_and_never_shown() -> None:
    with pytest.raises(pydantic.ValidationError, match=r"\$\{env:NAME\}"):
        webhook.Options.model_validate({"url": "https://a.example/", "secret": "literal"})
    options = webhook.Options.model_validate({"url": "https://a.example/t0ken", "secret": "${env:NO_SUCH_SECRET}"})
    assert "t0ken" not in repr(options)
    with pytest.raises(BadConfiguration, match="NO_SUCH_SECRET"):
        webhook.create(options, Context("desk"))


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "https://", "https://u:p@a.example/", "https://a.example:99999/", "nonsense", "https://ä.example/"]
)
def test_an_address_that_cannot_be_posted_to_is_bad_configuration(url: str) -> None:
    with pytest.raises(BadConfiguration, match="url"):
        webhook.create(webhook.Options.model_validate({"url": url}), Context("desk"))


def test_a_channel_gets_the_beginning_of_the_answer_and_may_put_below_its_address(receiver: Receiver) -> None:
    receiver.answers.append((201, {"X-Request": "r1"}, b'{"ok": false}' + b" " * 5_000))
    poster = Poster(receiver.url, 5, ["127.0.0.1"], answer_bytes=13)
    taken = poster.post(json_body({"text": "Rakete ä"}), {"Content-Type": "application/json"}, NOON, method="PUT", below="/room/n%201")
    assert (taken.status, taken.headers["x-request"], taken.body) == (201, "r1", b'{"ok": false}')
    assert receiver.paths == ["PUT /hook/room/n%201"]
    headers, body = receiver.got[0]
    assert body == b'{"text":"Rakete \xc3\xa4"}'
    assert (headers["content-length"], headers["user-agent"], headers["host"]) == (
        str(len(body)),
        "Lagebild",
        f"127.0.0.1:{receiver.port}",
    )
    assert not {"accept", "accept-encoding", "cookie"} & set(headers)


def test_nothing_put_below_an_address_can_name_another_host() -> None:
    with pytest.raises(ValueError, match="slash"):
        Poster("https://a.example", 1).post(b"", {}, NOON, below=".evil.example/")


def test_what_a_receiver_says_is_shown_on_one_line_without_what_steers_a_terminal(receiver: Receiver) -> None:
    receiver.answers.append((400, {}, b"no such\r\n\x1b[31mchannel" + b"x" * 100_000))
    with pytest.raises(GiveUp, match=r"answered 400: no such \[31mchannelx+$") as caught:
        posting(receiver).notify(alert())
    assert len(str(caught.value)) < 300


def test_a_header_that_http_does_not_allow_is_given_up_and_not_shown(receiver: Receiver) -> None:
    with pytest.raises(GiveUp, match="line break") as caught:
        posting(receiver, headers={"Authorization": "geheim\r\nX: 1"}).notify(alert())
    assert "geheim" not in str(caught.value) and receiver.got == []


def test_the_address_of_a_receiver_is_never_shown(receiver: Receiver) -> None:
    for url in ("https://u:geheim@a.example/", "https://a.example:geheim/", "ftp://a.example/geheim", "https://geheim\u2100.example/"):
        with pytest.raises(ValueError, match="url") as caught:
            Poster(url, 1)
        assert "geheim" not in str(caught.value)
    receiver.answers.append((503, {}))
    with pytest.raises(TryAgain, match="503") as told:
        posting(receiver, url=receiver.url + "/geheim?key=geheim").notify(alert())
    assert "geheim" not in str(told.value)


def test_the_line_marks_every_word_in_its_place() -> None:
    assert "»Raketentest«" in console.line(alert()).plain
