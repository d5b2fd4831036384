"""A broker that is not there: who waits for it says so soon."""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pipeline import broker
from pipeline.broker import connecting, handshake
from pipeline.errors import Unreachable
from pipeline.sections import Kafka
from tests.local_servers import hanging, raw_server

ROOT = Path(__file__).parents[2]


@pytest.fixture
def address() -> Iterator[str]:
    """Where nobody listens, and nobody can begin to."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@contextmanager
def started(process: str, address: str, folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """One of our processes, whose servers are all at `address`; killed on leaving."""
    config = folder / "lagebild.yaml"
    config.write_text(f"kafka: {{servers: ['{address}']}}\nelasticsearch: {{url: 'http://{address}'}}\n")
    command = [sys.executable, "-m", "pipeline.cli", "run", process, "--config", str(config)]
    running = subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def first_line(running: subprocess.Popen[bytes]) -> bytes:
    assert running.stderr is not None
    return running.stderr.readline()


@pytest.mark.parametrize(("process", "seconds"), [("collector", 30), ("worker", 120), ("alerter", 120)])
def test_a_process_says_within_three_seconds_what_it_waits_for(process: str, seconds: int, address: str, tmp_path: Path) -> None:
    with started(process, address, tmp_path) as running:
        line = json.loads(first_line(running))
        assert (line["event"], line["at"], line["gives_up_after_seconds"]) == ("waiting for Kafka", address, seconds)
        assert "start Kafka there" in line["do"] and "kafka.servers" in line["do"]
        assert running.poll() is None, "it goes on trying"


@pytest.mark.parametrize("process", ["collector", "worker", "alerter", "indexer"])
def test_a_process_that_waits_for_kafka_ends_when_it_is_asked_to(process: str, address: str, tmp_path: Path) -> None:
    with started(process, address, tmp_path) as running:
        first_line(running)
        running.terminate()
        assert running.wait(15) in (0, -signal.SIGTERM)


def test_the_wait_is_announced_before_the_first_try_comes_back(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    announced = threading.Event()

    def swallowed(_kafka: Kafka) -> None:
        assert announced.wait(3), "nothing was said within three seconds"
        raise OSError("timed out")

    monkeypatch.setattr(connecting, "_announce", lambda *_: announced.set())
    monkeypatch.setattr(connecting, "SHORT_SECONDS", 0.1)
    monkeypatch.setattr(connecting, "greeted", swallowed)
    with pytest.raises(Unreachable, match=address):
        broker.connect(Kafka(servers=[address]), "the test", wait_seconds=0.2)


def test_a_command_announces_its_wait_on_stderr(address: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting.structlog, "is_configured", lambda: False)
    monkeypatch.setattr(connecting, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(connecting, "SHORT_SECONDS", 0.1)
    with pytest.raises(Unreachable):
        broker.connect(Kafka(servers=[address]), "lagebild topics apply", wait_seconds=0.3)
    told = capsys.readouterr()
    assert (
        told.out == ""
        and f"Waiting for Kafka at {address} (lagebild topics apply needs it), for at most 0 seconds: start Kafka" in told.err
    )


def test_a_short_wait_is_not_announced(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(connecting.threading, "Timer", lambda *each: started.append(each))
    with pytest.raises(Unreachable):
        broker.connect(Kafka(servers=[address]), "the test", wait_seconds=0)
    assert started == []


def test_a_server_that_takes_connections_and_says_nothing_is_tried_again_until_the_end_of_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """So does a broker that is suspended, or just starting: no reason to give up at once."""
    monkeypatch.setattr(handshake, "_SECONDS", 0.1)
    with raw_server(hanging) as url:
        address = url.removeprefix("http://").rstrip("/")
        with pytest.raises(Unreachable, match=f"what listens at {address} does not answer as a Kafka broker") as failed:
            broker.connect(Kafka(servers=[address]), "the test", wait_seconds=0)
    assert not isinstance(failed.value, broker.Denied)


def test_an_answer_that_is_no_brokers_is_told_as_such() -> None:
    def http(connection: socket.socket, _stop: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with raw_server(http) as url, pytest.raises(broker.Denied, match=r"is a web server, no Kafka broker: set kafka.servers"):
        broker.connect(Kafka(servers=[url.removeprefix("http://").rstrip("/")]), "the test", wait_seconds=5)


def test_a_broker_without_tls_is_told_from_one_that_is_only_starting() -> None:
    def bare(connection: socket.socket, _stop: threading.Event) -> None:
        connection.sendall(struct.pack(">iih", 6, 1, 0))

    with raw_server(bare) as url:
        section = Kafka(servers=[url.removeprefix("http://").rstrip("/")], security_protocol="SSL")
        with pytest.raises(broker.Denied, match=r"speaks no TLS at this port, and kafka.security_protocol is SSL: set kafka.servers to"):
            broker.connect(section, "the test", wait_seconds=5)
