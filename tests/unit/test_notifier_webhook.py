"""The webhook: a signed CloudEvent, and what every posting channel does with addresses, answers and secrets."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from typing import Any

import pydantic
import pytest

from pipeline.errors import BadConfiguration, GiveUp, TryAgain
from pipeline.matched import Snippet
from pipeline.notifiers import webhook
from pipeline.notifiers._post import Poster, json_body
from pipeline.plugins import Context
from tests.channels import LINK, NOON, alert
from tests.local_servers import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


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
    assert (event["source"], event["data"]) == ("lagebild/desk", alert())
    assert headers["webhook-id"] == headers["idempotency-key"] == "n1"
    assert headers["webhook-timestamp"] == str(int(NOON.timestamp()))
    signed = f"n1.{headers['webhook-timestamp']}.".encode() + body
    assert headers["webhook-signature"] == "v1," + base64.b64encode(hmac.new(b"key", signed, hashlib.sha256).digest()).decode()
    assert headers["authorization"] == "Bearer t"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1", "0.0.0.0"])
def test_private_addresses_are_refused_however_they_are_written(host: str, receiver: Receiver) -> None:
    with pytest.raises(GiveUp, match="allow_private"):
        posting(receiver, url=f"http://{host}:{receiver.port}/hook", allow_private=["192.168.7.0/24"]).notify(alert())
    assert receiver.got == []


def test_a_large_message_loses_its_text_and_never_its_link(receiver: Receiver) -> None:
    posting(receiver, max_bytes=2_500).notify(alert(lead="x" * 4_000, snippet=Snippet(text="y" * 4_000)))
    body = receiver.got[0][1]
    data = json.loads(body)["data"]
    assert len(body) <= 2_500
    assert (data["url"], data["headline"], data["shortened"]) == (LINK, "Nordkorea meldet Raketentest", True)
    with pytest.raises(GiveUp, match="max_bytes"):
        posting(receiver, max_bytes=2_000).notify(alert(headline="z" * 3_000))


def test_secrets_are_named_not_written_and_never_shown() -> None:
    for options in ({"secret": "literal"}, {"headers": {"Authorization": "literal"}}, {"headers": {"X-Api-Key": "literal"}}):
        with pytest.raises(pydantic.ValidationError, match=r"\$\{env:NAME\}") as caught:
            webhook.Options.model_validate({"url": "https://a.example/", **options})
        assert "literal" not in str(caught.value)
    options = webhook.Options.model_validate(
        {"url": "https://a.example/t0ken", "secret": "${env:NO_SUCH_SECRET}", "headers": {"X-Desk": "1"}}
    )
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
    assert (headers["content-length"], headers["user-agent"], headers["host"]) == (str(len(body)), "Lagebild", f"127.0.0.1:{receiver.port}")
    assert not {"accept", "accept-encoding", "cookie"} & set(headers)


def test_nothing_put_below_an_address_can_name_another_host() -> None:
    with pytest.raises(ValueError, match="slash"):
        Poster("https://a.example", 1).post(b"", {}, NOON, below=".evil.example/")


def test_what_a_receiver_says_is_shown_on_one_line_without_what_steers_a_terminal(receiver: Receiver) -> None:
    receiver.answers.append((400, {}, b"no such\r\n\x1b[31mchannel" + b"x" * 100_000))
    with pytest.raises(GiveUp, match=r"answered 400: no such \[31mchannelx+$") as caught:
        posting(receiver).notify(alert())
    assert len(str(caught.value)) < 300


def test_a_header_that_http_does_not_allow_is_given_up_and_not_shown(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOOK_TOKEN", "geheim\r\nX: 1")
    with pytest.raises(GiveUp, match="line break") as caught:
        posting(receiver, headers={"Authorization": "${env:HOOK_TOKEN}"}).notify(alert())
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
