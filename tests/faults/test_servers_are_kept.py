"""The embedded servers of the demonstration: one that is killed comes back by itself, with its data, and a sentence says so."""

from __future__ import annotations

import os
import signal
import threading
from functools import partial

import pytest

from pipeline.embedded.keep import keeping
from pipeline.embedded.server import Server
from pipeline.embedded.servers import Servers
from tests import waiting

until = partial(waiting.until, seconds=55)


def meta(server: Server) -> bytes:
    """What the storage was formatted with: another one would be a new, empty Kafka."""
    return (server.launch.log.parent / "data" / "meta.properties").read_bytes()


@pytest.mark.parametrize("name", ["kafka", "elasticsearch"])
def test_a_server_that_is_killed_is_started_again_on_its_port_and_said_to_be(victims: Servers, name: str) -> None:
    server: Server = getattr(victims, name)
    called, address, told = server.launch.name, server.launch.address, list[str]()
    before = meta(server) if name == "kafka" else b""
    stop = threading.Event()
    with keeping((victims.kafka, victims.elasticsearch), told.append, stop):
        pid = server.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: len(told) >= 2)
        assert server.pid not in (None, pid)
    assert told == [f"{called} ended (signal 9): starting it again", f"{called} answers again at {address}, with its data."]
    assert server.alive and server.launch.answers() and not stop.is_set()
    assert before == (meta(server) if name == "kafka" else b"")


def test_nothing_is_started_any_more_once_everything_ends(victims: Servers) -> None:
    told: list[str] = []
    with keeping((victims.kafka,), told.append, threading.Event()):
        pass
    victims.kafka.kill()
    assert not victims.kafka.alive and told == []
