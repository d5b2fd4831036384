"""The push endpoint over a real socket: who is let in, what is answered when, and what a copy changes."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors import push
from connectors._push import server
from connectors._push.access import Access, Replays, mark_of
from pipeline.errors import BadConfiguration, Transient
from pipeline.plugins import Batch, Context
from pipeline.signing import key_of, signature
from tests.local_servers import free_port
from tests.waiting import until

TOKEN, OTHER_TOKEN, KEY = "token-of-sixteen-characters", "another-token-of-the-desk", "key-of-a-signature-0123456789"
BODY = json.dumps({"id": "1", "title": "Raketentest", "body": "Die Rakete flog weit."}).encode()


class Desk:
    """A push source whose batches are confirmed at once, or as `confirms` says: with the cursor, as the collector does."""

    def __init__(self, folder: Path, **changes: Any) -> None:
        for name, value in (("token", TOKEN), ("other", OTHER_TOKEN), ("key", KEY)):
            (folder / name).write_text(value + "\n")
        named = {name: f"${{file:{folder / name}}}" for name in ("token", "other", "key")}
        options = {
            "port": free_port(),
            "tokens": [named["token"], named["other"]],
            "secrets": [named["key"]],
            "confirm_seconds": 5,
        } | changes
        self.options = push.Options.model_validate(options)
        self.source = push.create(self.options, Context("wire", folder))
        self.batches: list[Batch] = []
        self.cursor: dict[str, Any] = {}
        self.confirms: Callable[[Batch], bool] = lambda _: True
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = self.source.fetch(self.cursor)
            if batch.articles or batch.unreadable:
                self.batches.append(batch)
            if self.confirms(batch):
                self.cursor = json.loads(json.dumps(batch.cursor))

    def __enter__(self) -> Desk:
        self._thread.start()
        until(lambda: ("127.0.0.1", self.options.port) in server._open, what="the endpoint listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.source.close()

    def post(
        self, body: bytes = BODY, path: str = "/v1/sources/wire/articles", **headers: str
    ) -> tuple[int, dict[str, Any], dict[str, str]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection("127.0.0.1", self.options.port, timeout=20)) as connection:
            connection.request("POST", path, body, sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), dict(answer.getheaders())

    @property
    def titles(self) -> list[str]:
        return [each.title for batch in self.batches for each in batch.articles]


def bearer(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def signed(body: bytes = BODY, key: str = KEY, at: float | None = None, message_id: str = "m1") -> dict[str, str]:
    stamp = str(int(time.time() if at is None else at))
    given = f"v1,AAAA {signature(key_of(key), message_id, stamp, body)}"
    return {"webhook-id": message_id, "webhook-timestamp": stamp, "webhook-signature": given}


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "WAIT_SECONDS", 0.05)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with Desk(tmp_path) as found:
        yield found


def test_an_article_is_answered_with_its_id_once_it_is_safe_and_a_copy_changes_nothing(desk: Desk) -> None:
    status, said, _ = desk.post(**bearer())
    assert status == 202 and desk.titles == ["Raketentest"]
    assert [each["id"] for each in said["articles"]] == [desk.batches[0].articles[0].id] and said["rejected"] == [] and not said["repeat"]
    again, repeated, _ = desk.post(**bearer(OTHER_TOKEN))
    assert (again, repeated["repeat"], repeated["articles"]) == (200, True, said["articles"]) and desk.titles == ["Raketentest"]


def test_a_batch_and_lines_are_taken_and_one_bad_item_does_not_stop_the_others(desk: Desk) -> None:
    status, said, _ = desk.post(b'[{"id": "1", "title": "Eins"}, 5, {"id": "2", "title": "Zwei"}]', **bearer())
    assert status == 202 and len(said["articles"]) == 2 and said["rejected"][0]["reason"] == "invalid"
    status, said, _ = desk.post(b'{"id": "3", "title": "Drei"}\nkaputt\n', Content_Type="application/x-ndjson", **bearer())
    assert status == 202 and len(said["articles"]) == 1 and said["rejected"][0]["subject"] == "request:2"
    assert desk.titles == ["Eins", "Zwei", "Drei"] and [len(each.unreadable) for each in desk.batches] == [1, 1]


def test_what_cannot_be_read_at_all_is_kept_and_said(desk: Desk) -> None:
    status, said, _ = desk.post(b'{"id": ', Content_Type="application/json", **bearer())
    assert status == 422 and "not valid JSON" in said["rejected"][0]["detail"] and desk.batches[0].unreadable[0].original == b'{"id": '


def test_a_signature_over_the_raw_bytes_lets_in_and_its_copy_is_recognised_also_after_a_restart(desk: Desk, tmp_path: Path) -> None:
    headers = signed()
    assert desk.post(**headers)[0] == 202
    assert desk.post(**headers)[0] == 200 and len(desk.batches) == 1
    until(lambda: desk.cursor.get("confirmed"), what="the cursor is saved")
    later = push.create(desk.options.model_copy(update={"port": free_port()}), Context("wire", tmp_path))
    try:
        assert later.fetch(desk.cursor).articles == () and mark_of(headers, BODY) in later._replays
    finally:
        later.close()


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({}, "neither a bearer token nor"),
        (bearer("wrong"), "bearer token is not one"),
        (bearer(""), "neither a bearer token nor"),
        (signed(key="another-key-0123456789"), "does not belong to these bytes"),
        (signed(b"other bytes"), "does not belong to these bytes"),
        (signed(at=time.time() - 1_000), "away from now"),
        (signed(at=time.time() + 1_000), "away from now"),
        ({**signed(), "webhook-timestamp": "soon"}, "not a number of seconds"),
        ({**signed(), "webhook-id": ""}, "webhook-id"),
    ],
)
def test_others_are_refused_and_nothing_is_read(desk: Desk, headers: dict[str, str], why: str) -> None:
    status, said, answered = desk.post(**headers)
    assert status == 401 and why in said["error"] and desk.batches == [] and TOKEN not in str(said) + str(answered)


def test_without_kafkas_word_the_answer_is_503_and_the_same_request_again_is_taken(tmp_path: Path) -> None:
    with Desk(tmp_path, confirm_seconds=0.3) as desk:
        desk.confirms = lambda batch: not (batch.articles or batch.unreadable)
        status, said, headers = desk.post(**bearer())
        assert status == 503 and int(headers["retry-after"]) > 0 and "Kafka has not confirmed" in said["error"]
        desk.confirms = lambda _: True
        # 200 where the first one reached Kafka after its sender had been told to come again.
        until(lambda: desk.post(**bearer())[0] in (200, 202), what="the request is taken")


def test_limits_hold(tmp_path: Path) -> None:
    with Desk(tmp_path, max_bytes=1_000, max_articles=2) as desk:
        assert desk.post(b"x" * 5_000, **bearer())[0] == 413
        assert desk.post(b'[{"title": "1"}, {"title": "2"}, {"title": "3"}]', **bearer())[0] == 413
        assert desk.post(Content_Encoding="gzip", **bearer())[0] == 415
        assert desk.post(path="/v1/sources/other/articles", **bearer())[0] == 404
        assert desk.batches == []


def test_a_head_that_does_not_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEAD_SECONDS", 0.2)
    with Desk(tmp_path) as desk, socket.create_connection(("127.0.0.1", desk.options.port), timeout=10) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\n")
        assert connection.recv(1_000) == b""


def test_a_body_that_does_not_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BODY_SECONDS", 0.2)
    with Desk(tmp_path) as desk, socket.create_connection(("127.0.0.1", desk.options.port), timeout=10) as connection:
        head = f"POST /v1/sources/wire/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 100\r\n\r\n"
        connection.sendall(head.encode() + b"{")
        assert b" 408 " in connection.recv(1_000)


def test_a_length_that_is_too_large_is_refused_before_any_of_it_comes(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk, socket.create_connection(("127.0.0.1", desk.options.port), timeout=10) as connection:
        head = f"POST /v1/sources/wire/articles HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 99000000000\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(1_000)


def test_the_openapi_document_names_every_answer(desk: Desk) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", desk.options.port, timeout=20)) as connection:
        connection.request("GET", "/openapi.json")
        found = json.loads(connection.getresponse().read())
    operation = found["paths"]["/v1/sources/{source_id}/articles"]["post"]
    assert found["openapi"].startswith("3.1") and {"200", "202", "401", "413", "422", "503"} <= set(operation["responses"])
    named = {name for each in operation["security"] for name in each}
    assert named == set(found["components"]["securitySchemes"])


def test_two_sources_share_an_address_and_a_taken_one_is_said(tmp_path: Path) -> None:
    with Desk(tmp_path) as desk:
        second = push.create(desk.options, Context("second", tmp_path))
        second.fetch({})
        assert desk.post(path="/v1/sources/second/articles")[0] == 401
        second.close()
        assert desk.post(path="/v1/sources/second/articles")[0] == 404
    with socket.create_server(("127.0.0.1", 0)) as taken:
        other = push.create(desk.options.model_copy(update={"port": taken.getsockname()[1]}), Context("wire", tmp_path))
        with pytest.raises(Transient, match="name another port"):
            other.fetch({})


def test_nobody_can_push_without_a_secret_and_weak_or_written_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(pydantic.ValidationError, match="nobody could push"):
        push.Options()
    with pytest.raises(pydantic.ValidationError, match="should match pattern"):
        push.Options(tokens=[TOKEN])
    (tmp_path / "weak").write_text("abc")
    with pytest.raises(BadConfiguration, match="could be guessed"):
        push.create(push.Options(tokens=[f"${{file:{tmp_path / 'weak'}}}"]), Context("wire", tmp_path))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given(
    st.dictionaries(st.sampled_from(["authorization", "webhook-id", "webhook-timestamp", "webhook-signature"]), st.text(max_size=60)),
    st.binary(max_size=50),
)
def test_no_header_opens_the_way_by_chance(headers: dict[str, str], body: bytes) -> None:
    assert Access([TOKEN.encode()], [KEY.encode()], 300).refusal(headers, body, time.time())


def test_a_source_without_secrets_takes_no_signatures() -> None:
    assert "has no secrets" in Access([TOKEN.encode()], [], 300).refusal(signed(), None, time.time())


def test_marks_are_bounded_and_the_newest_are_saved() -> None:
    marks = Replays()
    for number in range(500):
        marks.add(str(number))
    assert marks.saved(["new"])[-2:] == ["499", "new"] and len(marks.saved()) == 200
