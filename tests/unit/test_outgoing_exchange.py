"""The guarded network and its requests, against real servers on 127.0.0.1, most of them hostile."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import HTTPServer
from pathlib import Path

import pytest
import trustme

from pipeline.outgoing.address import Guard
from pipeline.outgoing.answer import retry_after_seconds
from pipeline.outgoing.errors import NoAnswer, NotAllowed, NotResolved, NotSendable, NotTrusted, OutgoingError, TimeIsOver, TooLarge
from pipeline.outgoing.exchange import Exchange
from pipeline.outgoing.network import certificates_of_environment, certificates_of_system, resolve
from tests.local_servers import Handler, endless, raw_server, serving

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
LOOPBACK = Guard(["127.0.0.1"])


def exchange(seconds: float = 5, guard: Guard = LOOPBACK, resolver: Callable[[str, int], Sequence[str]] = resolve) -> Exchange:
    return Exchange(guard, time.monotonic() + seconds, resolver=resolver)


def body_of(url: str, max_bytes: int = 1_000, seconds: float = 5) -> bytes:
    with exchange(seconds) as asking, asking.ask("GET", url, {}) as answer:
        return b"".join(answer.chunks(max_bytes))


def test_an_answer_comes_with_its_status_headers_and_body() -> None:
    with (
        serving(lambda _p, _h: (203, {"X-One": "1", "x-one": "2", "Content-Encoding": "gzip"}, b"raw")) as (url, seen),
        exchange() as asking,
        asking.ask("GET", url + "/a b?q=ü", {"X-Name": "Größe"}) as answer,
    ):
        assert (answer.status, answer.headers["x-one"], b"".join(answer.chunks(3))) == (203, "1, 2", b"raw")
    path, headers = seen[0]
    assert path == "/a%20b?q=%C3%BC"
    assert headers == {"Host": url.removeprefix("http://"), "X-Name": "Größe".encode().decode("latin-1")}


def test_a_body_beyond_the_limit_is_refused_and_its_beginning_can_be_had() -> None:
    with raw_server(endless) as url:
        with pytest.raises(TooLarge, match="larger than 100,000 bytes"):
            body_of(url, 100_000)
        with exchange() as asking, asking.ask("GET", url, {}) as answer:
            assert answer.beginning(100_000) == b"x" * 100_000


def test_a_name_service_that_hangs_ends_at_the_deadline() -> None:
    end = threading.Event()

    def hanging(_host: str, _port: int) -> list[str]:
        end.wait(30)
        return ["127.0.0.1"]

    started = time.monotonic()
    try:
        with (
            exchange(0.2, resolver=hanging) as asking,
            pytest.raises(TimeIsOver, match="name service"),
            asking.ask("GET", "http://slow.example/", {}),
        ):
            pass
        assert time.monotonic() - started < 5
    finally:
        end.set()


def test_a_receiver_that_never_stops_taking_a_little_ends_at_the_deadline() -> None:
    """About 10 MB/s of 50 MB: each single send ends in time, all of them together take 5 s."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def sip() -> None:
        connection, _ = listener.accept()
        with connection:
            while not stop.wait(0.006):
                connection.recv(65_536)

    thread = threading.Thread(target=sip)
    thread.start()
    started = time.monotonic()
    try:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        with exchange(0.3) as asking, pytest.raises(TimeIsOver), asking.ask("POST", url, {}, b"x" * 50_000_000):
            pass
        assert time.monotonic() - started < 2
    finally:
        stop.set()
        thread.join()
        listener.close()


def test_nothing_is_sent_once_the_deadline_has_passed() -> None:
    with serving(lambda _p, _h: (200, {}, b"")) as (url, seen), pytest.raises(TimeIsOver):
        body_of(url, seconds=-1)
    assert seen == []


def test_every_address_is_tried_and_a_dead_one_is_passed_over() -> None:
    with serving(lambda _p, _h: (200, {}, b"here")) as (url, _):
        port = url.rpartition(":")[2]
        with (
            exchange(guard=Guard(["127.0.0.0/8"]), resolver=lambda _h, _p: ["127.0.0.9", "127.0.0.1"]) as asking,
            asking.ask("GET", f"http://a.example:{port}/", {}) as answer,
        ):
            assert b"".join(answer.chunks(10)) == b"here"


def failing(error: Exception) -> Callable[[str, int], Sequence[str]]:
    def raising(_host: str, _port: int) -> Sequence[str]:
        raise error

    return raising


