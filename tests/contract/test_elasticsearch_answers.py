"""The connection against a server that answers as it is told: every status, broken answers, no answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from pipeline import search
from pipeline.errors import Transient, Unreachable
from pipeline.index import bulk
from pipeline.index.bulk import Next
from pipeline.index.writer import Writer, write_all
from pipeline.sections import Elasticsearch
from pipeline.settings import Settings

PRODUCT = {"X-Elastic-Product": "Elasticsearch", "content-type": "application/json"}


@dataclass
class Reply:
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=lambda: dict(PRODUCT))
    hang: bool = False  # close nothing, say nothing


def created(body: bytes) -> Reply:
    return Reply(body={"errors": False, "items": [{"index": {"status": 201}}] * (body.count(b"\n") // 2)})


class Stub:
    """Answers each request with the next of `replies`, then with what `created` says."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.requests: list[tuple[str, bytes, dict[str, str]]] = []
        self.released = threading.Event()
        stub = self

        class Answering(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                stub.requests.append((self.path, body, {name.lower(): value for name, value in self.headers.items()}))
                reply = stub.replies.pop(0) if stub.replies else created(body)
                if reply.hang:
                    stub.released.wait(30)
                    self.close_connection = True
                    return
                content = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
                self.send_response(reply.status)
                for name, value in {**reply.headers, "content-length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PUT = do_GET

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def stub() -> Generator[Stub]:
    made = Stub()
    yield made
    made.close()


def settings(url: str) -> Settings:
    return Settings(elasticsearch=Elasticsearch(url=url))


@pytest.fixture
def server(stub: Stub) -> Generator[search.Server]:
    with search.Server(settings(stub.url), request_seconds=0.3) as made:
        yield made


OPERATIONS = [bulk.write("i", str(number), 1, {"text": "ä"}) for number in range(4)]
BODY = b"".join(each.payload for each in OPERATIONS)


def failing(status: int, kind: str = "some_exception") -> Reply:
    return Reply(status, {"error": {"type": kind, "reason": "because"}, "status": status})


def test_the_bytes_arrive_as_they_were_built(stub: Stub, server: search.Server) -> None:
    answer = server.bulk(BODY)
    assert (answer.status, answer.clean, len(answer.items or ())) == (200, True, 4)
    path, body, headers = stub.requests[0]
    assert path.startswith("/_bulk?filter_path=errors,items.")
    assert body == BODY
    assert headers["content-type"] == "application/vnd.elasticsearch+x-ndjson; compatible-with=8"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_busy_server_is_asked_again_with_the_same_bytes(stub: Stub, server: search.Server, status: int) -> None:
    stub.replies += [failing(status)] * 5
    settled = write_all(Writer(server.bulk, 500, 10**6), OPERATIONS, lambda seconds: None)
    assert [verdict.next for _, verdict in settled] == [Next.DONE] * 4
    assert [body for _, body, _ in stub.requests] == [BODY] * 6


def test_a_server_that_does_not_answer_in_time_is_asked_again(stub: Stub, server: search.Server) -> None:
    stub.replies += [Reply(hang=True)] * 2
    settled = write_all(Writer(server.bulk, 500, 10**6), OPERATIONS, lambda seconds: None)
    assert [verdict.next for _, verdict in settled] == [Next.DONE] * 4
    assert [body for _, body, _ in stub.requests] == [BODY] * 3


def test_a_server_that_is_not_there_is_no_answer_and_its_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_PASSWORD", "secret")
    with search.Server(settings("http://somebody:${env:SEARCH_PASSWORD}@127.0.0.1:1")) as nobody:
        answer = nobody.bulk(BODY)
    assert answer.status == 0
    assert "http://127.0.0.1:1" in answer.reason
    assert "secret" not in answer.reason


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, b"not json"),
        Reply(200, {"errors": True}),
        Reply(200, {"errors": False, "items": [{"index": {"status": 201}}]}),
        Reply(502, b"<html>Bad gateway</html>", {"content-type": "text/html"}),
        Reply(503, b"", {}),
    ],
    ids=["broken", "without items", "too few items", "gateway page", "empty"],
)
def test_an_answer_that_says_nothing_about_the_documents_is_no_answer(stub: Stub, server: search.Server, reply: Reply) -> None:
    stub.replies.append(reply)
    settled = write_all(Writer(server.bulk, 500, 10**6), OPERATIONS, lambda seconds: None)
    assert [verdict.next for _, verdict in settled] == [Next.DONE] * 4
    assert len(stub.requests) == 2


@pytest.mark.parametrize(
    "reply",
    [
        failing(401, "security_exception"),
        failing(403, "security_exception"),
        Reply(401, b"<html>Who are you?</html>", {"content-type": "text/html"}),
        Reply(404, b"no such page", {"content-type": "text/plain"}),
        Reply(200, {"items": []}, {"content-type": "application/json"}),
    ],
    ids=["401", "403", "401 of a gateway", "not ours", "another product"],
)
def test_a_server_that_does_not_let_us_in_stops_the_work(stub: Stub, server: search.Server, reply: Reply) -> None:
    stub.replies.append(reply)
    settled = write_all(Writer(server.bulk, 500, 10**6), OPERATIONS, lambda seconds: pytest.fail("waited"))
    assert [verdict.next for _, verdict in settled] == [Next.STOP] * 4
    assert all(verdict.reason for _, verdict in settled)


