"""The HTTP client against real servers on 127.0.0.1, most of them hostile."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import brotli
import pytest
import zstandard

from connectors import _decompress
from connectors._http import Client, user_agent
from pipeline.errors import Permanent, Transient
from tests.local_servers import Answering, endless, raw_server, serving

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BLANKS = b" " * 20_000_000


def client(**changes: object) -> Client:
    options: dict[str, object] = {"allow_private": ["127.0.0.1"], "timeout_seconds": 5, "max_bytes": 1_000_000, **changes}
    return Client(**options)  # type: ignore[arg-type]


def body(data: bytes, **headers: str) -> Answering:
    return lambda _path, _headers: (200, headers, data)


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda data: data,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("encoding", ENCODERS)
def test_each_compression_that_is_asked_for_is_read(encoding: str) -> None:
    text = "Ein Raketentest über der See. ".encode() * 500
    with serving(lambda _p, _h: (200, {"Content-Encoding": encoding} if encoding else {}, ENCODERS[encoding](text))) as (url, seen):
        answer = client(contact="https://example.org/bot").get(url, {}, NOW)
    assert answer.body == text
    assert seen[0][1]["User-Agent"].startswith("Lagebild/") and "https://example.org/bot" in seen[0][1]["User-Agent"]
    assert "Cookie" not in seen[0][1] and "Referer" not in seen[0][1]


def test_deflate_without_its_header_is_read_too() -> None:
    packer = zlib.compressobj(wbits=-15)
    raw = packer.compress(b"hello " * 100) + packer.flush()
    assert _decompress.read_body([raw[:1], raw[1:5], raw[5:]], "deflate", 10_000) == b"hello " * 100


def test_several_gzip_members_and_padding_are_one_body() -> None:
    assert _decompress.read_body([gzip.compress(b"a") + gzip.compress(b"b") + b"\0\0"], "gzip", 100) == b"ab"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_a_compressed_bomb_is_refused_without_unpacking_it(encoding: str) -> None:
    bomb = ENCODERS[encoding](BLANKS)
    assert len(bomb) < 25_000
    with (
        serving(lambda _p, _h: (200, {"Content-Encoding": encoding}, bomb)) as (url, _),
        pytest.raises(Permanent, match="larger than") as found,
    ):
        client().get(url, {}, NOW)
    assert found.value.reason == "too_large"


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd"])
def test_a_ratio_beyond_any_feed_is_refused_below_the_size_cap(encoding: str) -> None:
    with pytest.raises(Permanent, match="200 times"):
        _decompress.read_body([ENCODERS[encoding](BLANKS)], encoding, 50_000_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
def test_a_body_that_ends_early_is_tried_again(encoding: str) -> None:
    packed = ENCODERS[encoding](bytes(range(256)) * 50)
    with pytest.raises(Transient, match="ended in the middle"):
        _decompress.read_body([packed[: len(packed) // 2]], encoding, 100_000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_rubbish_that_claims_to_be_compressed_is_permanent(encoding: str) -> None:
    with pytest.raises(Permanent, match="does not decompress"):
        _decompress.read_body([b"\xff\x00rubbish that is nothing" * 50], encoding, 100_000)


def test_endless_empty_blocks_end_at_the_cap_on_received_bytes() -> None:
    packer = zlib.compressobj()
    packer.compress(b"x")
    empty = packer.flush(zlib.Z_SYNC_FLUSH)
    first = empty

    def forever() -> Iterator[bytes]:
        yield first
        while True:
            yield b"\x00\x00\x00\xff\xff" * 1000

    with pytest.raises(Permanent, match="larger than"):
        _decompress.read_body(forever(), "deflate", 100_000)


def test_an_encoding_nobody_asked_for_is_refused() -> None:
    with serving(body(b"x", **{"Content-Encoding": "gzip, gzip"})) as (url, _), pytest.raises(Permanent, match="not asked for"):
        client().get(url, {}, NOW)


def test_an_endless_body_ends_at_the_cap() -> None:
    with raw_server(endless) as url, pytest.raises(Permanent, match="larger than"):
        client().get(url, {}, NOW)


@pytest.mark.parametrize("start", [b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_sends_a_byte_now_and_then_ends_at_the_deadline(start: bytes) -> None:
    def talk(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(start)
        while not stop.wait(0.05):
            connection.sendall(b"x")

    with raw_server(talk) as url, pytest.raises(Transient, match="did not answer in full within 0.4 s"):
        started = time.monotonic()
        client(timeout_seconds=0.4).get(url, {}, NOW)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\x00\xff\x00",
        b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 200_000,
        b"HTTP/9.9 abc\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nA\x00: b\r\n\r\n",
    ],
)
def test_rubbish_instead_of_http_is_transient(rubbish: bytes) -> None:
    with raw_server(lambda connection, _: connection.sendall(rubbish)) as url, pytest.raises(Transient) as refused:
        client().get(url, {}, NOW)
    assert "bytearray" not in str(refused.value)


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999999\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nx\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
    ],
)
def test_a_length_that_is_not_kept_is_transient(said: bytes) -> None:
    with raw_server(lambda connection, _: connection.sendall(said)) as url, pytest.raises(Transient):
        client().get(url, {}, NOW)


def test_what_a_server_sends_beyond_its_length_is_not_read() -> None:
    said = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfeedHTTP/1.1 200 OK\r\n\r\nsmuggled"
    with raw_server(lambda connection, _: connection.sendall(said)) as url:
        assert client().get(url, {}, NOW).body == b"feed"


@pytest.mark.parametrize(
    "inside",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.9",
        "::1",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:169.254.169.254",
        "64:ff9b::a00:1",
    ],
)
def test_every_hop_is_resolved_and_checked(inside: str) -> None:
    names = {"good.example": ["127.0.0.1"], "turned.example": [inside]}
    asks = client(allow_private=["good.example"], resolver=lambda host, _: names[host])
    with (
        serving(lambda _p, _h: (302, {"Location": "http://turned.example/latest/meta-data"}, b"")) as (url, _),
        pytest.raises(Permanent, match="turned.example leads to") as found,
    ):
        asks.get(url.replace("127.0.0.1", "good.example"), {}, NOW)
    assert found.value.kind == "address"


def test_redirects_are_followed_and_a_permanent_move_is_named() -> None:
    def answer(path: str, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (301, {"Location": "/new"}, b"") if path == "/old" else (200, {}, b"feed")

    with serving(answer) as (url, _):
        found = client().get(url + "/old", {}, NOW)
    assert (found.body, found.moved_to) == (b"feed", url + "/new")


def test_a_circle_of_redirects_ends() -> None:
    with serving(lambda _p, _h: (302, {"Location": "/"}, b"")) as (url, seen), pytest.raises(Permanent, match="more than 5 redirects"):
        client().get(url, {}, NOW)
    assert len(seen) == 6


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://[fd00::1]/"]
)
def test_a_redirect_to_a_private_address_is_refused(target: str) -> None:
    with serving(lambda _p, _h: (302, {"Location": target}, b"")) as (url, _), pytest.raises(Permanent, match="not on the open internet"):
        client().get(url, {}, NOW)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/", "gopher://x/"])
def test_a_redirect_to_another_scheme_is_refused(target: str) -> None:
    with serving(lambda _p, _h: (302, {"Location": target}, b"")) as (url, _), pytest.raises(Permanent, match="no http or https"):
        client().get(url, {}, NOW)


def test_a_loopback_server_is_refused_unless_listed() -> None:
    with serving(body(b"secret")) as (url, seen):
        with pytest.raises(Permanent, match="allow_private"):
            client(allow_private=[]).get(url, {}, NOW)
        assert not seen
        assert client(allow_private=["127.0.0.0/8"]).get(url, {}, NOW).body == b"secret"


def test_a_name_is_resolved_once_and_the_connection_goes_to_the_checked_address() -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with serving(body(b"feed")) as (url, seen):
        port = url.rpartition(":")[2]
        found = client(resolver=rebinding, allow_private=["feeds.example"]).get(f"http://feeds.example:{port}/x", {}, NOW)
    assert found.body == b"feed"
    assert asked == ["feeds.example"]
    assert seen[0][1]["Host"] == f"feeds.example:{port}"


def test_one_private_answer_among_public_ones_is_refused() -> None:
    with pytest.raises(Permanent, match="10.0.0.7"):
        client(resolver=lambda _h, _p: ["93.184.216.34", "10.0.0.7"]).get("http://rebind.example/", {}, NOW)


def test_headers_of_the_source_do_not_follow_to_another_host() -> None:
    with serving(body(b"feed")) as (other, seen), serving(lambda _p, _h: (302, {"Location": other}, b"")) as (url, first):
        client().get(url, {"Authorization": "Bearer x", "If-None-Match": '"1"', "X-Key": "geheim"}, NOW)
    assert first[0][1]["Authorization"] == "Bearer x"
    assert "Authorization" not in seen[0][1] and "X-Key" not in seen[0][1]
    assert seen[0][1]["If-None-Match"] == '"1"', "without its validators a feed that has moved would never answer 304"


def test_a_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving(body(b"feed")) as (url, _):
        assert client().get(url, {}, NOW).body == b"feed"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (404, Permanent, "does not exist"),
        (401, Permanent, "login"),
        (410, Permanent, "for good"),
        (500, Transient, "500"),
        (429, Transient, "429"),
        (204, Permanent, "204"),
    ],
)
def test_a_status_says_what_to_do(status: int, kind: type[Exception], words: str) -> None:
    with serving(lambda _p, _h: (status, {}, b"")) as (url, _), pytest.raises(kind, match=words):
        client().get(url + "/feed?key=geheim", {}, NOW)


def test_errors_do_not_show_keys_or_passwords() -> None:
    with pytest.raises(Permanent) as found:
        client().get("http://user:geheim@127.0.0.1/x?key=geheim", {}, NOW)
    assert "geheim" not in str(found.value)


def test_retry_after_is_carried_as_seconds() -> None:
    with serving(lambda _p, _h: (503, {"Retry-After": "120"}, b"")) as (url, _), pytest.raises(Transient) as found:
        client().get(url, {}, NOW)
    assert found.value.after_seconds == 120


def test_a_retry_after_of_years_is_a_day() -> None:
    with serving(lambda _p, _h: (503, {"Retry-After": "9" * 400}, b"")) as (url, _), pytest.raises(Transient) as found:
        client().get(url, {}, NOW)
    assert found.value.after_seconds == 86_400


def test_a_cookie_of_a_redirect_comes_back_at_the_next_hop_and_not_at_the_next_fetch() -> None:
    def answer(path: str, _headers: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (302, {"Location": "/new", "Set-Cookie": "seen=1"}, b"") if path == "/old" else (200, {}, b"feed")

    with serving(answer) as (url, seen):
        asking = client()
        asking.get(url + "/old", {}, NOW)
        asking.get(url + "/new", {}, NOW)
    assert [headers.get("Cookie") for _, headers in seen] == [None, "seen=1", None]


def test_a_header_of_the_source_replaces_ours_whatever_its_case() -> None:
    with serving(body(b"feed")) as (url, seen):
        client().get(url, {"user-agent": "Desk/1"}, NOW)
    assert {name: value for name, value in seen[0][1].items() if name.lower() != "host"} == {
        "Accept": "*/*",
        "Accept-Encoding": _decompress.ENCODINGS,
        "Connection": "keep-alive",
        "user-agent": "Desk/1",
    }


def test_a_header_that_http_does_not_allow_is_permanent_and_not_shown() -> None:
    with serving(body(b"feed")) as (url, _), pytest.raises(Permanent, match="line break") as found:
        client().get(url, {"Authorization": "geheim\r\nX: 1"}, NOW)
    assert "geheim" not in str(found.value)


def test_a_contact_cannot_break_the_header() -> None:
    assert user_agent("x\r\nEvil: 1)") == user_agent("xEvil: 1")