@pytest.mark.parametrize(
    ("resolver", "raised", "words"),
    [
        (failing(socket.gaierror(-2, "unknown")), NotResolved, "a.example cannot be resolved"),
        (failing(UnicodeError("label too long")), NotResolved, "cannot be resolved"),
        (lambda _h, _p: [], NotResolved, "has no address"),
        (lambda _h, _p: ["93.184.216.34", "10.0.0.7"], NotAllowed, "leads to 10.0.0.7"),
        (lambda _h, _p: ["no address"], NotAllowed, "leads to no address"),
        (failing(ZeroDivisionError("a defect")), ZeroDivisionError, "a defect"),
    ],
)
def test_a_name_that_leads_nowhere_or_inside_is_told_apart(
    resolver: Callable[[str, int], Sequence[str]], raised: type[Exception], words: str
) -> None:
    with exchange(resolver=resolver) as asking, pytest.raises(raised, match=words), asking.ask("GET", "http://a.example/", {}):
        pass


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://a.example\n/", {}),
        ("http://" + "a" * 70_000, {}),
        ("gopher://127.0.0.1/", {}),
        ("http://127.0.0.1/\ud800", {}),
        ("http://127.0.0.1:1/", {"X": "geheim\n"}),
        ("http://127.0.0.1:1/", {"X\r\nY": "1"}),
    ],
)
def test_what_http_does_not_allow_is_never_sent(url: str, headers: dict[str, str]) -> None:
    with serving(lambda _p, _h: (200, {}, b"")) as (served, seen):
        with (
            exchange() as asking,
            pytest.raises(NotSendable) as found,
            asking.ask("GET", url.replace("http://127.0.0.1:1", served), headers),
        ):
            pass
        assert seen == []
    assert "geheim" not in str(found.value)


def test_nobody_there_and_rubbish_are_no_answer() -> None:
    with raw_server(lambda connection, _: connection.sendall(b"\x00\xff\x00")) as url, pytest.raises(NoAnswer):
        body_of(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NoAnswer, match="refused"):
        body_of(f"http://127.0.0.1:{port}/")


def test_a_body_that_breaks_off_is_no_answer() -> None:
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    with raw_server(lambda connection, _: connection.sendall(start)) as url, pytest.raises(NoAnswer):
        body_of(url)


@contextmanager
def tls_server(folder: Path) -> Iterator[tuple[str, Path]]:
    """A server on localhost under an authority that only its own file vouches for: its address and that file."""
    authority, path = trustme.CA(), folder / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = HTTPServer(("127.0.0.1", 0), Handler)
    server.answer, server.seen = lambda _p, _h: (200, {}, b"safe"), []  # type: ignore[attr-defined]
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}/", path
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_certificate_is_checked_against_the_authorities_that_the_caller_chose(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def body(url: str, tls: ssl.SSLContext) -> bytes:
        with (
            Exchange(LOOPBACK, time.monotonic() + 5, tls=tls, resolver=lambda _h, _p: ["127.0.0.1"]) as asking,
            asking.ask("GET", url, {}) as answer,
        ):
            return answer.beginning(100)

    with tls_server(tmp_path) as (url, path):
        monkeypatch.setenv("SSL_CERT_FILE", str(path))
        assert body(url, certificates_of_environment()) == b"safe"
        with pytest.raises(NotTrusted, match="unable to get local issuer"):
            body(url, certificates_of_system())
        with pytest.raises(NotTrusted, match="Hostname mismatch|IP address mismatch"):
            body(url.replace("localhost", "127.0.0.1"), certificates_of_environment())


def test_an_error_of_the_caller_passes_through_unchanged() -> None:
    with (
        serving(lambda _p, _h: (200, {}, b"")) as (url, _),
        pytest.raises(ConnectionError, match="mine") as found,
        exchange() as asking,
        asking.ask("GET", url, {}),
    ):
        raise ConnectionError("mine")
    assert not isinstance(found.value, OutgoingError)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 17 ", 17),
        ("Fri, 20 Nov 2026 12:02:00 GMT", 120),
        ("Fri, 20 Nov 2026 11:00:00 GMT", None),
        ("Fri, 20 Nov 2020 12:00:00 GMT", None),
        ("0", None),
        ("soon", None),
        ("", None),
        ("9" * 400, 999_999_999),
        ("-5", None),
        ("²", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, seconds: float | None) -> None:
    assert retry_after_seconds(value, NOW) == seconds