def test_a_request_that_is_too_large_comes_in_halves(stub: Stub, server: search.Server) -> None:
    stub.replies.append(failing(413))
    settled = write_all(Writer(server.bulk, 500, 10**6), OPERATIONS)
    assert [verdict.next for _, verdict in settled] == [Next.DONE] * 4
    halves = [b"".join(each.payload for each in OPERATIONS[:2]), b"".join(each.payload for each in OPERATIONS[2:])]
    assert [body for _, body, _ in stub.requests] == [BODY, *halves]


def test_each_document_has_its_own_status(stub: Stub, server: search.Server) -> None:
    refused = {"type": "document_parsing_exception", "reason": "failed to parse field [a]"}
    statuses: list[dict[str, Any]] = [
        {"status": 201},
        {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "older"}},
        {"status": 400, "error": refused},
        {"status": 429, "error": {"type": "es_rejected_execution_exception", "reason": "full"}},
    ]
    stub.replies.append(Reply(body={"errors": True, "items": [{"index": each} for each in statuses]}))
    settled = {operation.id: verdict for operation, verdict in write_all(Writer(server.bulk, 500, 10**6), OPERATIONS, lambda seconds: None)}
    assert [settled[str(number)].next for number in range(4)] == [Next.DONE, Next.OLDER, Next.REFUSED, Next.DONE]
    assert settled["2"].reason == "document_parsing_exception: failed to parse field [a]"
    assert stub.requests[1][1] == OPERATIONS[3].payload


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (failing(401), search.Denied, "check elasticsearch.user and elasticsearch.password"),
        (failing(403), search.Denied, "give the user its role of deploy/elasticsearch-roles.yml"),
        (failing(400), search.Refused, "some_exception: because"),
        (failing(404), search.Refused, "404"),
        (failing(503), Transient, "cannot do it now"),
        (Reply(hang=True), Transient, "does not answer at http://127.0.0.1"),
        (Reply(200, b"{", dict(PRODUCT)), Transient, "does not answer"),
        (Reply(200, {}, {"content-type": "application/json"}), search.Denied, "is no Elasticsearch"),
        (Reply(200, b"[1, 2]", dict(PRODUCT)), search.Denied, "is no Elasticsearch"),
        (Reply(200, b"<html><title>Portal</title>", {**PRODUCT, "content-type": "text/html"}), search.Denied, "is no Elasticsearch"),
    ],
    ids=["401", "403", "400", "404", "503", "timeout", "broken", "another product", "a list", "a page"],
)
def test_a_question_that_fails_says_what_to_do(stub: Stub, server: search.Server, reply: Reply, error: type[Exception], words: str) -> None:
    stub.replies.append(reply)
    with pytest.raises(error, match=words):
        server.request("GET", "/_cluster/health")


def test_what_is_not_there_is_none(stub: Stub, server: search.Server) -> None:
    stub.replies += [failing(404, "index_not_found_exception"), failing(400)]
    assert server.found("/nothing") is None
    with pytest.raises(search.Refused):
        server.found("/wrong")


def test_remarks_of_the_server_are_not_ours_to_print(stub: Stub, server: search.Server) -> None:
    stub.replies.append(Reply(body={"status": "green"}, headers={**PRODUCT, "warning": '299 Elasticsearch-8 "old feature"'}))
    assert search.ready(server)


def test_waiting_ends_when_the_cluster_is_no_longer_red(stub: Stub) -> None:
    stub.replies += [failing(503), Reply(body={"status": "red"}), Reply(body={"status": "yellow"})]
    search.wait_until_ready(settings(stub.url), 20)
    assert [path for path, _, _ in stub.requests] == ["/_cluster/health"] * 3


def test_waiting_in_vain_names_the_address_and_what_to_do() -> None:
    with pytest.raises(Unreachable, match=r"not ready at http://127\.0\.0\.1:1 .*elasticsearch\.url"):
        search.wait_until_ready(settings("http://127.0.0.1:1"), 0)


def test_a_password_can_come_from_the_environment(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_PASSWORD", "hunter2")
    address = stub.url.replace("http://", "http://desk:${env:SEARCH_PASSWORD}@")
    with search.Server(settings(address)) as server:
        server.bulk(BODY)
        assert server.url == stub.url
    assert stub.requests[0][2]["authorization"] == "Basic ZGVzazpodW50ZXIy"


def test_an_api_key_is_sent_as_the_documentation_says_and_shown_nowhere(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEARCH_KEY", "VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA=")
    stub.replies.append(failing(401))
    with search.Server(Settings(elasticsearch=Elasticsearch(url=stub.url, api_key="${env:SEARCH_KEY}"))) as server:
        with pytest.raises(search.Denied, match="or elasticsearch.api_key") as denied:
            server.request("GET", "/_cluster/health")
        assert "VnVhQ2" not in str(denied.value) + repr(server)
    assert stub.requests[0][2]["authorization"] == "ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHA="
